/* SPDX-License-Identifier: MIT
 * connection_proxy, live: a listener that demands a PROXY header, with and without TLS, over both versions of HTTP. */
#include "live_h2.h"
#include "proxied.h"

#include "http/crowd.h"
#include "http/peer.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"
#define END_  "Connection: close\r\n\r\n"

static struct live l;
static char answer[1 << 16];
static atomic_int away;
static char away_peer[64], away_why[128];

static void note_turned_away(const char *peer, err why, void *context)
{
    (void)context;
    snprintf(away_peer, sizeof away_peer, "%s", peer);
    snprintf(away_why, sizeof away_why, "%s", err_why(why));
    away++; /* whoever has seen this sees those */
}

static void proxied_defaults(void)
{
    live_defaults(&l);
    l.options.proxied = true;
    l.options.trusted_proxies = STR("127.0.0.1");
    l.options.turned_away = note_turned_away;
}

/* The status of one request behind that header; 0: closed without a word. */
static int ask(str header, const char *fields)
{
    char text[1024];
    int fd = live_connect(&l), n = snprintf(text, sizeof text, "GET /a HTTP/1.1\r\n%s" HOST_ END_, fields);
    live_send(fd, header);
    live_send(fd, (str){text, (size_t)n});
    live_read(fd, answer, sizeof answer);
    close(fd);
    return live_status(answer);
}

Test(connection_proxy, RL_04_who_calls_is_whom_the_header_names)
{
    proxied_defaults();
    live_start(&l);
    cr_expect_eq(ask(proxied_from("203.0.113.9", STR("")), ""), 200);
    cr_expect(live_peer_is(answer, "203.0.113.9"), "%s", answer);
    cr_expect_eq(ask(proxied_from("2001:db8::7", STR("\4\0\1x")), ""), 200);
    cr_expect(live_peer_is(answer, "2001:db8::7"), "%s", answer);
    live_stop(&l);
    cr_expect_eq(away, 0);
}

Test(connection_proxy, a_health_check_and_an_unknown_family_have_the_proxy_s_own_address)
{
    proxied_defaults();
    live_start(&l);
    cr_expect_eq(ask(proxied_bytes(PROXIED_LOCAL, 0, STR(""), -1), ""), 200);
    cr_expect(live_peer_is(answer, "127.0.0.1"), "%s", answer);
    cr_expect_eq(ask(proxied_bytes(PROXIED_PROXY, 0, STR(""), -1), ""), 200);
    cr_expect(live_peer_is(answer, "127.0.0.1"), "%s", answer);
    live_stop(&l);
}

Test(connection_proxy, IN_02_without_a_header_a_connection_is_closed_and_told_of)
{
    proxied_defaults();
    live_start(&l);
    cr_expect_eq(ask(STR(""), ""), 0);
    cr_expect_eq(away, 1);
    cr_expect_str_eq(away_peer, "127.0.0.1");
    cr_expect_eq(ask(STR("PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n"), ""), 0);
    cr_expect_eq(away, 2);
    cr_expect_not_null(strstr(away_why, "version 2"));
    cr_expect_eq(ask(proxied_from("203.0.113.9", STR("\4")), ""), 0);
    cr_expect_eq(away, 3);
    live_stop(&l);
    cr_expect_eq(l.arrived + l.refused, 0);
}

Test(connection_proxy, RL_04_who_is_no_trusted_proxy_is_not_heard)
{
    proxied_defaults();
    l.options.trusted_proxies = STR("192.0.2.9 unix");
    live_start(&l);
    cr_expect_eq(ask(proxied_from("203.0.113.9", STR("")), ""), 0);
    cr_expect_eq(away, 1);
    cr_expect_str_eq(away_peer, "127.0.0.1");
    live_stop(&l);
    cr_expect_eq(l.arrived + l.refused, 0);
}

Test(connection_proxy, where_none_is_due_a_header_is_no_request)
{
    live_defaults(&l);
    l.options.trusted_proxies = STR("127.0.0.1");
    live_start(&l);
    cr_expect_eq(ask(proxied_from("203.0.113.9", STR("")), ""), 400);
    cr_expect_eq(l.arrived, 0);
    live_stop(&l);
}

