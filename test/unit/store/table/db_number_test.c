/* SPDX-License-Identifier: MIT
 * db_number: a number is given once, whatever becomes of the one who has it. */
#include "store/fresh.h"

#include "base/banned.h"

Test(numbers, reserved_numbers_are_distinct_over_blocks_threads_and_processes)
{
    struct fresh s = fresh_new(true), command = s;
    enum { MANY = 3 * DB_NUMBER_BLOCK, SPAN = 10 * DB_NUMBER_BLOCK };
    static bool seen[SPAN];
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    for (int i = 0; i < MANY; i++) {
        int64_t n = 0;
        MUST(db_authorization_reserve(i % 100 == 99 ? command.tx : s.tx, &n));
        cr_assert(n > 0 && n < SPAN);
        cr_assert_not(seen[n]);
        seen[n] = true;
    }
    store_close(command.store);
    fresh_end(&s);
}

/* As a writer's group does, or the keeper: blocks are taken in a transaction, and used when it holds. */
struct group {
    struct store *store;
    bool lost;
};

static err fill_up(struct db_conn *c, void *context)
{
    const struct group *g = context;
    TRY(db_number_top_up(g->store, c));
    if (g->lost)
        FAIL(UNAVAILABLE, "test: the group is lost");
    return OK;
}

static void run_group(struct fresh *s, bool lost)
{
    struct group g = {s->store, lost};
    err e = db_write(s->tx, DB_SEVERAL, fill_up, &g);
    cr_assert_eq(FAILED(e), lost);
    db_number_settle(s->store, !lost);
}

/* As in a server: what there is in memory first. */
static int64_t reserve(struct fresh *s)
{
    int64_t number = 0;
    s->store->threaded = true;
    MUST(db_number_reserve(s->tx, DB_COUNT_CODE, &number));
    s->store->threaded = false;
    return number;
}

static int64_t counter_of(const struct fresh *s)
{
    return by_hand(s, "SELECT next FROM counters WHERE name = 'code'");
}

Test(numbers, a_block_whose_transaction_was_lost_is_handed_to_nobody)
{
    struct fresh s = fresh_new(false);
    const struct db_number_block *b = &s.store->numbers.blocks[DB_COUNT_CODE];
    int64_t first = counter_of(&s);
    run_group(&s, true);
    cr_assert_eq(b->spare, b->spare_end);
    cr_assert_eq(counter_of(&s), first);
    run_group(&s, false);
    cr_assert(b->spare == first && b->spare_end == first + DB_NUMBER_BLOCK && counter_of(&s) == first + DB_NUMBER_BLOCK);
    cr_assert_eq(reserve(&s), first);
    run_group(&s, false);
    cr_assert_eq(b->spare, b->spare_end, "there is enough");
    fresh_end(&s);
}

Test(numbers, a_block_is_used_up_and_then_the_one_in_reserve)
{
    struct fresh s = fresh_new(false);
    int64_t first = counter_of(&s);
    run_group(&s, false);
    for (int i = 0; i < DB_NUMBER_BLOCK; i++) {
        if (DB_NUMBER_BLOCK - i == DB_NUMBER_LOW - 1)
            run_group(&s, false); /* it runs low */
        cr_assert_eq(reserve(&s), first + i);
    }
    cr_assert_eq(reserve(&s), first + DB_NUMBER_BLOCK);
    cr_assert_eq(counter_of(&s), first + 2 * DB_NUMBER_BLOCK);
    fresh_end(&s);
}

/* After a failover the counters of the server that answers now may be behind. */
Test(numbers, what_is_forgotten_is_not_handed_out)
{
    struct fresh s = fresh_new(false);
    const struct db_number_block *b = &s.store->numbers.blocks[DB_COUNT_CODE];
    run_group(&s, false);
    int64_t next = counter_of(&s), number = 0;
    db_number_forget(s.store);
    cr_assert(b->next == b->end && b->spare == b->spare_end);
    MUST(db_number_reserve(s.tx, DB_COUNT_CODE, &number));
    cr_assert_eq(number, next);
    fresh_end(&s);
}

Test(numbers, without_its_counter_there_is_no_number)
{
    struct fresh s = fresh_new(false);
    int64_t number = 77;
    (void)by_hand(&s, "DELETE FROM counters WHERE name = 'code'");
    MUST_FAIL(UNAVAILABLE, db_number_reserve(s.tx, DB_COUNT_CODE, &number));
    cr_assert_eq(number, 77);
    fresh_end(&s);
}

Test(numbers, a_public_id_is_chance_and_whole)
{
    struct arena *a = arena_new(1 << 16), *small = arena_new(16);
    str one, other, none = STR("untouched");
    MUST(db_fresh_id(a, &one));
    MUST(db_fresh_id(a, &other));
    cr_assert(one.n == 36 && other.n == 36 && !str_equal(one, other));
    MUST_FAIL(UNAVAILABLE, db_fresh_id(small, &none));
    cr_assert(str_is(none, "untouched"));
    arena_release(small);
    arena_release(a);
}
