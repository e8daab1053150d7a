/* SPDX-License-Identifier: MIT
 * client_keys: where the keys of foreigners come from. Relies on fetch for where this server may call and for the shares of who calls, on
 * token/jwk for what a key set is. Promises: a request chooses no address (the registration does); a set that cannot be had is never an
 * empty one; a slow server holds up only those who need its keys, and they only when there is nothing that may serve meanwhile.
 *
 *   unknown ──claim──▶ [fetching] ──ok──▶ [fresh] ──10 min──▶ [stale] ──▶ [fetching]
 *                          │                 └──a kid that is not there: at once, or after 30 s──▶ [fetching]
 *                          └──failed──▶ [failed] ──30 s──▶ [fetching]
 *
 *   [fresh] serves whatever happens meanwhile. [stale] serves for an hour after the fetch: while the next one is under way, when there is
 *   no seat for it, and when the host is not reached; not when it answers with something that is no set.
 *
 * One lock guards the table; it is never held over a fetch or a parse. A row that is being fetched or waited for is neither evicted nor
 * claimed. */
#include "clientauth/client_keys.h"

#include <pthread.h>
#include <string.h>

#include "base/pace.h"
#include "base/share.h"

#include "base/banned.h"

enum { ROWS = 256, LIFETIME = 600, STALE = 3600, REFRESH = 30, MISSED = 8, ROW_ARENA = JWK_SET_BYTES + BUF_URL_MAX + 8192 };
static const struct pace_rule anew_rule = {.burst = 4, .each_ms = REFRESH * 1000};

