/* SPDX-License-Identifier: MIT
 * listen, live: limits of a head at their edges, what cannot be listened on, the end. */
#include "live.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"
#define END_  "Connection: close\r\n\r\n"

enum { ROOM = 1 << 20 };

static char answer[ROOM];

static int status_of(const struct live *l, str bytes)
{
    live_talk(l, bytes, answer, sizeof(answer));
    return live_status(answer);
}

Test(listen, the_target_may_have_8192_bytes)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, live_stuffed("GET /", "a", HTTP_TARGET_MAX - 1, " HTTP/1.1\r\n" HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, live_stuffed("GET /", "a", HTTP_TARGET_MAX, " HTTP/1.1\r\n" HOST_ END_)), 414);
    cr_expect(strstr(answer, "ours") != NULL);
    cr_expect_eq(status_of(&l, live_stuffed("GET /", "a", HTTP_TARGET_MAX * 10, " HTTP/1.1\r\n" HOST_ END_)), 414);
    live_stop(&l);
}

Test(listen, headers_may_have_16384_bytes)
{
    enum { REST = sizeof("HostlocalhostConnectioncloseX") - 1 };
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\nX: ", "a", HTTP_HEADERS_MAX - REST, "\r\n" HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\nX: ", "a", HTTP_HEADERS_MAX - REST + 1, "\r\n" HOST_ END_)), 431);
    cr_expect(strstr(answer, "ours") != NULL);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\nX: ", "a", HTTP_HEADERS_MAX * 10, "\r\n" HOST_ END_)), 431);
    live_stop(&l);
}

Test(listen, there_may_be_100_headers)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\n", "X: y\r\n", HTTP_HEADER_COUNT_MAX - 2, HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\n", "X: y\r\n", HTTP_HEADER_COUNT_MAX - 1, HOST_ END_)), 431);
    cr_expect(strstr(answer, "ours") != NULL);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\n", "X: y\r\n", HTTP_HEADER_COUNT_MAX * 10, HOST_ END_)), 431);
    live_stop(&l);
}

Test(listen, cookies_may_have_8192_bytes)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\nCookie: a=", "b", HTTP_COOKIE_MAX - 2, "\r\n" HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\nCookie: a=", "b", HTTP_COOKIE_MAX - 1, "\r\n" HOST_ END_)), 431);
    cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\nCookie: a=b", "; a=b", 199, "\r\n" HOST_ END_)), 200);
    live_stop(&l);
}

Test(listen, a_forgotten_passage_is_found_again)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    for (int i = 0; i < 200; i++) /* the library drops these without a word; the arenas must come back (leak check) */
        live_talk(&l, live_stuffed("GET /a HTTP/1.1\r\n" HOST_ "Cookie: ", "a;", 4000, "\r\n" END_), answer, sizeof(answer));
    cr_expect_eq(status_of(&l, STR("GET /a HTTP/1.1\r\n" HOST_ END_)), 200);
    live_stop(&l);
}

Test(listen, refuses_what_it_cannot_bind)
{
    struct live l, second;
    struct listener *none = NULL;
    live_defaults(&l);
    live_start(&l);
    live_defaults(&second);
    second.options.port = listen_port(l.listener);
    cr_expect_eq(listen_open(&second.options, &none).kind, ERR_UNAVAILABLE);
    second.options.host = STR("example.org");
    cr_expect_eq(listen_open(&second.options, &none).kind, ERR_INVALID_REQUEST);
    live_defaults(&second);
    second.options.trusted_proxies = STR("10.0.0.0/8");
    cr_expect_eq(listen_open(&second.options, &none).kind, ERR_INVALID_REQUEST);
    live_defaults(&second);
    second.options.pairs = (struct listen_pairs){&(struct listen_pair){STR("not a certificate"), STR("not a certificate")}, 1};
    cr_expect_eq(listen_open(&second.options, &none).kind, ERR_INVALID_REQUEST);
    cr_expect_null(none);
    live_stop(&l);
}

Test(listen, after_quiesce_nobody_new_comes_in_and_the_old_are_sent_home)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ "\r\n"));
    cr_assert_gt(recv(fd, answer, sizeof(answer), 0), 0);
    cr_expect_eq(listen_connections(l.listener), 1);
    listen_quiesce(l.listener);
    live_send(fd, STR("GET /b HTTP/1.1\r\n" HOST_ "\r\n"));
    live_read(fd, answer, sizeof(answer));
    cr_expect_eq(live_status(answer), 200);
    cr_expect(strstr(answer, "Connection: close") != NULL);
    close(fd);
    live_stop(&l);
}
