/* SPDX-License-Identifier: MIT
 * listen, live: limits at their edges, connections, time-outs, answers from other threads, the end. */
#include "live.h"
#include "server/pool.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"
#define END_  "Connection: close\r\n\r\n"

enum { ROOM = 1 << 20 };

static char answer[ROOM];

/* prefix, `count` times `unit`, suffix; in static memory, for one use at a time */
static str stuffed(const char *prefix, const char *unit, size_t count, const char *suffix)
{
    static char text[2 << 20];
    size_t n = strlen(prefix), u = strlen(unit), s = strlen(suffix);
    cr_assert_lt(n + u * count + s, sizeof(text));
    memcpy(text, prefix, n);
    for (size_t i = 0; i < count; i++, n += u)
        memcpy(text + n, unit, u);
    memcpy(text + n, suffix, s);
    return (str){text, n + s};
}

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
    cr_expect_eq(status_of(&l, stuffed("GET /", "a", HTTP_TARGET_MAX - 1, " HTTP/1.1\r\n" HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, stuffed("GET /", "a", HTTP_TARGET_MAX, " HTTP/1.1\r\n" HOST_ END_)), 414);
    cr_expect(strstr(answer, "ours") != NULL);
    cr_expect_eq(status_of(&l, stuffed("GET /", "a", HTTP_TARGET_MAX * 10, " HTTP/1.1\r\n" HOST_ END_)), 414);
    live_stop(&l);
}

Test(listen, headers_may_have_16384_bytes)
{
    enum { REST = sizeof("HostlocalhostConnectioncloseX") - 1 };
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\nX: ", "a", HTTP_HEADERS_MAX - REST, "\r\n" HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\nX: ", "a", HTTP_HEADERS_MAX - REST + 1, "\r\n" HOST_ END_)), 431);
    cr_expect(strstr(answer, "ours") != NULL);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\nX: ", "a", HTTP_HEADERS_MAX * 10, "\r\n" HOST_ END_)), 431);
    live_stop(&l);
}

Test(listen, there_may_be_100_headers)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\n", "X: y\r\n", HTTP_HEADER_COUNT_MAX - 2, HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\n", "X: y\r\n", HTTP_HEADER_COUNT_MAX - 1, HOST_ END_)), 431);
    cr_expect(strstr(answer, "ours") != NULL);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\n", "X: y\r\n", HTTP_HEADER_COUNT_MAX * 10, HOST_ END_)), 431);
    live_stop(&l);
}

Test(listen, cookies_may_have_8192_bytes)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\nCookie: a=", "b", HTTP_COOKIE_MAX - 2, "\r\n" HOST_ END_)), 200);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\nCookie: a=", "b", HTTP_COOKIE_MAX - 1, "\r\n" HOST_ END_)), 431);
    cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\nCookie: a=b", "; a=b", 199, "\r\n" HOST_ END_)), 200);
    live_stop(&l);
}

Test(listen, a_forgotten_passage_is_found_again)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    for (int i = 0; i < 200; i++) /* the library drops these without a word; the arenas must come back (leak check) */
        live_talk(&l, stuffed("GET /a HTTP/1.1\r\n" HOST_ "Cookie: ", "a;", 4000, "\r\n" END_), answer, sizeof(answer));
    cr_expect_eq(status_of(&l, STR("GET /a HTTP/1.1\r\n" HOST_ END_)), 200);
    live_stop(&l);
}

static str post(size_t length)
{
    static char head[256];
    struct arena *a = arena_new(4096);
    str s = str_format(a, "POST /a HTTP/1.1\r\n" HOST_ "Connection: close\r\nContent-Length: %zu\r\n\r\n", length);
    memcpy(head, s.p, s.n + 1);
    arena_release(a);
    return stuffed(head, "x", length, "");
}

Test(listen, a_body_may_have_65536_bytes)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, post(HTTP_BODY_MAX)), 200);
    cr_expect(strstr(answer, "POST /a?#1:xxx") != NULL && strlen(answer) > HTTP_BODY_MAX);
    cr_expect_eq(status_of(&l, post(HTTP_BODY_MAX + 1)), 413);
    cr_expect_eq(status_of(&l, post(HTTP_BODY_MAX * 10)), 413);
    cr_expect(strstr(answer, "ours") != NULL);
    cr_expect_eq(l.arrived, 1);
    live_stop(&l);
}

