/* SPDX-License-Identifier: MIT
 * db_details: types of authorization details. Relies on the writer for order; promises that a type is there once. */
#include "store/db_details.h"

#include "store/db_room.h"

#include "base/banned.h"

enum { ADD, REMOVE, ALL };
static const char *const texts[] = {
    [ADD] = "INSERT INTO details_types (type, description, fields, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    [REMOVE] = "DELETE FROM details_types WHERE type = $1",
    [ALL] = "SELECT type, description, fields, created_at FROM details_types ORDER BY type",
};
DB_SHEET(details, texts);

#define FIELD(kind_, member_) {kind_, offsetof(struct db_details_type, member_)}
static const struct db_field fields[] = {
    FIELD(DB_TEXT, type), FIELD(DB_TEXT, description), FIELD(DB_TEXT, fields), FIELD(DB_INT, created_at),
};
static const struct db_shape shape = DB_SHAPE(struct db_details_type, fields);

err db_details_add(struct db *db, const struct db_details_type *type)
{
    int64_t changed = 0;
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&shape, type, params);
    TRY(db_write_call(db, &(struct db_call){&sheet, ADD, params, shape.count}, &changed));
    if (changed == 0)
        REFUSE(CONFLICT, "That type is there already.", "store: type of details exists");
    return OK;
}

err db_details_remove(struct db *db, str type, bool *removed)
{
    int64_t changed = 0;
    TRY(db_write_call(db, CALL(REMOVE, P_TEXT(type)), &changed));
    *removed = changed > 0;
    return OK;
}

err db_details_all(struct db *db, struct arena *a, struct db_details_type **rows, size_t *count)
{
    struct db_rows all;
    TRY(db_read_many(db, a, CALL_ALONE(ALL), &shape, &all));
    *rows = all.rows;
    *count = all.count;
    return OK;
}
