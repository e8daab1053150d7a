/* SPDX-License-Identifier: MIT
 * Sieges: what one peer can cost or keep, and what must end whatever it does. */
#include "http/loop.h"
#include "http/live_h2.h"

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

static struct live l;

static void begin(void)
{
    live_h2_begin(&l);
}

static void end(void)
{
    live_h2_end();
}

TestSuite(siege, .init = begin, .fini = end);

static size_t heap(void) /* resident bytes, whatever the allocator */
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    cr_assert(f != NULL && fscanf(f, "%ld %ld", &pages, &resident) == 2);
    fclose(f);
    return (size_t)resident * 4096;
}

/* A round trip: what was sent before is read. */
static void ping(SSL *ssl, const char *word)
{
    live_h2_frame(ssl, 6, 0, 0, str_of(word));
    (void)live_h2_hears(ssl, word);
}

/* Peers here are slow on purpose, and this is their clock; nothing is judged by it. */
static void nap(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* ---- RL-06: cookie crumbs ---- */
Test(siege, RL_06_crumbs_of_cookies_cost_what_they_weigh)
{
    int fd;
    char head[3000];
    size_t n = sizeof POST_ - 1;
    l.options.idle_seconds = 15;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    memcpy(head, POST_, n);
    memset(head + n, 0xa0, 1900); /* `cookie:` without a value, from the static table */
    n += 1900;
    ping(ssl, "prepare!");
    size_t before = heap();
    for (unsigned id = 1; id < 128; id += 2)
        live_h2_frame(ssl, 1, 4, id, (str){head, n});
    ping(ssl, "is_done!");
    size_t after = heap();
    cr_expect_lt(after - before, (size_t)16 << 20);
    live_h2_part(ssl, fd);
    live_stop(&l);
}

/* ---- made to reset: orphans ---- */
static struct exchange *held[4096];
static atomic_int held_n;
static void hold(struct exchange *x, void *ignored)
{
    (void)ignored;
    l.arrived++;
    held[held_n++] = x;
}
static void let_go(void)
{
    for (int i = 0; i < held_n; i++) {
        response_body(&held[i]->response, 200, "text/plain", STR("late"));
        listen_answer(held[i]);
    }
}

Test(siege, RL_06_made_to_reset_streams_count_until_they_are_answered)
{
    int fd;
    l.options.arrive = hold;
    l.options.idle_seconds = 15;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    for (unsigned id = 1; id < 2000; id += 2) {
        live_h2_frame(ssl, 1, 5, id, STR(GET_));
        live_h2_frame(ssl, 8, 0, id, STR("\x7f\xff\xff\xff")); /* a window beyond all windows: we reset the stream ourselves */
    }
    ping(ssl, "is_done!");
    cr_expect_leq(held_n, 300);
    let_go();
    live_h2_part(ssl, fd);
    live_stop(&l);
}

/* ---- IN-02: a malformed field ---- */
Test(siege, IN_02_a_malformed_field_is_refused_in_h2_too)
{
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 5, 1,
                  STR(GET_ "\0\x04"
                           "dpop"
                           "\x03"
                           "a\1b"));
    ping(ssl, "is_done1");
    live_h2_frame(ssl, 1, 5, 3,
                  STR(GET_ "\0\x04"
                           "dpop"
                           "\x04"
                           "abc "));
    ping(ssl, "is_done2");
    live_h2_frame(ssl, 1, 5, 5,
                  STR(GET_ "\0\x04"
                           "d(op"
                           "\x04"
                           "abcd"));
    ping(ssl, "is_done3");
    cr_expect_eq(l.arrived, 0);
    live_h2_part(ssl, fd);
    live_stop(&l);
}

/* ---- TE-11: other requests keep one that does not end alive ---- */
Test(siege, TE_11_a_request_that_does_not_end_ends_whatever_else_is_asked)
{
    int fd;
    bool ended = false;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 4, 1, STR(POST_));
    for (unsigned id = 3; id < 40 && !ended; id += 2) { /* 9 s, idle is 1 s */
        live_h2_frame(ssl, 1, 5, id, STR(GET_));
        live_h2_frame(ssl, 0, 0, 1, STR("x"));
        live_h2.heard_n = 0;
        ended = !live_h2_hears(ssl, "GET /a?#0:") || memmem(live_h2.heard, live_h2.heard_n, "\0\0\4\3\0\0\0\0\1", 9) != NULL; /* RST_STREAM, of it alone */
        nap(400);
    }
    cr_expect(ended);
    live_h2_part(ssl, fd);
    live_stop(&l);
}

