/* SPDX-License-Identifier: MIT
 * db_session: logged-in browser sessions. A session that has ended has no row, so nothing can bring it back. Relies on
 * numbers from db_number; promises that a session past its absolute end is never found.
 *
 *   db_session_reserve ─▶ db_session_open ─▶ [open] ──db_session_end*, password change, block, removal──▶ gone
 *                                               └─────────── expires_at passed ───────────▶ unseen ──db_purge──▶ gone */
#include "store/table/db_session.h"

#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS "number, id, hash, user_number, created_at, last_seen_at, auth_time, expires_at, address, user_agent, amr, acr"
enum { OPEN, GET, SEEN, END, END_OTHERS, LIST };
static const char *const texts[] = {
    [OPEN] = "INSERT INTO sessions (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    [GET] = "SELECT " COLUMNS " FROM sessions WHERE number = $1 AND expires_at > $2",
    [SEEN] = "UPDATE sessions SET last_seen_at = $2 WHERE number = $1",
    [END] = "DELETE FROM sessions WHERE number = $1",
    [END_OTHERS] = "DELETE FROM sessions WHERE user_number = $1 AND number <> $2",
    [LIST] = "SELECT " COLUMNS " FROM sessions WHERE user_number = $1 AND expires_at > $2 ORDER BY number DESC LIMIT 100",
};
DB_STATEMENTS(session, texts);

#define FIELD(kind_, member_)                       \
    {                                               \
        kind_, offsetof(struct db_session, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),     FIELD(DB_TEXT, id),          FIELD(DB_HASH, hash),     FIELD(DB_INT, user_number),
    FIELD(DB_INT, created_at), FIELD(DB_INT, last_seen_at), FIELD(DB_INT, auth_time), FIELD(DB_INT, expires_at),
    FIELD(DB_TEXT, address),   FIELD(DB_TEXT, user_agent),  FIELD(DB_TEXT, amr),      FIELD(DB_TEXT, acr),
};
static const struct db_columns columns = DB_COLUMNS(struct db_session, fields);

err db_session_reserve(struct tx *tx, int64_t *number)
{
    return db_number_reserve(tx, DB_COUNT_SESSION, number);
}

/* Whoever ends this person's sessions is waited for, or finds this one. */
static err open_body(struct db_conn *c, void *context)
{
    const struct db_session *session = context;
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, session, params);
    TRY(db_guard_user(c, session->user_number, DB_GUARD_SHARED));
    return db_run(c, &(struct db_call){&statements, OPEN, params, columns.count}, NULL);
}

err db_session_open(struct tx *tx, const struct db_session *session)
{
    struct db_session row = *session;
    return db_write(tx, DB_SINGLE, open_body, &row);
}

err db_session_get(struct tx *tx, struct arena *a, int64_t number, struct db_session **out)
{
    return db_read_one(tx, a, CALL(GET, P_INT(number), P_INT(clock_now())), &columns, (void **)out);
}

struct seeing {
    int64_t number;
    unix_time at;
};

static err seen_body(struct db_conn *c, void *context)
{
    const struct seeing *w = context;
    return db_run(c, CALL(SEEN, P_INT(w->number), P_INT(w->at)), NULL);
}

err db_session_seen(struct tx *tx, int64_t number, unix_time at)
{
    return db_write(tx, DB_SOON, seen_body, &(struct seeing){number, at});
}

err db_session_end(struct tx *tx, int64_t number)
{
    return db_write_call(tx, CALL(END, P_INT(number)), NULL);
}

err db_session_end_within(struct db_conn *c, struct arena *a, int64_t user_number, int64_t keep_session)
{
    TRY(db_logout_within(c, a, &(struct db_logout){.user_number = user_number, .keep_session = keep_session})); /* LS-04 */
    return db_run(c, CALL(END_OTHERS, P_INT(user_number), P_INT(keep_session)), NULL);
}

err db_session_list(struct tx *tx, struct arena *a, int64_t user_number, struct db_session **rows, size_t *count)
{
    return db_read_list(tx, a, CALL(LIST, P_INT(user_number), P_INT(clock_now())), &columns, DB_LIST_TO(rows, count));
}
