/* SPDX-License-Identifier: MIT
 * db_deferred: requests that wait for a person's decision (states: db_deferred.h). Every decision that must fall once is one UPDATE whose
 * WHERE is the rule. Relies on the single writer for order. Promises: a person decides once, the tokens are fetched once (DV-05), an early
 * poll lengthens the interval in the row (DV-02), the grant is made in the transaction of the yes or not at all, and what has expired
 * can be neither decided nor fetched. */
#include "store/table/db_deferred.h"

#include "base/share.h"
#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS                                                                                                            \
    "number, kind, hash, user_code, client_number, client_epoch, scope, resource, details, claims, acr_values,"            \
    " binding_message, notification, jkt, x5t, address, source, user_number, grant_number, state, created_at, expires_at," \
    " interval_seconds, polled_at"
#define MINE    " WHERE number = $1 AND hash = $2 AND client_number = $3 AND kind = $4"
#define PENDING " FROM deferred_requests WHERE state = 'pending' AND kind = $1 AND expires_at > $2 AND created_at <= $2 + 1"
enum { ADD, COUNT_HELD, COUNT_ASKED, COUNT_CLIENT, COUNT_ALL, GET, BY_USER_CODE, WAITING, ALLOW, DENY, TAKE, EARLY, POLLED, POLL_GET };
static const char *const texts[] = {
    [ADD] = "INSERT INTO deferred_requests (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
            " $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)",
    [COUNT_HELD] = "SELECT count(*)" PENDING " AND client_number = $3 AND source = $4",
    [COUNT_ASKED] = "SELECT count(*), coalesce(sum(CASE WHEN client_number = $3 THEN 1 ELSE 0 END), 0)" PENDING " AND user_number = $4",
    [COUNT_CLIENT] = "SELECT count(*)" PENDING " AND client_number = $3",
    [COUNT_ALL] = "SELECT count(*)" PENDING,
    [GET] = "SELECT " COLUMNS " FROM deferred_requests WHERE number = $1 AND expires_at > $2 AND created_at <= $2 + 1",
    [BY_USER_CODE] = "SELECT " COLUMNS " FROM deferred_requests WHERE user_code = $1 AND expires_at > $2 AND created_at <= $2 + 1",
    [WAITING] = "SELECT " COLUMNS " FROM deferred_requests WHERE user_number = $1 AND state = 'pending' AND kind = 'ciba'"
                " AND expires_at > $2 AND created_at <= $2 + 1 ORDER BY number DESC LIMIT 50",
    [ALLOW] = "UPDATE deferred_requests SET state = 'allowed', user_number = $2, grant_number = $3"
              " WHERE number = $1 AND state = 'pending' AND expires_at > $4 AND created_at <= $4 + 1 AND (user_number = 0 OR user_number = $2)",
    [DENY] = "UPDATE deferred_requests SET state = 'denied', user_number = $2"
             " WHERE number = $1 AND state = 'pending' AND expires_at > $3 AND created_at <= $3 + 1 AND (user_number = 0 OR user_number = $2)",
    [TAKE] = "UPDATE deferred_requests SET state = 'done', polled_at = $5" MINE
             " AND state = 'allowed' AND expires_at > $5 AND created_at <= $5 + 1 RETURNING " COLUMNS,
    [EARLY] = "UPDATE deferred_requests SET interval_seconds = interval_seconds + $6, polled_at = $5" MINE
              " AND state = 'pending' AND expires_at > $5 AND created_at <= $5 + 1 AND polled_at <> 0 AND polled_at + interval_seconds > $5"
              " RETURNING " COLUMNS,
    [POLLED] = "UPDATE deferred_requests SET polled_at = $5" MINE " AND state = 'pending' AND expires_at > $5 AND created_at <= $5 + 1 RETURNING " COLUMNS,
    [POLL_GET] = "SELECT " COLUMNS " FROM deferred_requests" MINE,
};
DB_STATEMENTS(deferred, texts);

