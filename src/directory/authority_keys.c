/* SPDX-License-Identifier: MIT
 * authority_keys: which keyring is in force. Requests hold the ring they began with; a reload puts a new one in its place and
 * the old one is freed (and so wiped) by the last who lets go of it. Relies on store/db_key for rows and on keys/keyring for
 * the rest. Promises:
 *   1. a ring is never changed, and never freed while a request holds it;
 *   2. when the rows changed (this process or another rotated), no request begins with the old ring once the change feed told
 * of it (hot_keys);
 *   3. when rows cannot be read or opened, the request fails: an old ring is never used on a guess.
 *
 *   ring:  built ──load──▶ current ──load of a newer──▶ retired (held) ──last let_go──▶ freed
 *
 * Rows: use `sig` and `seal` hold the sealed key; the store wipes a signing key when it is retired, so its public half gets a
 * row of its own first, use `pub`, which lives until destroy_after (AT-11). */
#include "directory/authority_keys.h"
#include "codec/b64url.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/banned.h"

enum { LOAD_MEMORY = 4 << 20 };

struct ring {
    struct keyring *keyring;
    size_t holders;
    struct ring *next;
};
struct authority_keys {
    pthread_mutex_t lock;    /* rings, current, holders */
    pthread_mutex_t loading; /* one thread loads; guards rows */
    struct ring *rings, *current;
    uint8_t rows[DIGEST_SIZE]; /* of what the current ring was built from */
    atomic_uint_least64_t seen; /* hot_keys before the rows were read */
};

static str context_of(struct arena *a, str use, str kid)
{
    return str_format(a, "jeton key %.*s %.*s", STR_FMT(use), STR_FMT(kid));
}

fallible authority_keys_row(struct arena *a, const struct authority *authority, const struct keyring_entry *entry,
                            struct db_key *out)
{
    struct seal_key master;
    size_t box_n = entry->material.n + SEAL_OVERHEAD;
    uint8_t *box = arena_take(a, box_n);
    str context = context_of(a, entry->use, entry->kid);
    if (box == NULL || !str_present(context))
        FAIL(UNAVAILABLE, "no memory to seal a key");
    memcpy(master.bytes, authority->master_key, sizeof master.bytes);
    seal_close(&master, context, entry->material.p, entry->material.n, box);
    secret_wipe(&master, sizeof master);
    struct db_key row = {.kid = entry->kid, .use = entry->use, .alg = entry->alg, .state = entry->state};
    row.sealed = b64url_encode(a, box, box_n);
    row.created_at = entry->created_at;
    row.active_at = str_is(entry->state, "active") ? entry->created_at : 0;
    if (!str_present(row.sealed))
        FAIL(UNAVAILABLE, "no memory to seal a key");
    *out = row;
    return OK;
}

static fallible material_of(struct arena *a, const struct authority *authority, const struct db_key *row, str *out)
{
    size_t capacity = row->sealed.n / 4 * 3 + 2, n;
    uint8_t *box = arena_take(a, 2 * capacity);
    str context = context_of(a, row->use, row->kid);
    if (box == NULL || !str_present(context))
        FAIL(UNAVAILABLE, "no memory to open a key");
    if (FAILED(b64url_decode(row->sealed, box, capacity, &n)))
        FAIL(SERVER_ERROR, "a stored key is malformed");
    struct seal_key master;
    memcpy(master.bytes, authority->master_key, sizeof master.bytes);
    err opened = seal_open(&master, context, box, n, box + capacity);
    secret_wipe(&master, sizeof master);
    if (FAILED(opened))
        REFUSE(SERVER_ERROR, "The stored keys do not belong to master.key; put the right file back.",
               "a stored key does not open with master.key");
    *out = (str){(char *)box + capacity, n - SEAL_OVERHEAD};
    return OK;
}

/* ---- loading ---- */

struct stored {
    struct db_key *rows;
    size_t count;
};

