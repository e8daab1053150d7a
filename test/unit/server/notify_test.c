/* SPDX-License-Identifier: MIT
 * notify: the manager hears one datagram for each step, and whatever NOTIFY_SOCKET holds is no trouble. */
#include "server/notify.h"
#include "base/ascii.h"
#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

static int listen_as_manager(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval bound = {10, 0};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/manager", fixture_directory());
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && setenv("NOTIFY_SOCKET", at.sun_path, 1) == 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound), 0);
    return fd;
}

static const char *heard(int fd)
{
    static char text[128];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    cr_assert(n > 0);
    text[n] = '\0';
    return text;
}

Test(notify, each_step_is_one_datagram)
{
    int64_t before = clock_monotonic_us(), at = 0;
    int fd = listen_as_manager();
    notify_ready();
    cr_expect_str_eq(heard(fd), "READY=1");
    notify_reloading();
    str text = str_of(heard(fd)), start = STR("RELOADING=1\nMONOTONIC_USEC=");
    cr_assert(str_starts(text, start));
    for (size_t i = start.n; i < text.n && ascii_digit(text.p[i]); i++)
        at = at * 10 + (text.p[i] - '0');
    cr_expect(at >= before && at <= clock_monotonic_us());
    notify_stopping();
    cr_expect_str_eq(heard(fd), "STOPPING=1");
    close(fd);
}

Test(notify, nobody_who_listens_is_no_trouble)
{
    static char many[300];
    memset(many, '/', sizeof many - 1);
    const char *const names[] = {"", "/", "relative", "/nosuch/socket", "@jeton-nobody", many};
    int before = dup(0);
    cr_assert(before >= 0 && close(before) == 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        notify_ready();
    }
    cr_assert_eq(unsetenv("NOTIFY_SOCKET"), 0);
    notify_stopping();
    int after = dup(0);
    cr_expect_eq(after, before); /* no descriptor is left */
    close(after);
}
