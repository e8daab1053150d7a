/* SPDX-License-Identifier: MIT
 * sqlite_store: readers beside the writer, other processes, and copies of the whole. */
#include "store/fresh.h"

#include "store/sqlite/sqlite_conn.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/banned.h"

Test(sqlite_store, its_writing_is_noticed_and_our_own_is_not)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true), command = s;
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    bool changed = true;
    MUST(store_changed_elsewhere(s.store, &changed));
    (void)fresh_user(&s, "ours");
    MUST(store_changed_elsewhere(s.store, &changed));
    cr_assert_not(changed);
    (void)fresh_user(&command, "theirs");
    MUST(store_changed_elsewhere(s.store, &changed));
    cr_assert(changed);
    MUST(store_changed_elsewhere(s.store, &changed));
    cr_assert_not(changed);
    struct db_user *u = NULL;
    MUST(db_user_by_name(s.tx, s.a, STR("theirs"), &u));
    cr_assert_not_null(u);
    store_close(command.store);
    fresh_end(&s);
}

Test(sqlite_store, a_backup_is_consistent_private_and_never_overwrites)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    (void)fresh_user(&s, "ada");
    char path[128];
    path_of(&s, "copy.store", path);
    MUST(store_backup(s.store, path));
    cr_assert_eq(mode_of(&s, "copy.store"), 0600);
    MUST_FAIL(CONFLICT, store_backup(s.store, path));
    MUST_FAIL(UNPROCESSABLE, store_backup(s.store, "/nonexistent/copy.store"));
    store_close(s.store);
    char live[128];
    path_of(&s, "jeton.db", live);
    cr_assert_eq(rename(path, live), 0);
    fresh_open(&s, true);
    struct db_user *u = NULL;
    MUST(db_user_by_name(s.tx, s.a, STR("ada"), &u));
    cr_assert_not_null(u);
    fresh_end(&s);
}

static void limit_files(rlim_t most)
{
    struct rlimit limit;
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = most != 0 ? most : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(sqlite_store, a_backup_that_failed_leaves_no_file)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    char path[128];
    path_of(&s, "copy.store", path);
    limit_files(4096);
    MUST_FAIL(UNAVAILABLE, store_backup(s.store, path));
    limit_files(0);
    cr_assert_eq(access(path, F_OK), -1);
    MUST(store_backup(s.store, path));
    fresh_end(&s);
}

Test(sqlite_store, readers_do_not_wait_for_whoever_writes)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    struct db_user u = fresh_user(&s, "ada"), *r = NULL;
    struct sqlite_conn *other = NULL;
    MUST(sqlite_open(sqlite_of(s.store)->file, SQLITE_WRITING, &other));
    MUST(sqlite_driver.begin(sqlite_base(other)));
    MUST(sqlite_driver.script(sqlite_base(other), "UPDATE users SET username = 'bob'"));
    int64_t began_us = clock_monotonic_us();
    MUST(db_user_by_number(s.tx, s.a, u.number, &r));
    cr_assert(str_is(r->username, "ada"), "as it was committed");
    cr_assert_lt(clock_monotonic_us() - began_us, 2000000, "a lock is waited for five seconds");
    sqlite_driver.rollback(sqlite_base(other));
    sqlite_close(other);
    fresh_end(&s);
}

static err read_within_read(struct db_conn *c, void *context)
{
    struct fresh *s = context;
    struct db_user *r = NULL;
    (void)c;
    return db_user_by_number(s->tx, s->a, 1, &r); /* on a connection of its own */
}

static err read_deep(struct db_conn *c, void *context)
{
    (void)c;
    return db_read(((struct fresh *)context)->tx, read_within_read, context);
}

Test(sqlite_store, connections_that_read_are_kept_and_lent_again)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    struct sqlite *engine = sqlite_of(s.store);
    (void)fresh_user(&s, "ada");
    MUST(db_read(s.tx, read_deep, &s));
    cr_assert_eq(engine->pooled, 3u);
    MUST(db_read(s.tx, read_within_read, &s));
    cr_assert_eq(engine->pooled, 3u);
    fresh_end(&s);
}