static bool wanted(const struct stored *s, const struct db_key *row, unix_time now)
{
    if (row->destroy_after != 0 && row->destroy_after <= now)
        return false;
    bool retired_signing = str_is(row->use, "sig") && str_is(row->state, "old");
    if (retired_signing || !str_filled(row->sealed)) /* its `pub` row speaks for it */
        return false;
    if (!str_is(row->use, "pub"))
        return true;
    for (size_t i = 0; i < s->count; i++) /* a rotation that did not come to its end: the key is whole */
        if (str_is(s->rows[i].use, "sig") && str_equal(s->rows[i].kid, row->kid) && !str_is(s->rows[i].state, "old"))
            return false;
    return true;
}

static fallible entries_of(struct arena *a, const struct authority *authority, const struct stored *s, struct keyring **out)
{
    struct keyring_entry *entries = arena_array(a, s->count + 1, sizeof *entries);
    size_t n = 0;
    if (entries == NULL)
        FAIL(UNAVAILABLE, "no memory for the keys");
    for (size_t i = 0; i < s->count; i++) {
        const struct db_key *row = &s->rows[i];
        if (!wanted(s, row, clock_now()))
            continue;
        struct keyring_entry *e = &entries[n++];
        *e = (struct keyring_entry){.kid = row->kid, .alg = row->alg, .state = row->state, .created_at = row->created_at};
        e->use = str_is(row->use, "pub") ? STR("sig") : row->use;
        e->destroy_after = row->destroy_after;
        TRY(material_of(a, authority, row, &e->material));
    }
    return keyring_build(entries, n, out);
}

static fallible rows_digest(struct arena *a, const struct stored *s, uint8_t out[DIGEST_SIZE])
{
    struct buf b = buf_new(a, LOAD_MEMORY / 2);
    for (size_t i = 0; i < s->count; i++) {
        const str parts[] = {s->rows[i].use, s->rows[i].kid, s->rows[i].state, s->rows[i].sealed};
        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++) {
            buf_add(&b, parts[j]);
            buf_char(&b, '\n');
        }
    }
    str text;
    TRY(buf_done(&b, &text));
    digest_sha256(text, out);
    return OK;
}

static void ring_free(struct ring *r)
{
    keyring_free(r->keyring);
    free(r);
}

/* Under keys->lock. Frees what is neither current nor held. */
static void sweep(struct authority_keys *keys)
{
    for (struct ring **link = &keys->rings; *link != NULL;) {
        struct ring *r = *link;
        if (r == keys->current || r->holders > 0) {
            link = &r->next;
            continue;
        }
        *link = r->next;
        ring_free(r);
    }
}

static fallible install(struct authority_keys *keys, struct keyring *ring)
{
    struct ring *r = calloc(1, sizeof *r);
    if (r == NULL) {
        keyring_free(ring);
        FAIL(UNAVAILABLE, "no memory for a keyring");
    }
    r->keyring = ring;
    pthread_mutex_lock(&keys->lock);
    r->next = keys->rings;
    keys->rings = keys->current = r;
    sweep(keys);
    pthread_mutex_unlock(&keys->lock);
    return OK;
}

/* Under keys->loading. */
static fallible load_in(struct arena *a, const struct authority *authority, struct authority_keys *keys)
{
    struct stored s;
    uint8_t digest[DIGEST_SIZE];
    struct keyring *ring;
    TRY(db_key_all(store_each(authority->store), a, &s.rows, &s.count));
    TRY(rows_digest(a, &s, digest));
    if (keys->current != NULL && memcmp(digest, keys->rows, sizeof digest) == 0)
        return OK;
    TRY(entries_of(a, authority, &s, &ring));
    TRY(install(keys, ring));
    memcpy(keys->rows, digest, sizeof digest);
    return OK;
}

static fallible load(const struct authority *authority, struct authority_keys *keys)
{
    /* What is counted after this is seen by the next look. */
    uint64_t seen = hot_keys(authority->hot);
    struct arena *a = arena_new(LOAD_MEMORY);
    if (a == NULL)
        FAIL(UNAVAILABLE, "no memory to load the keys");
    err loaded = load_in(a, authority, keys);
    arena_release(a);
    TRY(loaded);
    atomic_store(&keys->seen, seen);
    return OK;
}