#define FIELD(kind_, member_)                        \
    {                                                \
        kind_, offsetof(struct db_deferred, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),
    FIELD(DB_TEXT, kind),
    FIELD(DB_HASH, hash),
    FIELD(DB_TEXT, user_code),
    FIELD(DB_INT, client_number),
    FIELD(DB_INT, client_epoch),
    FIELD(DB_TEXT, scope),
    FIELD(DB_TEXT, resource),
    FIELD(DB_TEXT, details),
    FIELD(DB_TEXT, claims),
    FIELD(DB_TEXT, acr_values),
    FIELD(DB_TEXT, binding_message),
    FIELD(DB_TEXT, notification),
    FIELD(DB_TEXT, jkt),
    FIELD(DB_TEXT, x5t),
    FIELD(DB_TEXT, address),
    FIELD(DB_TEXT, source),
    FIELD(DB_INT, user_number),
    FIELD(DB_INT, authorization_number),
    FIELD(DB_TEXT, state),
    FIELD(DB_INT, created_at),
    FIELD(DB_INT, expires_at),
    FIELD(DB_INT, interval_seconds),
    FIELD(DB_INT, polled_at),
};
static const struct db_columns columns = DB_COLUMNS(struct db_deferred, fields);
struct asked {
    int64_t all, client;
};
static const struct db_field asked_fields[] = {{DB_INT, offsetof(struct asked, all)}, {DB_INT, offsetof(struct asked, client)}};
static const struct db_columns asked_columns = DB_COLUMNS(struct asked, asked_fields);

err db_deferred_reserve(struct tx *tx, int64_t *number)
{
    return db_number_reserve(tx, DB_COUNT_DEFERRED, number);
}

/* ---- made ---- */

enum { COUNT_ARENA = 4096 };
struct adding {
    struct arena *a;
    const struct db_deferred *row;
    const struct db_deferred_caps *caps;
};

static bool is_within_deferred_cap(int64_t cap, int64_t share, int64_t own, int64_t all)
{
    return (share == 0 || own < share) && share_allows(own, all, cap);
}

/* What waits for one person: of all clients, and of this one. */
static err judge_user(struct db_conn *c, const struct adding *w)
{
    const struct db_deferred *row = w->row;
    struct asked *now = NULL;
    TRY(db_one(c, w->a, CALL(COUNT_ASKED, P_TEXT(row->kind), P_INT(clock_now()), P_INT(row->client_number), P_INT(row->user_number)), &asked_columns,
               (void **)&now));
    if (now == NULL)
        FAIL(UNAVAILABLE, "store: a count without a row");
    if (!is_within_deferred_cap(w->caps->user, w->caps->client_of_user, now->client, now->all))
        FAIL(THROTTLED, "store: too many requests wait for this person");
    return OK;
}

/* RL-06, from what is counted at the least cost to what is counted at the most. */
static err judge_caps(struct db_conn *c, const struct adding *w)
{
    const struct db_deferred *row = w->row;
    const struct db_deferred_caps *caps = w->caps;
    int64_t held = 0, client = 0, all = 0, now = clock_now();
    bool found = false;
    if (caps->user > 0)
        TRY(judge_user(c, w));
    if (caps->source > 0 && str_filled(row->source))
        TRY(db_scalar(c, CALL(COUNT_HELD, P_TEXT(row->kind), P_INT(now), P_INT(row->client_number), P_TEXT(row->source)), &held, &found));
    if (caps->source > 0 && held >= caps->source)
        FAIL(THROTTLED, "store: too many requests of this source wait for a decision");
    TRY(db_scalar(c, CALL(COUNT_CLIENT, P_TEXT(row->kind), P_INT(now), P_INT(row->client_number)), &client, &found));
    if (caps->source > 0 ? !share_allows(held, client, caps->client) : caps->client > 0 && client >= caps->client)
        FAIL(THROTTLED, "store: too many requests of this client wait, and this source has its share");
    TRY(db_scalar(c, CALL(COUNT_ALL, P_TEXT(row->kind), P_INT(now)), &all, &found));
    if (!share_allows(client, all, caps->all))
        FAIL(THROTTLED, "store: too many requests wait, and this client has its share");
    return OK;
}

static err add_body(struct db_conn *c, void *context)
{
    const struct adding *w = context;
    TRY(db_guard_counter(c, "deferred")); /* the caps */
    TRY(judge_caps(c, w));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, w->row, params);
    return db_run(c, &(struct db_call){&statements, ADD, params, columns.count}, NULL);
}

err db_deferred_add(struct tx *tx, const struct db_deferred *row, const struct db_deferred_caps *caps)
{
    struct db_deferred fresh = *row;
    fresh.state = STR("pending");
    fresh.authorization_number = 0;
    fresh.polled_at = 0;
    struct arena *a = arena_new(COUNT_ARENA);
    if (a == NULL)
        FAIL(UNAVAILABLE, "store: out of memory");
    struct adding w = {a, &fresh, caps};
    err e = db_write(tx, DB_SINGLE, add_body, &w);
    arena_release(a);
    return e;
}

