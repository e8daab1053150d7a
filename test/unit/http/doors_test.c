/* SPDX-License-Identifier: MIT
 * doors: sockets with a port, as they are bound. What has none: doors_path_test, doors_passed_test. */
#include "http/doors.h"
#include "live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"
#define END_  "Connection: close\r\n\r\n"

static char answer[4096];

static err open_at(const char *host, uint16_t port, struct doors *d)
{
    return doors_open(&(struct doors_wish){.host = str_of(host), .port = port}, d);
}

static int number_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t n = sizeof value;
    cr_assert_eq(getsockopt(fd, level, name, &value, &n), 0);
    return value;
}

static bool connects(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return good;
}

Test(doors, a_door_listens_waits_for_nobody_and_is_not_inherited)
{
    struct doors d;
    cr_assert_eq(open_at("127.0.0.1", 0, &d).kind, ERR_OK);
    cr_assert(d.count == 1 && d.port != 0 && !d.kept && d.path.sun_path[0] == '\0');
    cr_expect_eq(number_of(d.fds[0], SOL_SOCKET, SO_ACCEPTCONN), 1);
    cr_expect_eq(number_of(d.fds[0], IPPROTO_TCP, TCP_NODELAY), 1);
    cr_expect(fcntl(d.fds[0], F_GETFL) & O_NONBLOCK);
    cr_expect(fcntl(d.fds[0], F_GETFD) & FD_CLOEXEC);
    cr_expect(connects(d.port));
    doors_close(&d);
    cr_expect_eq(d.count, 0u);
    cr_expect_not(connects(d.port));
}

Test(doors, a_port_that_is_taken_is_told_and_is_free_again_once_it_is_closed)
{
    struct doors first, second = {.count = 7};
    cr_assert_eq(open_at("127.0.0.1", 0, &first).kind, ERR_OK);
    err e = open_at("127.0.0.1", first.port, &second);
    cr_expect_eq(e.kind, ERR_UNAVAILABLE);
    cr_expect_str_neq(err_say(e), err_say(ERR(UNAVAILABLE, ""))); /* it says what can be done */
    cr_expect_eq(open_at("localhost", first.port, &second).kind, ERR_UNAVAILABLE);
    cr_expect_eq(second.count, 7u, "outputs are untouched");
    doors_close(&first);
    cr_assert_eq(open_at("127.0.0.1", first.port, &second).kind, ERR_OK);
    cr_expect_eq(second.port, first.port);
    doors_close(&second);
}

Test(doors, addresses_are_numbers_of_this_machine)
{
    static const char *const odd[] = {"",
                                      "example.org",
                                      "127.0.0.1.2",
                                      "127.1",
                                      "[127.0.0.1",
                                      "::g",
                                      "[]",
                                      "0x7f.0.0.1",
                                      "127.0.0.1 ",
                                      "LOCALHOST",
                                      "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
    struct doors d;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        cr_expect_eq(open_at(odd[i], 0, &d).kind, ERR_INVALID_REQUEST, "%s", odd[i]);
    cr_expect_eq(open_at("192.0.2.1", 0, &d).kind, ERR_UNAVAILABLE); /* RFC 5737: nobody's */
}

Test(doors, an_IPv6_literal_may_have_brackets)
{
    struct doors d;
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (probe < 0 || bind(probe, (struct sockaddr *)&v6, sizeof v6) != 0)
        cr_skip_test("this machine has no ::1");
    close(probe);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(open_at(i == 0 ? "::1" : "[::1]", 0, &d).kind, ERR_OK);
        cr_expect(d.count == 1 && d.port != 0);
        doors_close(&d);
    }
    cr_assert_eq(open_at("[::]", 0, &d).kind, ERR_OK);
    cr_expect(connects(d.port)); /* all addresses are those of IPv4 too */
    doors_close(&d);
}

Test(doors, localhost_on_a_free_port_is_the_same_port_wherever_it_listens)
{
    struct doors d;
    for (int round = 0; round < 50; round++) {
        cr_assert_eq(open_at("localhost", 0, &d).kind, ERR_OK);
        for (size_t i = 0; i < d.count; i++) {
            struct sockaddr_in6 bound;
            socklen_t n = sizeof bound;
            cr_assert_eq(getsockname(d.fds[i], (struct sockaddr *)&bound, &n), 0);
            cr_expect_eq(ntohs(bound.sin6_port), d.port); /* at the same place in both */
        }
        doors_close(&d);
    }
}

static int status_of(const struct live *l, str bytes)
{
    live_talk(l, bytes, answer, sizeof(answer));
    return live_status(answer);
}

Test(doors, localhost_is_one_port_on_every_loopback_address)
{
    struct live l;
    live_defaults(&l);
    l.options.host = STR("localhost");
    live_start(&l);
    uint16_t port = listen_port(l.listener);
    cr_expect_neq(port, 0);
    cr_expect_eq(status_of(&l, STR("GET /a HTTP/1.1\r\n" HOST_ END_)), 200);
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && bind(probe, (struct sockaddr *)&v6, sizeof(v6)) == 0) { /* this machine has ::1 */
        v6.sin6_port = htons(port);
        cr_assert_eq(connect(fd, (struct sockaddr *)&v6, sizeof(v6)), 0);
        live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ END_));
        live_read(fd, answer, sizeof(answer));
        cr_expect_eq(live_status(answer), 200);
        cr_expect(live_peer_is(answer, "::1"), "%s", answer);
    }
    close(probe);
    close(fd);
    live_stop(&l);
}
