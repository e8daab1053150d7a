/* SPDX-License-Identifier: MIT
 * Unix sockets: made with their rights, taken over when stale, left alone when not, removed at the end. */
#include "http/doors.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

static char folder[64], path[100], host[108];

static void begin(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/jeton-doors-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/s", folder);
    (void)snprintf(host, sizeof host, "unix:%s", path);
}

static void end(void)
{
    (void)unlink(path);
    cr_expect_eq(rmdir(folder), 0); /* nothing else is left */
}

TestSuite(doors_path, .init = begin, .fini = end);

static err opened(struct doors *d, unsigned mode, const char *group)
{
    return doors_open(&(struct doors_wish){.host = str_of(host), .mode = mode, .group = str_of(group)}, d);
}

static int connects(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(a.sun_path, path, strlen(path) + 1);
    int done = connect(fd, (const struct sockaddr *)&a, sizeof a);
    close(fd);
    return done;
}

static void leave_stale(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(a.sun_path, path, strlen(path) + 1);
    cr_assert(bind(fd, (const struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0 && close(fd) == 0);
}

Test(doors_path, it_has_the_mode_and_group_that_were_asked_for_and_goes_at_the_end)
{
    struct doors d;
    struct stat s;
    char group[16];
    (void)snprintf(group, sizeof group, "%u", (unsigned)getegid());
    const mode_t before = umask(077);
    cr_assert_eq(opened(&d, 0666, group).kind, ERR_OK);
    (void)umask(before);
    cr_assert(d.count == 1 && d.port == 0 && lstat(path, &s) == 0);
    cr_expect(S_ISSOCK(s.st_mode) && (s.st_mode & 07777) == 0666 && s.st_gid == getegid());
    cr_expect_eq(connects(), 0);
    doors_close(&d);
    cr_expect_neq(lstat(path, &s), 0);
    cr_expect_eq(opened(&d, 0600, "no-such-group-here").kind, ERR_INVALID_REQUEST);
    cr_expect_neq(lstat(path, &s), 0);
}

Test(doors_path, a_stale_socket_is_taken_over_and_a_live_one_is_not)
{
    struct doors one, two;
    leave_stale();
    cr_expect_neq(connects(), 0);
    cr_assert_eq(opened(&one, 0600, NULL).kind, ERR_OK);
    cr_expect_eq(connects(), 0);
    cr_expect_eq(opened(&two, 0600, NULL).kind, ERR_UNAVAILABLE);
    cr_expect_eq(connects(), 0); /* and it is still there */
    doors_close(&one);
}

Test(doors_path, what_is_no_socket_is_left_alone)
{
    struct doors d;
    struct stat s;
    cr_assert_eq(symlink("/dev/null", path), 0);
    cr_expect_eq(opened(&d, 0600, NULL).kind, ERR_UNAVAILABLE);
    cr_assert(lstat(path, &s) == 0 && S_ISLNK(s.st_mode) && unlink(path) == 0);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    cr_expect_eq(opened(&d, 0600, NULL).kind, ERR_UNAVAILABLE);
    cr_expect(lstat(path, &s) == 0 && S_ISREG(s.st_mode));
}

Test(doors_path, the_end_of_one_does_not_remove_its_successor)
{
    struct doors old, fresh;
    cr_assert_eq(opened(&old, 0600, NULL).kind, ERR_OK);
    cr_assert_eq(unlink(path), 0); /* an administrator did that */
    cr_assert_eq(opened(&fresh, 0600, NULL).kind, ERR_OK);
    doors_close(&old);
    cr_expect_eq(connects(), 0);
    doors_close(&fresh);
}

Test(doors_path, two_that_start_at_once_do_not_take_each_others)
{
    struct doors d;
    leave_stale();
    int other = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_eq(flock(other, LOCK_EX), 0);
    cr_expect_eq(opened(&d, 0600, NULL).kind, ERR_UNAVAILABLE);
    close(other);
    cr_assert_eq(opened(&d, 0600, NULL).kind, ERR_OK);
    doors_close(&d);
}

Test(doors_path, paths_that_are_none_are_refused)
{
    static const char *const bad[] = {"unix:", "unix:relative", "unix:/", "unix:/nowhere-at-all/s", "unix:/var/"};
    struct doors d;
    char text[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(FAILED(doors_open(&(struct doors_wish){.host = str_of(bad[i])}, &d)), "%s", bad[i]);
    memset(text, 'x', sizeof text);
    memcpy(text, "unix:/var/", 10);
    cr_expect_eq(doors_open(&(struct doors_wish){.host = {text, 5 + 108}}, &d).kind, ERR_INVALID_REQUEST);
}
