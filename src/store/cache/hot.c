/* SPDX-License-Identifier: MIT
 * hot: the facts that every request needs, in memory. Relies on the change feed for what changed (hot_follow): the writer follows it after
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
 *   [another generation]               [behind] ──hot_refresh, not on an event thread: one follows, the others wait──▶ [up to date] */
#include "store/cache/hot_follow.h"

#include "store/table/db_event.h"

#include <stdlib.h>

#include "base/banned.h"

enum { PAT_CACHE = 4096 };

static _Thread_local bool inline_thread;

void hot_inline(bool on)
{
    inline_thread = on;
}

bool hot_is_inline(void)
{
    return inline_thread;
}

/* ---- following ---- */

static bool fresh(struct hot *hot)
{
    return !atomic_load_explicit(&hot->behind, memory_order_acquire) &&
           atomic_load_explicit(&hot->seen_generation, memory_order_acquire) == store_generation(hot->store);
}

/* Under hot.following; c: hot_follow. */
static err follow(struct hot *hot, struct db_conn *c)
{
    uint64_t generation = store_generation(hot->store);
    err e = hot_follow(hot, c);
    bool away = FAILED(e) && hot->facts != NULL && store_is_remote(hot->store);
    if (!FAILED(e) || away)
        atomic_store_explicit(&hot->seen_generation, generation, memory_order_release);
    atomic_store_explicit(&hot->behind, FAILED(e) && !away, memory_order_release);
    if (away)
        store_missed(hot->store);
    if (FAILED(e) && (!away || c != NULL))
        FAIL(UNAVAILABLE, "hot: the facts cannot be loaded");
    return OK;
}

static err follow_on(struct hot *hot, struct db_conn *c)
{
    (void)pthread_mutex_lock(&hot->following);
    err e = follow(hot, c);
    (void)pthread_mutex_unlock(&hot->following);
    return e;
}

err hot_poll(struct hot *hot)
{
    return follow_on(hot, NULL);
}

err hot_refresh(struct hot *hot)
{
    if (fresh(hot))
        return OK;
    if (inline_thread)
        FAIL(ELSEWHERE, "hot: the feed must be read from disk");
    (void)pthread_mutex_lock(&hot->following);
    err e = fresh(hot) ? OK : follow(hot, NULL);
    (void)pthread_mutex_unlock(&hot->following);
    return e;
}

static err after_change(void *hot, struct db_conn *c)
{
    return follow_on(hot, c);
}

static bool usable(struct hot *hot, const struct tx *tx)
{
    return !atomic_load_explicit(&hot->behind, memory_order_acquire) && !store_changing(tx);
}

uint64_t hot_keys(struct hot *hot)
{
    return atomic_load(&hot->keys);
}

static err with_names(const struct hot_facts *seen, bool looks, struct hot_facts **next)
{
    TRY(hot_facts_next(seen, next));
    err e = hot_names_keep(*next, looks);
    if (FAILED(e))
        hot_facts_free(*next);
    return e;
}

/* Aside; *done false: something was changed meanwhile. */
static err keep_aside(struct hot *hot, const struct hot_facts *seen, bool looks, bool *done)
{
    struct hot_facts *next;
    TRY(with_names(seen, looks, &next));
    (void)pthread_mutex_lock(&hot->following);
    *done = hot->facts == seen;
    if (*done)
        hot_show(hot, next);
    (void)pthread_mutex_unlock(&hot->following);
    if (!*done)
        hot_facts_free(next);
    return OK;
}

static err keep_waiting(struct hot *hot, bool looks)
{
    struct hot_facts *next;
    err e = OK;
    (void)pthread_mutex_lock(&hot->following);
    if (!hot_names_kept(hot->facts, looks)) {
        e = with_names(hot->facts, looks, &next);
        if (!FAILED(e))
            hot_show(hot, next);
    }
    (void)pthread_mutex_unlock(&hot->following);
    return e;
}

/* Folding the names of all clients takes its time, and the writer should not wait for it: it is done aside, and only when changes come faster
 * than that while the writer waits. */
