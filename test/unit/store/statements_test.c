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
