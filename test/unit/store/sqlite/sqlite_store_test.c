/* SPDX-License-Identifier: MIT
 * sqlite_store: readers beside the writer, other processes, and copies of the whole. */
#include "store/fresh.h"

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
