/* SPDX-License-Identifier: MIT
 * cache_set: what was added is found until it has ended, also while the table grows. */
#include "store/fresh.h"

#include "store/cache/cache_set.h"

#include <pthread.h>

#include "base/banned.h"

enum { MANY = 5000 };

static struct cache_set *set_new(void)
{
    struct cache_set *s = NULL;
    clock_set(T0);
    MUST(cache_set_new(&s));
    return s;
}

static str id_of(int number, char text[16])
{
    (void)snprintf(text, 16, "id%d", number);
    return str_of(text);
}

static void add_many(struct cache_set *s, int from, int to, unix_time expires_at)
{
    char text[16];
    for (int i = from; i < to; i++)
        MUST(cache_set_add(s, STR("grant"), id_of(i, text), expires_at));
}

static int how_many(struct cache_set *s, int from, int to)
{
    char text[16];
    int found = 0;
    for (int i = from; i < to; i++)
        found += cache_set_has(s, STR("grant"), id_of(i, text));
    return found;
}

Test(cache_set, a_kind_and_an_id_are_no_other_kind_and_id)
{
    struct cache_set *s = set_new();
    cr_assert_not(cache_set_has(s, STR("grant"), STR("a")));
    MUST(cache_set_add(s, STR("grant"), STR("a"), T0 + 10));
    cr_assert(cache_set_has(s, STR("grant"), STR("a")));
    cr_assert_not(cache_set_has(s, STR("token"), STR("a")));
    cr_assert_not(cache_set_has(s, STR("gran"), STR("ta")));
    cr_assert_not(cache_set_has(s, STR("granta"), STR("")));
    cr_assert_not(cache_set_has(s, STR("grant"), STR("A")));
    cache_set_free(s);
    cache_set_free(NULL);
}

Test(cache_set, nothing_that_lives_is_lost_when_it_grows)
{
    struct cache_set *s = set_new();
    size_t count;
    add_many(s, 0, MANY, T0 + 10);
    cr_assert_eq(how_many(s, 0, MANY), MANY);
    cr_assert_eq(how_many(s, MANY, 2 * MANY), 0);
    MUST(cache_set_count(s, &count));
    cr_assert_eq(count, (size_t)MANY);
    add_many(s, 0, MANY, T0 + 10); /* once more is no more */
    MUST(cache_set_count(s, &count));
    cr_assert_eq(count, (size_t)MANY);
    cache_set_free(s);
}

Test(cache_set, what_has_ended_makes_room_and_nothing_else_does)
{
    struct cache_set *s = set_new();
    size_t count;
    MUST(cache_set_count(s, &count)); /* tidied now */
    add_many(s, 0, MANY, T0 + 10);
    add_many(s, MANY, MANY + 100, T0 + 1000);
    clock_set(T0 + 70);
    MUST(cache_set_count(s, &count));
    cr_assert_eq(count, 100u);
    cr_assert_eq(how_many(s, MANY, MANY + 100), 100);
    cr_assert_eq(how_many(s, 0, MANY), 0);
    cache_set_free(s);
}

Test(cache_set, the_later_end_counts)
{
    struct cache_set *s = set_new();
    size_t count;
    add_many(s, 0, 300, T0 + 1000);
    add_many(s, 0, 150, T0 + 10); /* shortens nothing */
    add_many(s, 300, 400, T0 + 10);
    add_many(s, 300, 350, T0 + 1000); /* and lengthens */
    clock_set(T0 + 100);
    MUST(cache_set_count(s, &count));
    cr_assert_eq(count, 350u);
    cr_assert_eq(how_many(s, 0, 350), 350);
    cache_set_free(s);
}

static void *add_on(void *s)
{
    add_many(s, 1, MANY, T0 + 10);
    return NULL;
}

Test(cache_set, readers_see_it_while_others_add)
{
    struct cache_set *s = set_new();
    pthread_t thread;
    add_many(s, 0, 1, T0 + 10);
    cr_assert_eq(pthread_create(&thread, NULL, add_on, s), 0);
    char text[16];
    do
        cr_assert_eq(how_many(s, 0, 1), 1);
    while (!cache_set_has(s, STR("grant"), id_of(MANY - 1, text)));
    (void)pthread_join(thread, NULL);
    cr_assert_eq(how_many(s, 0, MANY), MANY);
    cache_set_free(s);
}