static bool stale(const struct authority *authority, struct authority_keys *keys)
{
    return atomic_load(&keys->seen) != hot_keys(authority->hot);
}

fallible authority_keys_follow(const struct authority *authority)
{
    struct authority_keys *keys = authority->keys;
    if (!stale(authority, keys))
        return OK;
    if (hot_is_inline())
        FAIL(ELSEWHERE, "keys: the rows must be read from disk");
    pthread_mutex_lock(&keys->loading);
    err loaded = stale(authority, keys) ? load(authority, keys) : OK;
    pthread_mutex_unlock(&keys->loading);
    return loaded;
}

const struct keyring *authority_keys_hold(struct authority_keys *keys)
{
    pthread_mutex_lock(&keys->lock);
    struct ring *r = keys->current;
    r->holders++;
    pthread_mutex_unlock(&keys->lock);
    return r->keyring;
}

void authority_keys_let_go(struct authority_keys *keys, const struct keyring *ring)
{
    pthread_mutex_lock(&keys->lock);
    struct ring *r = keys->rings;
    while (r != NULL && r->keyring != ring)
        r = r->next;
    INVARIANT(r != NULL && r->holders > 0);
    r->holders--;
    if (r->holders == 0 && r != keys->current)
        sweep(keys);
    pthread_mutex_unlock(&keys->lock);
}

/* ---- the first start ---- */

static bool there(const struct stored *s, str use, str alg, const char *state)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_equal(s->rows[i].use, use) && str_equal(s->rows[i].alg, alg) && str_is(s->rows[i].state, state))
            return true;
    return false;
}

static fallible ensure_signing(struct arena *a, const struct authority *authority, const struct stored *s, enum sign_alg alg)
{
    static const char *const states[] = {"active", "next"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (there(s, STR("sig"), str_of(sign_alg_name(alg)), states[i]))
            continue;
        struct keyring_entry entry;
        struct db_key row;
        TRY(keyring_fresh_signing(a, alg, &entry));
        entry.state = str_of(states[i]);
        TRY(authority_keys_row(a, authority, &entry, &row));
        TRY(db_key_add(store_each(authority->store), &row));
    }
    return OK;
}

static fallible ensure(struct arena *a, const struct authority *authority, const struct stored *s)
{
    if (!there(s, STR("seal"), STR("A256GCM"), "active")) {
        struct keyring_entry entry;
        struct db_key row;
        TRY(keyring_fresh_sealing(a, 1, &entry));
        TRY(authority_keys_row(a, authority, &entry, &row));
        TRY(db_key_add(store_each(authority->store), &row));
    }
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++)
        TRY(ensure_signing(a, authority, s, (enum sign_alg)alg));
    return OK;
}

fallible authority_keys_open(struct arena *a, const struct authority *authority, struct authority_keys **out)
{
    struct stored s;
    TRY(db_key_all(store_each(authority->store), a, &s.rows, &s.count));
    TRY(ensure(a, authority, &s));
    struct authority_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        FAIL(UNAVAILABLE, "no memory for the keys");
    pthread_mutex_init(&keys->lock, NULL);
    pthread_mutex_init(&keys->loading, NULL);
    err loaded = load(authority, keys);
    if (FAILED(loaded)) {
        authority_keys_close(keys);
        return loaded;
    }
    *out = keys;
    return OK;
}

void authority_keys_close(struct authority_keys *keys)
{
    if (keys == NULL)
        return;
    keys->current = NULL;
    while (keys->rings != NULL) {
        struct ring *r = keys->rings;
        keys->rings = r->next;
        ring_free(r);
    }
    pthread_mutex_destroy(&keys->lock);
    pthread_mutex_destroy(&keys->loading);
    free(keys);
}
