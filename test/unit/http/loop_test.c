/* SPDX-License-Identifier: MIT
 * loop: what it keeps, its lists, its ids; and answers from other threads: every order of answering and falling asleep, peers that leave, a
 * listener that closes meanwhile. */
#include "http/loop.h"
#include "live.h"
#include "server/pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"

static struct pool *pool;
static char answer[1 << 16];

static void work(void *context)
{
    struct exchange *x = context;
    response_body(&x->response, 200, "text/plain", STR("from a pool"));
    listen_answer(x);
}

static void arrive(struct exchange *x, void *context)
{
    struct live *l = context;
    l->arrived++;
    struct pool_job *job = ARENA_NEW(x->request.arena, struct pool_job);
    cr_assert_not_null(job);
    *job = (struct pool_job){work, x, NULL};
    cr_assert_eq(pool_submit(pool, job).kind, ERR_OK);
}

static void start(struct live *l, unsigned threads)
{
    live_defaults(l);
    l->options.threads = threads;
    l->options.arrive = arrive;
    cr_assert_eq(pool_open("test", &(struct pool_size){2, 0, 1024}, &pool).kind, ERR_OK);
    live_start(l);
}

Test(loop, a_thousand_answers_from_a_pool)
{
    struct live l;
    start(&l, 2);
    int fd[8];
    for (int i = 0; i < 8; i++)
        fd[i] = live_connect(&l);
    for (int round = 0; round < 125; round++) {
        for (int i = 0; i < 8; i++)
            live_send(fd[i], STR("POST /a HTTP/1.1\r\n" HOST_ "Content-Length: 1\r\n\r\nx"));
        for (int i = 0; i < 8; i++) {
            size_t n = 0; /* an answer may come in two pieces */
            while (strstr(answer, "from a pool") == NULL || n == 0) {
                ssize_t got = recv(fd[i], answer + n, sizeof(answer) - 1 - n, 0);
                cr_assert_gt(got, 0);
                n += (size_t)got;
                answer[n] = '\0';
            }
        }
    }
    for (int i = 0; i < 8; i++)
        close(fd[i]);
    cr_expect_eq(l.arrived, 1000);
    live_stop(&l);
    pool_close(pool);
}

/* Jobs wait behind this one until the test opens the gate. */
static struct gate {
    struct pool_job job;
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool open;
} gates[2];

static void stand(void *context)
{
    struct gate *g = context;
    pthread_mutex_lock(&g->lock);
    while (!g->open)
        pthread_cond_wait(&g->opened, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void gates_shut(void)
{
    for (int i = 0; i < 2; i++) { /* one for each thread of the pool */
        gates[i] = (struct gate){.job = {stand, &gates[i], NULL}};
        pthread_mutex_init(&gates[i].lock, NULL);
        pthread_cond_init(&gates[i].opened, NULL);
        cr_assert_eq(pool_submit(pool, &gates[i].job).kind, ERR_OK);
    }
}

static void *gates_open(void *context)
{
    for (int i = 0; i < 2; i++) {
        pthread_mutex_lock(&gates[i].lock);
        gates[i].open = true;
        pthread_cond_signal(&gates[i].opened);
        pthread_mutex_unlock(&gates[i].lock);
    }
    return context;
}

static void wait_for_arrivals(struct live *l, int count)
{
    int fd = live_connect(l); /* refused inline by the one event thread: what was sent before has arrived by then */
    live_send(fd, STR("GET /a HTTP/1.1\r\nHost: evil\r\n\r\n"));
    live_read(fd, answer, sizeof(answer));
    close(fd);
    cr_assert_eq(l->arrived, count);
}

Test(loop, the_answer_to_a_peer_that_left_goes_nowhere)
{
    struct live l;
    start(&l, 1);
    gates_shut();
    int fd = live_connect(&l);
    live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ "\r\n"));
    wait_for_arrivals(&l, 1);
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    cr_expect_eq(l.gone, 1); /* the refused one alone: the sleeper is still owed its answer */
    gates_open(NULL);
    live_stop(&l);
    pool_close(pool);
}

Test(loop, closing_waits_for_answers_that_are_owed)
{
    struct live l;
    pthread_t opener;
    start(&l, 1);
    gates_shut();
    int fd = live_connect(&l);
    live_send(fd, STR("GET /a HTTP/1.1\r\n" HOST_ "\r\n"));
    wait_for_arrivals(&l, 1);
    listen_quiesce(l.listener);
    cr_assert_eq(pthread_create(&opener, NULL, gates_open, NULL), 0);
    live_stop(&l);
    pthread_join(opener, NULL);
    live_read(fd, answer, sizeof(answer));
    cr_expect_eq(live_status(answer), 200, "%s", answer);
    close(fd);
    pool_close(pool);
}

