/* SPDX-License-Identifier: MIT
 * A map and all its earlier selves, against a plain array. */
#include "store/fresh.h"

#include "store/cache/cache_map.h"

#include <pthread.h>

#include "base/banned.h"

struct row {
    int64_t number, value;
};
static const struct db_columns columns = {sizeof(struct row), NULL, 0};

static str key_of(const void *row)
{
    return (str){(const char *)&((const struct row *)row)->number, sizeof(int64_t)};
}

static void put(struct cache_map *m, int64_t number, int64_t value)
{
    struct cache_entry *e = cache_entry_new(&columns, &(struct row){number, value});
    cr_assert_not_null(e);
    MUST(cache_map_put(m, e));
    cache_entry_let_go(e);
}

static int64_t value_of(const struct cache_map *m, int64_t number)
{
    const struct cache_entry *e = cache_map_get(m, (str){(const char *)&number, sizeof(number)});
    return e != NULL ? ((const struct row *)(const void *)e->row)->value : 0;
}

enum { NUMBERS = 3000, SELVES = 40, STEPS = 500 };
static int64_t truth[SELVES + 1][NUMBERS];

static void sum(void *context, struct cache_entry *e)
{
    *(int64_t *)context += ((const struct row *)(const void *)e->row)->value;
}

static void compare(const struct cache_map *m, const int64_t values[NUMBERS])
{
    int64_t wanted = 0, got = 0;
    size_t count = 0;
    for (int64_t i = 0; i < NUMBERS; i++) {
        cr_assert_eq(value_of(m, i), values[i]);
        wanted += values[i];
        count += values[i] != 0;
    }
    cache_map_each(m, sum, &got);
    cr_assert_eq(got, wanted);
    cr_assert_eq(m->count, count);
}

Test(map, each_earlier_self_stays_what_it_was)
{
    static struct cache_map selves[SELVES];
    struct cache_map m = {.key = key_of};
    uint32_t chance = 1;
    for (size_t s = 0; s < SELVES; s++) {
        for (int i = 0; i < STEPS; i++) {
            chance = chance * 1664525 + 1013904223;
            int64_t number = (chance >> 8) % NUMBERS, value = (chance >> 4) % 3 == 0 ? 0 : 1 + i;
            truth[SELVES][number] = value;
            if (value != 0)
                put(&m, number, value);
            else
                MUST(cache_map_remove(&m, (str){(const char *)&number, sizeof(number)}));
        }
        selves[s] = cache_map_share(&m);
        memcpy(truth[s], truth[SELVES], sizeof(truth[s]));
    }
    for (size_t s = 0; s < SELVES; s++) {
        compare(&selves[s], truth[s]);
        cache_map_drop(&selves[s]);
        if (s % 7 == 0)
            compare(&m, truth[SELVES]);
    }
    for (int64_t i = 0; i < NUMBERS; i++)
        MUST(cache_map_remove(&m, (str){(const char *)&i, sizeof(i)}));
    cr_assert_null(m.root);
    cr_assert_eq(m.count, 0u);
}

Test(map, an_empty_one_has_nothing)
{
    struct cache_map m = {.key = key_of}, other = cache_map_share(&m);
    cr_assert_eq(value_of(&other, 1), 0);
    MUST(cache_map_remove(&m, STR("1")));
    cr_assert_null(cache_map_get(&m, STR_ABSENT));
    cache_map_drop(&other);
    cache_map_drop(&m);
}

/* ---- what is shared ---- */

static void many(struct cache_map *m, int64_t count)
{
    for (int64_t i = 1; i <= count; i++)
        put(m, i, i);
}

static void holders(void *context, struct cache_entry *e)
{
    *(int64_t *)context += atomic_load(&e->holders);
}

Test(map, a_change_copies_hardly_anything)
{
    enum { MANY = 20000 };
    struct cache_map m = {.key = key_of}, next;
    int64_t before = 0, after = 0;
    many(&m, MANY);
    cache_map_each(&m, holders, &before);
    next = cache_map_share(&m);
    put(&next, 4711, 1);
    cache_map_each(&m, holders, &after);
    cr_assert_eq(before, MANY);
    cr_assert(after - before < 100, "%lld", (long long)(after - before)); /* entries of the few nodes on the way have two holders */
    cr_assert(value_of(&m, 4711) == 4711 && value_of(&next, 4711) == 1);
    cache_map_drop(&m);
    compare(&(struct cache_map){.key = key_of}, truth[0]);
    cr_assert_eq(value_of(&next, 20000), 20000);
    cache_map_drop(&next);
}

/* ---- many threads ---- */

static struct cache_map shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool stop;

static void *read_on(void *context)
{
    (void)context;
    while (!stop) {
        pthread_mutex_lock(&lock);
        struct cache_map mine = cache_map_share(&shared);
        pthread_mutex_unlock(&lock);
        int64_t all = 0;
        cache_map_each(&mine, sum, &all);
        cr_assert_eq(all, 0); /* of two rows, which always change together */
        cache_map_drop(&mine);
    }
    return NULL;
}

Test(map, readers_see_whole_selves)
{
    pthread_t threads[3];
    shared.key = key_of;
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, read_on, NULL), 0);
    for (int64_t i = 1; i < 3000; i++) {
        struct cache_map next = cache_map_share(&shared), old;
        put(&next, i % 500, i);
        put(&next, 1000 + i % 500, -i);
        pthread_mutex_lock(&lock);
        old = shared;
        shared = next;
        pthread_mutex_unlock(&lock);
        cache_map_drop(&old);
    }
    stop = true;
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    cache_map_drop(&shared);
}
