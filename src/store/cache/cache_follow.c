/* SPDX-License-Identifier: MIT
 * cache_follow: one reading of the feed. Relies on numbers without a gap (db_change) and on one committed state for the whole reading
 * (store_read_still). Promises:
 *   1. of n changes n rows are read, each by its number or name, and nothing else;
 *   2. rows are read as they are now, which may be newer than their line: then their next line changes nothing;
 *   3. a next snapshot is shown whole or not at all;
 *   4. a line that is missing (forgotten meanwhile) or of a kind that is not known, or a database that is another one: everything is loaded anew.
 *
 *   [no snapshot] ──load──▶ [at seq] ──lines──▶ [at a later seq] ──gap──▶ load ──▶ [at the newest seq] */
#include "store/cache/cache_follow.h"

#include "codec/b64url.h"
#include "store/table/db_change.h"
#include "store/table/db_event.h"

#include "base/banned.h"

enum { MEMORY_MAX = 64 << 20, PORTION = 64 }; /* of what is read at once: a portion of rows, lines or revocations */

struct following {
    struct cache *cache;
    struct arena *a, *lines; /* lines: of the feed, while the rows they name are read one after the other */
    struct snapshot *next;   /* NULL: no snapshot to go on from */
    bool anew;               /* what there is is nothing to go on from */
    bool starved;            /* it failed for want of this process's own memory: the store is there */
    struct store_place place;
};

static err note_if_starved(struct following *w, err e)
{
    w->starved = w->starved || e.kind == ERR_UNAVAILABLE;
    return e;
}

/* ---- everything ---- */

static err load_clients(struct db_conn *c, struct following *w)
{
    struct db_range range = {0, INT64_MAX, PORTION};
    struct db_rows rows = {NULL, PORTION};
    while (rows.count == PORTION) {
        arena_reset(w->a);
        TRY(db_client_rows(c, w->a, &range, &rows));
        const struct db_client *clients = rows.rows;
        for (size_t i = 0; i < rows.count; i++)
            TRY(note_if_starved(w, snapshot_client(w->next, clients[i].number, &clients[i])));
        if (rows.count > 0)
            range.from = clients[rows.count - 1].number + 1;
    }
    return OK;
}

static err load_others(struct db_conn *c, struct following *w)
{
    struct db_rows scopes, resources, details, settings;
    arena_reset(w->a);
    TRY(db_scope_rows(c, w->a, STR_ABSENT, &scopes));
    TRY(db_resource_rows(c, w->a, 0, &resources));
    TRY(db_details_rows(c, w->a, STR_ABSENT, &details));
    TRY(db_password_rows(c, w->a, &settings));
    const struct db_scope *s = scopes.rows;
    for (size_t i = 0; i < scopes.count; i++)
        TRY(note_if_starved(w, snapshot_scope(w->next, s[i].name, &s[i])));
    const struct db_resource *r = resources.rows;
    for (size_t i = 0; i < resources.count; i++)
        TRY(note_if_starved(w, snapshot_resource(w->next, r[i].number, &r[i])));
    const struct db_details_type *d = details.rows;
    for (size_t i = 0; i < details.count; i++)
        TRY(note_if_starved(w, snapshot_details(w->next, d[i].type, &d[i])));
    return note_if_starved(w, snapshot_settings(w->next, &settings));
}

static err load_all(struct db_conn *c, struct following *w)
{
    snapshot_free(w->next);
    w->next = NULL;
    w->anew = true; /* also when this reading is lost half way, and run again */
    w->place.revocation = 0;
    cache_set_unsettle(w->cache->revoked); /* a store that was restored, or failed over, may have lost some: they stay in memory, and are written again */
    TRY(note_if_starved(w, snapshot_new(&w->next)));
    TRY(load_clients(c, w));
    TRY(load_others(c, w));
    cache_recent_clear(w->cache->users);
    cache_recent_clear(w->cache->pats);
    (void)atomic_fetch_add(&w->cache->keys, 1);
    w->anew = false;
    return OK;
}

/* ---- one change ---- */

/* Nothing is there any more: row NULL. */
static const void *get_first_row(const struct db_rows *rows)
{
    return rows->count > 0 ? rows->rows : NULL;
}

static err forget_pat(struct cache *cache, str key)
{
    struct token_hash hash;
    if (FAILED(b64url_decode_exact(key, hash.bytes, sizeof(hash.bytes))))
        FAIL(SERVER_ERROR, "hot: a line of the feed is damaged");
    cache_recent_forget(cache->pats, (str){(const char *)hash.bytes, sizeof(hash.bytes)});
    return OK;
}

static err apply_numbered(struct db_conn *c, struct following *w, enum db_change_kind kind, str key)
{
    uint64_t value = 0;
    struct db_rows rows;
    if (FAILED(str_u64(key, INT64_MAX, &value)))
        FAIL(SERVER_ERROR, "hot: a line of the feed is damaged");
    int64_t number = (int64_t)value;
    if (kind == DB_CHANGE_USER) {
        cache_recent_forget(w->cache->users, snapshot_number(&number));
        return OK;
    }
    if (kind == DB_CHANGE_RESOURCE) {
        TRY(db_resource_rows(c, w->a, number, &rows));
        return note_if_starved(w, snapshot_resource(w->next, number, get_first_row(&rows)));
    }
    TRY(db_client_rows(c, w->a, &(struct db_range){number, number, 1}, &rows));
    return note_if_starved(w, snapshot_client(w->next, number, get_first_row(&rows)));
}