/* ---- the end ---- */
static char large[8 << 20];
static void arrive_large(struct exchange *x, void *ignored)
{
    (void)ignored;
    l.arrived++;
    response_body(&x->response, 200, "text/plain", (str){large, sizeof large});
    listen_answer(x);
}

static atomic_bool closed;
static void *close_it(void *ignored)
{
    (void)ignored;
    listen_close(l.listener);
    closed = true;
    return NULL;
}

Test(siege, listen_close_ends_whatever_a_slow_reader_does)
{
    pthread_t t;
    char some[30000];
    int little = 8192;
    l.options.pairs.count = 0;
    l.options.arrive = arrive_large;
    live_start(&l);
    int fd = live_connect(&l);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    live_send(fd, STR("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    nap(200);
    int64_t begun = clock_monotonic_us();
    pthread_create(&t, NULL, close_it, NULL);
    ssize_t n = 1;
    while (!closed && n > 0 && clock_monotonic_us() - begun < 12000000) {
        n = recv(fd, some, sizeof some, 0);
        nap(300);
    }
    cr_expect(closed);
    close(fd);
    pthread_join(t, NULL);
}

/* ---- errors of others ---- */
static void arrive_failing(struct exchange *x, void *ignored)
{
    (void)ignored;
    l.arrived++;
    ERR_raise(ERR_LIB_EVP, 1); /* as some failed verification leaves it */
    response_body(&x->response, 200, "text/plain", STR("well"));
    listen_answer(x);
}

Test(siege, an_error_that_a_handler_left_ends_no_connection)
{
    int fd;
    l.options.arrive = arrive_failing;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    cr_expect(live_h2_hears(ssl, "well"));
    nap(100);
    live_h2.heard_n = 0;
    live_h2_frame(ssl, 1, 5, 3, STR(GET_));
    cr_expect(live_h2_hears(ssl, "well"));
    live_h2_part(ssl, fd);
    live_stop(&l);
}

/* ---- KeyUpdate ---- */
static unsigned char wire[12 << 20];
static size_t wire_n;
static void *pour(void *fd)
{
    live_send(*(int *)fd, (str){(char *)wire, wire_n});
    return NULL;
}

Test(siege, IN_10_a_flood_of_key_updates_hinders_nobody, .timeout = 60)
{
    int fd, fd2;
    l.options.idle_seconds = 15;
    live_start(&l);
    fd = live_connect(&l);
    SSL *ssl = SSL_new(live_h2.context);
    SSL_set_fd(ssl, fd);
    cr_assert_eq(SSL_connect(ssl), 1);
    SSL *victim = live_h2_greet(&l, &fd2);
    ping(victim, "prepare!");
    BIO *sink = BIO_new(BIO_s_mem());
    BIO_up_ref(sink);
    SSL_set0_wbio(ssl, sink);
    for (int i = 0; i < 100000; i++) {
        cr_assert_eq(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        cr_assert_eq(SSL_do_handshake(ssl), 1);
    }
    wire_n = (size_t)BIO_read(sink, wire, sizeof wire);
    BIO_free(sink);
    pthread_t t;
    pthread_create(&t, NULL, pour, &fd);
    nap(30);
    int64_t worst = 0;
    for (int i = 0; i < 20; i++) {
        char w[9] = "pingpin0";
        w[7] = (char)('A' + i);
        int64_t asked = clock_monotonic_us();
        ping(victim, w);
        asked = clock_monotonic_us() - asked;
        worst = asked > worst ? asked : worst;
    }
    cr_expect_lt(worst, 1500000); /* half of what the flood takes when it is not cut */
    live_h2_part(victim, fd2);
    pthread_join(t, NULL);
    SSL_free(ssl);
    close(fd);
    live_stop(&l);
}