err hot_keep_names(struct hot *hot, bool looks)
{
    enum { TRIES = 4 };
    bool done = false;
    for (int i = 0; i < TRIES && !done; i++) {
        const struct hot_facts *seen = hot_hold(hot);
        done = hot_names_kept(seen, looks);
        err e = done ? OK : keep_aside(hot, seen, looks, &done);
        hot_let_go(hot, seen);
        TRY(e);
    }
    return done ? OK : keep_waiting(hot, looks);
}

/* ---- open, close ---- */

err hot_open(struct store *store, int64_t user_cache, struct hot **out)
{
    struct hot *hot = calloc(1, sizeof(*hot));
    if (hot == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    hot->store = store;
    (void)pthread_mutex_init(&hot->lock, NULL);
    (void)pthread_mutex_init(&hot->following, NULL);
    err e = hot_set_new(&hot->revoked);
    if (!FAILED(e))
        e = hot_cache_new(user_cache, &db_user_shape, &hot->users);
    if (!FAILED(e))
        e = hot_cache_new(PAT_CACHE, &db_pat_shape, &hot->pats);
    if (!FAILED(e)) {
        store_after_change(store, after_change, hot); /* before the first reading: no commit falls between */
        e = hot_poll(hot);
    }
    if (FAILED(e)) {
        hot_close(hot);
        return e;
    }
    *out = hot;
    return OK;
}

void hot_close(struct hot *hot)
{
    if (hot == NULL)
        return;
    store_after_change(hot->store, NULL, NULL);
    INVARIANT(hot->facts == NULL || hot->facts->holders == 0);
    hot_facts_free(hot->facts);
    hot_cache_free(hot->users);
    hot_cache_free(hot->pats);
    hot_set_free(hot->revoked);
    (void)pthread_mutex_destroy(&hot->lock);
    (void)pthread_mutex_destroy(&hot->following);
    free(hot);
}

/* ---- the snapshot ---- */

const struct hot_facts *hot_hold(struct hot *hot)
{
    (void)pthread_mutex_lock(&hot->lock);
    struct hot_facts *f = hot->facts;
    f->holders++;
    (void)pthread_mutex_unlock(&hot->lock);
    return f;
}

void hot_let_go(struct hot *hot, const struct hot_facts *facts)
{
    struct hot_facts *f = (struct hot_facts *)(uintptr_t)facts;
    (void)pthread_mutex_lock(&hot->lock);
    bool last = --f->holders == 0 && f != hot->facts;
    (void)pthread_mutex_unlock(&hot->lock);
    if (last)
        hot_facts_free(f);
}

static const void *row_of(const struct hot_map *m, str key)
{
    const struct hot_entry *e = hot_map_get(m, key);
    return e != NULL ? e->row : NULL;
}

static str hash_text(const struct token_hash *hash)
{
    return (str){(const char *)hash->bytes, sizeof(hash->bytes)};
}

const struct db_client *hot_client(const struct hot_facts *facts, str client_id)
{
    return row_of(&facts->clients_by_id, client_id);
}

const struct db_client *hot_client_by_number(const struct hot_facts *facts, int64_t number)
{
    return row_of(&facts->clients, hot_facts_number(&number));
}

/* Of clients in the ProcessMaker mode alone: nobody else is ever found by a secret (contract 4). */
const struct db_client *hot_client_by_secret(const struct hot_facts *facts, const struct token_hash *hash)
{
    const struct hot_secret *found = row_of(&facts->secrets, hash_text(hash));
    if (found == NULL || (found->expires_at != 0 && found->expires_at <= clock_now()))
        return NULL;
    const struct db_client *client = hot_client_by_number(facts, found->client_number);
    return client != NULL && client->compat_processmaker ? client : NULL;
}

bool hot_secret_taken(const struct hot_facts *facts, const struct token_hash *hash, int64_t client_number)
{
    const struct hot_secret *found = row_of(&facts->secrets, hash_text(hash));
    return found != NULL && found->client_number != client_number;
}

size_t hot_registered(const struct hot_facts *facts, size_t *bytes)
{
    *bytes = facts->registered_bytes;
    return facts->registered;
}

const struct db_scope *hot_scope(const struct hot_facts *facts, str name)
{
    return row_of(&facts->scopes, name);
}

const struct db_resource *hot_resource(const struct hot_facts *facts, str uri)
{
    return row_of(&facts->resources_by_uri, uri);
}

const struct db_resource *hot_resource_by_number(const struct hot_facts *facts, int64_t number)
{
    return row_of(&facts->resources, hot_facts_number(&number));
}

bool hot_details_any(const struct hot_facts *facts)
{
    return facts->details.count > 0;
}

const struct db_details_type *hot_details_type(const struct hot_facts *facts, str type)
{
    return row_of(&facts->details, type);
}

bool hot_sign_alg(const struct hot_facts *facts, enum sign_alg alg)
{
    return facts->algs[alg] > 0;
}

const str *hot_password_settings(const struct hot_facts *facts, size_t *count)
{
    const struct hot_settings *settings = (const void *)facts->settings->row;
    *count = settings->count;
    return settings->words;
}

/* ---- lists ---- */

struct collecting {
    const void **rows;
    size_t count;
};

static void collect(void *context, struct hot_entry *e)
{
    struct collecting *w = context;
    w->rows[w->count++] = e->row;
}

static const void **list(const struct hot_map *m, struct arena *a, int (*order)(const void *, const void *), size_t *count)
{
    struct collecting w = {arena_array(a, m->count + 1, sizeof(*w.rows)), 0};
    *count = 0;
    if (w.rows == NULL)
        return NULL;
    hot_map_each(m, collect, &w);
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

const struct db_client **hot_clients(const struct hot_facts *facts, struct arena *a, size_t *count)
{
    return (const struct db_client **)list(&facts->clients, a, order_clients, count);
}

const struct db_scope **hot_scopes(const struct hot_facts *facts, struct arena *a, size_t *count)
{
    return (const struct db_scope **)list(&facts->scopes, a, order_scopes, count);
}

const struct db_resource **hot_resources(const struct hot_facts *facts, struct arena *a, size_t *count)
{
    return (const struct db_resource **)list(&facts->resources, a, order_resources, count);
}

const struct db_details_type **hot_details_types(const struct hot_facts *facts, struct arena *a, size_t *count)
{
    return (const struct db_details_type **)list(&facts->details, a, order_details, count);
}

/* ---- revocations ---- */

err hot_revoke(struct hot *hot, struct tx *tx, const char *kind, str id, unix_time expires_at)
{
    TRY(hot_set_add(hot->revoked, str_of(kind), id, expires_at));
    return db_revocation_add(tx, kind, id, expires_at);
}

err hot_revocations(struct hot *hot, size_t *count)
{
    return hot_set_count(hot->revoked, count);
}

bool hot_revoked(struct hot *hot, const char *kind, str id)
{
    return hot_set_has(hot->revoked, str_of(kind), id);
}

/* ---- people and personal access tokens ---- */

err hot_user(struct hot *hot, struct tx *tx, struct arena *a, int64_t number, struct db_user **out)
{
    void *row = NULL;
    if (usable(hot, tx))
        TRY(hot_cache_get(hot->users, a, hot_facts_number(&number), &row));
    if (row == NULL) {
        if (inline_thread)
            FAIL(ELSEWHERE, "hot: the user must be read from disk");
        uint64_t ticket = hot_cache_ticket(hot->users);
        struct db_user *user = NULL;
        TRY(db_user_by_number(tx, a, number, &user));
        if (user != NULL && !store_is_open(tx))
            hot_cache_put(hot->users, ticket, hot_facts_number(&number), user);
        row = user;
    }
    *out = row;
    return OK;
}

err hot_pat(struct hot *hot, struct tx *tx, struct arena *a, const struct token_hash *hash, struct db_pat **out)
{
    void *row = NULL;
    if (usable(hot, tx))
        TRY(hot_cache_get(hot->pats, a, hash_text(hash), &row));
    if (row == NULL) {
        if (inline_thread)
            FAIL(ELSEWHERE, "hot: the token must be read from disk");
        uint64_t ticket = hot_cache_ticket(hot->pats);
        struct db_pat *pat = NULL;
        TRY(db_pat_by_hash(tx, a, hash, &pat));
        if (pat != NULL && !store_is_open(tx))
            hot_cache_put(hot->pats, ticket, hash_text(hash), pat);
        row = pat;
    }
    *out = row;
    return OK;
}
