/* SPDX-License-Identifier: MIT
 * db_pushed: pushed authorization requests (states: db_pushed.h). Relies on the single writer for order; promises that one request
 * ends once, however many browsers and pages hold its address. */
#include "store/table/db_pushed.h"

#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS "number, hash, client_number, client_epoch, parameters, jkt, expires_at, used_at"
enum { ADD, GET, TAKE };
static const char *const texts[] = {
    [ADD] = "INSERT INTO pushed_requests (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    [GET] = "SELECT " COLUMNS " FROM pushed_requests WHERE number = $1",
    [TAKE] = "UPDATE pushed_requests SET used_at = $2 WHERE number = $1 AND used_at = 0",
};
DB_STATEMENTS(pushed, texts);

#define FIELD(kind_, member_)                      \
    {                                              \
        kind_, offsetof(struct db_pushed, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),      FIELD(DB_HASH, hash), FIELD(DB_INT, client_number), FIELD(DB_INT, client_epoch),
    FIELD(DB_TEXT, parameters), FIELD(DB_TEXT, jkt),  FIELD(DB_INT, expires_at),    FIELD(DB_INT, used_at),
};
static const struct db_columns columns = DB_COLUMNS(struct db_pushed, fields);

err db_pushed_reserve(struct tx *tx, int64_t *number)
{
    return db_number_reserve(tx, DB_COUNT_PUSHED, number);
}

err db_pushed_add(struct tx *tx, const struct db_pushed *pushed)
{
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, pushed, params);
    return db_write_call(tx, &(struct db_call){&statements, ADD, params, columns.count}, NULL);
}

err db_pushed_get(struct tx *tx, struct arena *a, int64_t number, struct db_pushed **out)
{
    return db_read_one(tx, a, CALL(GET, P_INT(number)), &columns, (void **)out);
}

err db_pushed_take(struct tx *tx, int64_t number, unix_time now, bool *first)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(TAKE, P_INT(number), P_INT(now)), &changed)); /* PR-01 */
    *first = changed == 1;
    return OK;
}
