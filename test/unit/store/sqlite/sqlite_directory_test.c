/* SPDX-License-Identifier: MIT
 * sqlite_directory: what others can read, or what is not this user's, is never opened (ST-03). */
#include "store/fresh.h"

#include "base/banned.h"

Test(sqlite_directory, files_are_for_their_owner_alone)
{
    fresh_only_sqlite();
    mode_t before = umask(0);
    struct fresh s = fresh_new(true);
    (void)fresh_user(&s, "ada");
    cr_assert_eq(mode_of(&s, "jeton.db"), 0600);
    cr_assert_eq(mode_of(&s, "jeton.db-wal"), 0600);
    cr_assert_eq(mode_of(&s, "jeton.db-shm"), 0600);
    cr_assert_eq(mode_of(&s, "jeton.generation"), 0600);
    (void)umask(before);
    fresh_end(&s);
}

Test(sqlite_directory, an_open_directory_or_file_is_refused)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    store_close(s.store);
    cr_assert_eq(chmod(s.directory, 0750), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    cr_assert_eq(chmod(s.directory, 0700), 0);
    char path[128];
    path_of(&s, "jeton.db", path);
    cr_assert_eq(chmod(path, 0640), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    cr_assert_eq(chmod(path, 0600), 0);
    fresh_open(&s, false);
    fresh_end(&s);
}

Test(sqlite_directory, a_link_instead_of_the_database_is_refused)
{
    fresh_only_sqlite();
    struct fresh s = {0};
    fresh_path(&s);
    char path[128];
    path_of(&s, "jeton.db", path);
    cr_assert_eq(symlink("/dev/null", path), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    fresh_remove(&s);
}

Test(sqlite_directory, what_is_no_file_is_said_to_be_none)
{
    fresh_only_sqlite();
    for (int pipe = 0; pipe < 2; pipe++) {
        struct fresh s = {0};
        char path[128];
        fresh_path(&s);
        path_of(&s, "jeton.db", path);
        cr_assert_eq(pipe == 1 ? mkfifo(path, 0600) : mkdir(path, 0700), 0);
        err e = store_open(FRESH_OPTIONS(&s, true, false), &s.store);
        cr_assert(e.kind == ERR_SERVER_ERROR && strstr(err_say(e), "not a regular file") != NULL, "%s", err_why(e));
        (void)remove(path);
        fresh_remove(&s);
    }
}

Test(sqlite_directory, a_new_file_is_made_once_and_private)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    char path[128];
    path_of(&s, "copy.store", path);
    mode_t before = umask(0);
    MUST(sqlite_directory_new_file(path, false));
    (void)umask(before);
    cr_assert_eq(mode_of(&s, "copy.store"), 0600);
    MUST_FAIL(CONFLICT, sqlite_directory_new_file(path, false));
    MUST(sqlite_directory_new_file(path, true));
    MUST_FAIL(UNPROCESSABLE, sqlite_directory_new_file("/nonexistent/copy.store", true));
    fresh_end(&s);
}

Test(sqlite_directory, another_owner_is_refused)
{
    fresh_only_sqlite();
    if (geteuid() != 0)
        cr_skip_test("only root can give a file away");
    struct fresh s = fresh_new(false);
    store_close(s.store);
    char path[128];
    path_of(&s, "jeton.db", path);
    cr_assert_eq(chown(path, 65534, 65534), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    arena_release(s.a);
    fresh_remove(&s);
}
