/* SPDX-License-Identifier: MIT
 * cache: the facts that every request needs, in memory. Relies on the change feed for what changed (cache_follow): the writer follows it after
 * each commit that changed something, before anybody is answered; store_generation tells of commands. Promises:
 *   1. a snapshot never changes and lives as long as somebody holds it;
 *   2. the generation is read before the feed, so that a commit during the reading is read by the next one;
 *   3. when following fails nobody is served from old facts: what was revoked, here or by another process, is so in the very next
 *      answer (AT-16, IR-04). Where the store is a server on its own, which may be away for a while, what needs no store is answered by what
 *      was known last, the store tells when it is back, and a change of this process that could not be followed is not acknowledged;
 *   4. what is not yet committed never enters memory: the feed is read as it was committed, and a job that has changed something itself
 *      reads the store.
 *
 *   [up to date] ──a commit here: the writer follows──▶ [up to date]
 *        │ a command's commit                │ it failed
 *        ▼                                   ▼
 *   [another generation]               [behind] ──cache_refresh, not on an event thread: one follows, the others wait──▶ [up to date] */
#include "store/cache/cache_follow.h"

#include "store/table/db_change.h"
#include "store/table/db_event.h"

#include <stdlib.h>

#include "base/banned.h"

enum { PAT_CACHE = 4096 };

static _Thread_local bool inline_thread;

void cache_inline(bool on)
{
    inline_thread = on;
}

bool cache_is_inline(void)
{
    return inline_thread;
}

/* ---- following ---- */

static bool is_cache_fresh(struct cache *cache)
{
    return !atomic_load_explicit(&cache->behind, memory_order_acquire) &&
           atomic_load_explicit(&cache->seen_generation, memory_order_acquire) == store_generation(cache->store);
}

/* Under cache.following; c: cache_follow. */
static err follow_store_changes(struct cache *cache, struct db_conn *c)
{
    uint64_t generation = store_generation(cache->store);
    err e = cache_follow(cache, c);
    bool away = e.kind == ERR_UNAVAILABLE && cache->snapshot != NULL && store_is_remote(cache->store); /* damage and want of memory are no such thing */
    if (!FAILED(e) || away)
        atomic_store_explicit(&cache->seen_generation, generation, memory_order_release);
    atomic_store_explicit(&cache->behind, FAILED(e) && !away, memory_order_release);
    if (away)
        store_missed(cache->store);
    if (FAILED(e) && (!away || c != NULL))
        FAIL(UNAVAILABLE, "hot: the facts cannot be loaded");
    return OK;
}

static err follow_on(struct cache *cache, struct db_conn *c)
{
    (void)pthread_mutex_lock(&cache->following);
    err e = follow_store_changes(cache, c);
    (void)pthread_mutex_unlock(&cache->following);
    return e;
}

err cache_poll(struct cache *cache)
{
    return follow_on(cache, NULL);
}

err cache_refresh(struct cache *cache)
{
    if (is_cache_fresh(cache))
        return OK;
    if (inline_thread)
        FAIL(ELSEWHERE, "hot: the feed must be read from disk");
    (void)pthread_mutex_lock(&cache->following);
    err e = is_cache_fresh(cache) ? OK : follow_store_changes(cache, NULL);
    (void)pthread_mutex_unlock(&cache->following);
    return e;
}

static err after_change(void *cache, struct db_conn *c)
{
    return follow_on(cache, c);
}

struct asking {
    struct arena *a;
    struct store_place newest;
};

static err ask_newest(struct db_conn *c, void *context)
{
    struct asking *w = context;
    return db_change_newest(c, w->a, &w->newest);
}

err cache_places(struct cache *cache, struct arena *a, struct store_place *followed, struct store_place *newest)
{
    struct asking w = {a, {0, 0}};
    (void)pthread_mutex_lock(&cache->lock);
    *followed = cache->place;
    (void)pthread_mutex_unlock(&cache->lock);
    TRY(db_read(store_each(cache->store), ask_newest, &w));
    *newest = w.newest;
    return OK;
}

static bool may_use_cache(struct cache *cache, const struct tx *tx)
{
    return !atomic_load_explicit(&cache->behind, memory_order_acquire) && !store_changing(tx);
}

uint64_t cache_keys(struct cache *cache)
{
    return atomic_load(&cache->keys);
}

static err with_names(const struct snapshot *seen, bool looks, struct snapshot **next)
{
    TRY(snapshot_next(seen, next));
    err e = cache_names_keep(*next, looks);
    if (FAILED(e))
        snapshot_free(*next);
    return e;
}

/* Aside; *done false: something was changed meanwhile. */
static err keep_aside(struct cache *cache, const struct snapshot *seen, bool looks, bool *done)
{
    struct snapshot *next;
    TRY(with_names(seen, looks, &next));
    (void)pthread_mutex_lock(&cache->following);
    *done = cache->snapshot == seen;
    if (*done)
        cache_show(cache, next);
    (void)pthread_mutex_unlock(&cache->following);
    if (!*done)
        snapshot_free(next);
    return OK;
}