/* Whom the header names speaks HTTP to us: what it says of itself counts as if it had connected by itself. */
Test(connection_proxy, RL_04_X_Forwarded_For_counts_when_the_named_one_is_a_trusted_proxy_too)
{
    static const struct {
        const char *from, *peer;
    } cases[] = {{"203.0.113.9", "203.0.113.9"}, {"192.0.2.80", "198.51.100.1"}, {"127.0.0.1", "198.51.100.1"}};
    proxied_defaults();
    l.options.trusted_proxies = STR("127.0.0.1 192.0.2.80");
    live_start(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(ask(proxied_from(cases[i].from, STR("")), "X-Forwarded-For: 198.51.100.1\r\n"), 200);
        cr_expect(live_peer_is(answer, cases[i].peer), "%zu %s", i, answer);
    }
    cr_expect_eq(ask(proxied_bytes(PROXIED_PROXY, 0, STR(""), -1), "X-Forwarded-For: 198.51.100.1\r\n"), 200);
    cr_expect(live_peer_is(answer, "127.0.0.1"), "nobody says whose connection it is: %s", answer);
    cr_expect_eq(ask(proxied_bytes(PROXIED_LOCAL, 0, STR(""), -1), "X-Forwarded-For: 198.51.100.1\r\n"), 200);
    cr_expect(live_peer_is(answer, "127.0.0.1"), "%s", answer);
    live_stop(&l);
}

Test(connection_proxy, RL_06_connections_count_for_whom_the_header_names)
{
    struct in6_addr busy;
    cr_assert(peer_parse(STR("203.0.113.9"), &busy));
    proxied_defaults();
    live_start(&l);
    for (int i = 0; i < HTTP_CONNECTIONS_MAX && crowd_admits(&busy); i++)
        crowd_enter(&busy);
    cr_assert_not(crowd_admits(&busy));
    cr_expect_eq(ask(proxied_from("203.0.113.9", STR("")), ""), 0);
    cr_expect_eq(ask(proxied_from("203.0.113.10", STR("")), ""), 200);
    crowd_leave(&busy);
    for (int i = 0; i < 3; i++) /* each gives its place back */
        cr_expect_eq(ask(proxied_from("203.0.113.9", STR("")), ""), 200);
    int fd = live_connect(&l); /* this one keeps it */
    live_send(fd, proxied_from("203.0.113.9", STR("")));
    live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ "\r\n"));
    cr_assert_gt(recv(fd, answer, sizeof answer, 0), 0);
    cr_expect_eq(ask(proxied_from("203.0.113.9", STR("")), ""), 0);
    close(fd);
    live_stop(&l);
    cr_expect(crowd_admits(&busy));
}

Test(connection_proxy, IN_10_a_header_has_the_time_of_a_head)
{
    str header = proxied_from("203.0.113.9", STR(""));
    proxied_defaults();
    l.options.idle_seconds = 1;
    live_start(&l);
    int silent = live_connect(&l), dripping = live_connect(&l);
    bool ended = false;
    for (size_t i = 0; i < header.n - 1 && !ended; i++) {
        struct pollfd p = {.fd = dripping, .events = POLLIN};
        ended = poll(&p, 1, 200) == 1;
        live_send(dripping, (str){header.p + i, 1});
    }
    cr_expect(ended);
    cr_expect_eq(live_read(silent, answer, sizeof answer), 0);
    close(silent);
    close(dripping);
    live_stop(&l);
    cr_expect_eq(l.arrived, 0);
}

Test(connection_proxy, header_and_request_may_come_in_pieces_of_any_size)
{
    static char all[512];
    str header = proxied_from("203.0.113.9", STR("\4\0\3xyz")), request = STR("GET /a HTTP/1.1\r\n" HOST_ END_);
    memcpy(all, header.p, header.n);
    memcpy(all + header.n, request.p, request.n);
    size_t n = header.n + request.n;
    proxied_defaults();
    live_start(&l);
    for (size_t piece = 1; piece <= n; piece += piece < 20 ? 1 : 13) {
        int fd = live_connect(&l), on = 1;
        cr_assert_eq(setsockopt(fd, 6 /* TCP */, 1 /* NODELAY */, &on, sizeof on), 0);
        for (size_t at = 0; at < n; at += piece)
            live_send(fd, (str){all + at, n - at < piece ? n - at : piece});
        live_read(fd, answer, sizeof answer);
        close(fd);
        cr_expect(live_status(answer) == 200 && live_peer_is(answer, "203.0.113.9"), "%zu: %s", piece, answer);
    }
    live_stop(&l);
}

