/* SPDX-License-Identifier: MIT
 * scene: a store and what is kept in memory of it, for tests. */
#ifndef JETON_TEST_SCENE_H
#define JETON_TEST_SCENE_H
#include "fresh.h"
#include "store/cache/hot.h"

struct scene {
    struct fresh s;
    struct hot *hot;
};

static inline struct scene scene_new(void)
{
    struct scene x = {.s = fresh_new(true)};
    MUST(hot_open(x.s.store, 100, &x.hot));
    return x;
}

static inline void scene_end(struct scene *x)
{
    hot_close(x->hot);
    fresh_end(&x->s);
}
#endif
