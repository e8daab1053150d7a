/* SPDX-License-Identifier: MIT
 * sender_memory: a proof counts once within the time, whoever asks and however often, and without room nobody gets a yes (RL-06). */
#include "clientauth/sender_memory.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

#include "base/banned.h"

#define KEY   STR("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
#define OTHER STR("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")

enum { NOW = 1700000000, REMEMBER = 60 };

static bool fresh(str key, str jti, unix_time now)
{
    bool is = false;
    cr_assert_eq(sender_memory_take(key, jti, now, REMEMBER, &is).kind, ERR_OK);
    return is;
}

Test(sender_memory, a_proof_counts_once_for_its_key)
{
    cr_expect(fresh(KEY, STR("a"), NOW));
    cr_expect_not(fresh(KEY, STR("a"), NOW));
    cr_expect(fresh(KEY, STR("b"), NOW) && fresh(OTHER, STR("a"), NOW) && fresh(KEY, STR(""), NOW));
    cr_expect_not(fresh(OTHER, STR("a"), NOW) || fresh(KEY, STR(""), NOW));
}

Test(sender_memory, it_is_remembered_for_the_whole_time_whatever_comes_meanwhile)
{
    char other[48];
    for (int begun = 0; begun < 200; begun += 37) {
        char jti[16];
        (void)snprintf(jti, sizeof jti, "p%d", begun);
        cr_assert(fresh(KEY, str_of(jti), NOW + begun));
        for (int later = 0; later <= REMEMBER; later++) {
            for (int i = 0; i < 200; i++) { /* each part of the memory hears of the time */
                (void)snprintf(other, sizeof other, "%d.%d.%d", begun, later, i);
                cr_assert(fresh(OTHER, str_of(other), NOW + begun + later));
            }
            cr_assert_not(fresh(KEY, str_of(jti), NOW + begun + later), "%d after %d", later, begun);
        }
    }
}

Test(sender_memory, a_clock_that_is_set_back_makes_nothing_fresh)
{
    cr_expect(fresh(KEY, STR("a"), NOW));
    cr_expect_not(fresh(KEY, STR("a"), NOW - 1000));
    cr_expect_not(fresh(KEY, STR("a"), NOW));
}

Test(sender_memory, it_forgets_after_twice_the_time)
{
    cr_expect(fresh(KEY, STR("a"), NOW));
    cr_expect(fresh(KEY, STR("a"), NOW + 2 * REMEMBER + 1));
}

static _Atomic int yes;

static void *take_all(void *unused)
{
    char jti[16];
    (void)unused;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(jti, sizeof jti, "t%d", i);
        yes += fresh(KEY, str_of(jti), NOW);
    }
    return NULL;
}

Test(sender_memory, of_threads_that_bring_the_same_proof_one_is_first)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, take_all, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_expect_eq(yes, 5000);
}

Test(sender_memory, without_room_there_is_no_yes)
{
    char jti[16];
    bool is = false;
    err e = OK;
    int taken = 0;
    cr_assert(fresh(KEY, STR("first"), NOW));
    for (; !FAILED(e) && taken < 2 * SENDER_MEMORY_SHARDS * SENDER_MEMORY_SLOTS; taken++) {
        (void)snprintf(jti, sizeof jti, "f%d", taken);
        is = false;
        e = sender_memory_take(KEY, str_of(jti), NOW, REMEMBER, &is);
    }
    cr_expect(e.kind == ERR_UNAVAILABLE && !is && taken > SENDER_MEMORY_SHARDS * SENDER_MEMORY_MOST / 2, "%d", taken);
    cr_expect_not(fresh(KEY, STR("first"), NOW)); /* what it knows it goes on to know */
    cr_expect_not(fresh(KEY, STR("f0"), NOW));
}
