/* SPDX-License-Identifier: MIT
 * sqlite: what the engine says becomes an err, and a transaction in which it failed is never committed. */
#include "store/fresh.h"

#include "store/sqlite/sqlite_conn.h"

#include "base/banned.h"

Test(sqlite, a_file_that_is_no_database_is_an_error_not_an_empty_store)
{
    fresh_only_sqlite();
    struct fresh s = {0};
    fresh_path(&s);
    char path[128];
    path_of(&s, "jeton.db", path);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database", f);
    fclose(f);
    cr_assert_eq(chmod(path, 0600), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    fresh_remove(&s);
}

/* ---- one connection ---- */

struct bare {
    struct fresh s;
    struct sqlite_conn *c;
    struct db_conn *base;
};

/* A store that no test looks at while it is open, and a connection to its file. */
static struct bare bare_new(enum sqlite_mode mode)
{
    fresh_only_sqlite();
    struct bare b = {.s = fresh_new(false)};
    char path[128];
    path_of(&b.s, "jeton.db", path);
    MUST(sqlite_open(path, mode, &b.c));
    b.base = sqlite_base(b.c);
    return b;
}

static void bare_end(struct bare *b)
{
    sqlite_close(b->c);
    fresh_end(&b->s);
}

static err script(struct bare *b, const char *sql)
{
    return b->base->driver->script(b->base, sql);
}

static int64_t pragma(const struct bare *b, const char *sql)
{
    sqlite3_stmt *s = NULL;
    cr_assert_eq(sqlite3_prepare_v2(b->c->handle, sql, -1, &s, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return value;
}

enum { FULL = 2, NORMAL = 1 };
#define ADD_SCOPE(name_) "INSERT INTO scopes (name, description, builtin, created_at) VALUES ('" name_ "', 'words', 0, 0)"
#define ADDED            "SELECT count(*) FROM scopes WHERE builtin = 0"

Test(sqlite, a_connection_is_set_up_as_the_file_must_be_used)
{
    struct bare b = bare_new(SQLITE_WRITING);
    cr_assert(pragma(&b, "PRAGMA synchronous") == FULL && pragma(&b, "PRAGMA foreign_keys") == 1);
    cr_assert(pragma(&b, "PRAGMA page_size") == 1024 && pragma(&b, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'") == 1);
    MUST(sqlite_hasty(b.c, true));
    cr_assert_eq(pragma(&b, "PRAGMA synchronous"), NORMAL);
    MUST(sqlite_hasty(b.c, false));
    cr_assert_eq(pragma(&b, "PRAGMA synchronous"), FULL);
    bare_end(&b);
}

Test(sqlite, a_reader_changes_nothing)
{
    struct bare b = bare_new(SQLITE_READING);
    MUST_FAIL(UNAVAILABLE, script(&b, ADD_SCOPE("mine")));
    cr_assert_eq(by_hand(&b.s, ADDED), 0);
    bare_end(&b);
}

Test(sqlite, a_transaction_in_which_the_engine_failed_is_worthless_until_it_is_rolled_back)
{
    struct bare b = bare_new(SQLITE_WRITING);
    const struct store_driver *d = b.base->driver;
    MUST(d->begin(b.base));
    MUST(script(&b, ADD_SCOPE("before")));
    MUST_FAIL(UNAVAILABLE, script(&b, "INSERT INTO nowhere VALUES (1)"));
    MUST_FAIL(UNAVAILABLE, d->save(b.base));
    MUST_FAIL(UNAVAILABLE, d->commit(b.base)); /* which rolls it back */
    cr_assert_eq(by_hand(&b.s, ADDED), 0);
    MUST(d->begin(b.base));
    MUST(script(&b, ADD_SCOPE("after")));
    MUST(d->commit(b.base));
    cr_assert_eq(by_hand(&b.s, ADDED), 1);
    bare_end(&b);
}

Test(sqlite, a_broken_constraint_leaves_the_transaction_usable)
{
    struct bare b = bare_new(SQLITE_WRITING);
    const struct store_driver *d = b.base->driver;
    MUST(d->begin(b.base));
    MUST(script(&b, ADD_SCOPE("one")));
    MUST_FAIL(CONFLICT, script(&b, ADD_SCOPE("one")));
    MUST_FAIL(NOT_FOUND, script(&b, "INSERT INTO consents VALUES (77, 88, 'openid', 0)"));
    MUST(script(&b, ADD_SCOPE("two")));
    MUST(d->commit(b.base));
    cr_assert_eq(by_hand(&b.s, ADDED), 2);
    bare_end(&b);
}

Test(sqlite, a_part_is_taken_back_and_the_rest_stays)
{
    struct bare b = bare_new(SQLITE_WRITING);
    const struct store_driver *d = b.base->driver;
    MUST(d->begin(b.base));
    MUST(script(&b, ADD_SCOPE("one")));
    MUST(d->save(b.base));
    MUST(script(&b, ADD_SCOPE("two")));
    MUST(d->release(b.base, false));
    MUST(d->save(b.base));
    MUST(script(&b, ADD_SCOPE("three")));
    MUST(d->release(b.base, true));
    MUST(d->commit(b.base));
    cr_assert_eq(by_hand(&b.s, "SELECT count(*) FROM scopes WHERE name IN ('one', 'three')"), 2);
    cr_assert_eq(by_hand(&b.s, ADDED), 2);
    bare_end(&b);
}

Test(sqlite, who_finds_the_file_locked_is_told_so_and_may_try_again)
{
    struct bare b = bare_new(SQLITE_WRITING);
    struct sqlite_conn *other = NULL;
    const struct store_driver *d = b.base->driver;
    MUST(sqlite_open(sqlite_of(b.s.store)->file, SQLITE_WRITING, &other));
    MUST(d->begin(sqlite_base(other)));
    (void)sqlite3_busy_timeout(b.c->handle, 1);
    MUST_FAIL(UNAVAILABLE, d->begin(b.base));
    cr_assert_not(b.base->open);
    d->rollback(sqlite_base(other));
    MUST(d->begin(b.base));
    d->rollback(b.base);
    sqlite_close(other);
    bare_end(&b);
}

Test(sqlite, a_snapshot_sees_one_state_and_a_version_the_commits_of_others)
{
    struct bare b = bare_new(SQLITE_READING);
    const struct store_driver *d = b.base->driver;
    int64_t before = 0, after = 0;
    MUST(sqlite_data_version(b.c, &before));
    MUST(d->snapshot(b.base));
    cr_assert_eq(pragma(&b, ADDED), 0);
    MUST(db_scope_add(b.s.tx, STR("mine"), STR("words")));
    cr_assert_eq(pragma(&b, ADDED), 0);
    d->rollback(b.base);
    cr_assert_eq(pragma(&b, ADDED), 1);
    MUST(sqlite_data_version(b.c, &after));
    cr_assert_neq(before, after);
    MUST(sqlite_data_version(b.c, &before));
    cr_assert_eq(before, after);
    bare_end(&b);
}

Test(sqlite, the_log_is_moved_into_the_file)
{
    struct bare b = bare_new(SQLITE_WRITING);
    int64_t left = -1;
    sqlite_checkpoint_by(b.c, SQLITE_CHECKPOINT_BY_OTHERS);
    cr_assert_not(sqlite_logged(b.c));
    MUST(script(&b, ADD_SCOPE("mine")));
    cr_assert(sqlite_logged(b.c) && !sqlite_logged(b.c), "asked since the last time");
    cr_assert_gt(sqlite_log_pages(b.c), 0);
    MUST(sqlite_checkpoint(b.c, &left));
    cr_assert_eq(left, 0);
    bare_end(&b);
}
