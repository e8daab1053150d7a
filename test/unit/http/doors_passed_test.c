/* SPDX-License-Identifier: MIT
 * Sockets that a service manager passes: found by name, for this process alone, judged before they are used. Each is tried in a process of
 * its own, whose descriptors from 3 on are given away; it ends with the line that failed. */
#include "http/doors_passed.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"

#include "base/banned.h"

#define MUST(held_) \
    if (!(held_))   \
    _exit(__LINE__)

static int listening(int family)
{
    int fd = socket(family, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    MUST(fd >= 0 && (family != AF_INET || bind(fd, (struct sockaddr *)&a, sizeof a) == 0) && listen(fd, 1) == 0);
    return fd;
}

static void pass(const int *fds, int count, const char *names, pid_t pid)
{
    char text[16];
    for (int i = 0; i < count; i++) {
        int high = fcntl(fds[i], F_DUPFD, 100);
        MUST(high >= 0 && dup2(high, 3 + i) == 3 + i);
    }
    (void)snprintf(text, sizeof text, "%d", (int)pid);
    MUST((setenv("LISTEN_PID", text, 1)) == 0);
    (void)snprintf(text, sizeof text, "%d", count);
    MUST((setenv("LISTEN_FDS", text, 1)) == 0);
    MUST((names == NULL ? unsetenv("LISTEN_FDNAMES") : setenv("LISTEN_FDNAMES", names, 1)) == 0);
}

static void sockets_are_found_by_their_name_and_made_fit(void)
{
    struct doors d;
    int fds[] = {listening(AF_INET), listening(AF_INET), listening(AF_INET)};
    pass(fds, 3, "plain:asking:plain", getpid());
    MUST(doors_passed_open(STR("plain"), &d).kind == ERR_OK);
    MUST(d.count == 2 && d.fds[0] == 3 && d.fds[1] == 5 && d.port == 0);
    for (size_t i = 0; i < d.count; i++)
        MUST((fcntl(d.fds[i], F_GETFL) & O_NONBLOCK) && (fcntl(d.fds[i], F_GETFD) & FD_CLOEXEC));
    MUST(doors_passed_open(STR("asking"), &d).kind == ERR_OK);
    MUST(d.count == 1 && d.fds[0] == 4);
    MUST((doors_passed_open(STR("other"), &d).kind) == ERR_INVALID_REQUEST);
    MUST((doors_passed_open(STR("plain:asking"), &d).kind) == ERR_INVALID_REQUEST);
}

static void what_was_meant_for_another_process_is_not_taken(void)
{
    struct doors d;
    int fd = listening(AF_INET);
    pass(&fd, 1, "plain", getpid() + 1);
    MUST((doors_passed_open(STR("plain"), &d).kind) == ERR_INVALID_REQUEST);
    MUST((setenv("LISTEN_PID", "", 1)) == 0);
    MUST((doors_passed_open(STR("plain"), &d).kind) == ERR_INVALID_REQUEST);
    MUST((unsetenv("LISTEN_PID")) == 0);
    MUST((doors_passed_open(STR("plain"), &d).kind) == ERR_INVALID_REQUEST);
}

static void what_does_not_listen_or_is_no_stream_is_refused(void)
{
    struct doors d;
    int quiet = socket(AF_INET, SOCK_STREAM, 0), datagrams = socket(AF_INET, SOCK_DGRAM, 0), file = open("/dev/null", O_RDONLY);
    int fds[] = {quiet, datagrams, file};
    pass(fds, 3, "quiet:datagrams:file", getpid());
    MUST((doors_passed_open(STR("quiet"), &d).kind) == ERR_INVALID_REQUEST);
    MUST((doors_passed_open(STR("datagrams"), &d).kind) == ERR_INVALID_REQUEST);
    MUST((doors_passed_open(STR("file"), &d).kind) == ERR_INVALID_REQUEST);
    MUST((setenv("LISTEN_FDS", "9", 1)) == 0); /* more than there are: without a name, and no descriptors */
    MUST((doors_passed_open(STR("unknown"), &d).kind) == ERR_INVALID_REQUEST);
    MUST((setenv("LISTEN_FDS", "65", 1)) == 0);
    MUST((doors_passed_open(STR("quiet"), &d).kind) == ERR_INVALID_REQUEST);
}

static void eight_of_a_name_and_no_more(void)
{
    struct doors d;
    int fds[DOORS_MAX + 1];
    for (int i = 0; i <= DOORS_MAX; i++)
        fds[i] = listening(AF_INET);
    pass(fds, DOORS_MAX, "a:a:a:a:a:a:a:a", getpid());
    MUST(doors_passed_open(STR("a"), &d).kind == ERR_OK);
    MUST((d.count) == DOORS_MAX);
    pass(fds, DOORS_MAX + 1, "a:a:a:a:a:a:a:a:a", getpid());
    MUST((doors_passed_open(STR("a"), &d).kind) == ERR_INVALID_REQUEST);
}

/* Without that, a restart would turn away whoever comes while the old server ends. */
static void who_comes_while_it_closes_is_left_to_the_next(void)
{
    struct live l;
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    int fd = listening(AF_INET), client = socket(AF_INET, SOCK_STREAM, 0);
    MUST(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    int next = fcntl(fd, F_DUPFD, 100);
    pass(&fd, 1, "plain", getpid());
    live_defaults(&l);
    l.options.host = STR("systemd:plain");
    live_start(&l);
    MUST(listen_port(l.listener) == 0);
    listen_admit(l.listener);
    listen_quiesce(l.listener);
    MUST(connect(client, (struct sockaddr *)&a, sizeof a) == 0);
    MUST(poll(&(struct pollfd){client, POLLIN, 0}, 1, 200) == 0); /* not turned away */
    live_stop(&l);
    MUST(poll(&(struct pollfd){next, POLLIN, 0}, 1, 0) == 1 && accept(next, NULL, NULL) >= 0);
}

static int line_of(void (*attempt)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        attempt();
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(doors_passed, sockets_of_the_service_manager)
{
    cr_expect_eq(line_of(sockets_are_found_by_their_name_and_made_fit), 0);
    cr_expect_eq(line_of(what_was_meant_for_another_process_is_not_taken), 0);
    cr_expect_eq(line_of(what_does_not_listen_or_is_no_stream_is_refused), 0);
    cr_expect_eq(line_of(eight_of_a_name_and_no_more), 0);
    cr_expect_eq(line_of(who_comes_while_it_closes_is_left_to_the_next), 0);
}