Test(listen, a_chunked_body_has_the_same_limit)
{
#define CODED_ "POST /a HTTP/1.1\r\n" HOST_ "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, stuffed(CODED_, "8\r\nabcdefgh\r\n", HTTP_BODY_MAX / 8, "0\r\n\r\n")), 200);
    cr_expect_eq(status_of(&l, stuffed(CODED_, "8\r\nabcdefgh\r\n", HTTP_BODY_MAX / 8, "1\r\nx\r\n0\r\n\r\n")), 413);
    cr_expect_eq(l.arrived, 1);
    live_stop(&l);
}

Test(listen, TE_11_an_endless_body_is_cut)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    for (int i = 0; i < 2; i++)
        live_talk(&l, stuffed(CODED_, "8\r\nabcdefgh\r\n", 140000, ""), answer, sizeof(answer));
    cr_expect_eq(l.arrived, 0);
    cr_expect_eq(status_of(&l, STR("GET /a HTTP/1.1\r\n" HOST_ END_)), 200);
    live_stop(&l);
}

Test(listen, pipelined_requests_are_answered_in_order)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    live_talk(&l,
              STR("GET /1 HTTP/1.1\r\n" HOST_ "\r\nPOST /2 HTTP/1.1\r\n" HOST_ "Content-Length: 3\r\n\r\na=b"
                  "GET /3 HTTP/1.1\r\n" HOST_ END_),
              answer, sizeof(answer));
    const char *one = strstr(answer, "GET /1?#0:"), *two = strstr(answer, "POST /2?#1:a=b"), *three = strstr(answer, "GET /3?#0:");
    cr_expect(one != NULL && one < two && two < three);
    live_stop(&l);
}

Test(listen, a_head_in_single_bytes_is_the_same_head)
{
    static const char text[] = "GET /slow?x=1 HTTP/1.1\r\n" HOST_ "X: y\r\n" END_;
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        live_send(fd, (str){text + i, 1});
    live_read(fd, answer, sizeof(answer));
    close(fd);
    cr_expect_eq(live_status(answer), 200);
    live_stop(&l);
}

Test(listen, large_heads_in_pieces_are_not_mistaken)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    for (int round = 0; round < 3; round++) {
        str s = stuffed("GET /a HTTP/1.1\r\nX: ", "a", 15000, "\r\n" HOST_ "\r\n");
        for (size_t i = 0; i < s.n; i += 1000)
            live_send(fd, (str){s.p + i, s.n - i < 1000 ? s.n - i : 1000});
    }
    live_send(fd, STR("GET /last HTTP/1.1\r\n" HOST_ END_));
    live_read(fd, answer, sizeof(answer));
    close(fd);
    cr_expect_eq(l.arrived, 4);
    cr_expect_eq(l.refused, 0);
    live_stop(&l);
}

Test(listen, head_is_get_without_a_body)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, STR("HEAD /a HTTP/1.1\r\n" HOST_ END_)), 200);
    cr_expect(strstr(answer, "Content-Length: 11\r\n") != NULL, "%s", answer);
    cr_expect_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    cr_expect(strstr(answer, "Server:") == NULL);
    live_stop(&l);
}

