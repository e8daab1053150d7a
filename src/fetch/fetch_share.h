/* SPDX-License-Identifier: MIT
 * fetch_share: who may call out now: FETCH_AT_ONCE calls in all, a few for each host and for each caller, none to a host that hung or
 * failed for this caller lately (RL-06). Not for all callers: what one names at somebody's host, and hangs there, must not keep the others
 * from that host. */
#ifndef JETON_FETCH_FETCH_SHARE_H
#define JETON_FETCH_FETCH_SHARE_H
#include "fetch/fetch.h"
enum { FETCH_SHARE_NAME = 264 /* HOST:PORT, or who calls */, FETCH_PAUSE = 30, FETCH_PAUSE_MOST = 900, FETCH_BENCH_ROWS = 256 };
enum fetch_end { FETCH_ENDED_WELL, FETCH_FAILED, FETCH_HUNG };
struct fetch_place {
    str host;   /* HOST:PORT in lower case */
    str caller; /* empty or absent: nobody in particular, who has no share but the host's */
};
/* THROTTLED: a share is used up, or the host is benched for this caller; *trouble says which. Otherwise *slot is given back by
 * fetch_share_end, always. seconds: that the call may take. */
fallible fetch_share_begin(const struct fetch_place *place, int64_t seconds, size_t *slot, const char **trouble);
void fetch_share_end(size_t slot, enum fetch_end how);
/* For calls that hold no slot: is the host benched, and how did it go? */
bool fetch_share_benched(const struct fetch_place *place);
void fetch_share_note(const struct fetch_place *place, enum fetch_end how);
void fetch_share_forget_all(void); /* tests */
#endif
