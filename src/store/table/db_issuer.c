/* SPDX-License-Identifier: MIT
 * db_issuer: trusted issuers. A handful of rows that an administrator wrote; read where an assertion is judged, never on an event thread. */
#include "store/table/db_issuer.h"

#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS "number, issuer, jwks, jwks_uri, subject_is, client_ids, scopes, life_max, created_at"
enum { ADD, GET, ALL, REMOVE };
static const char *const texts[] = {
    [ADD] = "INSERT INTO trusted_issuers (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [GET] = "SELECT " COLUMNS " FROM trusted_issuers WHERE issuer = $1",
    [ALL] = "SELECT " COLUMNS " FROM trusted_issuers ORDER BY issuer LIMIT 1000",
    [REMOVE] = "DELETE FROM trusted_issuers WHERE issuer = $1",
};
DB_STATEMENTS(issuer, texts);

#define FIELD(kind_, member_)                      \
    {                                              \
        kind_, offsetof(struct db_issuer, member_) \
    }
static const struct db_field fields[] = {
    FIELD(DB_INT, number),      FIELD(DB_TEXT, issuer), FIELD(DB_TEXT, jwks),    FIELD(DB_TEXT, jwks_uri),  FIELD(DB_TEXT, subject_is),
    FIELD(DB_TEXT, client_ids), FIELD(DB_TEXT, scopes), FIELD(DB_INT, life_max), FIELD(DB_INT, created_at),
};
static const struct db_columns columns = DB_COLUMNS(struct db_issuer, fields);

static err add_body(struct db_conn *c, void *context)
{
    struct db_issuer *issuer = context;
    struct db_param params[DB_PARAMS_MAX];
    TRY(db_number_next(c, DB_COUNT_ISSUER, &issuer->number));
    db_params_from(&columns, issuer, params);
    return db_run(c, &(struct db_call){&statements, ADD, params, columns.count}, NULL);
}

err db_issuer_add(struct tx *tx, struct db_issuer *issuer)
{
    struct db_issuer fresh = *issuer;
    TRY(db_write(tx, DB_SEVERAL, add_body, &fresh));
    *issuer = fresh;
    return OK;
}

err db_issuer_get(struct tx *tx, struct arena *a, str issuer, struct db_issuer **out)
{
    return db_read_one(tx, a, CALL(GET, P_TEXT(issuer)), &columns, (void **)out);
}

err db_issuer_all(struct tx *tx, struct arena *a, struct db_issuer **rows, size_t *count)
{
    return db_read_list(tx, a, CALL_ALONE(ALL), &columns, DB_LIST_TO(rows, count));
}

err db_issuer_remove(struct tx *tx, str issuer, bool *removed)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(REMOVE, P_TEXT(issuer)), &changed));
    *removed = changed == 1;
    return OK;
}
