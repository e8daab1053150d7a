/* SPDX-License-Identifier: MIT
 * postgres_batch: several statements in one round trip, each prepared once, and what one failed batch means. */
#include "store/fresh.h"
#include "store/postgres/postgres_batch.h"

#include "base/banned.h"

/* A table of the test's own, in the place of a file that this test does not use. */
enum { PUT, ALL, LATER, MOVE };
static const char *const texts[] = {
    [PUT] = "INSERT INTO things (number) VALUES ($1)",
    [ALL] = "SELECT number FROM things ORDER BY number",
    [LATER] = "SELECT number FROM made_later",
    [MOVE] = "UPDATE things SET number = number + 100 WHERE number >= $1",
};
static const struct db_statements statements = {DB_STATEMENTS_issuer, texts, sizeof(texts) / sizeof(texts[0])};

struct things {
    struct fresh s;
    struct postgres_conn *c;
};

static struct things things_new(void)
{
    struct things t = {.s = fresh_postgres(false)};
    (void)by_hand(&t.s, "CREATE TABLE things (number BIGINT PRIMARY KEY)");
    MUST(postgres_conn_open(t.s.database, &t.c));
    return t;
}

static void things_end(struct things *t)
{
    postgres_conn_close(t->c);
    fresh_end(&t->s);
}

static int64_t count_of(struct things *t, const char *sql)
{
    str text = STR_ABSENT;
    int64_t value = -1;
    MUST(postgres_conn_ask(postgres_conn_base(t->c), t->s.a, sql, &text));
    MUST(postgres_statement_number(text, &value));
    return value;
}

#define PREPARED "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%things%'"

Test(postgres_batch, statements_are_answered_together_and_prepared_once)
{
    struct things t = things_new();
    for (int64_t round = 0; round < 2; round++) {
        struct postgres_batch b = {.c = t.c};
        postgres_batch_add(&b, CALL(PUT, P_INT(2 * round)), FORM_PLAIN);
        postgres_batch_add(&b, CALL(PUT, P_INT(2 * round + 1)), FORM_PLAIN);
        postgres_batch_add(&b, CALL_ALONE(ALL), FORM_PLAIN);
        cr_assert(b.items[0].prepares == (round == 0) && !b.items[1].prepares);
        MUST(postgres_batch_go(&b));
        cr_assert_eq(b.refused, b.count);
        cr_assert_eq(postgres_rows(b.items[2].answer), (size_t)(2 * round + 2));
        cr_assert_eq(postgres_changed(b.items[1].answer), 1);
        postgres_batch_free(&b);
        cr_assert_eq(count_of(&t, PREPARED), 2);
    }
    things_end(&t);
}

Test(postgres_batch, a_change_of_which_one_row_is_expected_is_refused_with_any_other_number_of_them)
{
    struct things t = things_new();
    for (int64_t rows = 0; rows < 4; rows++) {
        struct postgres_batch b = {.c = t.c};
        postgres_batch_add(&b, CALL(MOVE, P_INT(0)), FORM_EXPECTED);
        err e = postgres_batch_go(&b);
        cr_expect_eq(e.kind, rows == 1 ? ERR_OK : ERR_UNAVAILABLE, "%d", (int)rows);
        cr_expect(rows == 1 || t.c->trouble == POSTGRES_AGAIN);
        postgres_batch_free(&b);
        cr_expect_eq(count_of(&t, "SELECT count(*) FROM things WHERE number >= 100"), rows >= 1, "%d", (int)rows);
        b = (struct postgres_batch){.c = t.c};
        postgres_batch_add(&b, CALL(PUT, P_INT(rows)), FORM_PLAIN);
        MUST(postgres_batch_go(&b));
        postgres_batch_free(&b);
    }
    things_end(&t);
}

Test(postgres_batch, the_first_refusal_counts_and_takes_the_whole_batch_back)
{
    struct things t = things_new();
    struct postgres_batch b = {.c = t.c};
    postgres_batch_add(&b, CALL(PUT, P_INT(1)), FORM_PLAIN);
    postgres_batch_add(&b, CALL(PUT, P_INT(1)), FORM_PLAIN);
    postgres_batch_add(&b, CALL(PUT, P_INT(2)), FORM_PLAIN);
    MUST_FAIL(CONFLICT, postgres_batch_go(&b));
    cr_assert_eq(b.refused, 1u);
    cr_assert_null(b.items[2].answer);
    postgres_batch_free(&b);
    cr_assert_eq(count_of(&t, "SELECT count(*) FROM things"), 0);
    cr_assert(t.c->trouble == POSTGRES_FINE && postgres_conn_usable(t.c));
    things_end(&t);
}

