/* SPDX-License-Identifier: MIT
 * sqlite_conn: one connection from the inside, for the two files that are the door to SQLite: sqlite (connections, transactions, files) and
 * sqlite_statement (statements and rows). */
#ifndef JETON_STORE_SQLITE_SQLITE_CONN_H
#define JETON_STORE_SQLITE_SQLITE_CONN_H
#include "store/sqlite/sqlite.h"
#include <sqlite3.h>

enum fixed { FIXED_BEGIN, FIXED_COMMIT, FIXED_ROLLBACK, FIXED_SAVE, FIXED_KEEP, FIXED_UNDO, FIXED_DATA_VERSION, FIXED_SNAPSHOT, FIXED_COUNT };
enum { SQLITE_SLOTS = DB_STATEMENTS_COUNT * DB_STATEMENTS_LINES };
struct sqlite_slot {
    sqlite3_stmt *statement;
    uint8_t numbers[DB_PARAMS_MAX]; /* SQLite counts `$n` by first appearance: numbers[i] is the n of its parameter i + 1 */
    uint8_t count, feeds;           /* feeds: enum db_change_kind */
};
struct sqlite_conn {
    struct db_conn base; /* first: a pointer to it is one to this */
    sqlite3 *handle;
    bool broken;
    int64_t log_pages;
    bool logged, hasty, by_itself; /* hasty: commits are not brought to the disk; by_itself: it checkpoints */
    sqlite3_stmt *fixed[FIXED_COUNT];
    struct sqlite_slot slots[SQLITE_SLOTS];
};
struct sqlite_conn *sqlite_own(struct db_conn *base);
/* What SQLite said, as an err. Only a broken constraint leaves the transaction usable. */
err sqlite_err(struct sqlite_conn *c, int code);
err sqlite_statement_run(struct db_conn *base, const struct db_call *call, int64_t *changed);
err sqlite_statement_many(struct db_conn *base, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out);
err sqlite_statement_scalar(struct db_conn *base, const struct db_call *call, int64_t *value, bool *found);
#endif
