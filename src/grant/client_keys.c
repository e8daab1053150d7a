/* SPDX-License-Identifier: MIT
 * client_keys: where the keys of foreigners come from. Relies on fetch for where the server may call, on token/jwk for what a key set is.
 * Promises: a request chooses no address (the registration does); a set that cannot be had is never an empty one; a slow server holds up
 * only those who need its keys, and never more than BLOCKED_MAX threads in all.
 *
 *   unknown ──claim──▶ [fetching] ──ok──▶ [fresh] ──10 min, or a kid that is not there (after 30 s)──▶ [fetching]
 *                          └──failed──▶ [failed] ──30 s──▶ [fetching]     (a set that was fresh before stays until its 10 minutes end)
 *
 * One lock guards the table; it is never held over a fetch or a parse. A row that is being fetched is neither evicted nor claimed. */
#include "grant/client_keys.h"

#include <pthread.h>

#include "base/banned.h"

enum { ROWS = 256, LIFETIME = 600, REFRESH = 30, BLOCKED_MAX = 6, ROW_ARENA = JWK_SET_BYTES + BUF_URL_MAX + 8192 };

struct row {
    struct arena *arena; /* NULL: the row is free */
    str uri, text;       /* text absent: never had */
    unix_time fetched_at, tried_at, used_at;
    bool fetching, failed;
};
static struct {
    pthread_mutex_t lock;
    pthread_cond_t done;
    int blocked; /* threads that fetch or wait for one who does */
    struct row rows[ROWS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static bool within(unix_time now, unix_time since, int64_t seconds)
{
    return now >= since && now < clock_add(since, seconds);
}

static struct row *find(str uri)
{
    for (size_t i = 0; i < ROWS; i++)
        if (table.rows[i].arena != NULL && str_equal(table.rows[i].uri, uri))
            return &table.rows[i];
    return NULL;
}

static void row_clear(struct row *r)
{
    arena_release(r->arena);
    *r = (struct row){0};
}

/* A row for this address: its own, a free one, or that of the address which nobody has asked for the longest; NULL: none can be had. */
static struct row *claim(str uri)
{
    struct row *r = find(uri), *oldest = NULL;
    for (size_t i = 0; r == NULL && i < ROWS; i++) {
        struct row *candidate = &table.rows[i];
        if (candidate->arena == NULL)
            r = candidate;
        else if (!candidate->fetching && (oldest == NULL || candidate->used_at < oldest->used_at))
            oldest = candidate;
    }
    if (r == NULL && oldest != NULL) {
        row_clear(oldest);
        r = oldest;
    }
    if (r == NULL || r->arena != NULL)
        return r;
    struct arena *a = arena_new(ROW_ARENA);
    str kept = a == NULL ? STR_ABSENT : str_dup(a, uri);
    if (!str_present(kept)) {
        arena_release(a);
        return NULL;
    }
    *r = (struct row){.arena = a, .uri = kept};
    return r;
}

/* A new set in place of the old one. */
static bool keep(struct row *r, str text, unix_time now)
{
    struct arena *a = arena_new(ROW_ARENA);
    str uri = a == NULL ? STR_ABSENT : str_dup(a, r->uri), kept = a == NULL ? STR_ABSENT : str_dup(a, text);
    if (!str_present(uri) || !str_present(kept)) {
        arena_release(a);
        return false;
    }
    arena_release(r->arena);
    r->arena = a;
    r->uri = uri;
    r->text = kept;
    r->fetched_at = now;
    return true;
}

/* Without the lock: the row is claimed, so it stays where it is. */
static fallible fetch_set(struct ground *g, str uri, str *text, struct jwk_set *set)
{
    str body;
    err e = fetch_document(g->arena, &g->authority->policy.fetch, uri, STR("application/jwk-set+json, application/json"), &body);
    if (e.kind == ERR_THROTTLED)
        FAIL(UNAVAILABLE, "keys: too many fetches at once");
    if (e.kind == ERR_INVALID_REQUEST)
        FAIL(INVALID_REQUEST, "keys: jwks_uri is no https address, or leads to an internal one that fetch_internal does not name");
    if (FAILED(e))
        FAIL(INVALID_REQUEST, "keys: jwks_uri cannot be fetched");
    if (FAILED(jwk_set_parse(g->arena, body, set)))
        FAIL(INVALID_REQUEST, "keys: what jwks_uri answers is no set of public keys");
    *text = body;
    return OK;
}

/* Called and left with the lock. */
static fallible renew(struct ground *g, str uri)
{
    if (hot_is_inline())
        FAIL(ELSEWHERE, "keys: fetching waits");
    struct row *r = table.blocked < BLOCKED_MAX ? claim(uri) : NULL;
    if (r == NULL)
        FAIL(UNAVAILABLE, "keys: too many fetches at once");
    r->fetching = true;
    r->tried_at = r->used_at = g->now;
    table.blocked++;
    (void)pthread_mutex_unlock(&table.lock);
    str text = STR_ABSENT;
    struct jwk_set set;
    err e = fetch_set(g, uri, &text, &set);
    (void)pthread_mutex_lock(&table.lock);
    table.blocked--;
    r->fetching = false;
    if (!FAILED(e) && !keep(r, text, g->now))
        e = ERR(UNAVAILABLE, "keys: no memory to keep a set");
    r->failed = FAILED(e) && e.kind != ERR_UNAVAILABLE; /* that was us, not they */
    (void)pthread_cond_broadcast(&table.done);
    return e;
}

/* With the lock: the row when nobody fetches it any more; NULL: unknown. */
static fallible settled(str uri, struct row **out)
{
    struct row *r = find(uri);
    while (r != NULL && r->fetching) {
        if (hot_is_inline())
            FAIL(ELSEWHERE, "keys: waiting for a fetch");
        if (table.blocked >= BLOCKED_MAX)
            FAIL(UNAVAILABLE, "keys: too many wait for a fetch");
        table.blocked++;
        (void)pthread_cond_wait(&table.done, &table.lock); /* a fetch has an end: fetch_seconds */
        table.blocked--;
        r = find(uri);
    }
    *out = r;
    return OK;
}

static bool fresh(const struct row *r, unix_time now)
{
    return r != NULL && str_present(r->text) && within(now, r->fetched_at, LIFETIME);
}

/* With the lock: a row whose set may be used. `anew`: one that lacked a key, so another look is due unless the last one was just now. */
static fallible usable(struct ground *g, str uri, bool anew, struct row **out)
{
    struct row *r;
    TRY(settled(uri, &r));
    bool recent = r != NULL && within(g->now, r->tried_at, REFRESH), good = fresh(r, g->now);
    if (recent && !good && r->failed)
        FAIL(INVALID_REQUEST, "keys: jwks_uri failed less than 30 seconds ago");
    if (!good || (anew && !recent)) {
        err renewed = renew(g, uri);
        if (FAILED(renewed) && (!good || renewed.kind == ERR_ELSEWHERE))
            return renewed;
        r = find(uri); /* the lock was open meanwhile */
    }
    if (!fresh(r, g->now))
        FAIL(UNAVAILABLE, "keys: pushed out by others meanwhile");
    *out = r;
    return OK;
}

/* With the lock: the text of the set, copied. */
static fallible text_of(struct ground *g, str uri, bool anew, str *text)
{
    struct row *r;
    TRY(usable(g, uri, anew, &r));
    r->used_at = g->now;
    *text = str_dup(g->arena, r->text);
    if (!str_present(*text))
        FAIL(UNAVAILABLE, "no memory for a set of keys");
    return OK;
}

static fallible published(struct ground *g, str uri, const struct jwt *wanting, struct jwk_set *out)
{
    str text = STR_ABSENT;
    for (int look = 0; look < 2; look++) {
        (void)pthread_mutex_lock(&table.lock);
        err e = text_of(g, uri, look > 0, &text);
        (void)pthread_mutex_unlock(&table.lock);
        TRY(e);
        TRY(jwk_set_parse(g->arena, text, out));
        if (wanting == NULL || jwt_has_key(wanting, out))
            return OK;
    }
    return OK;
}

fallible client_keys_of(struct ground *g, str jwks, str jwks_uri, const struct jwt *wanting, struct jwk_set **out)
{
    struct jwk_set *set = ARENA_NEW(g->arena, struct jwk_set);
    if (set == NULL)
        FAIL(UNAVAILABLE, "no memory for a set of keys");
    if (str_filled(jwks))
        TRY(jwk_set_parse(g->arena, jwks, set));
    else if (str_filled(jwks_uri))
        TRY(published(g, jwks_uri, wanting, set));
    else
        FAIL(INVALID_REQUEST, "keys: neither jwks nor jwks_uri is registered");
    *out = set;
    return OK;
}

fallible client_keys_get(struct ground *g, const struct db_client *client, const struct jwt *wanting, struct jwk_set **out)
{
    return client_keys_of(g, client->metadata.jwks, client->metadata.jwks_uri, wanting, out);
}
