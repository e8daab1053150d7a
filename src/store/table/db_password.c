/* SPDX-License-Identifier: MIT
 * db_password: a little set. Promises that a setting is forgotten only when no hash that begins with it is there, in one statement. */
#include "store/table/db_password.h"

#include "store/store_internal.h"

#include "base/banned.h"

enum { ADD, ALL, FORGET };
static const char *const texts[] = {
    [ADD] = "INSERT INTO password_settings (setting) VALUES ($1) ON CONFLICT DO NOTHING RETURNING setting",
    [ALL] = "SELECT setting FROM password_settings ORDER BY setting LIMIT 8",
    [FORGET] = ("DELETE FROM password_settings WHERE setting = $1 AND NOT EXISTS (SELECT 1 FROM users"
                " WHERE removed_at = 0 AND substr(password_hash, 1, length($1)) = $1) RETURNING setting"),
};
DB_STATEMENTS(password, texts);
static const struct db_field fields[] = {{DB_TEXT, 0}};
static const struct db_columns columns = DB_COLUMNS(str, fields);

err db_password_setting_add(struct tx *tx, str setting)
{
    return db_write_call(tx, CALL(ADD, P_TEXT(setting)), NULL);
}

err db_password_rows(struct db_conn *c, struct arena *a, struct db_rows *out)
{
    return db_many(c, a, CALL_ALONE(ALL), &columns, out);
}

err db_password_setting_forget(struct tx *tx, str setting, bool *gone)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(FORGET, P_TEXT(setting)), &changed));
    *gone = changed > 0;
    return OK;
}
