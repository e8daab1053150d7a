/* SPDX-License-Identifier: MIT
 * Fuzz: the typed credentials. Byte 0 chooses the case, byte 1 the kind, bytes 2..4 a place and a change, the rest is the
 * matter. Asserted: what was made opens as its own kind and no other; no mutated credential is ever accepted; a sealed record
 * that access_open accepts says the same after being minted again. */
#include "crypto/random.h"
#include "token/access.h"
#include "keys/keyring_build.h"
#include "token/opaque.h"
#include "token/sealed.h"
#include <string.h>
#include "base/banned.h"

enum { HEAD = 5 };
static const char sealing_key[] = "ssssssssssssssssssssssssssssssss";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct matter {
    struct arena *arena;
    enum opaque_kind kind;
    size_t place;
    uint8_t change;
    str rest;
};

static const struct keyring *keys(void)
{
    static struct keyring *k;
    if (k == NULL) {
        const struct keyring_entry entry = {.kid = STR("1"), .use = STR("seal"), .alg = STR("A256GCM"), .state = STR("active"), .material = {sealing_key, 32}};
        INVARIANT(!FAILED(keyring_build(&entry, 1, &k)));
    }
    return k;
}

static bool is_plain(enum opaque_kind kind)
{
    return kind == OPAQUE_PERSONAL || kind == OPAQUE_CLIENT_SECRET || kind == OPAQUE_REGISTRATION || kind == OPAQUE_INITIAL;
}

static bool accepted(struct arena *a, enum opaque_kind kind, str text)
{
    str payload;
    if (is_plain(kind))
        return !FAILED(opaque_plain_check(text, kind));
    return !FAILED(opaque_sealed_open(a, keys(), kind, text, &payload));
}

static str bent(const struct matter *m, str text)
{
    char *copy = arena_take(m->arena, text.n + 1);
    INVARIANT(copy != NULL && text.n > 0);
    memcpy(copy, text.p, text.n);
    copy[m->place % text.n] = (char)(copy[m->place % text.n] ^ (m->change == 0 ? 1 : m->change));
    return (str){copy, text.n};
}

/* A text from outside: accepted only under its own prefix, and then no neighbour of it is. */
static void from_outside(const struct matter *m)
{
    for (int kind = OPAQUE_NONE + 1; kind < OPAQUE_KIND_COUNT; kind++) {
        if (!accepted(m->arena, (enum opaque_kind)kind, m->rest))
            continue;
        INVARIANT(opaque_kind_of(m->rest) == (enum opaque_kind)kind);
        INVARIANT(!accepted(m->arena, (enum opaque_kind)kind, bent(m, m->rest)));
    }
    str successor;
    INVARIANT(FAILED(opaque_successor_open(m->arena, STR("jtn_rt_old"), m->rest, &successor)));
}

static str make(const struct matter *m)
{
    struct token_raw raw;
    if (is_plain(m->kind))
        INVARIANT(!FAILED(opaque_plain_make(m->arena, m->kind, &raw)));
    else
        INVARIANT(!FAILED(opaque_sealed_make(m->arena, keys(), m->kind, m->rest, &raw)));
    return raw.text;
}

static void made(const struct matter *m)
{
    str text = make(m), payload;
    INVARIANT(accepted(m->arena, m->kind, text));
    if (!is_plain(m->kind)) {
        INVARIANT(!FAILED(opaque_sealed_open(m->arena, keys(), m->kind, text, &payload)));
        INVARIANT(payload.n == m->rest.n && memcmp(payload.p, m->rest.p, payload.n) == 0);
    }
    for (int kind = OPAQUE_NONE + 1; kind < OPAQUE_KIND_COUNT; kind++) {
        str prefix = str_of(opaque_prefix((enum opaque_kind)kind)), own = str_of(opaque_prefix(m->kind));
        str moved = str_join(m->arena, (const str[]){prefix, {text.p + own.n, text.n - own.n}}, 2);
        INVARIANT(accepted(m->arena, (enum opaque_kind)kind, moved) == (kind == (int)m->kind));
    }
    INVARIANT(!accepted(m->arena, m->kind, bent(m, text)));
    INVARIANT(!accepted(m->arena, m->kind, (str){text.p, m->place % text.n}));
}

static void successor(const struct matter *m)
{
    str sealed, back, old = make(m);
    if (m->rest.n == 0)
        return;
    INVARIANT(!FAILED(opaque_successor_close(m->arena, old, m->rest, &sealed)));
    INVARIANT(!FAILED(opaque_successor_open(m->arena, old, sealed, &back)) && str_equal(back, m->rest));
    INVARIANT(FAILED(opaque_successor_open(m->arena, old, bent(m, sealed), &back)));
    INVARIANT(FAILED(opaque_successor_open(m->arena, bent(m, old), sealed, &back)));
}

/* The record that is inside a sealed access token. */
static void record(const struct matter *m)
{
    struct sealed box;
    struct access_facts facts, again;
    str token, id;
    INVARIANT(!FAILED(sealed_close(m->arena, keys(), STR("jtn_at_"), m->rest, &box)));
    if (FAILED(access_open(m->arena, keys(), box.text, m->change, &facts)))
        return;
    INVARIANT(FAILED(access_open(m->arena, keys(), bent(m, box.text), m->change, &again)));
    INVARIANT(FAILED(access_open(m->arena, keys(), box.text, facts.permit.expires_at, &again)));
    if (FAILED(access_seal(m->arena, keys(), &facts.permit, &token, &id)))
        return; /* readable, but nothing that we would mint */
    INVARIANT(!FAILED(access_open(m->arena, keys(), token, m->change, &again)));
    INVARIANT(str_equal(facts.permit.subject, again.permit.subject) && str_equal(facts.permit.scope, again.permit.scope));
    INVARIANT(str_equal(facts.permit.client_id, again.permit.client_id) && str_equal(facts.permit.authorization_id, again.permit.authorization_id));
    INVARIANT(facts.permit.user_number == again.permit.user_number && facts.permit.expires_at == again.permit.expires_at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const cases[])(const struct matter *) = {from_outside, made, successor, record};
    if (size < HEAD || size - HEAD > OPAQUE_PAYLOAD_MAX)
        return 0;
    random_seed(1);
    struct matter m = {
        .arena = arena_new(4 << 20),
        .kind = (enum opaque_kind)(data[1] % (OPAQUE_KIND_COUNT - 1) + 1),
        .place = (size_t)data[2] << 8 | data[3],
        .change = data[4],
        .rest = {(const char *)data + HEAD, size - HEAD},
    };
    cases[data[0] % (sizeof cases / sizeof *cases)](&m);
    arena_release(m.arena);
    return 0;
}
