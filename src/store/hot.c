/* SPDX-License-Identifier: MIT
 * hot: the facts that every request needs, in memory. Relies on two counters, db_generation (other processes) and `changes`
 * (this one): when either moved since the last loading, the facts are loaded anew before anything is decided. Promises:
 *   1. a snapshot never changes and lives as long as somebody holds it;
 *   2. the counters are read before the loading begins, so that a change during it loads once more;
 *   3. when loading fails nobody is served from old facts: what was revoked, here or by another process, is so in the very next
 *      answer (AT-16, IR-04);
 *   4. a row that is not yet committed never enters a cache: what a running job changes is announced again after its group.
 *
 *   [loaded] ──hot_changed, another process──▶ [stale] ──hot_refresh: one loads, the others wait──▶ [loaded] */
#include "store/hot.h"

#include "base/buf.h"

#include "store/db_event.h"
#include "store/db_room.h"
#include "store/hot_algs.h"
#include "store/hot_cache.h"
#include "store/hot_set.h"

#include <stdlib.h>

#include "base/banned.h"

enum {
    FACTS_MAX = 256 << 20,     /* what all clients, scopes and resources may take */
    REVOCATIONS_MAX = 8 << 20, /* one portion of revocations while it is read */
    ROW_MAX = 1 << 20,
    PAT_CACHE = 4096
};

struct by_secret {
    const struct token_hash *hash;
    unix_time expires_at;
    const struct db_client *client;
};
struct hot_facts {
    struct arena *arena;
    int64_t holders; /* under hot.lock */
    struct db_client *clients;
    struct db_scope *scopes;
    struct db_resource *resources;
    struct db_details_type *details;
    str settings[DB_PASSWORD_SETTINGS_MAX];
    size_t setting_count;
    str sign_algs;
    size_t client_count, scope_count, resource_count, secret_count, details_count;
    const struct db_client **by_id;
    const struct db_scope **by_name;
    const struct db_resource **by_uri;
    struct by_secret *by_secret;
};
struct hot {
    struct db *db;
    pthread_mutex_t lock; /* facts and their holders */
    struct hot_facts *facts;
    pthread_mutex_t loading; /* one loads */
    int64_t last_revocation; /* under loading */
    _Atomic uint64_t changes, seen_changes, seen_generation;
    _Atomic bool again; /* a job changed something that its group has yet to commit */
    struct hot_set *revoked;
    struct hot_cache *users, *pats;
};

static _Thread_local bool inline_thread;

void hot_inline(bool on)
{
    inline_thread = on;
}

bool hot_is_inline(void)
{
    return inline_thread;
}

/* ---- loading ---- */

static int order_clients(const void *a, const void *b)
{
    return str_compare((*(const struct db_client *const *)a)->id, (*(const struct db_client *const *)b)->id);
}

static int order_scopes(const void *a, const void *b)
{
    return str_compare((*(const struct db_scope *const *)a)->name, (*(const struct db_scope *const *)b)->name);
}

static int order_resources(const void *a, const void *b)
{
    return str_compare((*(const struct db_resource *const *)a)->uri, (*(const struct db_resource *const *)b)->uri);
}

static str hash_text(const struct token_hash *hash)
{
    return (str){(const char *)hash->bytes, sizeof(hash->bytes)};
}

static int order_secrets(const void *a, const void *b)
{
    return str_compare(hash_text(((const struct by_secret *)a)->hash), hash_text(((const struct by_secret *)b)->hash));
}

