/* SPDX-License-Identifier: MIT
 * Answers from other threads: every order of answering and falling asleep, peers that leave, a listener that closes
 * meanwhile. */
#include "live.h"
#include "server/pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
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
    response_body(&x->response, 200, "text/plain", STR("from the lane"));
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

Test(handover, a_thousand_answers_from_a_lane)
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
            while (strstr(answer, "from the lane") == NULL || n == 0) {
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

Test(handover, the_answer_to_a_peer_that_left_goes_nowhere)
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

Test(handover, closing_waits_for_answers_that_are_owed)
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

Test(handover, an_answer_before_sleep_needs_no_waking)
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
    char own[16];
    for (int i = from; i < to; i++) {
        (void)snprintf(own, sizeof(own), "number %d.", i);
        live_read(fd[i], answer, sizeof(answer));
        cr_expect_not_null(strstr(answer, own), "%s: %s", own, answer);
        close(fd[i]);
    }
}

Test(handover, answers_that_are_given_together_go_out_at_the_end)
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

Test(handover, the_first_of_many_answers_do_not_wait_for_all)
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

Test(handover, answers_given_together_find_the_threads_that_they_belong_to)
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
