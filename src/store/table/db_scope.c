/* SPDX-License-Identifier: MIT
 * db_scope: scopes and resources. Both are few, and all of them are kept in memory by store/cache. Promises that jeton's own
 * scopes cannot be removed and that a resource's number never comes back. */
#include "store/table/db_scope.h"

#include "store/store_internal.h"

#include "base/banned.h"

#define COLUMNS          "name, description, builtin, created_at, identity, own"
#define RESOURCE_COLUMNS "number, uri, name, token_format, alg, client_id, created_at, scopes"
enum { ADD, REMOVE, ALL, ONE, RESOURCE_ADD, RESOURCE_EDIT, RESOURCE_REMOVE, RESOURCE_ALL, RESOURCE_ONE };
static const char *const texts[] = {
    [ADD] = "INSERT INTO scopes (name, description, builtin, created_at) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING RETURNING name",
    [REMOVE] = "DELETE FROM scopes WHERE name = $1 AND builtin = 0 RETURNING name",
    [ALL] = "SELECT " COLUMNS " FROM scopes ORDER BY name",
    [ONE] = "SELECT " COLUMNS " FROM scopes WHERE name = $1",
    [RESOURCE_ADD] = "INSERT INTO resources (" RESOURCE_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING number",
    [RESOURCE_EDIT] = "UPDATE resources SET name = $2, scopes = $3 WHERE uri = $1 RETURNING number",
    [RESOURCE_REMOVE] = "DELETE FROM resources WHERE uri = $1 RETURNING number",
    [RESOURCE_ALL] = "SELECT " RESOURCE_COLUMNS " FROM resources ORDER BY number",
    [RESOURCE_ONE] = "SELECT " RESOURCE_COLUMNS " FROM resources WHERE number = $1",
};
DB_STATEMENTS(scope, texts);

static const struct db_field fields[] = {
    {DB_TEXT, offsetof(struct db_scope, name)},      {DB_TEXT, offsetof(struct db_scope, description)}, {DB_FLAG, offsetof(struct db_scope, builtin)},
    {DB_INT, offsetof(struct db_scope, created_at)}, {DB_FLAG, offsetof(struct db_scope, identity)},    {DB_FLAG, offsetof(struct db_scope, own)},
};
const struct db_columns db_scope_columns = DB_COLUMNS(struct db_scope, fields);
#define FIELD(kind_, member_)                        \
    {                                                \
        kind_, offsetof(struct db_resource, member_) \
    }
static const struct db_field resource_fields[] = {
    FIELD(DB_INT, number), FIELD(DB_TEXT, uri),       FIELD(DB_TEXT, name),      FIELD(DB_TEXT, token_format),
    FIELD(DB_TEXT, alg),   FIELD(DB_TEXT, client_id), FIELD(DB_INT, created_at), FIELD(DB_TEXT, scopes),
};
const struct db_columns db_resource_columns = DB_COLUMNS(struct db_resource, resource_fields);

err db_scope_add(struct tx *tx, str name, str description)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(ADD, P_TEXT(name), P_TEXT(description), P_INT(clock_now())), &changed));
    if (changed == 0)
        REFUSE(CONFLICT, "That scope already exists.", "store: scope exists");
    return OK;
}

err db_scope_remove(struct tx *tx, str name, bool *removed)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(REMOVE, P_TEXT(name)), &changed));
    *removed = changed > 0;
    return OK;
}

err db_scope_all(struct tx *tx, struct arena *a, struct db_scope **rows, size_t *count)
{
    return db_read_list(tx, a, CALL_ALONE(ALL), &db_scope_columns, DB_LIST_TO(rows, count));
}

static err resource_body(struct db_conn *c, void *context)
{
    struct db_resource *resource = context;
    TRY(db_number_next(c, DB_COUNT_RESOURCE, &resource->number));
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&db_resource_columns, resource, params);
    int64_t changed = 0;
    TRY(db_run(c, &(struct db_call){&statements, RESOURCE_ADD, params, db_resource_columns.count}, &changed));
    if (changed == 0)
        REFUSE(CONFLICT, "That resource already exists.", "store: resource exists");
    return OK;
}

err db_resource_add(struct tx *tx, struct db_resource *resource)
{
    struct db_resource next = *resource;
    if (next.created_at == 0)
        next.created_at = clock_now();
    TRY(db_write(tx, DB_SEVERAL, resource_body, &next));
    *resource = next;
    return OK;
}

err db_resource_edit(struct tx *tx, const struct db_resource *resource, bool *found)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(RESOURCE_EDIT, P_TEXT(resource->uri), P_TEXT(resource->name), P_TEXT(resource->scopes)), &changed));
    *found = changed > 0;
    return OK;
}

err db_resource_remove(struct tx *tx, str uri, bool *removed)
{
    int64_t changed = 0;
    TRY(db_write_call(tx, CALL(RESOURCE_REMOVE, P_TEXT(uri)), &changed));
    *removed = changed > 0;
    return OK;
}

err db_resource_all(struct tx *tx, struct arena *a, struct db_resource **rows, size_t *count)
{
    return db_read_list(tx, a, CALL_ALONE(RESOURCE_ALL), &db_resource_columns, DB_LIST_TO(rows, count));
}

err db_scope_rows(struct db_conn *c, struct arena *a, str name, struct db_rows *out)
{
    return db_many(c, a, str_present(name) ? CALL(ONE, P_TEXT(name)) : CALL_ALONE(ALL), &db_scope_columns, out);
}

err db_resource_rows(struct db_conn *c, struct arena *a, int64_t number, struct db_rows *out)
{
    return db_many(c, a, number > 0 ? CALL(RESOURCE_ONE, P_INT(number)) : CALL_ALONE(RESOURCE_ALL), &db_resource_columns, out);
}