static err keep_waiting(struct cache *cache, bool looks)
{
    struct snapshot *next;
    err e = OK;
    (void)pthread_mutex_lock(&cache->following);
    if (!cache_names_kept(cache->snapshot, looks)) {
        e = with_names(cache->snapshot, looks, &next);
        if (!FAILED(e))
            cache_show(cache, next);
    }
    (void)pthread_mutex_unlock(&cache->following);
    return e;
}

/* Folding the names of all clients takes its time, and the writer should not wait for it: it is done aside, and only when changes come faster
 * than that while the writer waits. */
err cache_keep_names(struct cache *cache, bool looks)
{
    enum { TRIES = 4 };
    bool done = false;
    for (int i = 0; i < TRIES && !done; i++) {
        const struct snapshot *seen = cache_hold(cache);
        done = cache_names_kept(seen, looks);
        err e = done ? OK : keep_aside(cache, seen, looks, &done);
        cache_let_go(cache, seen);
        TRY(e);
    }
    return done ? OK : keep_waiting(cache, looks);
}

/* ---- open, close ---- */

err cache_open(struct store *store, int64_t user_cache, struct cache **out)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    cache->store = store;
    (void)pthread_mutex_init(&cache->lock, NULL);
    (void)pthread_mutex_init(&cache->following, NULL);
    err e = cache_set_new(&cache->revoked);
    if (!FAILED(e))
        e = cache_recent_new(user_cache, &db_user_columns, &cache->users);
    if (!FAILED(e))
        e = cache_recent_new(PAT_CACHE, &db_pat_columns, &cache->pats);
    if (!FAILED(e)) {
        store_after_change(store, after_change, cache); /* before the first reading: no commit falls between */
        e = cache_poll(cache);
    }
    if (FAILED(e)) {
        cache_close(cache);
        return e;
    }
    *out = cache;
    return OK;
}

void cache_close(struct cache *cache)
{
    if (cache == NULL)
        return;
    store_after_change(cache->store, NULL, NULL);
    INVARIANT(cache->snapshot == NULL || cache->snapshot->holders == 0);
    snapshot_free(cache->snapshot);
    cache_recent_free(cache->users);
    cache_recent_free(cache->pats);
    cache_set_free(cache->revoked);
    (void)pthread_mutex_destroy(&cache->lock);
    (void)pthread_mutex_destroy(&cache->following);
    free(cache);
}

/* ---- the snapshot ---- */

const struct snapshot *cache_hold(struct cache *cache)
{
    (void)pthread_mutex_lock(&cache->lock);
    struct snapshot *f = cache->snapshot;
    f->holders++;
    (void)pthread_mutex_unlock(&cache->lock);
    return f;
}

void cache_let_go(struct cache *cache, const struct snapshot *snapshot)
{
    struct snapshot *f = (struct snapshot *)(uintptr_t)snapshot;
    (void)pthread_mutex_lock(&cache->lock);
    bool last = --f->holders == 0 && f != cache->snapshot;
    (void)pthread_mutex_unlock(&cache->lock);
    if (last)
        snapshot_free(f);
}

static const void *row_of(const struct cache_map *m, str key)
{
    const struct cache_entry *e = cache_map_get(m, key);
    return e != NULL ? e->row : NULL;
}

static str hash_text(const struct token_hash *hash)
{
    return (str){(const char *)hash->bytes, sizeof(hash->bytes)};
}

const struct db_client *cache_client(const struct snapshot *snapshot, str client_id)
{
    return row_of(&snapshot->clients_by_id, client_id);
}

const struct db_client *cache_client_by_number(const struct snapshot *snapshot, int64_t number)
{
    return row_of(&snapshot->clients, snapshot_number(&number));
}

/* Of clients in the ProcessMaker mode alone: nobody else is ever found by a secret (contract 4). */
const struct db_client *cache_client_by_secret(const struct snapshot *snapshot, const struct token_hash *hash)
{
    const struct cache_secret *found = row_of(&snapshot->secrets, hash_text(hash));
    if (found == NULL || (found->expires_at != 0 && found->expires_at <= clock_now()))
        return NULL;
    const struct db_client *client = cache_client_by_number(snapshot, found->client_number);
    return client != NULL && client->compat_processmaker ? client : NULL;
}

bool cache_secret_taken(const struct snapshot *snapshot, const struct token_hash *hash, int64_t client_number)
{
    const struct cache_secret *found = row_of(&snapshot->secrets, hash_text(hash));
    return found != NULL && found->client_number != client_number;
}

int64_t cache_seq(const struct snapshot *snapshot)
{
    return snapshot->seq;
}

size_t cache_registered(const struct snapshot *snapshot, size_t *bytes)
{
    *bytes = snapshot->registered_bytes;
    return snapshot->registered;
}

const struct db_scope *cache_scope(const struct snapshot *snapshot, str name)
{
    return row_of(&snapshot->scopes, name);
}

const struct db_resource *cache_resource(const struct snapshot *snapshot, str uri)
{
    return row_of(&snapshot->resources_by_uri, uri);
}

const struct db_resource *cache_resource_by_number(const struct snapshot *snapshot, int64_t number)
{
    return row_of(&snapshot->resources, snapshot_number(&number));
}

