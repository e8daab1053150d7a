/* SPDX-License-Identifier: MIT
 * db_pushed: one pushed request ends once, and stays long enough for whoever is still logging in (PR-01). */
#include "store/fresh.h"
#include "store/table/db_pushed.h"

#include "base/banned.h"

static struct db_pushed pushed_new(struct fresh *s, const char *text)
{
    struct db_pushed p = {.hash = hash_of(text), .client_number = 7, .client_epoch = 3, .parameters = STR("scope=openid&state=%26"), .expires_at = T0 + 60};
    MUST(db_pushed_reserve(s->tx, &p.number));
    MUST(db_pushed_add(s->tx, &p));
    return p;
}

Test(pushed, comes_back_whole_and_ends_once)
{
    struct fresh s = fresh_new(true);
    struct db_pushed p = pushed_new(&s, "one"), other = pushed_new(&s, "two"), *row;
    bool first = false;
    MUST(db_pushed_get(s.tx, s.a, p.number, &row));
    cr_assert(token_hash_equal(&row->hash, &p.hash) && row->client_number == 7 && row->client_epoch == 3 && row->used_at == 0);
    cr_assert(str_equal(row->parameters, p.parameters) && !str_present(row->jkt) && row->expires_at == T0 + 60);
    MUST(db_pushed_take(s.tx, p.number, T0 + 5, &first));
    cr_assert(first);
    MUST(db_pushed_take(s.tx, p.number, T0 + 6, &first));
    cr_assert_not(first);
    MUST(db_pushed_get(s.tx, s.a, p.number, &row));
    cr_assert_eq(row->used_at, T0 + 5);
    MUST(db_pushed_get(s.tx, s.a, other.number, &row));
    cr_assert_eq(row->used_at, 0);
    MUST(db_pushed_take(s.tx, other.number + 1, T0, &first));
    cr_assert_not(first, "of nothing nobody is the first");
    MUST(db_pushed_get(s.tx, s.a, other.number + 1, &row));
    cr_assert_null(row);
    fresh_end(&s);
}

static err take_and_fail(struct tx *tx, void *context)
{
    bool first = false;
    TRY(db_pushed_take(tx, *(int64_t *)context, T0, &first));
    cr_assert(first);
    FAIL(UNPROCESSABLE, "test: the answer could not be made");
}

Test(pushed, what_was_taken_in_a_transaction_that_failed_waits_again)
{
    struct fresh s = fresh_new(true);
    struct db_pushed p = pushed_new(&s, "one");
    bool first = false;
    MUST_FAIL(UNPROCESSABLE, store_together(s.tx, take_and_fail, &p.number));
    MUST(db_pushed_take(s.tx, p.number, T0, &first));
    cr_assert(first);
    fresh_end(&s);
}

Test(pushed, an_unused_one_outlives_its_end_by_an_hour_and_a_used_one_does_not)
{
    struct fresh s = fresh_new(false);
    struct db_pushed used = pushed_new(&s, "used"), waiting = pushed_new(&s, "waiting"), *row;
    bool first;
    int64_t deleted;
    MUST(db_pushed_take(s.tx, used.number, T0, &first));
    MUST(db_purge(s.store, T0 + 59, 100, &deleted));
    cr_assert_eq(deleted, 0);
    MUST(db_purge(s.store, T0 + 60, 100, &deleted));
    cr_assert_eq(deleted, 1);
    MUST(db_purge(s.store, T0 + 60 + DB_PUSHED_SPARE - 1, 100, &deleted));
    MUST(db_pushed_get(s.tx, s.a, waiting.number, &row));
    cr_assert(deleted == 0 && row != NULL);
    MUST(db_purge(s.store, T0 + 60 + DB_PUSHED_SPARE, 100, &deleted));
    cr_assert_eq(deleted, 1);
    fresh_end(&s);
}
