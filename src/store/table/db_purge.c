/* SPDX-License-Identifier: MIT
 * db_purge: takes away what nobody needs any more, a window of rows at a time, so that no table grows for ever and no purge
 * is ever felt. Hot tables have no index on their ends, on purpose; a cursor walks them by number instead. Promises: never
 * deletes what could still make a credential valid or invalid:
 *   - a used code stays as long as its grant lives, since its return must end the grant (AC-03);
 *   - a grant, revoked or not, stays a day beyond its end;
 *   - a pushed request stays an hour beyond its end, for people who are still logging in, unless it was used;
 *   - a revocation and what happens once stay a little beyond their end: a node whose clock is ahead cleans up for all, and one whose
 *     clock is behind still takes the token that was revoked, or the assertion that was used;
 *   - a request that waited for a decision stays a little, so that its client is told that it has expired (RFC 8628 3.5). */
#include "store/table/db_event.h"
#include "store/table/db_pushed.h"
#include "store/store_internal.h"

#include "base/banned.h"

/* CLOCKS_APART: as far as the clocks of nodes may differ. */
enum { SPARE_SECONDS = 86400, TOLD_SECONDS = 300, CLOCKS_APART = 300, WINDOW = 256 };

#define WINDOW_END(table_) "SELECT max(number) FROM (SELECT number FROM " table_ " WHERE number > $1 ORDER BY number LIMIT $2) AS seen"
/* Asked of the row itself too: it may be taken anew while it is waited for. */
#define DUE(table_, key_, end_) \
    "DELETE FROM " table_ " WHERE " end_ " <= $1 AND " key_ " IN (SELECT " key_ " FROM " table_ " WHERE " end_ " <= $1 ORDER BY " end_ " LIMIT $2)"
#define IN_WINDOW(table_) "DELETE FROM " table_ " WHERE number > $1 AND number <= $2 AND "

enum {
    CODES_END,
    CODES,
    AUTHORIZATIONS_END,
    GRANTS,
    SESSIONS_END,
    SESSIONS,
    REVOCATIONS_END,
    REVOCATIONS,
    PATS_END,
    PATS,
    PUSHED_END,
    PUSHED,
    DELIVERIES_END,
    DELIVERIES,
    DEFERRED_END,
    DEFERRED,
    ONCES,
    THROTTLES,
    KEYS,
    EVENTS_LAST,
    EVENTS
};
static const char *const texts[] = {
    [CODES_END] = WINDOW_END("codes"),
    [CODES] = IN_WINDOW("codes") "expires_at <= $3 AND (used_at = 0 OR NOT EXISTS (SELECT 1 FROM grants"
                                 " WHERE grants.number = codes.grant_number AND grants.revoked_at = 0 AND grants.expires_at > $3))",
    [AUTHORIZATIONS_END] = WINDOW_END("grants"),
    [GRANTS] = IN_WINDOW("grants") "expires_at <= $3",
    [SESSIONS_END] = WINDOW_END("sessions"),
    [SESSIONS] = IN_WINDOW("sessions") "expires_at <= $3",
    [REVOCATIONS_END] = WINDOW_END("revocations"),
    [REVOCATIONS] = IN_WINDOW("revocations") "expires_at <= $3",
    [PATS_END] = WINDOW_END("pats"),
    [PATS] = IN_WINDOW("pats") "((revoked_at <> 0 AND revoked_at <= $3) OR (expires_at <> 0 AND expires_at <= $3)) RETURNING hash",
    [DEFERRED_END] = WINDOW_END("deferred_requests"),
    [DEFERRED] = IN_WINDOW("deferred_requests") "expires_at <= $3",
    [PUSHED_END] = WINDOW_END("pushed_requests"),
    [PUSHED] = IN_WINDOW("pushed_requests") "(expires_at <= $3 OR (used_at <> 0 AND expires_at <= $3 + 3600))",
    [DELIVERIES_END] = WINDOW_END("deliveries"),
    [DELIVERIES] = IN_WINDOW("deliveries") "((expires_at <> 0 AND expires_at <= $3) OR created_at <= $3 - 2678400)",
    [ONCES] = DUE("onces", "taken", "expires_at"),
    [THROTTLES] = DUE("throttles", "name", "forget_at"),
    [KEYS] = "DELETE FROM keys WHERE state = 'old' AND destroy_after <> 0 AND destroy_after <= $1 RETURNING number",
    [EVENTS_LAST] = "SELECT max(place) FROM events WHERE class = $1",
    [EVENTS] = ("DELETE FROM events WHERE number IN (SELECT number FROM (SELECT number, place, at FROM events WHERE class = $1 ORDER BY place"
                " LIMIT $4) AS oldest WHERE place <= $2 OR at <= $3)"),
};
DB_STATEMENTS(purge, texts);

_Static_assert(DB_PUSHED_SPARE == 3600, "the line PUSHED adds it back");

struct purging {
    struct db_conn *c;
    struct db_purge_state *state;
    unix_time now;
    int64_t rows;
    const struct db_event_limit *limits;
};

