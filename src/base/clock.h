/* SPDX-License-Identifier: MIT
 * clock: time is given, never taken: everybody asks here, tests set it. Wall clock for claims and expiry, monotonic for
 * delays. */
#ifndef JETON_BASE_CLOCK_H
#define JETON_BASE_CLOCK_H
#include "base/str.h"

typedef int64_t unix_time; /* seconds since 1970-01-01 UTC */

unix_time clock_now(void);
int64_t clock_now_ms(void);       /* wall clock, milliseconds */
int64_t clock_monotonic_us(void); /* microseconds since an arbitrary start, never backwards */
/* t + seconds, saturating at the ends of int64. */
unix_time clock_add(unix_time t, int64_t seconds);
/* Tests: freezes the wall clock of this process at t; 0 lets it run again. */
void clock_set(unix_time t);
enum { CLOCK_TEXT_SIZE = 21 };
/* "2026-11-22T03:00:00Z" (RFC 3339, UTC), NUL-terminated; "" for 0 and for years that do not have four digits. */
void clock_write(unix_time t, char out[CLOCK_TEXT_SIZE]);
/* The same as arena text; absent when the arena fails. */
str clock_rfc3339(struct arena *a, unix_time t);
/* Has `from` passed, and no more than `seconds` ago? A moment that lies ahead, because the clock was set back, is within nothing; a
 * second of it is forgiven, for clocks of threads and nodes never agree to the tick. */
bool clock_within(unix_time now, unix_time from, int64_t seconds);
/* Is this end still ahead, and no farther than what was made this second with the longest life would have it? */
bool clock_ahead(unix_time now, unix_time end, int64_t longest);
#endif
