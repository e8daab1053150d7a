/* SPDX-License-Identifier: MIT
 * connection, live: deadlines, the last word, turns. */
#include "live.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"
#define END_  "Connection: close\r\n\r\n"

static char answer[1 << 20];

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

Test(connection, IN_10_silence_ends_a_connection)
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

Test(connection, IN_10_a_dripping_head_ends)
{
    struct live l;
    live_defaults(&l);
    l.options.idle_seconds = 1;
    live_start(&l);
    cr_expect(dripped_to_death(&l, STR("GET /a HTTP/1.1\r\nX: "), STR("y")));
    live_stop(&l);
}

Test(connection, TE_11_a_dripping_body_ends)
{
    struct live l;
    live_defaults(&l);
    l.options.idle_seconds = 1;
    live_start(&l);
    cr_expect(dripped_to_death(&l, STR("POST /a HTTP/1.1\r\n" HOST_ "Content-Length: 1000\r\n\r\n"), STR("y")));
    cr_expect_eq(l.arrived, 0);
    live_stop(&l);
}

static struct exchange *_Atomic held;
static void hold(struct exchange *x, void *context)
{
    struct live *l = context;
    l->arrived++;
    held = x;
}

/* 2. and 3. of the file's head: what takes its time is ours then. */
Test(connection, silence_does_not_end_who_waits_for_an_answer)
{
    struct live l;
    live_defaults(&l);
    l.options.arrive = hold;
    l.options.idle_seconds = 1;
    live_start(&l);
    int fd = live_connect(&l), idle = live_connect(&l);
    live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ END_));
    cr_expect_eq(live_read(idle, answer, sizeof answer), 0u); /* the clock: this one is ended for its silence, after one span … */
    close(idle);
    struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};
    cr_expect_eq(poll(&p, 1, 2500), 0); /* … and no deadline of a head or an answer, two spans, ends the other */
    response_body(&held->response, 200, "text/plain", STR("late"));
    listen_answer(held);
    live_read(fd, answer, sizeof answer);
    cr_expect_eq(live_status(answer), 200);
    close(fd);
    live_stop(&l);
}

/* 1. of the file's head: a close with bytes unread is a reset, which takes the answer away from who still sends (RFC 9112 9.6). */
Test(connection, the_last_word_is_heard_by_who_still_sends)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    for (int i = 0; i < 20; i++) {
        int fd = live_connect(&l);
        live_send(fd, live_stuffed("GET /a HTTP/1.1\r\nHost: evil\r\n\r\n", "x", 700000, ""));
        cr_assert_eq(shutdown(fd, SHUT_WR), 0);
        cr_expect_gt(live_read(fd, answer, sizeof answer), 0u);
        cr_expect_eq(live_status(answer), 421);
        close(fd);
    }
    live_stop(&l);
}

Test(connection, IN_10_who_never_stops_is_not_heard_without_end)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    live_send(fd, STR("GET /a HTTP/1.1\r\nHost: evil\r\n\r\n"));
    str much = live_stuffed("", "x", 1 << 20, "");
    size_t sent = 0;
    for (ssize_t n; sent < (size_t)64 << 20 && (n = send(fd, much.p, much.n, MSG_NOSIGNAL)) > 0;)
        sent += (size_t)n;
    cr_expect_lt(sent, (size_t)64 << 20);
    close(fd);
    live_stop(&l);
}

static sem_t entered, leave;
static atomic_int before_the_other;
static void count_or_stand(struct exchange *x, void *context)
{
    struct live *l = context;
    if (str_is(x->request.path, "/stand")) {
        sem_post(&entered);
        sem_wait(&leave);
    } else if (str_is(x->request.path, "/other")) {
        before_the_other = l->arrived;
    }
    l->arrived++;
    response_body(&x->response, 204, NULL, STR_ABSENT);
    listen_answer(x);
}

/* One connection has its share of a turn; what it sends beyond that waits until others had theirs. */
Test(connection, RL_06_who_sends_much_at_once_leaves_others_their_turn)
{
    enum { MANY = 800 };
    struct live l;
    sem_init(&entered, 0, 0);
    sem_init(&leave, 0, 0);
    live_defaults(&l);
    l.options.arrive = count_or_stand;
    live_start(&l);
    int stands = live_connect(&l), many = live_connect(&l), other = live_connect(&l);
    live_send(stands, STR("GET /stand HTTP/1.1\r\n" HOST_ "\r\n"));
    sem_wait(&entered); /* the one event thread stands: what comes now waits together */
    live_send(many, live_stuffed("", "GET /m HTTP/1.1\r\n" HOST_ "\r\n", MANY, ""));
    live_send(other, STR("GET /other HTTP/1.1\r\n" HOST_ END_));
    sem_post(&leave);
    cr_expect_gt(live_read(other, answer, sizeof answer), 0u);
    cr_expect_lt(before_the_other, MANY / 4);
    live_send(many, STR("GET /m HTTP/1.1\r\n" HOST_ END_));
    cr_expect_gt(live_read(many, answer, sizeof answer), 0u);
    cr_expect_eq(l.arrived, MANY + 3); /* and none is forgotten */
    close(stands);
    close(many);
    close(other);
    live_stop(&l);
}
