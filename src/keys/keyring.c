/* SPDX-License-Identifier: MIT
 * keyring: all keys of the server in one immutable object. It owns one arena, so that freeing it wipes the sealing keys and
 * releases the signing keys (libcrypto wipes those) in one step. Relies on crypto/sign to refuse weak or foreign keys.
 * Promises:
 *   1. after keyring_build nothing in it changes, so any number of threads may read it without a lock;
 *   2. there is an active sealing key, and at most one key of each kid and one sealing key of each number;
 *   3. no key and no byte of one leaves it but by keyring_fresh_*, which seal at once in keys/;
 *   4. the JWKS holds public members only, active keys first, then the next ones, then the old ones (AT-10, AT-11).
 * The life of a key (the store holds the state, context/authority moves it):
 *   signing:  next ──rotate──▶ active ──rotate──▶ old (public half alone) ──destroy_after──▶ gone
 *   sealing:                   active ──rotate──▶ old (opens only)        ──destroy_after──▶ gone */
#include "keys/keyring_build.h"
#include "codec/json_writer.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/thumbprint.h"
#include <string.h>
#include "base/banned.h"

enum { KEYRING_MEMORY = 4 << 20, KEYRING_KEYS_MAX = 1024, SEALING_NUMBERS = 256, SEALING_SIZE = sizeof(struct seal_key) };
enum state { STATE_ACTIVE, STATE_NEXT, STATE_OLD, STATE_COUNT }; /* in the order of the JWKS */

struct signing {
    str kid;
    enum sign_alg alg;
    enum state state;
    const struct sign_key *key;
};
struct sealing {
    struct seal_key salted, xaes; /* as it is stored; derived from that: a key is used for one purpose */
};
struct keyring {
    struct arena *arena;
    struct signing *signing;
    size_t count;
    const struct signing *active[SIGN_OWN_COUNT];
    const struct sealing *opening[SEALING_NUMBERS]; /* [0] is never used */
    uint8_t sealing;
    str jwks[KEYRING_ALL_ALGS + 1];
};

static fallible state_of(str word, enum state *out)
{
    static const char *const words[STATE_COUNT] = {"active", "next", "old"};
    for (int i = 0; i < STATE_COUNT; i++) {
        if (str_is(word, words[i])) {
            *out = (enum state)i;
            return OK;
        }
    }
    FAIL(SERVER_ERROR, "a stored key has an unknown state");
}

static void key_free(void *key)
{
    sign_key_free(key);
}

static fallible public_import(struct arena *a, enum sign_alg alg, str text, struct sign_key **out)
{
    json *j;
    TRY(json_parse(a, text, &j));
    str kty = json_member_text(j, "kty"), crv = json_member_text(j, "crv");
    struct sign_jwk jwk = {
        .kty = str_z(a, kty),
        .crv = str_z(a, crv),
        .x = json_member_text(j, "x"),
        .y = json_member_text(j, "y"),
        .n = json_member_text(j, "n"),
        .e = json_member_text(j, "e"),
    };
    if (jwk.kty == NULL)
        FAIL(SERVER_ERROR, "a stored public key has no type");
    return sign_key_from_jwk(&jwk, alg, out);
}

/* next, active or old; NULL: unknown */
static const struct signing *signing_of(const struct keyring *k, str kid)
{
    for (size_t i = 0; i < k->count; i++)
        if (str_present(kid) && str_equal(k->signing[i].kid, kid))
            return &k->signing[i];
    return NULL;
}

