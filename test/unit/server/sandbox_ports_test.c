/* SPDX-License-Identifier: MIT
 * sandbox_ports: a process of its own is fenced and connects. Where the kernel's Landlock knows no ports there is nothing to test. */
#include "server/sandbox_ports.h"
#include "fixture.h"
#include "server/sandbox.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

enum { NOT_FENCED = 250, BROKEN = 251, KNOWS_PORTS = 4 };

static struct {
    struct arena *arena;
    struct settings settings;
    struct sockaddr_in due, undue;
    const char *says; /* what the fence must tell */
} t;

static struct sockaddr_in open_door(void)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof place;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(fd, (struct sockaddr *)&place, n) == 0 && listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)&place, &n) == 0);
    return place;
}

static void set_up(void)
{
    t.arena = fixture_arena();
    t.due = open_door();
    t.undue = open_door();
    t.settings.outgoing_ports = str_format(t.arena, "443 %d", ntohs(t.due.sin_port));
    t.says = "fenced";
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < KNOWS_PORTS)
        cr_skip_test("this kernel's Landlock knows no ports");
}

static int fenced(int (*probe)(void))
{
    int status = 0;
    const char *told = NULL;
    pid_t child = fork();
    if (child == 0)
        _exit(FAILED(sandbox_ports(t.arena, &t.settings, &told)) || strcmp(told, t.says) != 0 || FAILED(sandbox_enter()) ? NOT_FENCED : probe());
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int connects_to(const struct sockaddr *place, socklen_t size)
{
    int fd = socket(place->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? BROKEN : connect(fd, place, size) == 0 ? 0 : errno;
}

static int connects_where_it_is_due(void)
{
    return connects_to((struct sockaddr *)&t.due, sizeof t.due);
}

static int connects_where_it_is_not(void)
{
    return connects_to((struct sockaddr *)&t.undue, sizeof t.undue);
}

static int connects_where_it_is_not_by_ipv6(void)
{
    struct sockaddr_in6 place = {.sin6_family = AF_INET6, .sin6_port = t.undue.sin_port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return connects_to((struct sockaddr *)&place, sizeof place);
}

/* The kernel lets names be asked for by TCP; whether somebody answers here is not ours. */
static int asks_for_a_name(void)
{
    struct sockaddr_in place = t.due;
    place.sin_port = htons(53);
    int why = connects_to((struct sockaddr *)&place, sizeof place);
    return why == EACCES || why == BROKEN ? why : 0;
}

static int sends_and_opens(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&t.undue, sizeof t.undue) < 0 ? errno : 0;
}

static int sends_a_message_and_opens(void)
{
    struct msghdr message = {.msg_name = &t.undue, .msg_namelen = sizeof t.undue};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return sendmsg(fd, &message, MSG_FASTOPEN) < 0 ? errno : 0;
}

static int sends_messages_and_opens(void)
{
    struct mmsghdr messages[] = {{.msg_hdr = {.msg_name = &t.undue, .msg_namelen = sizeof t.undue}}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return sendmmsg(fd, messages, 1, MSG_FASTOPEN) < 0 ? errno : 0;
}

Test(sandbox_ports, AV_09_no_port_is_reached_that_is_not_due, .init = set_up)
{
    cr_expect_eq(fenced(connects_where_it_is_not), EACCES);
    cr_expect_eq(fenced(connects_where_it_is_not_by_ipv6), EACCES);
    cr_expect_eq(fenced(sends_and_opens), EPERM);
    cr_expect_eq(fenced(sends_a_message_and_opens), EPERM);
    cr_expect_eq(fenced(sends_messages_and_opens), EPERM);
}

Test(sandbox_ports, what_is_due_is_reached_and_names_are_asked_for, .init = set_up)
{
    cr_expect_eq(fenced(connects_where_it_is_due), 0);
    cr_expect_eq(fenced(asks_for_a_name), 0);
}

Test(sandbox_ports, the_database_is_reached_at_its_port, .init = set_up)
{
    t.settings.database = str_format(t.arena, "postgresql://jeton@127.0.0.1:%d/jeton", ntohs(t.undue.sin_port));
    cr_expect_eq(fenced(connects_where_it_is_not), 0);
    cr_expect_eq(fenced(connects_where_it_is_due), 0);
    t.settings.database = STR("postgresql://jeton@127.0.0.1:1/jeton");
    cr_expect_eq(fenced(connects_where_it_is_not), EACCES);
}

Test(sandbox_ports, any_is_no_fence_and_a_service_none_that_could_be_known, .init = set_up)
{
    t.settings.database = STR("service=jeton");
    t.says = "open: the database is named by a service";
    cr_expect_eq(fenced(connects_where_it_is_not), 0);
    t.settings.outgoing_ports = STR("any");
    t.says = "open: outgoing_ports is any";
    cr_expect_eq(fenced(connects_where_it_is_not), 0);
}
