/* SPDX-License-Identifier: MIT
 * Tests of clock. */
#include "base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

Test(clock, stands_still_when_set_and_runs_again)
{
    clock_set(1000);
    cr_assert_eq(clock_now(), 1000);
    cr_assert_eq(clock_now_ms(), 1000000);
    clock_set(0);
    cr_assert_gt(clock_now(), 1700000000);
    cr_assert_gt(clock_now_ms(), (int64_t)1700000000 * 1000);
}

Test(clock, monotonic_time_does_not_go_back_and_ignores_clock_set)
{
    int64_t before = clock_monotonic_us();
    clock_set(5);
    cr_assert_geq(clock_monotonic_us(), before);
}

Test(clock, sums_saturate)
{
    cr_assert_eq(clock_add(10, -3), 7);
    cr_assert_eq(clock_add(INT64_MAX, 1), INT64_MAX);
    cr_assert_eq(clock_add(INT64_MIN, -1), INT64_MIN);
}

Test(clock, writes_rfc3339)
{
    const struct {
        unix_time t;
        const char *text;
    } rows[] = {
        {0, ""},
        {1, "1970-01-01T00:00:01Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {951868799, "2000-02-29T23:59:59Z"},
        {951868800, "2000-03-01T00:00:00Z"},
        {4107542400, "2100-03-01T00:00:00Z"},
        {1795316400, "2026-11-22T03:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {253402300800, ""},
        {-62167219200, "0000-01-01T00:00:00Z"},
        {-62167219201, ""},
        {INT64_MAX, ""},
        {INT64_MIN, ""},
    };
    struct arena *a = arena_new(4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert(str_is(clock_rfc3339(a, rows[i].t), rows[i].text), "%s", rows[i].text);
    arena_fail_after(1);
    cr_assert_not(str_present(clock_rfc3339(a, 1)));
    arena_release(a);
}

Test(clock, agrees_with_the_c_library_on_every_day_of_two_centuries)
{
    for (time_t t = -86400L * 365 * 80 + 3723; t < 86400L * 365 * 120; t += 86400) {
        char ours[CLOCK_TEXT_SIZE], theirs[64];
        struct tm parts;
        gmtime_r(&t, &parts);
        strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &parts);
        clock_write(t, ours);
        cr_assert_str_eq(ours, theirs);
    }
}

Test(clock, windows_have_two_ends) /* RF-12: a clock that was set back makes nothing young again */
{
    cr_expect(clock_within(1000, 1000, 10) && clock_within(1010, 1000, 10));
    cr_expect_not(clock_within(1011, 1000, 10));
    cr_expect(clock_within(999, 1000, 10), "clocks of threads differ by a tick");
    cr_expect_not(clock_within(998, 1000, 10));
    cr_expect_not(clock_within(1000 - 7200, 1000, 10));
    cr_expect(clock_ahead(1000, 1001, 60) && clock_ahead(1000, 1061, 60));
    cr_expect_not(clock_ahead(1000, 1000, 60));
    cr_expect_not(clock_ahead(1000, 1062, 60));
    cr_expect_not(clock_within(INT64_MIN, INT64_MAX, 10));
}