static void tls_begin(void)
{
    live_h2_begin(&l);
    l.options.proxied = true;
    l.options.trusted_proxies = STR("127.0.0.1");
}

Test(connection_proxy, before_TLS_it_stands_in_the_clear, .init = tls_begin, .fini = live_h2_end)
{
    live_start(&l);
    int fd = live_connect(&l), n, total = 0;
    live_send(fd, proxied_from("203.0.113.9", STR("\x20\0\5\7\0\0\0\0"))); /* PP2_TYPE_SSL says that a certificate was verified: nobody asks */
    SSL_CTX *plain = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(plain);
    SSL_set_fd(ssl, fd);
    cr_assert_eq(SSL_connect(ssl), 1);
    cr_assert_gt(SSL_write(ssl, "GET /a HTTP/1.1\r\n" HOST_ END_, sizeof "GET /a HTTP/1.1\r\n" HOST_ END_ - 1), 0);
    while ((n = SSL_read(ssl, answer + total, (int)sizeof answer - 1 - total)) > 0)
        total += n;
    answer[total] = '\0';
    cr_expect(live_status(answer) == 200 && live_peer_is(answer, "203.0.113.9"), "%s", answer);
    live_h2_part(ssl, fd);
    SSL_CTX_free(plain);
    live_stop(&l);
}

static int greet_behind_header(SSL **ssl, str header)
{
    int fd = live_connect(&l);
    live_send(fd, header);
    *ssl = SSL_new(live_h2.context);
    SSL_set_fd(*ssl, fd);
    live_h2.heard_n = 0;
    return SSL_connect(*ssl) == 1 && SSL_write(*ssl, LIVE_H2_PREFACE, sizeof LIVE_H2_PREFACE - 1) > 0 ? fd : -fd;
}

static char h2_peer[64];
static void arrive_of_h2(struct exchange *x, void *context)
{
    (void)context;
    memcpy(h2_peer, x->request.peer.p, x->request.peer.n);
    l.arrived++;
    response_body(&x->response, 200, "text/plain", STR("well"));
    listen_answer(x);
}

Test(connection_proxy, HTTP_2_has_the_named_address_too, .init = tls_begin, .fini = live_h2_end)
{
    SSL *ssl;
    l.options.arrive = arrive_of_h2;
    live_start(&l);
    int fd = greet_behind_header(&ssl, proxied_from("2001:db8::7", STR("")));
    cr_assert_gt(fd, 0);
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    cr_expect(live_h2_hears(ssl, "well"));
    cr_assert_eq(l.arrived, 1);
    cr_expect_str_eq(h2_peer, "2001:db8::7");
    live_h2_part(ssl, fd);
    fd = greet_behind_header(&ssl, STR("")); /* no header: no handshake */
    cr_expect_lt(fd, 0);
    live_h2_part(ssl, -fd);
    live_stop(&l);
}

/* RL-04: the verdict is that of the settings in force when a request begins, not when its connection began. */
Test(connection_proxy, RL_04_a_proxy_that_is_struck_from_the_list_is_believed_no_more)
{
    struct arena *a = arena_new(1 << 16);
    struct pollfd p = {.events = POLLIN};
    proxied_defaults();
    live_start(&l);
    int fd = p.fd = live_connect(&l);
    live_send(fd, proxied_from("203.0.113.9", STR("")));
    live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ "\r\n"));
    cr_assert_eq(poll(&p, 1, 5000), 1);
    cr_assert_gt(recv(fd, answer, sizeof answer - 1, 0), 0);
    cr_expect(live_status(answer) == 200 && live_peer_is(answer, "203.0.113.9"));
    cr_assert_eq(listen_names(l.listener, a, &l.options.rules, STR("192.0.2.9")).kind, ERR_OK);
    live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ "\r\n"));
    live_read(fd, answer, sizeof answer); /* to the end: it is closed */
    cr_expect_eq(live_status(answer), 421);
    cr_expect_eq(l.arrived, 1);
    close(fd);
    live_stop(&l);
    arena_release(a);
}
