/* SPDX-License-Identifier: MIT
 * connection_h2: when frames go out, when nothing is read, what is kept of either. */
#include "http/loop.h"
#include "live_h2.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

static struct live l;

static void begin(void)
{
    live_h2_begin(&l);
}

TestSuite(connection_h2, .init = begin, .fini = live_h2_end);

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

static atomic_bool closed;
static void *close_it(void *ignored)
{
    (void)ignored;
    listen_close(l.listener);
    closed = true;
    return NULL;
}

static char large[8 << 20];

Test(connection_h2, listen_close_ends_whatever_a_slow_reader_of_h2_does)
{
    pthread_t t;
    int fd;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 4, 0, 0, STR("\0\4\0\0\0\0")); /* no window for bodies */
    for (unsigned id = 1; id < 60; id += 2)
        live_h2_frame(ssl, 1, 5, id, STR(GET_));
    ping(ssl, "is_done!");
    int64_t begun = clock_monotonic_us();
    pthread_create(&t, NULL, close_it, NULL);
    for (unsigned id = 1; id < 60 && !closed && clock_monotonic_us() - begun < 14000000; id += 2) {
        live_h2_frame(ssl, 8, 0, id, STR("\0\0\x40\0"));
        nap(800);
    }
    cr_expect(closed);
    live_h2_part(ssl, fd);
    pthread_join(t, NULL);
}

static size_t descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

Test(connection_h2, a_connection_that_lingers_is_closed_with_its_listener)
{
    int fd;
    l.options.arrive = hold;
    l.options.idle_seconds = 15;
    size_t before = descriptors();
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    ping(ssl, "is_here!");
    live_h2_frame(ssl, 3, 0, 1, STR("\0\0\0\x08"));
    live_h2_frame(ssl, 7, 0, 0, STR("\0\0\0\0\0\0\0\0")); /* GOAWAY */
    nap(200);
    let_go();
    nap(200);
    live_stop(&l);
    live_h2_part(ssl, fd);
    cr_expect_eq(descriptors(), before);
}

/* ---- wiping ---- */
static void arrive_secret(struct exchange *x, void *ignored)
{
    (void)ignored;
    l.arrived++;
    bool first = l.arrived == 1;
    response_body(&x->response, 200, "text/plain", first ? STR("VERY-SECRET-TOKEN") : (str){large, sizeof large});
    listen_answer(x);
}

Test(connection_h2, buffers_that_wait_hold_no_answers)
{
    int fd;
    l.options.arrive = arrive_secret;
    l.options.idle_seconds = 15;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    static char two[200];
    size_t n = 0;
    live_h2_frame(ssl, 4, 0, 0, STR("\0\4\x7f\xff\xff\xff")); /* windows without end */
    live_h2_frame(ssl, 8, 0, 0, STR("\x7f\0\0\0"));
    for (unsigned char id = 1; id < 4; id = (unsigned char)(id + 2)) {
        const char head[9] = {0, 0, sizeof GET_ - 1, 1, 5, 0, 0, 0, (char)id};
        memcpy(two + n, head, 9);
        memcpy(two + n + 9, GET_, sizeof GET_ - 1);
        n += 9 + sizeof GET_ - 1;
    }
    (void)SSL_write(ssl, two, (int)n);
    nap(500); /* nothing is read: the large answer stands still */
    struct loop *loop = &l.listener->loops[0];
    size_t found = 0;
    for (size_t i = 0; i < loop->buffer_count; i++)
        found += memmem(loop->buffers[i], LOOP_BUFFER_SIZE, "VERY-SECRET-TOKEN", 17) != NULL;
    cr_expect_eq(found, 0u);
    live_h2_part(ssl, fd);
    live_stop(&l);
}

static void arrive_counted(struct exchange *x, void *ignored)
{
    (void)ignored;
    bool first = ++l.arrived == 1;
    response_body(&x->response, 200, "text/plain", first ? (str){large, sizeof large} : STR("well"));
    listen_answer(x);
}

/* Who does not read is not read, so what waits is bounded: frames behind a full socket are not even looked at. */
Test(connection_h2, RL_06_who_does_not_read_is_not_read)
{
    int fd, other;
    l.options.arrive = arrive_counted;
    l.options.idle_seconds = 15;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    live_h2_frame(ssl, 4, 0, 0, STR("\0\4\x7f\xff\xff\xff")); /* windows without end */
    live_h2_frame(ssl, 8, 0, 0, STR("\x7f\0\0\0"));
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    for (int still = 0; l.arrived == 0 && still < 5000; still++)
        nap(1);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&p, 1, 5000), 1);
    nap(100); /* the large answer fills the socket, and stands */
    for (unsigned id = 3; id < 103; id += 2)
        live_h2_frame(ssl, 1, 5, id, STR(GET_));
    SSL *neighbour = live_h2_greet(&l, &other);
    ping(neighbour, "is_done!"); /* what came before has been looked at, or never is */
    cr_expect_eq(l.arrived, 1);
    live_h2_part(neighbour, other);
    live_h2.heard_n = 0;
    for (int n = 1; n > 0 && l.arrived < 51;) { /* now it reads */
        static char some[65536];
        n = SSL_read(ssl, some, sizeof some);
    }
    cr_expect_eq(l.arrived, 51);
    live_h2_part(ssl, fd);
    live_stop(&l);
}

Test(connection_h2, what_is_due_together_goes_in_one_record)
{
    int fd;
    l.options.idle_seconds = 15;
    live_start(&l);
    SSL *ssl = live_h2_greet(&l, &fd);
    ping(ssl, "is_here!");
    live_h2.heard_n = 0;
    live_h2_frame(ssl, 1, 5, 1, STR(GET_));
    int n = SSL_read(ssl, live_h2.heard, sizeof live_h2.heard); /* one record at the most */
    cr_assert_gt(n, 0);
    cr_expect_not_null(memmem(live_h2.heard, (size_t)n, "GET /a?#0:", 10)); /* the head and the body of the answer */
    live_h2_part(ssl, fd);
    live_stop(&l);
}
