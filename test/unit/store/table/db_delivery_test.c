/* SPDX-License-Identifier: MIT
 * Claims about the outbox: what is due is taken once a lease, failures wait, and nothing grows without bound (RL-06). */
#include "store/fresh.h"

#include "base/banned.h"

Test(delivery, is_taken_once_a_lease_and_gone_when_done)
{
    struct fresh s = fresh_new(true);
    struct db_delivery d = fresh_delivery(7, "https://a.example/x"), *rows;
    MUST(db_delivery_add(s.tx, &d));
    cr_assert_eq(fresh_due(&s, T0 - 1, &rows), 0u);
    cr_assert_eq(fresh_due(&s, T0, &rows), 1u);
    cr_assert_eq(rows[0].number, d.number);
    cr_assert(str_is(rows[0].bearer, "b"));
    cr_assert_eq(fresh_due(&s, T0 + 99, &rows), 0u, "taken twice");
    cr_assert_eq(fresh_due(&s, T0 + 100, &rows), 1u, "lost with the process that took it");
    MUST(db_delivery_return(s.tx, &rows[0]));
    cr_assert_eq(fresh_due(&s, T0 + 100, &rows), 1u, "a stop must not cost a lease");
    MUST(db_delivery_done(s.tx, d.number));
    cr_assert_eq(fresh_due(&s, T0 + 9999, &rows), 0u);
    fresh_end(&s);
}

Test(delivery, a_failure_holds_back_all_for_the_same_receiver_alone)
{
    struct fresh s = fresh_new(true);
    struct db_delivery a = fresh_delivery(7, "https://a.example/x"), b = fresh_delivery(7, "https://a.example/x"), c = fresh_delivery(8, "https://b.example/y"),
                       *rows;
    bool any;
    unix_time next;
    MUST(db_delivery_add(s.tx, &a));
    MUST(db_delivery_add(s.tx, &b));
    MUST(db_delivery_add(s.tx, &c));
    MUST(db_delivery_postpone(s.tx, &a, T0 + 60));
    cr_assert_eq(fresh_due(&s, T0, &rows), 1u);
    cr_assert_eq(rows[0].number, c.number);
    MUST(db_delivery_done(s.tx, c.number));
    MUST(db_delivery_next(s.tx, &next, &any));
    cr_assert(any && next == T0 + 60);
    cr_assert_eq(fresh_due(&s, T0 + 60, &rows), 2u);
    cr_assert_eq(rows[0].number, b.number, "what failed before goes last");
    cr_assert_eq(rows[1].tries, 1);
    fresh_end(&s);
}

Test(delivery, one_client_cannot_fill_the_outbox) /* RL-06 */
{
    struct fresh s = fresh_new(false);
    struct db_delivery d;
    for (int i = 0; i < DB_DELIVERIES_PER_CLIENT; i++) {
        d = fresh_delivery(7, "https://a.example/x");
        MUST(db_delivery_add(s.tx, &d));
    }
    d = fresh_delivery(7, "https://a.example/x");
    MUST_FAIL(THROTTLED, db_delivery_add(s.tx, &d));
    d = fresh_delivery(8, "https://a.example/x");
    MUST(db_delivery_add(s.tx, &d));
    fresh_end(&s);
}

static int calls;
static void called(void *context)
{
    (void)context;
    calls++;
}

Test(delivery, who_waits_is_called_after_the_commit_and_only_then)
{
    struct fresh s = fresh_new(true);
    struct db_delivery d = fresh_delivery(7, "https://a.example/x");
    db_delivery_when_added(s.store, called, NULL);
    MUST(store_ready(s.store));
    cr_assert_eq(calls, 0);
    MUST(db_delivery_add(s.tx, &d));
    cr_assert_eq(calls, 1);
    db_delivery_when_added(s.store, NULL, NULL);
    fresh_end(&s);
}

Test(delivery, what_nobody_fetched_is_purged)
{
    struct fresh s = fresh_new(true);
    struct db_delivery ends = fresh_delivery(7, "https://a.example/x"), open_end = fresh_delivery(7, "https://a.example/x");
    int64_t deleted;
    ends.expires_at = T0 + 10;
    MUST(db_delivery_add(s.tx, &ends));
    MUST(db_delivery_add(s.tx, &open_end));
    MUST(db_purge(s.store, T0 + 86400, 1000, &deleted));
    cr_assert_eq(deleted, 0);
    MUST(db_purge(s.store, T0 + 10 + 86400, 1000, &deleted));
    cr_assert_eq(deleted, 1);
    MUST(db_purge(s.store, T0 + 33 * 86400, 1000, &deleted));
    cr_assert_eq(deleted, 1);
    fresh_end(&s);
}
