/* SPDX-License-Identifier: MIT
 * clock: the only place that asks the machine for the time. Relies on clock_gettime. One atomic holds the frozen wall clock
 * of a test (0: running). Promises: no sum wraps, no locale and no time zone is consulted. */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "base/banned.h"

enum { DAY = 86400 };

static _Atomic(int64_t) frozen;

int64_t clock_now_ms(void)
{
    int64_t still = atomic_load_explicit(&frozen, memory_order_relaxed);
    if (still != 0)
        return still * 1000;
    struct timespec t;
    INVARIANT(clock_gettime(CLOCK_REALTIME_COARSE, &t) == 0); /* for lines of the log: some milliseconds late, and cheap */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

unix_time clock_now(void)
{
    int64_t still = atomic_load_explicit(&frozen, memory_order_relaxed);
    if (still != 0)
        return still;
    struct timespec t;
    INVARIANT(clock_gettime(CLOCK_REALTIME_COARSE, &t) == 0); /* milliseconds late, the same for all processes, and cheap */
    return (unix_time)t.tv_sec;
}

int64_t clock_monotonic_us(void)
{
    struct timespec t;
    INVARIANT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

unix_time clock_add(unix_time t, int64_t seconds)
{
    int64_t sum;
    if (__builtin_add_overflow(t, seconds, &sum))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

void clock_set(unix_time t)
{
    atomic_store_explicit(&frozen, t, memory_order_relaxed);
}

static void write_decimal_digits(char *at, int count, int64_t v)
{
    while (count-- > 0) {
        at[count] = (char)('0' + v % 10);
        v /= 10;
    }
}

/* Years of the Gregorian calendar repeat every 400 = 146097 days. Counting from 1 March 0000 puts the leap day at the end of
 * the year, so that the month follows from the day by one division: five months (March to July, …) have 153 days. */
void clock_write(unix_time t, char out[CLOCK_TEXT_SIZE])
{
    const int64_t year_0 = -62167219200, year_10000 = 253402300800; /* RFC 3339 has years of four digits */
    out[0] = '\0';
    if (t == 0 || t < year_0 || t >= year_10000)
        return;
    int64_t second = t - year_0;              /* since 0000-01-01; year 0 is a leap year, so 1 March is day 60 */
    int64_t day = second / DAY + 146097 - 60; /* one cycle earlier, to keep it positive */
    second %= DAY;
    int64_t cycle = day / 146097, of_cycle = day % 146097;
    int64_t year = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
    int64_t of_year = of_cycle - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    write_decimal_digits(out + 8, 2, of_year - (153 * month + 2) / 5 + 1);
    month = month < 10 ? month + 3 : month - 9;
    write_decimal_digits(out, 4, year + (cycle - 1) * 400 + (month <= 2));
    write_decimal_digits(out + 5, 2, month);
    write_decimal_digits(out + 11, 2, second / 3600);
    write_decimal_digits(out + 14, 2, second / 60 % 60);
    write_decimal_digits(out + 17, 2, second % 60);
    out[4] = out[7] = '-';
    out[10] = 'T';
    out[13] = out[16] = ':';
    out[19] = 'Z';
    out[20] = '\0';
}

str clock_rfc3339(struct arena *a, unix_time t)
{
    char text[CLOCK_TEXT_SIZE];
    clock_write(t, text);
    return str_dup(a, str_of(text));
}

bool clock_within(unix_time now, unix_time from, int64_t seconds)
{
    return from <= clock_add(now, 1) && now <= clock_add(from, seconds);
}

bool clock_ahead(unix_time now, unix_time end, int64_t longest)
{
    return end > now && end <= clock_add(now, longest + 1);
}
