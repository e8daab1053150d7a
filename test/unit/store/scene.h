/* SPDX-License-Identifier: MIT
 * scene: a store and what is kept in memory of it, for tests. */
#ifndef JETON_TEST_SCENE_H
#define JETON_TEST_SCENE_H
#include "fresh.h"
#include "store/cache/cache.h"

struct scene {
    struct fresh s;
    struct cache *cache;
};

static inline struct scene scene_new(void)
{
    struct scene x = {.s = fresh_new(true)};
    MUST(cache_open(x.s.store, 100, &x.cache));
    return x;
}

static inline void scene_end(struct scene *x)
{
    cache_close(x->cache);
    fresh_end(&x->s);
}
#endif
