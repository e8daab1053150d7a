/* SPDX-License-Identifier: MIT
 * pace: token buckets in memory, one for each key: so many at once, then one each so many milliseconds. For what is frequent and costs
 * little, where a counter in the store (db_throttle) would cost more than the thing itself. */
#ifndef JETON_BASE_PACE_H
#define JETON_BASE_PACE_H
#include "base/err.h"
enum pace_kind { PACE_KEYS = 1, PACE_REVOKE, PACE_DEVICE, PACE_CIBA };
struct pace_key {
    enum pace_kind kind;
    uint64_t a, b; /* numbers of rows, or pieces of a digest: two callers never share both */
};
struct pace_rule {
    int64_t burst;   /* at once, from a full bucket */
    int64_t each_ms; /* one more each so many milliseconds */
};
/* True: it was counted. False: nothing was, and *wait seconds (at least 1) have to pass. `cost`: how many it counts for. The table is
 * bounded: when it is full, the bucket that is fullest is forgotten, which gives its owner one burst more and takes nothing from anybody. */
bool pace_take(const struct pace_key *key, const struct pace_rule *rule, int64_t cost, int64_t *wait);
void pace_forget_all(void); /* tests */
#endif