/* A table without an index on its end: rows are looked at by number, and kept `spare` seconds beyond it. */
struct purge_window {
    size_t end; /* the line that finds the window's end; the next one deletes. Of by_end: the one that deletes */
    int64_t spare;
};

static err purge_row_window(const struct purging *p, const struct purge_window *w, int64_t *cursor, struct db_purge_step *step)
{
    int64_t end = 0;
    bool found = false;
    TRY(db_scalar(p->c, CALL(w->end, P_INT(*cursor), P_INT(p->rows)), &end, &found));
    step->at_end = !found;
    if (!found) {
        *cursor = 0;
        return OK;
    }
    unix_time ended_by = clock_add(p->now, -w->spare);
    TRY(db_run(p->c, CALL(w->end + 1, P_INT(*cursor), P_INT(end), P_INT(ended_by)), &step->deleted));
    *cursor = end;
    return OK;
}

static err by_end(const struct purging *p, const struct purge_window *w, struct db_purge_step *step)
{
    TRY(db_run(p->c, CALL(w->end, P_INT(clock_add(p->now, -w->spare)), P_INT(p->rows)), &step->deleted));
    step->at_end = step->deleted < p->rows;
    return OK;
}

static err purge_old_keys(const struct purging *p, struct db_purge_step *step)
{
    step->at_end = true; /* there are never many */
    return db_run(p->c, CALL(KEYS, P_INT(p->now)), &step->deleted);
}

/* One class of the audit trail: what is beyond its own budget or age, and nothing of another's. */
static err purge_events(const struct purging *p, int64_t class, struct db_purge_step *step)
{
    bool found = false;
    int64_t last = 0;
    const struct db_event_limit *limit = &p->limits[class];
    step->at_end = true;
    TRY(db_scalar(p->c, CALL(EVENTS_LAST, P_INT(class)), &last, &found));
    if (!found)
        return OK;
    unix_time oldest = limit->seconds > 0 ? clock_add(p->now, -limit->seconds) : INT64_MIN;
    TRY(db_run(p->c, CALL(EVENTS, P_INT(class), P_INT(last - limit->rows), P_INT(oldest), P_INT(p->rows)), &step->deleted));
    step->at_end = step->deleted < p->rows;
    return OK;
}

err db_purge_one(struct db_conn *c, const struct db_purge_how *how, struct db_purge_state *state, struct db_purge_step *out)
{
    static const struct purge_window windows[] = {
        {CODES_END, TOLD_SECONDS}, /* who took it at the last moment has committed by then, and its grant lives: that is asked of an older state than the code */
        {AUTHORIZATIONS_END, SPARE_SECONDS}, {SESSIONS_END, 0},
        {REVOCATIONS_END, CLOCKS_APART},     {PATS_END, SPARE_SECONDS},
        {PUSHED_END, DB_PUSHED_SPARE},       {DELIVERIES_END, SPARE_SECONDS},
        {DEFERRED_END, TOLD_SECONDS},
    };
    enum { WINDOWS = sizeof(windows) / sizeof(windows[0]) };
    _Static_assert(WINDOWS + 3 + DB_EVENT_CLASSES == DB_PURGE_TABLES, "every table has its turn");
    const struct purging p = {c, state, how->now, how->rows, how->limits};
    struct db_purge_step step = {0, false};
    size_t t = state->table;
    if (t < WINDOWS)
        TRY(purge_row_window(&p, &windows[t], &state->at[t], &step));
    else if (t == WINDOWS)
        TRY(by_end(&p, &(struct purge_window){ONCES, CLOCKS_APART}, &step));
    else if (t == WINDOWS + 1)
        TRY(by_end(&p, &(struct purge_window){THROTTLES, CLOCKS_APART}, &step));
    else if (t == WINDOWS + 2)
        TRY(purge_old_keys(&p, &step));
    else
        TRY(purge_events(&p, (int64_t)(t - WINDOWS - 2), &step));
    *out = step;
    return OK;
}

struct purge_job {
    struct db_purge_state state;
    struct db_purge_how how;
    struct db_purge_step step;
};

static err purge_body(struct db_conn *c, void *context)
{
    struct purge_job *job = context;
    struct db_purge_state before = job->state;
    err e = db_purge_one(c, &job->how, &job->state, &job->step);
    if (FAILED(e))
        job->state = before;
    return e;
}

/* One sentence a window: the server's other work goes on between them. */
err db_purge(struct store *store, unix_time now, int64_t most, int64_t *deleted)
{
    struct purge_job job = {.how = {.now = now, .limits = atomic_load(&store->event_limits_now)}};
    int64_t sum = 0;
    while (sum < most && job.state.table < DB_PURGE_TABLES) {
        job.how.rows = most - sum < WINDOW ? most - sum : WINDOW;
        TRY(db_write(store_each(store), DB_SINGLE, purge_body, &job));
        sum += job.step.deleted;
        if (job.step.at_end)
            job.state.table++;
    }
    *deleted = sum;
    return OK;
}
