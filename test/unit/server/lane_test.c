/* SPDX-License-Identifier: MIT */
#include "server/lane.h"

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

Test(lane, runs_in_order_and_refuses_beyond_its_bound) /* AV-08, RL-07 */
{
    struct lane *lane;
    struct lane_job gate = {stand, NULL, NULL}, jobs[4];
    int numbers[4] = {0, 1, 2, 3};
    cr_assert_eq(lane_open("order", &(struct lane_size){1, 0, 3}, &lane).kind, ERR_OK);
    cr_assert_eq(lane_submit(lane, &gate).kind, ERR_OK);
    await_standing(1);
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct lane_job){note, &numbers[i], NULL};
        cr_expect_eq(lane_submit(lane, &jobs[i]).kind, i < 3 ? ERR_OK : ERR_UNAVAILABLE);
    }
    cr_expect_eq(lane_waiting(lane), 3);
    gate_open();
    lane_close(lane);
    cr_expect_eq(ran, 3);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(order[i], i);
}

Test(lane, closing_runs_what_waits)
{
    static struct lane_job jobs[1000];
    struct lane *lane;
    cr_assert_eq(lane_open("drain", &(struct lane_size){4, 0, 1000}, &lane).kind, ERR_OK);
    for (int i = 0; i < 1000; i++) {
        jobs[i] = (struct lane_job){add, NULL, NULL};
        cr_assert_eq(lane_submit(lane, &jobs[i]).kind, ERR_OK);
    }
    lane_close(lane);
    cr_expect_eq(sum, 1000);
}

Test(lane, several_threads_work_at_once)
{
    struct lane *lane;
    struct lane_job gates[2] = {{stand, NULL, NULL}, {stand, NULL, NULL}};
    cr_assert_eq(lane_open("two", &(struct lane_size){2, 0, 2}, &lane).kind, ERR_OK);
    cr_assert_eq(lane_submit(lane, &gates[0]).kind, ERR_OK);
    cr_assert_eq(lane_submit(lane, &gates[1]).kind, ERR_OK);
    await_standing(2);
    gate_open();
    lane_close(lane);
}

static void stand_elsewhere(void *context)
{
    lane_waits(true);
    stand(context);
    lane_waits(false);
}

Test(lane, RL_06_who_waits_for_another_server_holds_up_nobody)
{
    struct lane *lane;
    struct lane_job gates[3] = {{stand_elsewhere, NULL, NULL}, {stand_elsewhere, NULL, NULL}, {stand, NULL, NULL}};
    cr_assert_eq(lane_open("away", &(struct lane_size){1, 2, 3}, &lane).kind, ERR_OK);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(lane_submit(lane, &gates[i]).kind, ERR_OK);
    await_standing(3); /* all three at once, on a lane of one thread */
    gate_open();
    lane_close(lane);
}

Test(lane, threads_bear_its_name_cut_to_what_the_kernel_takes)
{
    struct lane *lane;
    struct lane_job job = {tell_name, NULL, NULL};
    cr_assert_eq(lane_open("a-name-of-twenty-byte", &(struct lane_size){1, 0, 1}, &lane).kind, ERR_OK);
    cr_assert_eq(lane_submit(lane, &job).kind, ERR_OK);
    lane_close(lane);
    cr_expect_str_eq(name, "a-name-of-twent");
}

Test(lane, without_threads_or_room_it_does_not_open)
{
    struct lane *lane = NULL;
    cr_expect_eq(lane_open("none", &(struct lane_size){0, 0, 1}, &lane).kind, ERR_SERVER_ERROR);
    cr_expect_eq(lane_open("none", &(struct lane_size){1, 0, 0}, &lane).kind, ERR_SERVER_ERROR);
    cr_expect_null(lane);
    lane_close(NULL);
}