struct row {
    struct arena *arena; /* NULL: the row is free */
    str uri, text;       /* text absent: never had */
    unix_time fetched_at, tried_at, used_at;
    bool fetching, failed, refused; /* refused: it answered, but not with a set */
    int64_t waiting;
    struct token_hash missed[MISSED]; /* kids for which a look was not worth it, the next place to write in turn */
    size_t miss;
};
static struct {
    pthread_mutex_t lock;
    pthread_cond_t done;
    int64_t waiting; /* of all rows */
    struct row rows[ROWS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

/* What one caller wants of one address. */
struct look {
    str caller, uri;
    const struct jwt *wanting; /* NULL: anything */
    bool anew;                 /* the set that is there has no key for it */
};

static bool is_within_seconds(unix_time now, unix_time since, int64_t seconds)
{
    return now >= since && now < clock_add(since, seconds);
}

static struct row *find_keys_row(str uri)
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
static struct row *claim_keys_row(str uri)
{
    struct row *r = find_keys_row(uri), *oldest = NULL;
    for (size_t i = 0; r == NULL && i < ROWS; i++) {
        struct row *candidate = &table.rows[i];
        if (candidate->arena == NULL)
            r = candidate;
        else if (!candidate->fetching && candidate->waiting == 0 && (oldest == NULL || candidate->used_at < oldest->used_at))
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
static bool replace_row_keys(struct row *r, str text, unix_time now)
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

/* Without the lock: the row is claimed, so it stays where it is. UNAVAILABLE: not asked; NOT_FOUND: not reached; INVALID_REQUEST: what came
 * is no set. */
static fallible fetch_set(struct context *ctx, const struct look *look, str *text)
{
    struct fetch_manners manners = ctx->authority->policy.fetch;
    struct fetch_answer answer;
    struct jwk_set set;
    const char *trouble;
    const struct fetch_request request = {.url = look->uri, .accept = STR("application/jwk-set+json, application/json")};
    manners.caller = look->caller;
    err e = fetch_call(ctx->arena, &manners, &request, &answer, &trouble);
    if (e.kind == ERR_THROTTLED)
        FAIL(UNAVAILABLE, "keys: too many fetches at once, or the host did not answer lately");
    if (e.kind == ERR_INVALID_REQUEST)
        FAIL(INVALID_REQUEST,
             "keys: jwks_uri is no https address, or leads to a port that is not in outgoing_ports, or inside to what fetch_internal does not name");
    if (FAILED(e))
        FAIL(NOT_FOUND, "keys: jwks_uri cannot be fetched");
    if (answer.status != 200 || FAILED(jwk_set_parse(ctx->arena, answer.body, &set)))
        FAIL(INVALID_REQUEST, "keys: what jwks_uri answers is no set of public keys");
    *text = answer.body;
    return OK;
}

/* Called and left with the lock. */
static fallible fetch_row_keys(struct context *ctx, const struct look *look)
{
    if (cache_is_inline())
        FAIL(ELSEWHERE, "keys: fetching waits");
    struct row *r = claim_keys_row(look->uri);
    if (r == NULL)
        FAIL(UNAVAILABLE, "keys: too many fetches at once");
    r->fetching = true;
    r->tried_at = r->used_at = ctx->now;
    (void)pthread_mutex_unlock(&table.lock);
    str text = STR_ABSENT;
    err e = fetch_set(ctx, look, &text);
    if (FAILED(e) && arena_failed(ctx->arena)) /* of this request alone: no verdict about the host */
        e = ERR(UNAVAILABLE, "keys: no memory to read a set");
    (void)pthread_mutex_lock(&table.lock);
    r->fetching = false;
    if (!FAILED(e) && !replace_row_keys(r, text, ctx->now))
        e = ERR(UNAVAILABLE, "keys: no memory to keep a set");
    r->refused = e.kind == ERR_INVALID_REQUEST;
    r->failed = FAILED(e) && e.kind != ERR_UNAVAILABLE; /* that was us, not they */
    (void)pthread_cond_broadcast(&table.done);
    return e;
}

static bool is_row_fresh(const struct row *r, unix_time now)
{
    return r != NULL && str_present(r->text) && is_within_seconds(now, r->fetched_at, LIFETIME);
}

static bool may_row_serve(const struct row *r, unix_time now)
{
    return r != NULL && str_present(r->text) && is_within_seconds(now, r->fetched_at, r->refused ? LIFETIME : STALE);
}

/* With the lock: the row when nobody fetches it any more; NULL: unknown. */
static fallible await_row_fetch(const struct look *look, struct row **out)
{
    struct row *r = find_keys_row(look->uri);
    while (r != NULL && r->fetching) {
        if (cache_is_inline())
            FAIL(ELSEWHERE, "keys: waiting for a fetch");
        if (!share_allows(r->waiting, table.waiting, CLIENT_KEYS_WAITING)) /* RL-06 */
            FAIL(UNAVAILABLE, "keys: too many wait for a fetch");
        r->waiting++;
        table.waiting++;
        fetch_waits(true);
        (void)pthread_cond_wait(&table.done, &table.lock); /* a fetch has an end: fetch_seconds */
        fetch_waits(false);
        table.waiting--;
        r->waiting--;
        r = find_keys_row(look->uri);
    }
    *out = r;
    return OK;
}

/* ---- a kid that the set has not ---- */

static struct token_hash miss_of(const struct look *look)
{
    return token_hash_of(str_present(look->wanting->kid) ? look->wanting->kid : STR(""));
}

/* With the lock. CA-11: a kid that nobody has looked for yet may be that of a key just made; inventing kids ends with the bucket. */
static bool at_once(struct row *r, const struct look *look)
{
    struct token_hash kid = miss_of(look), whose = token_hash_of(look->caller), where = token_hash_of(look->uri);
    struct pace_key key = {.kind = PACE_KEYS};
    int64_t wait;
    for (size_t i = 0; i < MISSED; i++)
        if (token_hash_equal(&r->missed[i], &kid))
            return false;
    memcpy(&key.a, whose.bytes, sizeof key.a);
    memcpy(&key.b, where.bytes, sizeof key.b);
    if (!pace_take(&key, &anew_rule, 1, &wait))
        return false;
    r->missed[r->miss++ % MISSED] = kid;
    return true;
}

/* ---- what may be used ---- */

/* With the lock: is a fetch due before the row may be used? */
static bool is_fetch_due(struct context *ctx, struct row *r, const struct look *look)
{
    if (!is_row_fresh(r, ctx->now))
        return true;
    if (!look->anew)
        return false;
    return !is_within_seconds(ctx->now, r->tried_at, REFRESH) || (!cache_is_inline() && at_once(r, look));
}

/* With the lock: a row whose set may be used. */
static fallible get_usable_row(struct context *ctx, const struct look *look, struct row **out)
{
    struct row *r = find_keys_row(look->uri);
    if (r != NULL && r->fetching && !look->anew && may_row_serve(r, ctx->now)) { /* stale while somebody is on the way */
        *out = r;
        return OK;
    }
    TRY(await_row_fetch(look, &r));
    err renewed = OK;
    if (r != NULL && r->failed && is_within_seconds(ctx->now, r->tried_at, REFRESH))
        renewed = ERR(INVALID_REQUEST, "keys: jwks_uri failed less than 30 seconds ago");
    else if (is_fetch_due(ctx, r, look))
        renewed = fetch_row_keys(ctx, look);
    if (renewed.kind == ERR_ELSEWHERE)
        return renewed;
    r = find_keys_row(look->uri); /* the lock was open meanwhile */
    if (FAILED(renewed) && !may_row_serve(r, ctx->now))
        return renewed.kind == ERR_NOT_FOUND ? ERR(INVALID_REQUEST, "keys: jwks_uri cannot be fetched") : renewed;
    if (!may_row_serve(r, ctx->now))
        FAIL(UNAVAILABLE, "keys: pushed out by others meanwhile");
    *out = r;
    return OK;
}

/* With the lock: the text of the set, copied. */
static fallible text_of(struct context *ctx, const struct look *look, str *text)
{
    struct row *r;
    TRY(get_usable_row(ctx, look, &r));
    r->used_at = ctx->now;
    *text = str_dup(ctx->arena, r->text);
    if (!str_present(*text))
        FAIL(UNAVAILABLE, "no memory for a set of keys");
    return OK;
}

static fallible find_published_keys(struct context *ctx, struct look *look, struct jwk_set *out)
{
    str text = STR_ABSENT;
    if (store_is_open(ctx->tx)) /* others would wait for that server too */
        FAIL(SERVER_ERROR, "keys: nothing is fetched inside a transaction; its request comes by a worker first");
    for (int i = 0; i < 2; i++) {
        look->anew = i > 0;
        (void)pthread_mutex_lock(&table.lock);
        err e = text_of(ctx, look, &text);
        (void)pthread_mutex_unlock(&table.lock);
        TRY(e);
        TRY(jwk_set_parse(ctx->arena, text, out));
        if (look->wanting == NULL || jwt_has_key(look->wanting, out))
            return OK;
        if (i == 0 && cache_is_inline())
            FAIL(ELSEWHERE, "keys: another look may wait");
    }
    return OK;
}

fallible client_keys_of(struct context *ctx, const struct client_keys_source *source, const struct jwt *wanting, struct jwk_set **out)
{
    struct jwk_set *set = ARENA_NEW(ctx->arena, struct jwk_set);
    struct look look = {source->caller, source->jwks_uri, wanting, false};
    if (set == NULL)
        FAIL(UNAVAILABLE, "no memory for a set of keys");
    if (str_filled(source->jwks))
        TRY(jwk_set_parse(ctx->arena, source->jwks, set));
    else if (str_filled(source->jwks_uri))
        TRY(find_published_keys(ctx, &look, set));
    else
        FAIL(INVALID_REQUEST, "keys: neither jwks nor jwks_uri is registered");
    *out = set;
    return OK;
}

fallible client_keys_get(struct context *ctx, const struct db_client *client, const struct jwt *wanting, struct jwk_set **out)
{
    const struct client_keys_source source = {client->id, client->metadata.jwks, client->metadata.jwks_uri};
    return client_keys_of(ctx, &source, wanting, out);
}
