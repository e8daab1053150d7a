/* SPDX-License-Identifier: MIT
 * db_details: types of authorization details. Relies on the writer for order; promises that a type is there once. */
#include "store/table/db_details.h"

#include "store/store_internal.h"

#include "base/banned.h"

enum { ADD, REMOVE, ALL, ONE };
static const char *const texts[] = {
    [ADD] = "INSERT INTO details_types (type, description, fields, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING type",
    [REMOVE] = "DELETE FROM details_types WHERE type = $1 RETURNING type",
    [ALL] = "SELECT type, description, fields, created_at FROM details_types ORDER BY type",
    [ONE] = "SELECT type, description, fields, created_at FROM details_types WHERE type = $1",
};
DB_STATEMENTS(details, texts);

#define FIELD(kind_, member_)                            \
    {                                                    \
        kind_, offsetof(struct db_details_type, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_TEXT, type),
    FIELD(DB_TEXT, description),
    FIELD(DB_TEXT, fields),
    FIELD(DB_INT, created_at),
};
const struct db_columns db_details_columns = DB_COLUMNS(struct db_details_type, fields);

err db_details_add(struct tx *tx, const struct db_details_type *type)
{
    int64_t changed = 0;
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&db_details_columns, type, params);
    TRY(db_write_call(tx, &(struct db_call){&statements, ADD, params, db_details_columns.count}, &changed));
    if (changed == 0)
        REFUSE(CONFLICT, "That type already exists.", "store: type of details exists");
    return OK;
}

err db_details_remove(struct tx *tx, str type, bool *removed)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(REMOVE, P_TEXT(type)), &changed));
    *removed = changed > 0;
    return OK;
}

err db_details_rows(struct db_conn *c, struct arena *a, str type, struct db_rows *out)
{
    return db_many(c, a, str_present(type) ? CALL(ONE, P_TEXT(type)) : CALL_ALONE(ALL), &db_details_columns, out);
}