/* Answers that race with falling asleep: a thread of its own answers while arrive has not returned, or just has. */
static pthread_t racer;

static void *race(void *context)
{
    work(context);
    return NULL;
}

static void arrive_and_wait(struct exchange *x, void *context)
{
    struct live *l = context;
    l->arrived++;
    cr_assert_eq(pthread_create(&racer, NULL, race, x), 0);
    if (str_is(x->request.path, "/wait"))
        pthread_join(racer, NULL); /* answered before arrive returned */
    else
        pthread_detach(racer);
}

Test(loop, an_answer_before_sleep_needs_no_waking)
{
    struct live l;
    live_defaults(&l);
    l.options.arrive = arrive_and_wait;
    live_start(&l);
    for (int i = 0; i < 100; i++) {
        live_talk(&l, i % 2 ? STR("GET /wait HTTP/1.1\r\n" HOST_ "Connection: close\r\n\r\n") : STR("GET /race HTTP/1.1\r\n" HOST_ "Connection: close\r\n\r\n"),
                  answer, sizeof(answer));
        cr_assert_eq(live_status(answer), 200);
    }
    live_stop(&l);
}

/* Requests wait here until the test answers them by itself. */
enum { KEPT_MAX = 40 };
static struct exchange *_Atomic kept[KEPT_MAX];

static void keep(struct exchange *x, void *context)
{
    struct live *l = context;
    kept[l->arrived] = x; /* the test sends one at a time */
    l->arrived++;
}

static void start_keeping(struct live *l, unsigned threads, int fd[], int count)
{
    live_defaults(l);
    l->options.threads = threads;
    l->options.arrive = keep;
    live_start(l);
    for (int i = 0; i < count; i++) {
        fd[i] = live_connect(l);
        live_send(fd[i], STR("GET /a HTTP/1.1\r\n" HOST_ "Connection: close\r\n\r\n"));
        while (l->arrived <= i)
            sched_yield();
    }
}

static void answer_kept(int i)
{
    response_body(&kept[i]->response, 200, "text/plain", str_format(kept[i]->response.arena, "number %d.", i));
    listen_answer(kept[i]);
}

static void expect_own_answers(const int fd[], int from, int to)
{
    char own[32];
    for (int i = from; i < to; i++) {
        (void)snprintf(own, sizeof(own), "number %d.", i);
        live_read(fd[i], answer, sizeof(answer));
        cr_expect_not_null(strstr(answer, own), "%s: %s", own, answer);
        close(fd[i]);
    }
}

Test(loop, answers_that_are_given_together_go_out_at_the_end)
{
    struct live l;
    int fd[3];
    start_keeping(&l, 1, fd, 3);
    listen_answer_together(true);
    answer_kept(0);
    answer_kept(1);
    for (int turn = 0; turn < 2; turn++) /* the event thread has looked since, and would have found them */
        wait_for_arrivals(&l, 3);
    cr_expect(recv(fd[0], answer, sizeof(answer), MSG_DONTWAIT) < 0 && recv(fd[1], answer, sizeof(answer), MSG_DONTWAIT) < 0);
    listen_answer_together(false);
    expect_own_answers(fd, 0, 2);
    answer_kept(2); /* alone again */
    expect_own_answers(fd, 2, 3);
    live_stop(&l);
}

Test(loop, the_first_of_many_answers_do_not_wait_for_all)
{
    struct live l;
    int fd[KEPT_MAX];
    start_keeping(&l, 1, fd, KEPT_MAX);
    listen_answer_together(true);
    for (int i = 0; i < KEPT_MAX; i++)
        answer_kept(i);
    expect_own_answers(fd, 0, 32);
    listen_answer_together(false);
    expect_own_answers(fd, 32, KEPT_MAX);
    live_stop(&l);
}

Test(loop, answers_given_together_find_the_threads_that_they_belong_to)
{
    struct live l;
    int fd[KEPT_MAX];
    start_keeping(&l, 3, fd, KEPT_MAX);
    listen_answer_together(true);
    for (int i = KEPT_MAX - 1; i >= 0; i--)
        answer_kept(i);
    listen_answer_together(false);
    expect_own_answers(fd, 0, KEPT_MAX);
    live_stop(&l);
}

/* ---- a loop alone, without its thread ---- */

