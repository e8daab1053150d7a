/* SPDX-License-Identifier: MIT
 * keys: which keyring is in force, and the keeper beside it. Requests hold the ring they began with; a reload puts a new one in its place and
 * the old one is freed (and so wiped) by the last who lets go of it. Relies on store/table/db_key for rows, on at_rest for
 * their seals and on keys/keyring for the rest. Promises:
 *   1. a ring is never changed, and never freed while a request holds it;
 *   2. when the rows changed (this process or another rotated), no request begins with the old ring once the change feed told
 * of it (cache_keys);
 *   3. when rows cannot be read or opened, the request fails: an old ring is never used on a guess;
 *   4. after keys_open no copy of the master key is left in this process: struct, stack and libcrypto's contexts are wiped.
 *
 *   ring:  built ──load──▶ current ──load of a newer──▶ retired (held) ──last let_go──▶ freed
 *
 * Rows: use `sig` and `seal` hold the sealed key; the store wipes a signing key when it is retired, so its public half gets a
 * row of its own first, use `pub`, which lives until destroy_after (AT-11). */
#include "keys/keys.h"
#include "base/buf.h"
#include "crypto/secret.h"
#include "keys/at_rest.h"
#include "keys/keys_internal.h"
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
struct keys {
    struct store *store;
    struct cache *cache;
    struct keeper *keeper;
    pthread_mutex_t lock;    /* rings, current, holders */
    pthread_mutex_t loading; /* one thread loads; guards rows */
    struct ring *rings, *current;
    uint8_t rows[DIGEST_SIZE];  /* of what the current ring was built from */
    atomic_uint_least64_t seen; /* cache_keys before the rows were read */
};

/* ---- loading ---- */

struct stored {
    struct db_key *rows;
    size_t count;
};

static bool is_key_row_wanted(const struct stored *s, const struct db_key *row, unix_time now)
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

static fallible build_keyring_from_rows(struct arena *a, const struct keeper *keeper, const struct stored *s, struct keyring **out)
{
    struct keyring_entry *entries = arena_array(a, s->count + 1, sizeof *entries);
    size_t n = 0;
    if (entries == NULL)
        FAIL(UNAVAILABLE, "no memory for the keys");
    for (size_t i = 0; i < s->count; i++) {
        const struct db_key *row = &s->rows[i];
        if (!is_key_row_wanted(s, row, clock_now()))
            continue;
        struct keyring_entry *e = &entries[n++];
        *e = (struct keyring_entry){.kid = row->kid, .alg = row->alg, .state = row->state, .created_at = row->created_at};
        e->use = str_is(row->use, "pub") ? STR("sig") : row->use;
        e->destroy_after = row->destroy_after;
        TRY(at_rest_material(keeper, a, row, &e->material));
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
static void free_unheld_rings(struct keys *keys)
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

static fallible install_keyring(struct keys *keys, struct keyring *ring)
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
    free_unheld_rings(keys);
    pthread_mutex_unlock(&keys->lock);
    return OK;
}

/* Under keys->loading. */
static err load_in(struct arena *a, struct keys *keys)
{
    struct stored s;
    uint8_t digest[DIGEST_SIZE];
    struct keyring *ring;
    TRY(db_key_all(store_each(keys->store), a, &s.rows, &s.count));
    TRY(rows_digest(a, &s, digest));
    if (keys->current != NULL && memcmp(digest, keys->rows, sizeof digest) == 0)
        return OK;
    TRY(build_keyring_from_rows(a, keys->keeper, &s, &ring));
    TRY(install_keyring(keys, ring));
    memcpy(keys->rows, digest, sizeof digest);
    return OK;
}

/* Material in the clear lives in this arena alone, and is wiped with it. */
static fallible within_arena(err (*body)(struct arena *a, struct keys *keys), struct keys *keys)
{
    struct arena *a = arena_new(LOAD_MEMORY);
    if (a == NULL)
        FAIL(UNAVAILABLE, "no memory to load the keys");
    err done = body(a, keys);
    arena_release(a);
    return done;
}

static fallible load_stored_keys(struct keys *keys)
{
    /* What is counted after this is seen by the next look. */
    uint64_t seen = cache_keys(keys->cache);
    TRY(within_arena(load_in, keys));
    atomic_store(&keys->seen, seen);
    return OK;
}

static bool are_keys_stale(struct keys *keys)
{
    return atomic_load(&keys->seen) != cache_keys(keys->cache);
}

fallible keys_follow(struct keys *keys)
{
    if (!are_keys_stale(keys))
        return OK;
    if (cache_is_inline())
        FAIL(ELSEWHERE, "keys: the rows must be read from disk");
    pthread_mutex_lock(&keys->loading);
    err loaded = are_keys_stale(keys) ? load_stored_keys(keys) : OK;
    pthread_mutex_unlock(&keys->loading);
    return loaded;
}

const struct keyring *keys_hold(struct keys *keys)
{
    pthread_mutex_lock(&keys->lock);
    struct ring *r = keys->current;
    r->holders++;
    pthread_mutex_unlock(&keys->lock);
    return r->keyring;
}

void keys_let_go(struct keys *keys, const struct keyring *ring)
{
    pthread_mutex_lock(&keys->lock);
    struct ring *r = keys->rings;
    while (r != NULL && r->keyring != ring)
        r = r->next;
    INVARIANT(r != NULL && r->holders > 0);
    r->holders--;
    if (r->holders == 0 && r != keys->current)
        free_unheld_rings(keys);
    pthread_mutex_unlock(&keys->lock);
}

/* ---- the first start ---- */

static bool has_stored_key(const struct stored *s, str use, str alg, const char *state)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_equal(s->rows[i].use, use) && str_equal(s->rows[i].alg, alg) && str_is(s->rows[i].state, state))
            return true;
    return false;
}