bool cache_details_any(const struct snapshot *snapshot)
{
    return snapshot->details.count > 0;
}

const struct db_details_type *cache_details_type(const struct snapshot *snapshot, str type)
{
    return row_of(&snapshot->details, type);
}

bool cache_sign_alg(const struct snapshot *snapshot, enum sign_alg alg)
{
    return snapshot->algs[alg] > 0;
}

const str *cache_password_settings(const struct snapshot *snapshot, size_t *count)
{
    const struct cache_settings *settings = (const void *)snapshot->settings->row;
    *count = settings->count;
    return settings->words;
}

/* ---- lists ---- */

struct collecting {
    const void **rows;
    size_t count;
};

static void collect_cache_row(void *context, struct cache_entry *e)
{
    struct collecting *w = context;
    w->rows[w->count++] = e->row;
}

static const void **list_sorted_rows(const struct cache_map *m, struct arena *a, int (*order)(const void *, const void *), size_t *count)
{
    struct collecting w = {arena_array(a, m->count + 1, sizeof(*w.rows)), 0};
    *count = 0;
    if (w.rows == NULL)
        return NULL;
    cache_map_each(m, collect_cache_row, &w);
    qsort(w.rows, w.count, sizeof(*w.rows), order);
    *count = w.count;
    return w.rows;
}

static int order_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_clients(const void *a, const void *b)
{
    return order_numbers((*(const struct db_client *const *)a)->number, (*(const struct db_client *const *)b)->number);
}

static int order_scopes(const void *a, const void *b)
{
    return str_compare((*(const struct db_scope *const *)a)->name, (*(const struct db_scope *const *)b)->name);
}

static int order_resources(const void *a, const void *b)
{
    return order_numbers((*(const struct db_resource *const *)a)->number, (*(const struct db_resource *const *)b)->number);
}

static int order_details(const void *a, const void *b)
{
    return str_compare((*(const struct db_details_type *const *)a)->type, (*(const struct db_details_type *const *)b)->type);
}

const struct db_client **cache_clients(const struct snapshot *snapshot, struct arena *a, size_t *count)
{
    return (const struct db_client **)list_sorted_rows(&snapshot->clients, a, order_clients, count);
}

const struct db_scope **cache_scopes(const struct snapshot *snapshot, struct arena *a, size_t *count)
{
    return (const struct db_scope **)list_sorted_rows(&snapshot->scopes, a, order_scopes, count);
}

const struct db_resource **cache_resources(const struct snapshot *snapshot, struct arena *a, size_t *count)
{
    return (const struct db_resource **)list_sorted_rows(&snapshot->resources, a, order_resources, count);
}

const struct db_details_type **cache_details_types(const struct snapshot *snapshot, struct arena *a, size_t *count)
{
    return (const struct db_details_type **)list_sorted_rows(&snapshot->details, a, order_details, count);
}

/* ---- revocations ---- */

err cache_revoke(struct cache *cache, struct tx *tx, const char *kind, str id, unix_time expires_at)
{
    TRY(cache_set_add_early(cache->revoked, str_of(kind), id, expires_at));
    return db_revocation_add(tx, kind, id, expires_at);
}

err cache_revocations(struct cache *cache, size_t *count)
{
    return cache_set_count(cache->revoked, count);
}

bool cache_revoked(struct cache *cache, const char *kind, str id)
{
    return cache_set_has(cache->revoked, str_of(kind), id);
}

bool cache_revoked_settled(struct cache *cache, const char *kind, str id)
{
    return cache_set_settled(cache->revoked, str_of(kind), id);
}

/* ---- people and personal access tokens ---- */

err cache_user(struct cache *cache, struct tx *tx, struct arena *a, int64_t number, struct db_user **out)
{
    void *row = NULL;
    if (may_use_cache(cache, tx))
        TRY(cache_recent_get(cache->users, a, snapshot_number(&number), &row));
    if (row == NULL) {
        if (inline_thread)
            FAIL(ELSEWHERE, "hot: the user must be read from disk");
        uint64_t ticket = cache_recent_ticket(cache->users);
        struct db_user *user = NULL;
        TRY(db_user_by_number(tx, a, number, &user));
        if (user != NULL && !store_changing(tx))
            cache_recent_put(cache->users, ticket, snapshot_number(&number), user);
        row = user;
    }
    *out = row;
    return OK;
}

err cache_pat(struct cache *cache, struct tx *tx, struct arena *a, const struct token_hash *hash, struct db_pat **out)
{
    void *row = NULL;
    if (may_use_cache(cache, tx))
        TRY(cache_recent_get(cache->pats, a, hash_text(hash), &row));
    if (row == NULL) {
        if (inline_thread)
            FAIL(ELSEWHERE, "hot: the token must be read from disk");
        uint64_t ticket = cache_recent_ticket(cache->pats);
        struct db_pat *pat = NULL;
        TRY(db_pat_by_hash(tx, a, hash, &pat));
        if (pat != NULL && !store_changing(tx))
            cache_recent_put(cache->pats, ticket, hash_text(hash), pat);
        row = pat;
    }
    *out = row;
    return OK;
}
