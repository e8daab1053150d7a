/* SPDX-License-Identifier: MIT */
#include "server/pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/banned.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_gate;
static int standing, order[16], ran;
static atomic_int sum;
static char name[16];

static void stand(void *context)
{
    (void)context;
    pthread_mutex_lock(&lock);
    standing++;
    pthread_cond_broadcast(&changed);
    while (!open_gate)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void await_standing(int count)
{
    pthread_mutex_lock(&lock);
    while (standing < count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void gate_open(void)
{
    pthread_mutex_lock(&lock);
    open_gate = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void note(void *context)
{
    order[ran++] = *(int *)context;
}

static void add(void *context)
{
    (void)context;
    atomic_fetch_add(&sum, 1);
}

static void tell_name(void *context)
{
    (void)context;
    pthread_getname_np(pthread_self(), name, sizeof(name));
}

Test(pool, runs_in_order_and_refuses_beyond_its_bound) /* AV-08, RL-07 */
{
    struct pool *pool;
    struct pool_job gate = {stand, NULL, NULL}, jobs[4];
    int numbers[4] = {0, 1, 2, 3};
    cr_assert_eq(pool_open("order", &(struct pool_size){1, 0, 3}, &pool).kind, ERR_OK);
    cr_assert_eq(pool_submit(pool, &gate).kind, ERR_OK);
    await_standing(1);
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct pool_job){note, &numbers[i], NULL};
        cr_expect_eq(pool_submit(pool, &jobs[i]).kind, i < 3 ? ERR_OK : ERR_UNAVAILABLE);
    }
    cr_expect_eq(pool_waiting(pool), 3);
    gate_open();
    pool_close(pool);
    cr_expect_eq(ran, 3);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(order[i], i);
}

Test(pool, closing_runs_what_waits)
{
    static struct pool_job jobs[1000];
    struct pool *pool;
    cr_assert_eq(pool_open("drain", &(struct pool_size){4, 0, 1000}, &pool).kind, ERR_OK);
    for (int i = 0; i < 1000; i++) {
        jobs[i] = (struct pool_job){add, NULL, NULL};
        cr_assert_eq(pool_submit(pool, &jobs[i]).kind, ERR_OK);
    }
    pool_close(pool);
    cr_expect_eq(sum, 1000);
}

Test(pool, several_threads_work_at_once)
{
    struct pool *pool;
    struct pool_job gates[2] = {{stand, NULL, NULL}, {stand, NULL, NULL}};
    cr_assert_eq(pool_open("two", &(struct pool_size){2, 0, 2}, &pool).kind, ERR_OK);
    cr_assert_eq(pool_submit(pool, &gates[0]).kind, ERR_OK);
    cr_assert_eq(pool_submit(pool, &gates[1]).kind, ERR_OK);
    await_standing(2);
    gate_open();
    pool_close(pool);
}

static void stand_elsewhere(void *context)
{
    pool_waits(true);
    stand(context);
    pool_waits(false);
}

Test(pool, RL_06_who_waits_for_another_server_holds_up_nobody)
{
    struct pool *pool;
    struct pool_job gates[3] = {{stand_elsewhere, NULL, NULL}, {stand_elsewhere, NULL, NULL}, {stand, NULL, NULL}};
    cr_assert_eq(pool_open("away", &(struct pool_size){1, 2, 3}, &pool).kind, ERR_OK);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(pool_submit(pool, &gates[i]).kind, ERR_OK);
    await_standing(3); /* all three at once, on a pool of one thread */
    gate_open();
    pool_close(pool);
}

Test(pool, threads_bear_its_name_cut_to_what_the_kernel_takes)
{
    struct pool *pool;
    struct pool_job job = {tell_name, NULL, NULL};
    cr_assert_eq(pool_open("a-name-of-twenty-byte", &(struct pool_size){1, 0, 1}, &pool).kind, ERR_OK);
    cr_assert_eq(pool_submit(pool, &job).kind, ERR_OK);
    pool_close(pool);
    cr_expect_str_eq(name, "a-name-of-twent");
}

Test(pool, without_threads_or_room_it_does_not_open)
{
    struct pool *pool = NULL;
    cr_expect_eq(pool_open("none", &(struct pool_size){0, 0, 1}, &pool).kind, ERR_SERVER_ERROR);
    cr_expect_eq(pool_open("none", &(struct pool_size){1, 0, 0}, &pool).kind, ERR_SERVER_ERROR);
    cr_expect_null(pool);
    pool_close(NULL);
}