static fallible add_signing(struct keyring *k, const struct keyring_entry *entry)
{
    struct signing *s = &k->signing[k->count];
    struct sign_key *key;
    TRY(state_of(entry->state, &s->state));
    if (!sign_alg_of(entry->alg, &s->alg))
        FAIL(SERVER_ERROR, "a stored signing key has an unknown algorithm");
    if (!str_filled(entry->kid) || signing_of(k, entry->kid) != NULL)
        FAIL(SERVER_ERROR, "two stored signing keys have the same kid, or one has none");
    /* DER begins with the byte 0x30; the public half, JSON, with a brace. */
    if (str_starts(entry->material, STR("{")))
        TRY(public_import(k->arena, s->alg, entry->material, &key));
    else
        TRY(sign_key_import(s->alg, entry->material, &key));
    TRY(arena_on_release(k->arena, key_free, key));
    if (sign_key_alg(key) != s->alg)
        FAIL(SERVER_ERROR, "a stored signing key is not of its algorithm");
    s->key = key;
    s->kid = str_dup(k->arena, entry->kid);
    if (s->state == STATE_ACTIVE && k->active[s->alg] == NULL)
        k->active[s->alg] = s;
    k->count++;
    return OK;
}

static fallible add_sealing(struct keyring *k, const struct keyring_entry *entry)
{
    enum state state;
    uint64_t number;
    TRY(state_of(entry->state, &state));
    if (FAILED(str_u64(entry->kid, SEALING_NUMBERS - 1, &number)) || number == 0 || k->opening[number] != NULL)
        FAIL(SERVER_ERROR, "a stored sealing key has an impossible number");
    if (entry->material.n != SEALING_SIZE || state == STATE_NEXT || (state == STATE_ACTIVE && k->sealing != 0))
        FAIL(SERVER_ERROR, "a stored sealing key has an impossible size or state");
    struct sealing *key = ARENA_NEW(k->arena, struct sealing);
    if (key == NULL)
        FAIL(UNAVAILABLE, "no memory for the keyring");
    memcpy(key->salted.bytes, entry->material.p, SEALING_SIZE);
    digest_derive(key->salted.bytes, "jeton seal xaes", key->xaes.bytes);
    k->opening[number] = key;
    if (state == STATE_ACTIVE)
        k->sealing = (uint8_t)number;
    return OK;
}