Test(loop, IN_10_a_list_is_in_the_order_of_the_last_sign_of_life)
{
    struct loop l = {.now_us = 1};
    struct loop_link list = {&list, &list, 0}, a = {0}, b = {0}, c = {0};
    loop_forget(&a); /* of no list: nothing */
    loop_touch(&l, &list, &a);
    loop_touch(&l, &list, &b);
    loop_touch(&l, &list, &c);
    cr_expect(list.next == &a && a.next == &b && b.next == &c && c.next == &list && list.previous == &c);
    l.now_us = 2;
    loop_touch(&l, &list, &a);
    cr_expect(list.next == &b && b.next == &c && c.next == &a && a.since_us == 2);
    l.now_us = 3;
    loop_touch(&l, &list, &a); /* the last stays the last, and is as young as now */
    cr_expect(list.previous == &a && a.since_us == 3 && a.previous == &c);
    loop_forget(&c);
    cr_expect(b.next == &a && a.previous == &b && c.next == NULL && c.previous == NULL);
    loop_forget(&c);
    loop_forget(&b);
    loop_forget(&a);
    cr_expect(list.next == &list && list.previous == &list);
}

Test(loop, arenas_and_buffers_wait_for_the_next_and_have_a_ceiling)
{
    static struct loop l;
    static struct arena *arenas[LOOP_ARENAS + 10];
    static char *buffers[LOOP_BUFFERS + 10];
    struct arena *first = loop_arena(&l);
    char *secret = arena_take(first, 32);
    memcpy(secret, "VERY-SECRET", 11);
    loop_arena_back(&l, first);
    cr_expect_eq(loop_arena(&l), first);
    cr_expect_eq(arena_used(first), 0u);
    cr_expect_null(memmem(arena_take(first, 32), 32, "SECRET", 6));
    arenas[0] = first;
    for (size_t i = 1; i < LOOP_ARENAS + 10; i++)
        cr_assert_not_null(arenas[i] = loop_arena(&l));
    for (size_t i = 0; i < LOOP_ARENAS + 10; i++)
        loop_arena_back(&l, arenas[i]);
    cr_expect_eq(l.arena_count, (size_t)LOOP_ARENAS);
    for (size_t i = 0; i < LOOP_BUFFERS + 10; i++)
        cr_assert_not_null(buffers[i] = loop_buffer(&l));
    for (size_t i = 0; i < LOOP_BUFFERS + 10; i++)
        loop_buffer_back(&l, buffers[i]);
    cr_expect_eq(l.buffer_count, (size_t)LOOP_BUFFERS);
    cr_expect_eq(loop_buffer(&l), buffers[LOOP_BUFFERS - 1]);
    loop_buffer_back(&l, buffers[LOOP_BUFFERS - 1]);
    while (l.arena_count > 0)
        arena_release(l.arenas[--l.arena_count]);
    while (l.buffer_count > 0)
        free(l.buffers[--l.buffer_count]);
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, 17);
}

Test(loop, LG_01_ids_are_16_hex_digits_and_do_not_repeat)
{
    enum { MANY = 100000 };
    static char ids[MANY][17];
    struct loop l = {.id = 7};
    for (int i = 0; i < MANY; i++) {
        loop_id(&l, ids[i]);
        cr_assert(strspn(ids[i], "0123456789abcdef") == 16 && ids[i][16] == '\0');
    }
    qsort(ids, MANY, sizeof ids[0], compare_ids);
    for (int i = 1; i < MANY; i++)
        cr_assert_neq(memcmp(ids[i - 1], ids[i], 17), 0);
}

/* RFC 9110 5.6.7, on days of each kind; the example of the RFC is among them. */
Test(loop, a_date_is_that_of_its_second)
{
    static const struct {
        unix_time at;
        const char *date;
    } cases[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},  {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {951868799, "Tue, 29 Feb 2000 23:59:59 GMT"},  {1798761599, "Thu, 31 Dec 2026 23:59:59 GMT"},
        {1798761600, "Fri, 01 Jan 2027 00:00:00 GMT"}, {1, "Thu, 01 Jan 1970 00:00:01 GMT"},
        {4107542399, "Sun, 28 Feb 2100 23:59:59 GMT"}, {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {-1, "Thu, 01 Jan 1970 00:00:00 GMT"}, /* a clock before all calendars */
    };
    struct loop l = {.id = 0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clock_set(cases[i].at);
        cr_expect_str_eq(loop_date(&l), cases[i].date);
        cr_expect_str_eq(loop_date(&l), cases[i].date, "asked again in the same second");
    }
    clock_set(0);
}
