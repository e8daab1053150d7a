/* SPDX-License-Identifier: MIT
 * postgres_ask: what became of a commit, who cleans up, how far the feeds have come. */
#include "store/fresh.h"
#include "store/postgres/postgres_batch.h"

#include "base/banned.h"

struct two {
    struct fresh s;
    struct postgres_conn *one, *other;
};

static struct two two_new(void)
{
    struct two t = {.s = fresh_postgres(false)};
    MUST(postgres_conn_open(t.s.database, &t.one));
    MUST(postgres_conn_open(t.s.database, &t.other));
    return t;
}

static void two_end(struct two *t)
{
    postgres_conn_close(t->one);
    postgres_conn_close(t->other);
    fresh_end(&t->s);
}

static enum postgres_outcome outcome_of(struct two *t)
{
    enum postgres_outcome outcome = POSTGRES_UNKNOWN;
    MUST(postgres_conn_outcome(t->other, t->one, &outcome));
    return outcome;
}

static void write_something(struct two *t)
{
    struct db_conn *c = postgres_conn_base(t->one);
    struct tx tx = {.store = t->s.store, .c = c};
    MUST(postgres_conn_begin(c));
    MUST(db_revocation_add(&tx, "grant", STR("id"), T0 + 10));
    cr_assert(postgres_conn_named(t->one));
}

Test(postgres_ask, what_became_of_a_transaction_is_known_by_its_name)
{
    struct two t = two_new();
    write_something(&t);
    cr_assert_eq(outcome_of(&t), POSTGRES_OPEN);
    MUST(postgres_conn_commit(postgres_conn_base(t.one)));
    cr_assert_eq(outcome_of(&t), POSTGRES_COMMITTED);
    write_something(&t);
    postgres_conn_rollback(postgres_conn_base(t.one));
    cr_assert_eq(outcome_of(&t), POSTGRES_ABORTED);
    two_end(&t);
}

/* The numbers of another server, or of this one after a failover, name other transactions. */
Test(postgres_ask, of_another_history_nothing_is_known)
{
    struct two t = two_new();
    struct fresh elsewhere = fresh_postgres(false);
    struct postgres_conn *far = NULL;
    enum postgres_outcome outcome = POSTGRES_COMMITTED;
    write_something(&t);
    MUST(postgres_conn_commit(postgres_conn_base(t.one)));
    MUST(postgres_conn_open(elsewhere.database, &far));
    MUST(postgres_conn_outcome(far, t.one, &outcome));
    cr_assert_eq(outcome, POSTGRES_UNKNOWN);
    postgres_conn_close(far);
    fresh_end(&elsewhere);
    two_end(&t);
}

static bool is_chosen(struct postgres_conn *c)
{
    bool chosen = false;
    MUST(postgres_conn_housekeeper(c, &chosen));
    return chosen;
}

Test(postgres_ask, one_node_cleans_up_at_a_time)
{
    struct two t = two_new();
    struct db_conn *one = postgres_conn_base(t.one), *other = postgres_conn_base(t.other);
    MUST(postgres_conn_begin(one));
    MUST(postgres_conn_begin(other));
    cr_assert(is_chosen(t.one) && is_chosen(t.one));
    cr_assert_not(is_chosen(t.other));
    MUST(postgres_conn_commit(one));
    cr_assert(is_chosen(t.other), "until the transaction's end");
    postgres_conn_rollback(other);
    two_end(&t);
}

Test(postgres_ask, heads_are_the_numbers_that_come_next)
{
    struct two t = two_new();
    struct postgres_heads before, after;
    MUST(postgres_conn_heads(t.one, &before));
    MUST(db_scope_add(t.s.tx, STR("mine"), STR("words")));
    MUST(db_revocation_add(t.s.tx, "grant", STR("id"), T0 + 10));
    MUST(db_revocation_add(t.s.tx, "grant", STR("other"), T0 + 10));
    MUST(postgres_conn_heads(t.one, &after));
    cr_assert(after.change == before.change + 1 && after.revocation == before.revocation + 2);
    (void)by_hand(&t.s, "DELETE FROM counters WHERE name = 'revocation'");
    MUST_FAIL(UNAVAILABLE, postgres_conn_heads(t.one, &after));
    two_end(&t);
}

Test(postgres_ask, a_script_is_a_part_of_the_transaction_that_waits)
{
    struct two t = two_new();
    struct db_conn *c = postgres_conn_base(t.one);
    str text = STR("untouched");
    MUST(postgres_conn_begin(c));
    MUST(postgres_conn_script(c, "CREATE TABLE things (number BIGINT); INSERT INTO things VALUES (7)"));
    MUST(postgres_conn_ask(c, t.s.a, "SELECT number FROM things WHERE number = 8", &text));
    cr_assert(str_is(text, "untouched"), "no row");
    MUST(postgres_conn_ask(c, t.s.a, "SELECT number FROM things", &text));
    cr_assert(str_is(text, "7"));
    postgres_conn_rollback(c);
    cr_assert_eq(by_hand(&t.s, "SELECT count(*) FROM pg_class WHERE relname = 'things'"), 0);
    MUST(postgres_conn_begin(c));
    MUST_FAIL(UNAVAILABLE, postgres_conn_script(c, "SELECT nothing FROM nowhere"));
    MUST_FAIL(UNAVAILABLE, postgres_conn_script(c, "SELECT 1")); /* worthless until it is rolled back */
    postgres_conn_rollback(c);
    MUST(postgres_conn_script(c, "SELECT 1"));
    two_end(&t);
}