/* ---- found ---- */

err db_deferred_get(struct tx *tx, struct arena *a, int64_t number, struct db_deferred **out)
{
    return db_read_one(tx, a, CALL(GET, P_INT(number), P_INT(clock_now())), &columns, (void **)out);
}

err db_deferred_by_user_code(struct tx *tx, struct arena *a, str user_code, struct db_deferred **out)
{
    return db_read_one(tx, a, CALL(BY_USER_CODE, P_TEXT(user_code), P_INT(clock_now())), &columns, (void **)out);
}

err db_deferred_waiting(struct tx *tx, struct arena *a, int64_t user_number, struct db_deferred **rows, size_t *count)
{
    return db_read_list(tx, a, CALL(WAITING, P_INT(user_number), P_INT(clock_now())), &columns, DB_LIST_TO(rows, count));
}

/* ---- decided ---- */

struct deciding {
    int64_t number;
    const struct db_authorization *authorization;
    bool decided;
};

static err allow_body(struct db_conn *c, void *context)
{
    struct deciding *w = context;
    int64_t changed = 0;
    TRY(db_run(c, CALL(ALLOW, P_INT(w->number), P_INT(w->authorization->user_number), P_INT(w->authorization->number), P_INT(clock_now())), &changed));
    w->decided = changed == 1;
    return w->decided ? db_authorization_insert(c, w->authorization, 0) : OK;
}

err db_deferred_allow(struct tx *tx, int64_t number, const struct db_authorization *authorization, bool *decided)
{
    struct deciding w = {number, authorization, false};
    TRY(db_write(tx, DB_SEVERAL, allow_body, &w));
    *decided = w.decided;
    return OK;
}

err db_deferred_deny(struct tx *tx, int64_t number, int64_t user_number, bool *decided)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(DENY, P_INT(number), P_INT(user_number), P_INT(clock_now())), &changed));
    *decided = changed == 1;
    return OK;
}

/* ---- polled ---- */

struct polling {
    struct arena *a;
    const struct db_poll_claim *claim;
    unix_time now;
    struct db_polled out;
};

/* None of the UPDATEs fitted: why? */
static err not_open(struct db_conn *c, struct polling *w)
{
    const struct db_poll_claim *m = w->claim;
    TRY(db_one(c, w->a, CALL(POLL_GET, P_INT(m->number), P_HASH(m->hash), P_INT(m->client_number), P_TEXT(str_of(m->kind))), &columns, (void **)&w->out.row));
    const struct db_deferred *row = w->out.row;
    if (row == NULL)
        w->out.how = DB_POLL_UNKNOWN;
    else if (str_is(row->state, "done"))
        w->out.how = DB_POLL_USED;
    else if (str_is(row->state, "denied"))
        w->out.how = DB_POLL_DENIED;
    else
        w->out.how = DB_POLL_EXPIRED;
    return OK;
}

static err poll_body(struct db_conn *c, void *context)
{
    static const struct {
        size_t line;
        enum db_poll how;
    } tries[] = {{TAKE, DB_POLL_TAKEN}, {EARLY, DB_POLL_EARLY}, {POLLED, DB_POLL_PENDING}};
    struct polling *w = context;
    const struct db_poll_claim *m = w->claim;
    TRY(db_guard_deferred(c, m->number)); /* all of them see the row as one decision or one poll before this one left it */
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        const struct db_param params[] = {P_INT(m->number),        P_HASH(m->hash), P_INT(m->client_number),
                                          P_TEXT(str_of(m->kind)), P_INT(w->now),   P_INT(DB_DEFERRED_SLOWER)};
        size_t count = tries[i].line == EARLY ? 6 : 5;
        TRY(db_one(c, w->a, &(struct db_call){&statements, tries[i].line, params, count}, &columns, (void **)&w->out.row));
        if (w->out.row == NULL)
            continue;
        w->out.how = tries[i].how;
        return OK;
    }
    return not_open(c, w);
}

err db_deferred_poll(struct tx *tx, struct arena *a, const struct db_poll_claim *claim, struct db_polled *out)
{
    struct polling w = {.a = a, .claim = claim, .now = clock_now()};
    TRY(db_write(tx, DB_SEVERAL, poll_body, &w));
    *out = w.out;
    return OK;
}