Test(postgres_batch, what_could_not_be_prepared_is_prepared_when_it_can)
{
    struct things t = things_new();
    struct postgres_batch b = {.c = t.c};
    postgres_batch_add(&b, CALL_ALONE(LATER), FORM_PLAIN);
    postgres_batch_add(&b, CALL_ALONE(ALL), FORM_PLAIN);
    MUST_FAIL(UNAVAILABLE, postgres_batch_go(&b));
    cr_assert(b.refused == 0 && t.c->trouble == POSTGRES_WRONG);
    postgres_batch_free(&b);
    (void)by_hand(&t.s, "CREATE TABLE made_later (number BIGINT)");
    struct postgres_batch again = {.c = t.c};
    postgres_batch_add(&again, CALL_ALONE(LATER), FORM_PLAIN);
    postgres_batch_add(&again, CALL_ALONE(ALL), FORM_PLAIN);
    cr_assert(again.items[0].prepares && again.items[1].prepares, "the second was skipped with the first");
    MUST(postgres_batch_go(&again));
    postgres_batch_free(&again);
    things_end(&t);
}

Test(postgres_batch, what_waits_goes_with_the_next_one)
{
    struct things t = things_new();
    struct postgres_batch b = {.c = t.c};
    postgres_batch_wait(t.c, OWN_BEGIN);
    postgres_batch_wait(t.c, OWN_SAVE);
    postgres_batch_waiting(&b);
    postgres_batch_add(&b, CALL(PUT, P_INT(1)), FORM_PLAIN);
    cr_assert_eq(b.count, 3u);
    MUST(postgres_batch_go(&b));
    postgres_batch_free(&b);
    cr_assert_eq(by_hand(&t.s, "SELECT count(*) FROM things"), 0, "others do not see it");
    things_end(&t);
}

Test(postgres_batch, only_a_broken_constraint_in_a_savepoint_leaves_the_transaction_usable)
{
    struct things t = things_new();
    struct db_conn *base = postgres_conn_base(t.c);
    const err broken = ERR(CONFLICT, "test"), away = ERR(UNAVAILABLE, "test");
    postgres_batch_failed(t.c, away, false);
    MUST(postgres_batch_usable(t.c)); /* where none is open nothing is lost */
    MUST(postgres_conn_begin(base));
    postgres_batch_failed(t.c, broken, true);
    MUST(postgres_batch_usable(t.c));
    cr_assert(t.c->waits == 2 && t.c->waiting[0].line == OWN_STEP_UNDO && t.c->waiting[1].line == OWN_STEP_KEEP);
    postgres_conn_rollback(base);
    MUST(postgres_conn_begin(base));
    postgres_batch_failed(t.c, broken, false);
    MUST_FAIL(UNAVAILABLE, postgres_batch_usable(t.c));
    MUST_FAIL(UNAVAILABLE, postgres_conn_commit(base));
    MUST(postgres_conn_begin(base));
    postgres_batch_failed(t.c, away, true);
    MUST_FAIL(UNAVAILABLE, postgres_batch_usable(t.c));
    postgres_conn_rollback(base);
    MUST(postgres_batch_usable(t.c));
    things_end(&t);
}

Test(postgres_batch, a_connection_that_was_ended_is_gone)
{
    struct things t = things_new();
    char sql[80];
    (void)snprintf(sql, sizeof(sql), "SELECT CASE WHEN pg_terminate_backend(%d, 5000) THEN 1 ELSE 0 END", postgres_process(t.c->link));
    cr_assert_eq(by_hand(&t.s, sql), 1);
    struct postgres_batch b = {.c = t.c};
    postgres_batch_add(&b, CALL_ALONE(ALL), FORM_PLAIN);
    MUST_FAIL(UNAVAILABLE, postgres_batch_go(&b));
    postgres_batch_free(&b);
    cr_assert(t.c->trouble == POSTGRES_GONE && !postgres_conn_usable(t.c));
    things_end(&t);
}
