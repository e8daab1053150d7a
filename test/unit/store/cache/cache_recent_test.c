/* SPDX-License-Identifier: MIT
 * cache_recent: bounded, the least lately used goes first, and what was read before something was forgotten never comes in after it. */
#include "store/fresh.h"

#include "store/cache/cache_recent.h"

#include "base/banned.h"

struct row {
    int64_t number;
    str text;
};
static const struct db_field fields[] = {{DB_INT, offsetof(struct row, number)}, {DB_TEXT, offsetof(struct row, text)}};
static const struct db_columns columns = DB_COLUMNS(struct row, fields);
enum { PLACES = 128, MANY = 2000 };

struct recent {
    struct cache_recent *c;
    struct arena *a;
};

static struct recent recent_new(void)
{
    struct recent x = {.a = arena_new(4 << 20)};
    MUST(cache_recent_new(PLACES, &columns, &x.c));
    return x;
}

static void recent_end(struct recent *x)
{
    cache_recent_free(x->c);
    arena_release(x->a);
}

static str key_of(const int64_t *number)
{
    return (str){(const char *)number, sizeof(*number)};
}

static void put(struct recent *x, uint64_t ticket, int64_t number, const char *text)
{
    cache_recent_put(x->c, ticket, key_of(&number), &(struct row){number, str_of(text)});
}

static const struct row *get(struct recent *x, int64_t number)
{
    void *row = NULL;
    MUST(cache_recent_get(x->c, x->a, key_of(&number), &row));
    return row;
}

Test(cache_recent, gives_copies_of_the_last_row_put)
{
    struct recent x = recent_new();
    cr_assert_null(get(&x, 1));
    put(&x, cache_recent_ticket(x.c), 1, "one");
    const struct row *first = get(&x, 1);
    put(&x, cache_recent_ticket(x.c), 1, "uno");
    put(&x, cache_recent_ticket(x.c), 2, "two");
    cr_assert(str_is(first->text, "one") && str_is(get(&x, 1)->text, "uno") && str_is(get(&x, 2)->text, "two"));
    cr_assert_null(get(&x, 3));
    recent_end(&x);
}

Test(cache_recent, what_was_read_before_a_forgetting_is_not_put_in_after_it)
{
    struct recent x = recent_new();
    uint64_t before = cache_recent_ticket(x.c);
    int64_t one = 1;
    put(&x, before, 1, "one");
    cache_recent_forget(x.c, key_of(&one));
    cr_assert_null(get(&x, 1));
    put(&x, before, 1, "one");
    put(&x, before, 2, "two"); /* nobody knows which row was meant */
    cr_assert(get(&x, 1) == NULL && get(&x, 2) == NULL);
    uint64_t later = cache_recent_ticket(x.c);
    put(&x, later, 2, "two");
    cache_recent_clear(x.c);
    cr_assert_null(get(&x, 2));
    put(&x, later, 2, "two");
    cr_assert_null(get(&x, 2));
    put(&x, cache_recent_ticket(x.c), 2, "two");
    cr_assert_not_null(get(&x, 2));
    recent_end(&x);
}

Test(cache_recent, is_bounded_and_keeps_what_is_used)
{
    struct recent x = recent_new();
    int there = 0;
    put(&x, 0, 0, "used");
    for (int64_t i = 1; i < MANY; i++) {
        put(&x, 0, i, "row");
        cr_assert_not_null(get(&x, 0), "the one used most lately went at %d", (int)i);
    }
    for (int64_t i = 0; i < MANY; i++)
        there += get(&x, i) != NULL;
    cr_assert(there > PLACES / 2 && there <= PLACES, "%d", there);
    recent_end(&x);
}

Test(cache_recent, without_room_for_the_copy_it_is_unavailable_and_not_absent)
{
    struct recent x = recent_new();
    struct arena *small = arena_new(32);
    int64_t one = 1;
    void *row = &one;
    put(&x, 0, 1, "a text that is longer than what there is room for");
    MUST_FAIL(UNAVAILABLE, cache_recent_get(x.c, small, key_of(&one), &row));
    cr_assert_eq(row, &one);
    cr_assert_not_null(get(&x, 1));
    arena_release(small);
    recent_end(&x);
}