static err apply_cache_change(struct db_conn *c, struct following *w, enum db_change_kind kind, str key)
{
    struct db_rows rows;
    switch (kind) {
    case DB_CHANGE_SCOPE:
        TRY(db_scope_rows(c, w->a, key, &rows));
        return note_if_starved(w, snapshot_scope(w->next, key, get_first_row(&rows)));
    case DB_CHANGE_DETAILS:
        TRY(db_details_rows(c, w->a, key, &rows));
        return note_if_starved(w, snapshot_details(w->next, key, get_first_row(&rows)));
    case DB_CHANGE_PASSWORD: /* eight at the most */
        TRY(db_password_rows(c, w->a, &rows));
        return note_if_starved(w, snapshot_settings(w->next, &rows));
    case DB_CHANGE_PAT:
        return forget_pat(w->cache, key);
    case DB_CHANGE_KEY:
        (void)atomic_fetch_add(&w->cache->keys, 1);
        return OK;
    case DB_CHANGE_CLIENT:
    case DB_CHANGE_CLIENT_SECRET:
    case DB_CHANGE_RESOURCE:
    case DB_CHANGE_USER:
    case DB_CHANGE_NONE:
    case DB_CHANGE_REVOCATION:
    default:
        return apply_numbered(c, w, kind, key);
    }
}

/* Lines up to the newest. *whole false: one is missing, or is not understood. */
static err apply_lines(struct db_conn *c, struct following *w, int64_t newest, bool *whole)
{
    *whole = true;
    while (w->place.change < newest) {
        struct db_rows rows = {NULL, 0};
        arena_reset(w->lines);
        TRY(db_change_after(c, w->lines, w->place.change, &rows));
        const struct db_change *lines = rows.rows;
        *whole = rows.count > 0;
        for (size_t i = 0; i < rows.count && *whole; i++) {
            enum db_change_kind kind = db_change_kind_of(lines[i].kind);
            *whole = lines[i].seq == w->place.change + 1 && kind != DB_CHANGE_NONE;
            arena_reset(w->a);
            if (*whole)
                TRY(apply_cache_change(c, w, kind, lines[i].key));
            w->place.change++;
        }
        if (!*whole)
            return OK;
    }
    return OK;
}

/* ---- revocations: their table is a feed of its own ---- */

/* Their numbers are the order of commits: none up to the newest can come later. Those of the newest that are not there were purged. */
static err add_revocations(struct db_conn *c, struct following *w, int64_t newest)
{
    struct db_rows rows = {NULL, 1};
    while (rows.count > 0 && w->place.revocation < newest) {
        arena_reset(w->a);
        TRY(db_revocation_rows(c, w->a, w->place.revocation, &rows));
        const struct db_revocation *r = rows.rows;
        unix_time now = clock_now();
        for (size_t i = 0; i < rows.count; i++) {
            if (r[i].expires_at > now)
                TRY(note_if_starved(w, cache_set_add(w->cache->revoked, r[i].kind, r[i].id, r[i].expires_at)));
            w->place.revocation = r[i].number;
        }
    }
    w->place.revocation = newest;
    return OK;
}

/* ---- the reading ---- */

static err read_feed(struct db_conn *c, void *context)
{
    struct following *w = context;
    struct store_place newest = {0, 0};
    arena_reset(w->a);
    TRY(db_change_newest(c, w->a, &newest));
    bool whole = w->next != NULL && !w->anew && newest.change >= w->place.change && newest.revocation >= w->place.revocation;
    if (whole)
        TRY(apply_lines(c, w, newest.change, &whole));
    if (!whole)
        TRY(load_all(c, w));
    w->place.change = newest.change;
    return add_revocations(c, w, newest.revocation);
}

void cache_show(struct cache *cache, struct snapshot *next)
{
    (void)pthread_mutex_lock(&cache->lock);
    struct snapshot *old = cache->snapshot;
    cache->snapshot = next;
    bool unused = old != NULL && old->holders == 0;
    (void)pthread_mutex_unlock(&cache->lock);
    if (unused)
        snapshot_free(old);
}

static err follow_with(struct cache *cache, struct db_conn *c, struct following *w)
{
    if (cache->snapshot != NULL && !w->anew)
        TRY(note_if_starved(w, snapshot_next(cache->snapshot, &w->next)));
    TRY(c != NULL ? store_snapshot_on(c, read_feed, w) : store_read_snapshot(cache->store, read_feed, w));
    w->next->seq = w->place.change;
    cache_show(cache, w->next);
    w->next = NULL;
    (void)pthread_mutex_lock(&cache->lock);
    cache->place = w->place;
    (void)pthread_mutex_unlock(&cache->lock);
    return OK;
}

err cache_follow(struct cache *cache, struct db_conn *c)
{
    bool anew = atomic_exchange(&cache->store->anew, false);
    struct following w = {.cache = cache, .a = arena_new(MEMORY_MAX), .lines = arena_new(MEMORY_MAX), .anew = anew, .place = cache->place};
    bool room = w.a != NULL && w.lines != NULL;
    err e = room ? follow_with(cache, c, &w) : OK;
    if (!room || (FAILED(e) && (w.starved || arena_failed(w.a) || arena_failed(w.lines))))
        e = ERR(SERVER_ERROR, "hot: what is kept in memory does not fit into it");
    if (FAILED(e) && anew)
        atomic_store(&cache->store->anew, true);
    snapshot_free(w.next);
    arena_release(w.a);
    arena_release(w.lines);
    return e;
}
