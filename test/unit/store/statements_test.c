/* SPDX-License-Identifier: MIT
 * statements: all of them stand in one row, and the engine takes each; rows and values by their shape. */
#include "store/fresh.h"

#include "base/banned.h"

Test(statements, statements_are_listed_and_all_prepare)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    char path[128];
    path_of(&s, "jeton.db", path);
    sqlite3 *h = NULL;
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    cr_assert_gt(store_statement_count(), 80u);
    for (size_t i = 0; i < store_statement_count(); i++) {
        sqlite3_stmt *st = NULL;
        const char *text = store_statement_text(i);
        cr_assert_not_null(text, "statement %zu is missing", i);
        cr_assert_eq(sqlite3_prepare_v2(h, text, -1, &st, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(h));
        sqlite3_finalize(st);
    }
    cr_assert_null(store_statement_text(store_statement_count()));
    sqlite3_close(h);
    fresh_end(&s);
}

Test(statements, the_hot_update_touches_no_index)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    char path[128];
    path_of(&s, "jeton.db", path);
    sqlite3 *h = NULL;
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    int seen = 0;
    for (size_t i = 0; i < store_statement_count(); i++) {
        const char *text = store_statement_text(i);
        if (strncmp(text, "UPDATE grants SET generation", 28) != 0)
            continue;
        char explain[1024];
        (void)snprintf(explain, sizeof(explain), "EXPLAIN %s", text);
        sqlite3_stmt *st = NULL;
        cr_assert_eq(sqlite3_prepare_v2(h, explain, -1, &st, NULL), SQLITE_OK);
        while (sqlite3_step(st) == SQLITE_ROW) {
            const char *op = (const char *)sqlite3_column_text(st, 1);
            cr_assert_str_neq(op, "IdxInsert");
            cr_assert_str_neq(op, "IdxDelete");
            cr_assert_str_neq(op, "Rewind"); /* no walk over the table either */
            seen++;
        }
        sqlite3_finalize(st);
    }
    cr_assert_gt(seen, 0);
    sqlite3_close(h);
    fresh_end(&s);
}

struct thing {
    int64_t number;
    bool flag;
    str text;
    struct token_hash hash;
};
static const struct db_field fields[] = {{DB_TEXT, offsetof(struct thing, text)},
                                         {DB_INT, offsetof(struct thing, number)},
                                         {DB_HASH, offsetof(struct thing, hash)},
                                         {DB_FLAG, offsetof(struct thing, flag)}};
static const struct db_columns columns = DB_COLUMNS(struct thing, fields);

Test(statements, values_come_from_a_row_in_the_order_of_its_shape)
{
    struct thing x = {INT64_MIN, true, STR_ABSENT, hash_of("a")};
    struct db_param params[DB_PARAMS_MAX];
    db_params_from(&columns, &x, params);
    cr_assert(params[0].kind == DB_TEXT && !str_present(params[0].text));
    cr_assert(params[1].kind == DB_INT && params[1].number == INT64_MIN);
    cr_assert(params[2].kind == DB_HASH && params[2].hash == &x.hash);
    cr_assert_eq(params[3].number, 1);
}

Test(statements, room_for_rows_grows_and_keeps_what_is_there)
{
    enum { MANY = 1000 };
    struct arena *a = arena_new(1 << 20), *small = arena_new(5 * sizeof(struct thing));
    struct db_rows rows = {NULL, 0}, few = {NULL, 0};
    size_t room = 0, little = 0;
    for (int64_t i = 0; i < MANY; i++) {
        MUST(db_rows_room(a, &columns, &rows, &room));
        ((struct thing *)rows.rows)[rows.count++].number = i;
    }
    for (int64_t i = 0; i < MANY; i++)
        cr_assert_eq(((struct thing *)rows.rows)[i].number, i);
    MUST(db_rows_room(small, &columns, &few, &little));
    few.count = little;
    struct db_rows before = few;
    MUST(db_rows_room(small, &columns, &few, &little));
    few.count = little;
    MUST_FAIL(UNAVAILABLE, db_rows_room(small, &columns, &few, &little));
    cr_assert(few.count == little && few.rows != before.rows);
    arena_release(small);
    arena_release(a);
}

/* A connection finds what it has prepared by these two numbers: of two files with one number one would run the other's. */
Test(statements, each_file_has_a_number_of_its_own_and_no_more_lines_than_a_connection_keeps)
{
    const struct db_statements *const files[] = {
#define X(name_) [DB_STATEMENTS_##name_] = db_statements_##name_,
        DB_STATEMENT_FILES(X)
#undef X
    };
    for (size_t i = 0; i < DB_STATEMENTS_COUNT; i++) {
        cr_assert(files[i]->index == i && files[i]->count > 0 && files[i]->count <= DB_STATEMENTS_LINES, "%zu", i);
        for (size_t k = 0; k < files[i]->count; k++)
            cr_assert_not_null(files[i]->texts[k], "%zu: %zu", i, k);
    }
}
