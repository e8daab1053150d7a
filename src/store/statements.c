/* SPDX-License-Identifier: MIT
 * statements: all statements of the store in one row, so that a test can show each to both engines; and the values of
 * a statement from a row, by its shape; and of reading what is the same with every engine. */
#include "store/store_internal.h"

#include <string.h>

#include "base/banned.h"

static const struct db_statements *statements_of(size_t index)
{
    switch (index) {
#define X(name_)                \
    case DB_STATEMENTS_##name_: \
        return db_statements_##name_;
        DB_STATEMENT_FILES(X)
#undef X
    default:
        return NULL;
    }
}

size_t store_statement_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < DB_STATEMENTS_COUNT; i++)
        count += statements_of(i)->count;
    return count;
}

const char *store_statement_text(size_t i)
{
    for (size_t s = 0; s < DB_STATEMENTS_COUNT; s++) {
        const struct db_statements *statements = statements_of(s);
        if (i < statements->count)
            return statements->texts[i];
        i -= statements->count;
    }
    return NULL;
}

err db_rows_room(struct arena *a, const struct db_columns *columns, struct db_rows *rows, size_t *room)
{
    if (rows->count < *room)
        return OK;
    size_t next = *room == 0 ? 1 : *room * 4;
    char *bigger = arena_array(a, next, columns->size);
    if (bigger == NULL)
        FAIL(UNAVAILABLE, "store: the arena is full");
    if (rows->count > 0)
        memcpy(bigger, rows->rows, rows->count * columns->size);
    rows->rows = bigger;
    *room = next;
    return OK;
}

err db_run(struct db_conn *c, const struct db_call *call, int64_t *changed)
{
    return c->driver->run(c, call, changed);
}

err db_expect(struct db_conn *c, const struct db_call *call, bool *changed)
{
    int64_t count = 0;
    if (c->driver->expect != NULL)
        return c->driver->expect(c, call, changed);
    TRY(db_run(c, call, &count));
    *changed = count == 1;
    return OK;
}

err db_many(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out)
{
    return c->driver->many(c, a, call, columns, out);
}

err db_scalar(struct db_conn *c, const struct db_call *call, int64_t *value, bool *found)
{
    return c->driver->scalar(c, call, value, found);
}

err db_guard_user(struct db_conn *c, int64_t number, enum db_guard_mode mode)
{
    return c->driver->guard(c, DB_GUARD_USER, &P_INT(number), mode);
}

err db_guard_client(struct db_conn *c, int64_t number, enum db_guard_mode mode)
{
    return c->driver->guard(c, DB_GUARD_CLIENT, &P_INT(number), mode);
}

err db_guard_deferred(struct db_conn *c, int64_t number)
{
    return c->driver->guard(c, DB_GUARD_DEFERRED, &P_INT(number), DB_GUARD_ALONE);
}

err db_guard_counter(struct db_conn *c, const char *name)
{
    return c->driver->guard(c, DB_GUARD_COUNTER, &P_TEXT(str_of(name)), DB_GUARD_ALONE);
}

err db_one(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_columns *columns, void **row)
{
    struct db_rows rows = {NULL, 0};
    TRY(db_many(c, a, call, columns, &rows));
    *row = rows.count > 0 ? rows.rows : NULL;
    return OK;
}

void db_params_from(const struct db_columns *columns, const void *row, struct db_param *params)
{
    INVARIANT(columns->count <= DB_PARAMS_MAX);
    for (size_t i = 0; i < columns->count; i++) {
        const struct db_field *f = &columns->fields[i];
        const void *from = (const char *)row + f->at;
        switch (f->kind) {
        case DB_INT:
            params[i] = P_INT(*(const int64_t *)from);
            break;
        case DB_FLAG:
            params[i] = P_INT(*(const bool *)from ? 1 : 0);
            break;
        case DB_TEXT:
            params[i] = P_TEXT(*(const str *)from);
            break;
        case DB_HASH:
        default:
            params[i] = P_HASH((const struct token_hash *)from);
            break;
        }
    }
}
