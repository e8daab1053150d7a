/* SPDX-License-Identifier: MIT
 * pace and share: what a caller may take, what it leaves to others. */
#include "base/pace.h"
#include "base/share.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static const struct pace_rule slow = {.burst = 3, .each_ms = 3600000};

Test(pace, a_burst_and_then_a_wait_that_is_told)
{
    const struct pace_key key = {PACE_REVOKE, 1, 0}, other = {PACE_REVOKE, 2, 0}, kind = {PACE_CIBA, 1, 0};
    int64_t wait = 0;
    for (int i = 0; i < 3; i++)
        cr_assert(pace_take(&key, &slow, 1, &wait));
    cr_expect_not(pace_take(&key, &slow, 1, &wait));
    cr_expect(wait > 3500 && wait <= 3600, "%lld", (long long)wait);
    cr_expect(pace_take(&other, &slow, 1, &wait));
    cr_expect(pace_take(&kind, &slow, 1, &wait));
}

Test(pace, what_is_refused_costs_nothing_and_what_costs_more_than_all_takes_all)
{
    const struct pace_key key = {PACE_REVOKE, 7, 0};
    int64_t wait = 0;
    cr_assert(pace_take(&key, &slow, 2, &wait));
    cr_expect_not(pace_take(&key, &slow, 2, &wait));
    cr_expect(pace_take(&key, &slow, 1, &wait));
    const struct pace_key large = {PACE_REVOKE, 8, 0};
    cr_expect(pace_take(&large, &slow, 64, &wait)); /* a full bucket is never worth nothing */
    cr_expect_not(pace_take(&large, &slow, 1, &wait));
}

Test(pace, it_goes_on_with_time)
{
    const struct pace_rule quick = {.burst = 1, .each_ms = 1};
    const struct pace_key key = {PACE_KEYS, 9, 9};
    int64_t wait = 0;
    cr_assert(pace_take(&key, &quick, 1, &wait));
    bool again = false;
    for (long i = 0; i < 1000000000 && !again; i++) /* a millisecond passes by itself */
        again = pace_take(&key, &quick, 1, &wait);
    cr_expect(again);
}

Test(pace, a_flood_of_keys_takes_nothing_from_anybody)
{
    int64_t wait = 0;
    for (uint64_t i = 0; i < 200000; i++) {
        const struct pace_key key = {PACE_DEVICE, 1, i};
        cr_assert(pace_take(&key, &slow, 1, &wait));
    }
}

static int64_t taken_by(int64_t callers, int64_t cap, int64_t *left)
{
    int64_t held[2000] = {0}, all = 0;
    for (bool more = true; more;) {
        more = false;
        for (int64_t i = 0; i < callers; i++)
            if (share_allows(held[i], all, cap)) {
                held[i]++;
                all++;
                more = true;
            }
    }
    *left = cap - all;
    return held[0];
}

Test(share, RL_06_floods_leave_room_for_who_comes_next)
{
    int64_t left;
    cr_expect_leq(taken_by(1, 2000, &left), 2000 / 3 + 1);
    cr_expect_geq(left, 1300);
    cr_expect_leq(taken_by(20, 2000, &left), 2000 / 22 + 1);
    cr_expect_geq(left, 2000 / 23);
    cr_expect_leq(taken_by(1000, 2000, &left), 2);
    cr_expect_gt(left, 0); /* a newcomer has nothing, so it gets one */
    cr_expect(share_allows(0, 2000 - left, 2000));
    cr_expect_not(share_allows(0, 2000, 2000));
    cr_expect(share_allows(1000000, 1000000, 0)); /* not bounded */
}
