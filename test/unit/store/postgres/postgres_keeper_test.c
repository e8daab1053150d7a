/* SPDX-License-Identifier: MIT
 * postgres_keeper: blocks of numbers are filled up beside the work, and one node takes away what nobody needs. */
#include "store/fresh.h"
#include "store/postgres/postgres_store.h"

#include "base/banned.h"

enum { PATIENCE_US = 10000000 };

static struct db_number_block block_of(struct store *store)
{
    (void)pthread_mutex_lock(&store->numbers.lock);
    struct db_number_block b = store->numbers.blocks[DB_COUNT_CODE];
    (void)pthread_mutex_unlock(&store->numbers.lock);
    return b;
}

/* Numbers are used up until there is no block in reserve; the keeper's next round brings one. */
static bool waits_for_a_round(struct fresh *s)
{
    int64_t number = 0, end_us = clock_monotonic_us() + PATIENCE_US;
    struct db_number_block b = block_of(s->store);
    while (b.spare != b.spare_end) {
        MUST(db_number_reserve(s->tx, DB_COUNT_CODE, &number));
        b = block_of(s->store);
    }
    while (b.end - b.next >= DB_NUMBER_LOW && b.spare == b.spare_end) {
        MUST(db_number_reserve(s->tx, DB_COUNT_CODE, &number));
        b = block_of(s->store);
    }
    while (b.spare == b.spare_end && clock_monotonic_us() < end_us) {
        (void)sched_yield();
        b = block_of(s->store);
    }
    return b.spare != b.spare_end;
}

#define REVOCATIONS "SELECT count(*) FROM revocations"

static bool is_purged_within(struct fresh *s, int64_t most_us)
{
    for (int64_t end_us = clock_monotonic_us() + most_us; clock_monotonic_us() < end_us;)
        if (by_hand(s, REVOCATIONS) == 0)
            return true;
    return false;
}

Test(postgres_keeper, numbers_are_there_before_they_are_needed, .timeout = 60)
{
    struct fresh s = fresh_postgres(true);
    cr_assert(waits_for_a_round(&s));
    struct db_number_block b = block_of(s.store);
    cr_assert_eq(b.spare_end - b.spare, DB_NUMBER_BLOCK);
    cr_assert_geq(by_hand(&s, "SELECT next FROM counters WHERE name = 'code'"), b.spare_end, "durable before it is handed out");
    cr_assert(waits_for_a_round(&s), "round after round");
    fresh_end(&s);
}

Test(postgres_keeper, what_has_ended_goes_by_itself, .timeout = 60)
{
    struct fresh s = fresh_postgres(true);
    for (int i = 0; i < 300; i++)
        MUST(db_revocation_add(s.tx, "grant", STR("id"), T0 + 1));
    clock_set(T0 + DB_REVOCATION_SECONDS);
    cr_assert(is_purged_within(&s, PATIENCE_US));
    fresh_end(&s);
}

Test(postgres_keeper, while_another_node_cleans_up_this_one_does_not, .timeout = 60)
{
    struct fresh s = fresh_postgres(false);
    PGconn *another = hand(s.database);
    hand_do(another, "BEGIN");
    hand_do(another, "SELECT pg_advisory_xact_lock(7234598612001)");
    MUST(db_revocation_add(s.tx, "grant", STR("id"), T0 + 1));
    clock_set(T0 + DB_REVOCATION_SECONDS);
    store_close(s.store);
    fresh_open(&s, true);
    for (int round = 0; round < 3; round++)
        cr_assert(waits_for_a_round(&s));
    cr_assert_eq(by_hand(&s, REVOCATIONS), 1);
    hand_do(another, "COMMIT");
    PQfinish(another);
    cr_assert(is_purged_within(&s, PATIENCE_US));
    fresh_end(&s);
}

Test(postgres_keeper, a_store_closes_at_once_whatever_it_waits_for, .timeout = 60)
{
    struct fresh s = fresh_postgres(true);
    cr_assert(waits_for_a_round(&s));
    for (int i = 0; i < 10; i++)
        MUST(store_ready(s.store)); /* meanwhile it has begun to wait */
    int64_t began_us = clock_monotonic_us();
    store_close(s.store);
    cr_assert_lt(clock_monotonic_us() - began_us, 600000, "the next round is a second away");
    arena_release(s.a);
    fresh_remove(&s);
}
