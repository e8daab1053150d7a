/* SPDX-License-Identifier: MIT
 * turned_away: two numbers, so that no event thread waits for another. The first after a silence is told at once: a proxy that is set up wrongly is seen. */
#include "server/turned_away.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

bool turned_away_told(int64_t now_us, int64_t *untold)
{
    static _Atomic int64_t silent_until, count;
    int64_t until = atomic_load(&silent_until);
    if (now_us < until || !atomic_compare_exchange_strong(&silent_until, &until, now_us + TURNED_AWAY_SECONDS * INT64_C(1000000))) {
        atomic_fetch_add(&count, 1);
        return false;
    }
    *untold = atomic_exchange(&count, 0);
    return true;
}

void turned_away(const char *peer, err why, void *context)
{
    int64_t untold;
    (void)context;
    if (turned_away_told(clock_monotonic_us(), &untold))
        LOG(WARN, "proxy.refused", LOG_STR("peer", str_of(peer)), LOG_STR("why", str_of(err_why(why))), LOG_INT("untold", untold));
}
