/* SPDX-License-Identifier: MIT
 * stream: the collecting of a body, alone and live, and whom a request comes from (RL-04). */
#include "http/stream.h"
#include "http/connection.h"
#include "live.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"
#define END_  "Connection: close\r\n\r\n"

static char answer[1 << 20];

static int status_of(const struct live *l, str bytes)
{
    live_talk(l, bytes, answer, sizeof(answer));
    return live_status(answer);
}

static str post(size_t length)
{
    static char head[256];
    struct arena *a = arena_new(4096);
    str s = str_format(a, "POST /a HTTP/1.1\r\n" HOST_ "Connection: close\r\nContent-Length: %zu\r\n\r\n", length);
    memcpy(head, s.p, s.n + 1);
    arena_release(a);
    return live_stuffed(head, "x", length, "");
}

Test(stream, a_body_may_have_65536_bytes)
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

Test(stream, a_chunked_body_has_the_same_limit)
{
#define CODED_ "POST /a HTTP/1.1\r\n" HOST_ "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, live_stuffed(CODED_, "8\r\nabcdefgh\r\n", HTTP_BODY_MAX / 8, "0\r\n\r\n")), 200);
    cr_expect_eq(status_of(&l, live_stuffed(CODED_, "8\r\nabcdefgh\r\n", HTTP_BODY_MAX / 8, "1\r\nx\r\n0\r\n\r\n")), 413);
    cr_expect_eq(l.arrived, 1);
    live_stop(&l);
}

Test(stream, TE_11_an_endless_body_is_cut)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    for (int i = 0; i < 2; i++)
        live_talk(&l, live_stuffed(CODED_, "8\r\nabcdefgh\r\n", 140000, ""), answer, sizeof(answer));
    cr_expect_eq(l.arrived, 0);
    cr_expect_eq(status_of(&l, STR("GET /a HTTP/1.1\r\n" HOST_ END_)), 200);
    live_stop(&l);
}

Test(stream, only_a_trusted_proxy_names_the_peer)
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
        cr_expect_eq(status_of(&l, live_stuffed("GET /a HTTP/1.1\r\n", cases[i].header, 1, HOST_ END_)), 200);
        cr_expect(live_peer_is(answer, cases[i].peer), "%zu %s", i, answer);
        live_stop(&l);
    }
}

static int status_on(int fd, const char *fields)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    live_send(fd, live_stuffed("GET /a HTTP/1.1\r\n", fields, 1, HOST_ "\r\n"));
    cr_assert_eq(poll(&p, 1, 5000), 1);
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    cr_assert_gt(n, 0);
    answer[n] = '\0';
    return live_status(answer);
}

/* RL-04: each request of a connection is judged by the settings of its own moment. */
Test(stream, RL_04_the_trusted_proxies_of_the_moment_count)
{
    static const char far[] = "X-Forwarded-For: 192.0.2.1\r\n";
    static const struct {
        const char *proxies, *peer;
    } cases[] = {{"127.0.0.1", "192.0.2.1"}, {"", "127.0.0.1"}, {"192.0.2.9", "127.0.0.1"}, {"192.0.2.9 127.0.0.1", "192.0.2.1"}};
    struct live l;
    struct arena *a = arena_new(1 << 16);
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(listen_names(l.listener, a, &l.options.rules, str_of(cases[i].proxies)).kind, ERR_OK);
        cr_expect_eq(status_on(fd, far), 200);
        cr_expect(live_peer_is(answer, cases[i].peer), "%zu: %s", i, answer);
    }
    close(fd);
    live_stop(&l);
    arena_release(a);
}

Test(stream, names_that_are_changed_count_from_the_next_request_on)
{
    static const str other[] = {{"other.example", 13}};
    struct live l;
    struct arena *a = arena_new(1 << 16);
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    cr_expect_eq(status_on(fd, ""), 200);
    cr_assert_eq(listen_names(l.listener, a, &(struct guard_rules){other, 1}, STR("")).kind, ERR_OK);
    cr_expect_eq(status_on(fd, ""), 421);
    close(fd);
    live_stop(&l);
    arena_release(a);
}

/* A stream without a connection, as far as its body goes. */
static struct stream *alone(size_t memory)
{
    struct arena *a = arena_new(memory);
    struct stream *s = ARENA_NEW(a, struct stream);
    cr_assert_not_null(s);
    s->x.request.arena = a;
    return s;
}

Test(stream, a_body_costs_what_has_come)
{
    static char text[HTTP_BODY_MAX];
    struct stream *s = alone(HTTP_ARENA_MAX);
    for (size_t n = 0; n < sizeof text; n += 1024) {
        memset(text + n, (char)('a' + n / 1024 % 26), 1024);
        cr_assert_eq(stream_body(s, (str){text + n, 1024}).kind, ERR_OK);
        cr_assert(s->body_room <= 2048 || s->body_room < 2 * s->received);
    }
    cr_expect(s->received == sizeof text && memcmp(s->body, text, sizeof text) == 0);
    cr_expect_eq(stream_body(s, STR("")).kind, ERR_OK);
    cr_expect_eq(stream_body(s, STR("x")).kind, ERR_TOO_LARGE); /* IN-01, TE-11 */
    cr_expect_lt(arena_used(s->x.request.arena), (size_t)3 * HTTP_BODY_MAX);
    arena_release(s->x.request.arena);
}

Test(stream, a_body_without_memory_is_unavailable_and_what_had_come_stays)
{
    static char text[32768];
    struct stream *s = alone(16384);
    cr_assert_eq(stream_body(s, STR("abc")).kind, ERR_OK);
    cr_expect_eq(stream_body(s, (str){text, sizeof text}).kind, ERR_UNAVAILABLE);
    cr_expect_eq(memcmp(s->body, "abc", 3), 0);
    arena_release(s->x.request.arena);
}
