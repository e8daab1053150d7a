/* SPDX-License-Identifier: MIT
 * share: how much of a bounded thing one caller may hold (RL-06): no more than half of what nobody holds, and one. So whoever holds most is
 * refused first: one alone gets a third, k that take all they can get cap / (k + 2) each, and as much stays free for who comes next. */
#ifndef JETON_BASE_SHARE_H
#define JETON_BASE_SHARE_H
#include "base/err.h"
/* May the caller, who holds `own` of the `all` that are held, have one more of `cap`? cap 0: not bounded. */
static inline bool share_allows(int64_t own, int64_t all, int64_t cap)
{
    return cap == 0 || (all < cap && own < 1 + (cap - all) / 2);
}
#endif