Test(listen, expect_is_answered_before_the_body_and_refused_without_it)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    live_send(fd, STR("POST /a HTTP/1.1\r\n" HOST_ "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    ssize_t n = recv(fd, answer, 25, MSG_WAITALL);
    cr_expect(n == 25 && memcmp(answer, "HTTP/1.1 100 Continue\r\n\r\n", 25) == 0);
    live_send(fd, STR("a=b"));
    live_read(fd, answer, sizeof(answer));
    close(fd);
    cr_expect_eq(live_status(answer), 200);
    cr_expect_eq(status_of(&l, STR("POST /a HTTP/1.1\r\n" HOST_ "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n")), 413);
    cr_expect_eq(status_of(&l, STR("POST /a HTTP/1.1\r\nHost: evil\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")), 421);
    live_stop(&l);
}

Test(listen, IN_10_silence_ends_a_connection)
{
    static const char *const silent[] = {"", "GET /a HT", "GET /a HTTP/1.1\r\n" HOST_, "POST /a HTTP/1.1\r\n" HOST_ "Content-Length: 9\r\n\r\na=b"};
    struct live l;
    live_defaults(&l);
    l.options.idle_seconds = 1;
    live_start(&l);
    int fds[4];
    for (size_t i = 0; i < 4; i++)
        live_send(fds[i] = live_connect(&l), str_of(silent[i]));
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(live_read(fds[i], answer, sizeof(answer)), 0, "%zu: %s", i, answer);
        cr_expect_eq(recv(fds[i], answer, 1, MSG_DONTWAIT), 0);
        close(fds[i]);
    }
    cr_expect_eq(l.arrived, 0);
    live_stop(&l);
}

/* A byte now and then is no silence; poll's waiting for the server's end is the clock here. */
static bool dripped_to_death(const struct live *l, str begin, str drip)
{
    int fd = live_connect(l);
    live_send(fd, begin);
    bool ended = false;
    for (int i = 0; i < 25 && !ended; i++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ended = poll(&p, 1, 200) == 1;
        live_send(fd, drip);
    }
    close(fd);
    return ended;
}

Test(listen, IN_10_a_dripping_head_ends)
{
    struct live l;
    live_defaults(&l);
    l.options.idle_seconds = 1;
    live_start(&l);
    cr_expect(dripped_to_death(&l, STR("GET /a HTTP/1.1\r\nX: "), STR("y")));
    live_stop(&l);
}

Test(listen, TE_11_a_dripping_body_ends)
{
    struct live l;
    live_defaults(&l);
    l.options.idle_seconds = 1;
    live_start(&l);
    cr_expect(dripped_to_death(&l, STR("POST /a HTTP/1.1\r\n" HOST_ "Content-Length: 1000\r\n\r\n"), STR("y")));
    cr_expect_eq(l.arrived, 0);
    live_stop(&l);
}

static bool peer_is(const char *peer)
{
    char line[128] = "\r\nX-Peer: ";
    size_t n = strlen(line);
    memcpy(line + n, peer, strlen(peer));
    memcpy(line + n + strlen(peer), "\r\n", 3);
    return strstr(answer, line) != NULL;
}

Test(listen, only_a_trusted_proxy_names_the_peer)
{
    static const struct {
        const char *proxies, *header, *peer;
    } cases[] = {
        {"", "X-Forwarded-For: 192.0.2.1\r\n", "127.0.0.1"},
        {"192.0.2.9", "X-Forwarded-For: 192.0.2.1\r\n", "127.0.0.1"},
        {"::1 127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
        {"127.0.0.1", "X-Forwarded-For: 192.0.2.1, 2001:DB8:0::7\r\n", "2001:db8::7"},
        {"127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n", "192.0.2.2"},
        {"127.0.0.1", "X-Forwarded-For: 192.0.2.1, garbage\r\n", "127.0.0.1"},
        {"127.0.0.1", "X-Forwarded-For: 192.0.2.1,\r\n", "127.0.0.1"},
        {"127.0.0.1", "X-Forwarded-For:\r\n", "127.0.0.1"},
        {"127.0.0.1", "X-Forwarded-For: 192.0.2.1:80\r\n", "127.0.0.1"},
        {"127.0.0.1", "", "127.0.0.1"},
        {"::ffff:127.0.0.1", "X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct live l;
        live_defaults(&l);
        l.options.trusted_proxies = str_of(cases[i].proxies);
        live_start(&l);
        cr_expect_eq(status_of(&l, stuffed("GET /a HTTP/1.1\r\n", cases[i].header, 1, HOST_ END_)), 200);
        cr_expect(peer_is(cases[i].peer), "%zu %s", i, answer);
        live_stop(&l);
    }
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

Test(listen, localhost_is_one_port_on_every_loopback_address)
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
        cr_expect(peer_is("::1"), "%s", answer);
    }
    close(probe);
    close(fd);
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
