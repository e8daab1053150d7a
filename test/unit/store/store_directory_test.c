/* SPDX-License-Identifier: MIT
 * store_directory: nothing that others can enter is ever used, and nothing of somebody else's is taken over (ST-03). */
#include "fixture.h"
#include "store/store_internal.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static char path[256];

static void begin(void)
{
    (void)snprintf(path, sizeof path, "%s/data", fixture_directory());
}

TestSuite(store_directory, .init = begin);

static enum err_kind prepared(const char *directory, bool create)
{
    static struct store store;
    err e = store_directory_prepare(&store, &(struct store_options){.directory = directory, .create = create});
    free(store.directory);
    store.directory = NULL;
    return e.kind;
}

static mode_t mode_of(const char *name)
{
    struct stat s;
    cr_assert_eq(stat(name, &s), 0);
    return s.st_mode & 07777;
}

static void put(const char *name)
{
    char file[300];
    (void)snprintf(file, sizeof file, "%s/%s", path, name);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && close(fd) == 0);
}

Test(store_directory, a_new_one_is_its_owners_alone)
{
    cr_expect_eq(prepared(path, false), ERR_NOT_FOUND);
    cr_expect_neq(access(path, F_OK), 0);
    (void)umask(0);
    cr_expect_eq(prepared(path, true), ERR_OK);
    cr_expect_eq(mode_of(path), 0700u);
    cr_expect_eq(prepared(path, true), ERR_OK);
    cr_expect_eq(prepared(path, false), ERR_OK);
}

Test(store_directory, an_empty_one_is_closed_to_others_and_a_used_one_refused)
{
    static const mode_t open_to[] = {0750, 0705, 0720, 0702, 0710, 0701, 0777};
    static const char *const held[] = {"jeton.db", "master.key", "somebody.txt"};
    cr_assert_eq(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof open_to / sizeof *open_to; i++) {
        cr_assert_eq(chmod(path, open_to[i]), 0);
        cr_expect_eq(prepared(path, false), ERR_OK);
        cr_expect_eq(mode_of(path), 0700u, "%o", open_to[i]); /* nobody can have lost or left anything there */
    }
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        put(held[i]);
        for (size_t k = 0; k < sizeof open_to / sizeof *open_to; k++) {
            cr_assert_eq(chmod(path, open_to[k]), 0);
            cr_expect_eq(prepared(path, true), ERR_SERVER_ERROR);
            cr_expect_eq(mode_of(path), open_to[k], "%s", held[i]);
        }
    }
    cr_assert_eq(chmod(path, 0700), 0);
    cr_expect_eq(prepared(path, false), ERR_OK);
}

Test(store_directory, what_a_new_file_system_holds_counts_as_nothing)
{
    char lost[300];
    (void)snprintf(lost, sizeof lost, "%s/lost+found", path);
    cr_assert(mkdir(path, 0755) == 0 && mkdir(lost, 0700) == 0);
    cr_expect_eq(prepared(path, true), ERR_OK);
    cr_expect_eq(mode_of(path), 0700u);
}

Test(store_directory, links_files_and_missing_parents_are_refused)
{
    char elsewhere[300], below[300];
    (void)snprintf(elsewhere, sizeof elsewhere, "%s.real", path);
    (void)snprintf(below, sizeof below, "%s/nosuch/data", path);
    cr_assert(mkdir(elsewhere, 0700) == 0 && symlink(elsewhere, path) == 0);
    cr_expect(prepared(path, true) == ERR_SERVER_ERROR && prepared(path, false) == ERR_SERVER_ERROR);
    cr_assert_eq(unlink(path), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && close(fd) == 0);
    cr_expect(prepared(path, true) == ERR_SERVER_ERROR && prepared(path, false) == ERR_SERVER_ERROR);
    cr_assert_eq(unlink(path), 0);
    cr_expect(prepared(below, true) == ERR_SERVER_ERROR && prepared(below, false) == ERR_NOT_FOUND);
}

Test(store_directory, another_owners_is_refused)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give a folder away");
    cr_assert(mkdir(path, 0700) == 0 && chown(path, 12345, 12345) == 0);
    cr_expect_eq(prepared(path, true), ERR_SERVER_ERROR);
}