static void members_write(struct json_writer *w, const struct sign_jwk *jwk)
{
    const struct {
        const char *name;
        str value;
    } members[] = {{"kty", str_of(jwk->kty)}, {"crv", str_of(jwk->crv)}, {"x", jwk->x}, {"y", jwk->y}, {"n", jwk->n}, {"e", jwk->e}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_write_filled(w, members[i].name, members[i].value);
}

static fallible jwk_write(struct arena *a, struct json_writer *w, const struct signing *s)
{
    struct sign_jwk jwk;
    TRY(sign_key_jwk(a, s->key, &jwk));
    json_write_object(w, NULL);
    members_write(w, &jwk);
    json_write_text(w, "use", STR("sig"));
    json_write_text(w, "alg", str_of(sign_alg_name(s->alg)));
    json_write_text(w, "kid", s->kid);
    json_write_end(w);
    return OK;
}

static fallible jwks_build_of(struct keyring *k, unsigned algs)
{
    struct json_writer w = json_writer_new(k->arena);
    json_write_object(&w, NULL);
    json_write_list(&w, "keys");
    for (unsigned round = 0; round < 2; round++) /* RS256, then the others */
        for (int state = 0; state < STATE_COUNT; state++)
            for (size_t i = 0; i < k->count; i++)
                if (k->signing[i].state == (enum state)state && (algs & 1U << k->signing[i].alg) && (k->signing[i].alg != SIGN_RS256) == round)
                    TRY(jwk_write(k->arena, &w, &k->signing[i]));
    json_write_end(&w);
    json_write_end(&w);
    return json_writer_done(&w, &k->jwks[algs]);
}

static fallible jwks_build(struct keyring *k)
{
    for (unsigned algs = 0; algs <= KEYRING_ALL_ALGS; algs++)
        TRY(jwks_build_of(k, algs));
    return OK;
}

static fallible fill_keyring(struct keyring *k, const struct keyring_entry *entries, size_t count)
{
    k->signing = arena_array(k->arena, count, sizeof *k->signing);
    if (k->signing == NULL)
        FAIL(UNAVAILABLE, "no memory for the keyring");
    for (size_t i = 0; i < count; i++) {
        if (str_is(entries[i].use, "sig"))
            TRY(add_signing(k, &entries[i]));
        else if (str_is(entries[i].use, "seal"))
            TRY(add_sealing(k, &entries[i]));
        else
            FAIL(SERVER_ERROR, "a stored key has an unknown use");
    }
    if (k->sealing == 0)
        FAIL(SERVER_ERROR, "there is no active sealing key");
    TRY(jwks_build(k));
    if (arena_failed(k->arena))
        FAIL(UNAVAILABLE, "no memory for the keyring");
    return OK;
}

fallible keyring_build(const struct keyring_entry *entries, size_t count, struct keyring **out)
{
    if (count == 0 || count > KEYRING_KEYS_MAX)
        FAIL(SERVER_ERROR, "there are no keys, or too many");
    struct arena *a = arena_new(KEYRING_MEMORY);
    struct keyring *k = a == NULL ? NULL : ARENA_NEW(a, struct keyring);
    if (k == NULL) {
        arena_release(a);
        FAIL(UNAVAILABLE, "no memory for the keyring");
    }
    k->arena = a;
    err filled = fill_keyring(k, entries, count);
    if (FAILED(filled)) {
        arena_release(a);
        return filled;
    }
    *out = k;
    return OK;
}

void keyring_free(struct keyring *k)
{
    if (k != NULL)
        arena_release(k->arena);
}

static fallible signing_entry(struct arena *a, const struct sign_key *key, struct keyring_entry *entry)
{
    struct sign_jwk jwk;
    TRY(sign_key_jwk(a, key, &jwk));
    TRY(thumbprint_of(a, &jwk, &entry->kid));
    return sign_key_export(a, key, &entry->material);
}

fallible keyring_fresh_signing(struct arena *a, enum sign_alg alg, struct keyring_entry *out)
{
    struct keyring_entry entry = {.use = STR("sig"), .alg = str_of(sign_alg_name(alg)), .created_at = clock_now()};
    struct sign_key *key;
    TRY(sign_key_generate(alg, &key));
    err made = signing_entry(a, key, &entry);
    sign_key_free(key);
    TRY(made);
    entry.state = STR("next");
    *out = entry;
    return OK;
}

fallible keyring_fresh_sealing(struct arena *a, uint8_t number, struct keyring_entry *out)
{
    struct keyring_entry entry = {.use = STR("seal"), .alg = STR("A256GCM"), .created_at = clock_now(), .state = STR("active")};
    INVARIANT(number != 0);
    uint8_t *bytes = arena_take(a, SEALING_SIZE);
    entry.kid = str_format(a, "%u", (unsigned)number);
    if (bytes == NULL || !str_present(entry.kid))
        FAIL(UNAVAILABLE, "no memory for a key");
    random_bytes(bytes, SEALING_SIZE);
    entry.material = (str){(char *)bytes, SEALING_SIZE};
    *out = entry;
    return OK;
}

static const struct signing *active_of(const struct keyring *k, enum sign_alg alg)
{
    return alg <= SIGN_NONE_CHOSEN || alg >= SIGN_OWN_COUNT ? NULL : k->active[alg];
}

fallible keyring_public_half(const struct keyring *k, struct arena *a, enum sign_alg alg, struct keyring_entry *out)
{
    const struct signing *s = active_of(k, alg);
    struct keyring_entry entry = {.use = STR("pub"), .alg = str_of(sign_alg_name(alg)), .state = STR("old")};
    if (s == NULL)
        FAIL(SERVER_ERROR, "there is no active key of that algorithm");
    struct sign_jwk jwk;
    TRY(sign_key_jwk(a, s->key, &jwk));
    struct json_writer w = json_writer_new(a);
    json_write_object(&w, NULL);
    members_write(&w, &jwk);
    json_write_end(&w);
    TRY(json_writer_done(&w, &entry.material));
    entry.kid = s->kid;
    *out = entry;
    return OK;
}

/* ---- the verbs ---- */

str keyring_kid(const struct keyring *k, enum sign_alg alg)
{
    const struct signing *s = active_of(k, alg);
    return s == NULL ? STR_ABSENT : s->kid;
}

fallible keyring_sign(const struct keyring *k, enum sign_alg alg, str text, uint8_t signature[SIGN_SIZE_MAX], size_t *n)
{
    const struct signing *s = active_of(k, alg);
    if (s == NULL)
        FAIL(SERVER_ERROR, "there is no active key of that algorithm");
    return sign_make(s->key, text, signature, n);
}

fallible keyring_verify(const struct keyring *k, const struct keyring_claim *claim)
{
    const struct signing *s = signing_of(k, claim->kid);
    if (s == NULL)
        FAIL(INVALID_TOKEN, "a signed token names a key that is unknown or destroyed");
    if (!str_is(claim->alg, sign_alg_name(s->alg))) /* RFC 8725 3.1; AT-05 */
        FAIL(INVALID_TOKEN, "a signed token names another algorithm than its key's");
    return sign_check(s->key, claim->text, claim->signature);
}

void keyring_seal(const struct keyring *k, str context, str plain, uint8_t *sealed)
{
    seal_close_xaes(&k->opening[k->sealing]->xaes, context, plain.p, plain.n, sealed + KEYRING_HEAD);
    sealed[0] = (uint8_t)(k->sealing ^ sealed[KEYRING_HEAD]);
}

/* From before there was XAES: outstanding refresh tokens and cookies live for months. */
static fallible open_early(const struct sealing *key, str context, str sealed, uint8_t *plain, struct keyring_opened *out)
{
    str box = {sealed.p + 1, sealed.n - 1};
    if (key == NULL || box.n < SEAL_OVERHEAD)
        FAIL(INVALID_TOKEN, "a sealed credential names a sealing key that is unknown or destroyed");
    TRY(seal_open(&key->salted, context, (const uint8_t *)box.p, box.n, plain));
    *out = (struct keyring_opened){{(char *)plain, box.n - SEAL_OVERHEAD}, (const uint8_t *)box.p};
    return OK;
}

/* Which form it has stands nowhere: by the first, one of before names a key by chance alone. */
fallible keyring_open(const struct keyring *k, str context, str sealed, uint8_t *plain, struct keyring_opened *out)
{
    if (sealed.n < KEYRING_SEALED)
        FAIL(INVALID_TOKEN, "what is sealed is longer");
    const uint8_t *bytes = (const uint8_t *)sealed.p;
    const struct sealing *key = k->opening[bytes[0] ^ bytes[KEYRING_HEAD]];
    str box = {sealed.p + KEYRING_HEAD, sealed.n - KEYRING_HEAD};
    err opened = key != NULL ? seal_open_xaes(&key->xaes, context, (const uint8_t *)box.p, box.n, plain) : ERR(INVALID_TOKEN, "keyring: no such key");
    if (opened.kind == ERR_INVALID_TOKEN)
        return open_early(k->opening[bytes[0]], context, sealed, plain, out);
    TRY(opened);
    *out = (struct keyring_opened){{(char *)plain, sealed.n - KEYRING_SEALED}, (const uint8_t *)box.p};
    return OK;
}

uint8_t keyring_sealing_number(const struct keyring *k)
{
    return k->sealing;
}

str keyring_jwks(const struct keyring *k, unsigned algs)
{
    return k->jwks[algs & KEYRING_ALL_ALGS];
}

size_t keyring_algs(const struct keyring *k, enum sign_alg out[SIGN_OWN_COUNT])
{
    size_t n = 0;
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++)
        if (k->active[alg] != NULL)
            out[n++] = (enum sign_alg)alg;
    return n;
}
