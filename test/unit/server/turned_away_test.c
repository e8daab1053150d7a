/* SPDX-License-Identifier: MIT */
#include "server/turned_away.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

enum { SPAN_US = TURNED_AWAY_SECONDS * 1000000, THREADS = 4, EACH = 1000 };

Test(turned_away, a_line_names_peer_and_reason)
{
    char text[512];
    int file = memfd_create("log", MFD_CLOEXEC), saved = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    turned_away("203.0.113.9", ERR(INVALID_REQUEST, "because of this"), NULL);
    turned_away("203.0.113.10", ERR(INVALID_REQUEST, "too soon"), NULL);
    dup2(saved, STDERR_FILENO);
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    cr_assert_gt(n, 0);
    text[n] = '\0';
    cr_expect_not_null(strstr(text, " warn proxy.refused peer=203.0.113.9 why=\"because of this\" untold=0\n"), "%s", text);
    cr_expect_null(strstr(text, "203.0.113.10"));
    close(file);
    close(saved);
}

static void *turn_many_away(void *told)
{
    int64_t untold;
    for (int i = 0; i < EACH; i++)
        *(int *)told += turned_away_told(SPAN_US + i, &untold) ? 1 : 0;
    return told;
}

Test(turned_away, of_a_flood_one_is_told_and_all_are_counted)
{
    pthread_t threads[THREADS];
    int told[THREADS] = {0}, sum = 0;
    int64_t untold = -1;
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, turn_many_away, &told[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        sum += told[i];
    }
    cr_expect_eq(sum, 1);
    cr_expect_not(turned_away_told(SPAN_US + EACH, &untold));
    cr_expect(turned_away_told(2 * SPAN_US + EACH, &untold));
    cr_expect_eq(untold, THREADS * EACH); /* all but the first, and the one after them */
}