/* Pointers to the rows of an array, sorted. */
static err index_rows(struct arena *a, const struct db_rows *rows, size_t size, int (*order)(const void *, const void *),
                      const void *out)
{
    const void **index = arena_array(a, rows->count + 1, sizeof(*index));
    if (index == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    for (size_t i = 0; i < rows->count; i++)
        index[i] = (const char *)rows->rows + i * size;
    qsort(index, rows->count, sizeof(*index), order);
    *(const void ***)(uintptr_t)out = index;
    return OK;
}

/* Secrets of clients in the ProcessMaker mode alone: nobody else is ever found by a secret (contract 4). */
static err index_secrets(struct hot_facts *f)
{
    f->by_secret = arena_array(f->arena, f->client_count * DB_CLIENT_SECRETS + 1, sizeof(*f->by_secret));
    if (f->by_secret == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    for (size_t i = 0; i < f->client_count; i++) {
        const struct db_client *c = &f->clients[i];
        for (size_t s = 0; c->compat_processmaker && s < c->secret_count; s++)
            f->by_secret[f->secret_count++] = (struct by_secret){&c->secrets[s].hash, c->secrets[s].expires_at, c};
    }
    qsort(f->by_secret, f->secret_count, sizeof(*f->by_secret), order_secrets);
    return OK;
}

static err load_facts(struct db *db, struct hot_facts *f)
{
    TRY(db_client_all(db, f->arena, &f->clients, &f->client_count));
    TRY(db_scope_all(db, f->arena, &f->scopes, &f->scope_count));
    TRY(db_resource_all(db, f->arena, &f->resources, &f->resource_count));
    TRY(db_details_all(db, f->arena, &f->details, &f->details_count));
    TRY(db_password_settings(db, f->arena, f->settings, &f->setting_count));
    TRY(hot_algs(f->arena, &(struct db_rows){f->clients, f->client_count}, &(struct db_rows){f->resources, f->resource_count}, &f->sign_algs));
    TRY(index_rows(f->arena, &(struct db_rows){f->clients, f->client_count}, sizeof(*f->clients), order_clients, &f->by_id));
    TRY(index_rows(f->arena, &(struct db_rows){f->scopes, f->scope_count}, sizeof(*f->scopes), order_scopes, &f->by_name));
    TRY(index_rows(f->arena, &(struct db_rows){f->resources, f->resource_count}, sizeof(*f->resources), order_resources,
                   &f->by_uri));
    return index_secrets(f);
}

static void free_facts(struct hot_facts *f)
{
    if (f == NULL)
        return;
    arena_release(f->arena);
    free(f);
}

static err new_facts(struct db *db, struct hot_facts **out)
{
    struct hot_facts *f = calloc(1, sizeof(*f));
    if (f == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    f->arena = arena_new(FACTS_MAX);
    err e = f->arena != NULL ? load_facts(db, f) : ERR(UNAVAILABLE, "hot: out of memory");
    if (FAILED(e)) {
        free_facts(f);
        return e;
    }
    *out = f;
    return OK;
}

static err add_portion(struct hot *hot, struct arena *a, size_t *count)
{
    struct db_revocation *rows = NULL;
    TRY(db_revocation_since(hot->db, a, hot->last_revocation, &rows, count));
    unix_time now = clock_now();
    for (size_t i = 0; i < *count; i++) {
        if (rows[i].expires_at > now)
            TRY(hot_set_add(hot->revoked, rows[i].kind, rows[i].id, rows[i].expires_at));
        hot->last_revocation = rows[i].number;
    }
    return OK;
}

static err load_revocations(struct hot *hot)
{
    struct arena *a = arena_new(REVOCATIONS_MAX);
    if (a == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    size_t count = 1;
    err e = OK;
    while (count > 0 && !FAILED(e)) {
        e = add_portion(hot, a, &count);
        arena_reset(a);
    }
    arena_release(a);
    return e;
}

static err load(struct hot *hot)
{
    TRY(load_revocations(hot));
    struct hot_facts *fresh = NULL;
    TRY(new_facts(hot->db, &fresh));
    hot_cache_clear(hot->users);
    hot_cache_clear(hot->pats);
    (void)pthread_mutex_lock(&hot->lock);
    struct hot_facts *old = hot->facts;
    hot->facts = fresh;
    bool unused = old != NULL && old->holders == 0;
    (void)pthread_mutex_unlock(&hot->lock);
    if (unused)
        free_facts(old);
    return OK;
}

static bool fresh(struct hot *hot, uint64_t generation, uint64_t changes)
{
    return atomic_load_explicit(&hot->seen_generation, memory_order_acquire) == generation &&
           atomic_load_explicit(&hot->seen_changes, memory_order_acquire) == changes;
}

static err load_when_stale(struct hot *hot, bool first)
{
    uint64_t generation = db_generation(hot->db), changes = atomic_load(&hot->changes);
    if (!first && fresh(hot, generation, changes))
        return OK;
    if (db_inside(hot->db))
        atomic_store(&hot->again, true); /* what a job loads may not be committed yet */
    err e = load(hot);
    if (FAILED(e))
        FAIL(UNAVAILABLE, "hot: the facts cannot be loaded");
    atomic_store_explicit(&hot->seen_changes, changes, memory_order_release);
    atomic_store_explicit(&hot->seen_generation, generation, memory_order_release);
    return OK;
}

err hot_refresh(struct hot *hot)
{
    if (fresh(hot, db_generation(hot->db), atomic_load_explicit(&hot->changes, memory_order_acquire)))
        return OK;
    (void)pthread_mutex_lock(&hot->loading);
    err e = load_when_stale(hot, false);
    (void)pthread_mutex_unlock(&hot->loading);
    return e;
}

/* ---- open, close, changed ---- */

static void after_group(void *context)
{
    struct hot *hot = context;
    if (atomic_load_explicit(&hot->again, memory_order_acquire) && atomic_exchange(&hot->again, false))
        (void)atomic_fetch_add(&hot->changes, 1);
}

void hot_changed(struct hot *hot)
{
    if (db_inside(hot->db))
        atomic_store(&hot->again, true);
    (void)atomic_fetch_add(&hot->changes, 1);
}

err hot_open(struct db *db, int64_t user_cache, struct hot **out)
{
    struct hot *hot = calloc(1, sizeof(*hot));
    if (hot == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    hot->db = db;
    (void)pthread_mutex_init(&hot->lock, NULL);
    (void)pthread_mutex_init(&hot->loading, NULL);
    err e = hot_set_new(&hot->revoked);
    if (!FAILED(e))
        e = hot_cache_new(user_cache, &db_user_shape, &hot->users);
    if (!FAILED(e))
        e = hot_cache_new(PAT_CACHE, &db_pat_shape, &hot->pats);
    if (!FAILED(e))
        e = load_when_stale(hot, true);
    if (FAILED(e)) {
        hot_close(hot);
        return e;
    }
    db_after_group(db, after_group, hot);
    *out = hot;
    return OK;
}

void hot_close(struct hot *hot)
{
    if (hot == NULL)
        return;
    db_after_group(hot->db, NULL, NULL);
    INVARIANT(hot->facts == NULL || hot->facts->holders == 0);
    free_facts(hot->facts);
    hot_cache_free(hot->users);
    hot_cache_free(hot->pats);
    hot_set_free(hot->revoked);
    (void)pthread_mutex_destroy(&hot->lock);
    (void)pthread_mutex_destroy(&hot->loading);
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
        free_facts(f);
}

const struct db_client *hot_client(const struct hot_facts *facts, str client_id)
{
    const struct db_client key = {.id = client_id}, *at = &key;
    const struct db_client **found = bsearch(&at, facts->by_id, facts->client_count, sizeof(*facts->by_id), order_clients);
    return found != NULL ? *found : NULL;
}

const struct db_client *hot_client_by_number(const struct hot_facts *facts, int64_t number)
{
    size_t low = 0, high = facts->client_count; /* loaded in the order of numbers */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (facts->clients[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < facts->client_count && facts->clients[low].number == number ? &facts->clients[low] : NULL;
}

const struct db_client *hot_client_by_secret(const struct hot_facts *facts, const struct token_hash *hash)
{
    const struct by_secret key = {.hash = hash};
    const struct by_secret *found = bsearch(&key, facts->by_secret, facts->secret_count, sizeof(key), order_secrets);
    if (found == NULL || (found->expires_at != 0 && found->expires_at <= clock_now()))
        return NULL;
    return found->client;
}

const struct db_client *hot_clients(const struct hot_facts *facts, size_t *count)
{
    *count = facts->client_count;
    return facts->clients;
}

const struct db_scope *hot_scope(const struct hot_facts *facts, str name)
{
    const struct db_scope key = {.name = name}, *at = &key;
    const struct db_scope **found = bsearch(&at, facts->by_name, facts->scope_count, sizeof(*facts->by_name), order_scopes);
    return found != NULL ? *found : NULL;
}

const struct db_scope *hot_scopes(const struct hot_facts *facts, size_t *count)
{
    *count = facts->scope_count;
    return facts->scopes;
}

const struct db_resource *hot_resource(const struct hot_facts *facts, str uri)
{
    const struct db_resource key = {.uri = uri}, *at = &key;
    const struct db_resource **found =
        bsearch(&at, facts->by_uri, facts->resource_count, sizeof(*facts->by_uri), order_resources);
    return found != NULL ? *found : NULL;
}

const struct db_resource *hot_resource_by_number(const struct hot_facts *facts, int64_t number)
{
    for (size_t i = 0; i < facts->resource_count; i++)
        if (facts->resources[i].number == number)
            return &facts->resources[i];
    return NULL;
}

const struct db_resource *hot_resources(const struct hot_facts *facts, size_t *count)
{
    *count = facts->resource_count;
    return facts->resources;
}

const struct db_details_type *hot_details_type(const struct hot_facts *facts, str type)
{
    for (size_t i = 0; i < facts->details_count; i++)
        if (str_equal(facts->details[i].type, type))
            return &facts->details[i];
    return NULL;
}

str hot_sign_algs(const struct hot_facts *facts)
{
    return facts->sign_algs;
}

const str *hot_password_settings(const struct hot_facts *facts, size_t *count)
{
    *count = facts->setting_count;
    return facts->settings;
}

const struct db_details_type *hot_details_types(const struct hot_facts *facts, size_t *count)
{
    *count = facts->details_count;
    return facts->details;
}

/* ---- revocations ---- */

err hot_revoke(struct hot *hot, const char *kind, str id, unix_time expires_at)
{
    TRY(hot_set_add(hot->revoked, str_of(kind), id, expires_at));
    return db_revocation_add(hot->db, kind, id, expires_at);
}

err hot_revocations(struct hot *hot, size_t *count)
{
    return hot_set_count(hot->revoked, count);
}

err hot_revoke_ended(struct hot *hot, const struct db_ended *ended, unix_time expires_at)
{
    for (size_t i = 0; i < ended->count; i++)
        TRY(hot_set_add(hot->revoked, STR("grant"), ended->grant_ids[i], expires_at));
    return OK;
}

bool hot_revoked(struct hot *hot, const char *kind, str id)
{
    return hot_set_has(hot->revoked, str_of(kind), id);
}

/* ---- people and personal access tokens ---- */

static str number_key(const int64_t *number)
{
    return (str){(const char *)number, sizeof(*number)};
}

err hot_user(struct hot *hot, struct arena *a, int64_t number, struct db_user **out)
{
    void *row = NULL;
    TRY(hot_cache_get(hot->users, a, number_key(&number), &row));
    if (row == NULL) {
        if (inline_thread)
            FAIL(ELSEWHERE, "hot: the user must be read from disk");
        uint64_t ticket = hot_cache_ticket(hot->users);
        struct db_user *user = NULL;
        TRY(db_user_by_number(hot->db, a, number, &user));
        if (user != NULL && !db_inside(hot->db))
            hot_cache_put(hot->users, ticket, number_key(&number), user);
        row = user;
    }
    *out = row;
    return OK;
}

err hot_pat(struct hot *hot, struct arena *a, const struct token_hash *hash, struct db_pat **out)
{
    void *row = NULL;
    TRY(hot_cache_get(hot->pats, a, hash_text(hash), &row));
    if (row == NULL) {
        if (inline_thread)
            FAIL(ELSEWHERE, "hot: the token must be read from disk");
        uint64_t ticket = hot_cache_ticket(hot->pats);
        struct db_pat *pat = NULL;
        TRY(db_pat_by_hash(hot->db, a, hash, &pat));
        if (pat != NULL && !db_inside(hot->db))
            hot_cache_put(hot->pats, ticket, hash_text(hash), pat);
        row = pat;
    }
    *out = row;
    return OK;
}

void hot_user_forget(struct hot *hot, int64_t number)
{
    hot_cache_forget(hot->users, number_key(&number));
    if (db_inside(hot->db))
        atomic_store(&hot->again, true);
}

void hot_pat_forget(struct hot *hot)
{
    hot_cache_clear(hot->pats);
    if (db_inside(hot->db))
        atomic_store(&hot->again, true);
}
