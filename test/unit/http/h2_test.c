/* SPDX-License-Identifier: MIT
 * HTTP/2 live, frames written by hand: deadlines, answers from other threads, peers that leave, the end. test_h2.py has foreign clients. */
#include "live_h2.h"
#include "server/pool.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static struct live l;
static struct pool *pool;

static void begin(void)
{
    live_h2_begin(&l);
}

static void end(void)
{
    live_stop(&l);
    live_h2_end();
}

TestSuite(h2, .init = begin, .fini = end);

static bool ends(SSL *ssl)
{
    return !live_h2_hears(ssl, "\1never\2");
}

Test(h2, a_request_is_answered_and_the_next_too)
{
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    cr_expect(live_h2_hears(ssl, "GET /a?#0:"));
    live_h2_frame(ssl, 1, 4, 3, STR(POST_));
    live_h2_frame(ssl, 0, 0, 3, STR("a="));
    live_h2_frame(ssl, 0, 1, 3, STR("b"));
    cr_expect(live_h2_hears(ssl, "POST /a?#1:a=b"));
    live_h2_part(ssl, fd);
}

Test(h2, IN_10_silence_ends_a_connection)
{
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    cr_expect(ends(ssl));
    live_h2_part(ssl, fd);
}

/* Takes what is there; true at the end. */
static bool ended(SSL *ssl)
{
    char some[4096];
    int n = SSL_read(ssl, some, sizeof some);
    return n <= 0 && SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ;
}

/* A frame now and then is no silence; poll's waiting for the server's end is the clock here. */
static bool dripped_to_death(SSL *ssl, int fd, unsigned char type, unsigned char id, str drip)
{
    int64_t until = clock_monotonic_us() + 5000000;
    while (clock_monotonic_us() < until) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 200) == 1 && ended(ssl))
            return true;
        live_h2_frame(ssl, type, 0, id, drip);
    }
    return false;
}

Test(h2, TE_11_a_dripping_body_ends)
{
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 4, 1, STR(POST_));
    SSL_set_mode(ssl, SSL_MODE_AUTO_RETRY);
    cr_expect(dripped_to_death(ssl, fd, 0, 1, STR("x")));
    cr_expect_eq(l.arrived, 0);
    live_h2_part(ssl, fd);
}

Test(h2, IN_10_a_head_that_does_not_end_ends)
{
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 0, 1, STR(GET_));
    cr_expect(dripped_to_death(ssl, fd, 9, 1, STR("")));
    cr_expect_eq(l.arrived, 0);
    live_h2_part(ssl, fd);
}

Test(h2, IN_10_who_does_not_read_its_answers_is_ended_whatever_else_it_says)
{
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 4, 0, 0, STR("\0\4\0\0\0\0")); /* SETTINGS: no window for bodies */
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    cr_expect(dripped_to_death(ssl, fd, 6, 0, STR("12345678"))); /* PING */
    cr_expect_eq(l.arrived, 1);
    live_h2_part(ssl, fd);
}

static void work(void *job)
{
    struct exchange *x = job;
    response_body(&x->response, 200, "text/plain", STR("from the lane"));
    listen_answer(x);
}

static void arrive(struct exchange *x, void *ignored)
{
    struct pool_job *job = ARENA_NEW(x->request.arena, struct pool_job);
    (void)ignored;
    l.arrived++;
    *job = (struct pool_job){work, x, NULL};
    cr_assert_eq(pool_submit(pool, job).kind, ERR_OK);
}

Test(h2, answers_from_a_lane_reach_their_streams_or_nobody)
{
    l.options.arrive = arrive;
    cr_assert_eq(pool_open("test", &(struct pool_size){2, 0, 1024}, &pool).kind, ERR_OK);
    live_start(&l);
    for (int round = 0; round < 50; round++) {
        int fd;
        SSL *ssl = live_h2_greet(&l, &fd);
        for (unsigned char id = 1; id < 20; id = (unsigned char)(id + 2))
            live_h2_frame(ssl, 1, 5, id, STR(GET_));
        live_h2_frame(ssl, 3, 0, 7, STR("\0\0\0\x08")); /* RST_STREAM, CANCEL */
        if (round % 2 == 0)
            cr_expect(live_h2_hears(ssl, "from the lane"));
        live_h2_part(ssl, fd);
    }
    live_stop(&l); /* waits for what is owed */
    l.listener = NULL;
    pool_close(pool);
}

Test(h2, after_quiesce_the_peer_is_told_to_go)
{
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    cr_assert(live_h2_hears(ssl, "GET /a?#0:"));
    listen_quiesce(l.listener);
    live_h2_frame(ssl, 1, 5, 3, STR(GET_));
    cr_expect(ends(ssl)); /* answered, then the end */
    size_t seen = 0;
    for (size_t i = 0; i + 10 <= live_h2.heard_n; i++)
        seen += memcmp(live_h2.heard + i, "GET /a?#0:", 10) == 0;
    cr_expect_eq(seen, 2u);
    live_h2_part(ssl, fd);
}