enum { MADE_MAX = 2 * SIGN_OWN_COUNT + 1 };
struct making {
    struct keys *keys;
    struct arena *a;
    struct db_key rows[MADE_MAX]; /* made beforehand: an RSA key takes its time, and a transaction has none */
    size_t count;
};

static fallible add_key_row(struct making *m, struct keyring_entry *entry, const char *state)
{
    entry->state = str_of(state);
    TRY(at_rest_row(m->keys->keeper, m->a, entry, &m->rows[m->count]));
    m->count++;
    return OK;
}

static fallible make_signing(struct making *m, const struct stored *s, enum sign_alg alg)
{
    static const char *const states[] = {"active", "next"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct keyring_entry entry;
        if (has_stored_key(s, STR("sig"), str_of(sign_alg_name(alg)), states[i]))
            continue;
        TRY(keyring_fresh_signing(m->a, alg, &entry));
        TRY(add_key_row(m, &entry, states[i]));
    }
    return OK;
}

static fallible make_missing(struct making *m, const struct stored *s)
{
    struct keyring_entry entry;
    if (!has_stored_key(s, STR("seal"), STR("A256GCM"), "active")) {
        TRY(keyring_fresh_sealing(m->a, 1, &entry));
        TRY(add_key_row(m, &entry, "active"));
    }
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++)
        TRY(make_signing(m, s, (enum sign_alg)alg));
    return OK;
}

/* Of several that start on an empty store one has its keys stored, and the others find them. */
static err store_missing(struct tx *tx, void *context)
{
    const struct making *m = context;
    struct stored s;
    TRY(db_key_hold(tx));
    TRY(db_key_all(tx, m->a, &s.rows, &s.count));
    for (size_t i = 0; i < m->count; i++) {
        const struct db_key *row = &m->rows[i];
        if (has_stored_key(&s, row->use, row->alg, row->state.p))
            continue;
        TRY(db_key_add(tx, row));
    }
    return OK;
}

static err ensure_stored_keys(struct arena *a, struct keys *keys)
{
    struct stored s;
    struct making m = {.keys = keys, .a = a};
    TRY(db_key_all(store_each(keys->store), a, &s.rows, &s.count));
    TRY(make_missing(&m, &s));
    return m.count == 0 ? OK : store_together(store_each(keys->store), store_missing, &m);
}

static fallible count_keys(struct store *store, size_t *count)
{
    struct arena *a = arena_new(LOAD_MEMORY);
    struct db_key *rows;
    if (a == NULL)
        FAIL(UNAVAILABLE, "no memory to look at the keys");
    err read = db_key_all(store_each(store), a, &rows, count);
    arena_release(a);
    return read;
}

fallible keys_take_master(struct store *store, const char *directory, struct keeper **out)
{
    struct master master;
    struct keeper *keeper = NULL;
    size_t count;
    TRY(count_keys(store, &count));
    TRY(master_read(directory, count > 0 ? MASTER_READ : MASTER_MAKE, &master));
    err taken = keeper_new(&master, &keeper);
    if (!FAILED(taken))
        taken = at_rest_renew(store, keeper, &master);
    secret_wipe(&master, sizeof master);
    digest_forget();
    if (FAILED(taken))
        keeper_free(keeper);
    else
        *out = keeper;
    return taken;
}

static fallible open_in(struct keys *keys, const char *directory)
{
    TRY(keys_take_master(keys->store, directory, &keys->keeper));
    TRY(within_arena(ensure_stored_keys, keys));
    return load_stored_keys(keys);
}

fallible keys_open(const struct keys_place *place, struct keys **out)
{
    struct keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        FAIL(UNAVAILABLE, "no memory for the keys");
    keys->store = place->store;
    keys->cache = place->cache;
    pthread_mutex_init(&keys->lock, NULL);
    pthread_mutex_init(&keys->loading, NULL);
    err opened = open_in(keys, place->directory);
    if (FAILED(opened)) {
        keys_close(keys);
        return opened;
    }
    *out = keys;
    return OK;
}

const struct keeper *keys_keeper(const struct keys *keys)
{
    return keys->keeper;
}

void keys_close(struct keys *keys)
{
    if (keys == NULL)
        return;
    keys->current = NULL;
    while (keys->rings != NULL) {
        struct ring *r = keys->rings;
        keys->rings = r->next;
        ring_free(r);
    }
    keeper_free(keys->keeper);
    pthread_mutex_destroy(&keys->lock);
    pthread_mutex_destroy(&keys->loading);
    free(keys);
}
