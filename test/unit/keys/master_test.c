/* SPDX-License-Identifier: MIT
 * master: the file is made whole or not at all, never in the place of another, and read only while it is its owner's alone (ST-02, ST-03). */
#include "keys/master.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

static char path[256];
static const char *directory;

static void begin(void)
{
    directory = fixture_directory();
    (void)snprintf(path, sizeof path, "%s/master.key", directory);
}

TestSuite(master, .init = begin);

static void lay(size_t size, mode_t mode)
{
    static const char bytes[64];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fchmod(fd, mode) == 0);
    close(fd);
}

static bool refused(enum master_how how)
{
    struct master m = {{0}};
    static const struct master zeros;
    err e = master_read(directory, how, &m);
    return e.kind == ERR_SERVER_ERROR && memcmp(&m, &zeros, sizeof m) == 0;
}

Test(master, it_is_made_once_and_read_again)
{
    struct master first, again, read;
    struct stat s;
    cr_expect(refused(MASTER_READ)); /* nothing is made by who only reads */
    cr_expect_neq(access(path, F_OK), 0);
    cr_assert_eq(master_read(directory, MASTER_MAKE, &first).kind, ERR_OK);
    cr_assert_eq(master_read(directory, MASTER_MAKE, &again).kind, ERR_OK);
    cr_assert_eq(master_read(directory, MASTER_READ, &read).kind, ERR_OK);
    cr_expect(memcmp(&first, &again, sizeof first) == 0 && memcmp(&first, &read, sizeof first) == 0);
    cr_expect(stat(path, &s) == 0 && (s.st_mode & 07777) == 0600 && s.st_size == MASTER_SIZE && s.st_nlink == 1);
}

Test(master, whoever_else_may_read_it_makes_it_useless)
{
    static const mode_t open_to[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666};
    lay(MASTER_SIZE, 0600);
    struct master m;
    cr_assert_eq(master_read(directory, MASTER_READ, &m).kind, ERR_OK);
    for (size_t i = 0; i < sizeof open_to / sizeof *open_to; i++) {
        lay(MASTER_SIZE, open_to[i]);
        cr_expect(refused(MASTER_READ) && refused(MASTER_MAKE), "%o", open_to[i]);
    }
}

Test(master, a_damaged_one_is_never_replaced)
{
    static const size_t sizes[] = {0, 1, MASTER_SIZE - 1, MASTER_SIZE + 1, 64};
    struct stat s;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lay(sizes[i], 0600);
        cr_expect(refused(MASTER_READ) && refused(MASTER_MAKE), "%zu", sizes[i]);
        cr_expect(stat(path, &s) == 0 && (size_t)s.st_size == sizes[i]);
    }
}

Test(master, links_folders_and_pipes_are_no_keys)
{
    char elsewhere[300];
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/other.key", directory);
    lay(MASTER_SIZE, 0600);
    cr_assert(rename(path, elsewhere) == 0 && symlink(elsewhere, path) == 0);
    cr_expect(refused(MASTER_READ) && refused(MASTER_MAKE));
    cr_assert(unlink(path) == 0 && mkdir(path, 0700) == 0);
    cr_expect(refused(MASTER_READ) && refused(MASTER_MAKE));
    cr_assert(rmdir(path) == 0);
    directory = elsewhere;
    cr_expect(refused(MASTER_MAKE)); /* the folder is none */
}

Test(master, of_processes_that_make_it_at_once_all_have_the_same)
{
    enum { PROCESSES = 8 };
    int pipes[2];
    cr_assert_eq(pipe(pipes), 0);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            struct master m;
            bool made = !FAILED(master_read(directory, MASTER_MAKE, &m));
            _exit(made && write(pipes[1], &m, sizeof m) == (ssize_t)sizeof m ? 0 : 1);
        }
    for (int i = 0, status = 1; i < PROCESSES; i++)
        cr_expect(wait(&status) > 0 && status == 0);
    struct master first, next;
    cr_assert_eq(read(pipes[0], &first, sizeof first), (ssize_t)sizeof first);
    for (int i = 1; i < PROCESSES; i++)
        cr_expect(read(pipes[0], &next, sizeof next) == (ssize_t)sizeof next && memcmp(&first, &next, sizeof first) == 0);
}
