/* SPDX-License-Identifier: MIT
 * pace: the generic cell rate algorithm (ITU-T I.371): one number a bucket, the moment at which it will be full again. Relies on the
 * monotonic clock alone. Promises a bounded table (SETS * WAYS entries of 40 bytes) and constant work under one lock of a few
 * instructions. */
#include "base/pace.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

enum { SETS = 2048, WAYS = 8, MILLI = 1000, SECOND = 1000000 };

struct bucket {
    struct pace_key key; /* kind 0: free */
    int64_t full_at;     /* microseconds */
};
static struct {
    pthread_mutex_t lock;
    struct bucket sets[SETS][WAYS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t set_of(const struct pace_key *k)
{
    uint64_t h = (k->a ^ (uint64_t)k->kind << 56) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 32 ^ k->b) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(h >> 40) % SETS;
}

static bool is_same_pace_key(const struct pace_key *one, const struct pace_key *other)
{
    return one->kind == other->kind && one->a == other->a && one->b == other->b;
}

/* Its own bucket, a free one, or the fullest. */
static struct bucket *find_pace_bucket(const struct pace_key *key)
{
    struct bucket *set = table.sets[set_of(key)], *fullest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (is_same_pace_key(&set[i].key, key))
            return &set[i];
        if (set[i].full_at < fullest->full_at)
            fullest = &set[i];
    }
    *fullest = (struct bucket){*key, 0};
    return fullest;
}

bool pace_take(const struct pace_key *key, const struct pace_rule *rule, int64_t cost, int64_t *wait)
{
    int64_t now = clock_monotonic_us(), each = rule->each_ms * MILLI, room = rule->burst * each, need = cost * each;
    (void)pthread_mutex_lock(&table.lock);
    struct bucket *b = find_pace_bucket(key);
    int64_t full_at = b->full_at > now ? b->full_at : now, over = full_at + need - (now + (need > room ? need : room));
    if (over <= 0)
        b->full_at = full_at + need;
    (void)pthread_mutex_unlock(&table.lock);
    if (over > 0)
        *wait = 1 + (over - 1) / SECOND;
    return over <= 0;
}

void pace_forget_all(void)
{
    (void)pthread_mutex_lock(&table.lock);
    memset(table.sets, 0, sizeof table.sets);
    (void)pthread_mutex_unlock(&table.lock);
}
