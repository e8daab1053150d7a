/* SPDX-License-Identifier: MIT
 * Statements and transactions on one connection of PostgreSQL. */
#include "store/fresh.h"
#include "store/postgres_proxy.h"
#include "store/table/db_change.h"

#include "base/banned.h"

static err break_and_go_on(struct tx *tx, void *context)
{
    struct db_authorization g = *(const struct db_authorization *)context;
    MUST_FAIL(NOT_FOUND, db_authorization_add(tx, &g));
    TRY(db_scope_add(tx, STR("after"), STR("words")));
    MUST_FAIL(NOT_FOUND, db_authorization_add(tx, &g));
    struct db_client c = {.id = STR("app"), .name = STR("Another")};
    MUST_FAIL(CONFLICT, db_client_add(tx, &c));
    return db_scope_add(tx, STR("later"), STR("words"));
}

Test(postgres_conn, a_broken_constraint_leaves_the_transaction_usable)
{
    struct fresh s = fresh_postgres(false);
    (void)fresh_client(&s, "app");
    struct db_authorization g = fresh_authorization_made(&s, 77, 88); /* nobody, and no client */
    MUST(store_together(s.tx, break_and_go_on, &g));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name IN ('after', 'later')"), 2);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM grants"), 0);
    fresh_end(&s);
}

static err add_inner(struct tx *tx, void *context)
{
    TRY(db_scope_add(tx, STR("inner"), STR("words")));
    if (*(bool *)context)
        FAIL(CONFLICT, "changed its mind");
    return OK;
}

static err add_outer(struct tx *tx, void *context)
{
    TRY(db_scope_add(tx, STR("outer \"quoted\" \\ {,}"), STR("words")));
    err e = store_together(tx, add_inner, context);
    cr_assert_eq(FAILED(e), *(bool *)context);
    return OK;
}

Test(postgres_conn, lines_of_a_part_that_was_taken_back_are_not_written)
{
    struct fresh s = fresh_postgres(false);
    bool fails = true;
    MUST(store_together(s.tx, add_outer, &fails));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'inner'"), 0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes"), 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes WHERE kind = 'scope' AND key = 'outer \"quoted\" \\ {,}'"), 1);
    fails = false;
    by_hand(&s, "DELETE FROM scopes WHERE builtin = 0");
    MUST(store_together(s.tx, add_outer, &fails));
    cr_assert_eq(by_hand(&s, "SELECT max(seq) FROM changes"), 3);
    fresh_end(&s);
}

static err nothing(struct tx *tx, void *context)
{
    (void)tx, (void)context;
    return OK;
}

static err two_and_a_line(struct tx *tx, void *context)
{
    const int64_t *number = context;
    TRY(db_user_logged_in(tx, *number, T0 + 1));
    return db_session_end(tx, 12345);
}

static int trips(struct proxy *x)
{
    return atomic_exchange(&x->trips, 0);
}

Test(postgres_conn, one_statement_is_one_round_trip_and_a_transaction_one_more_than_its_statements)
{
    struct fresh s = fresh_postgres(false), near = s;
    struct proxy *x = proxy_new(s.database);
    struct db_user u = fresh_user(&s, "ada"), *r;
    (void)snprintf(near.database, sizeof(near.database), "%s", x->string);
    fresh_open(&near, false);
    for (int warm = 0; warm < 2; warm++) {
        (void)trips(x);
        MUST(store_together(near.tx, nothing, NULL));
        cr_assert_eq(trips(x), 0, "nothing was to be said");
        MUST(db_session_end(near.tx, 12345));
        cr_assert_eq(trips(x), 1, "a change of one statement");
        MUST(db_user_by_number(near.tx, s.a, u.number, &r));
        cr_assert_eq(trips(x), 1, "a question");
        MUST(store_together(near.tx, two_and_a_line, &u.number));
        cr_assert_eq(trips(x), 3, "two statements; the line, the notice and the commit");
    }
    store_close(near.store);
    proxy_end(x);
    fresh_end(&s);
}

static err only_parts(struct db_conn *c, void *context)
{
    const int *parts = context;
    for (int i = 0; i < *parts; i++) {
        TRY(c->driver->save(c));
        TRY(c->driver->release(c, true));
    }
    return OK;
}

static err add_in_part(struct db_conn *c, void *context)
{
    struct tx tx = {.store = context, .c = c};
    TRY(c->driver->save(c));
    TRY(db_scope_add(&tx, STR("kept"), STR("words")));
    return c->driver->release(c, true);
}

/* What waits for the next statement ends with its transaction: the next one on the connection, or a statement alone, begins clean. */
static err tell_three(struct tx *tx, void *context)
{
    const struct db_event events[] = {{.name = STR("first"), .class = DB_EVENT_ADMINISTRATION},
                                      {.name = STR("second"), .detail = STR("caf\xe9"), .class = DB_EVENT_ADMINISTRATION},
                                      {.name = STR("third"), .class = DB_EVENT_ADMINISTRATION}};
    (void)context;
    for (size_t i = 0; i < 3; i++)
        db_event_add(tx, &events[i]);
    return OK;
}

/* Events share transactions: bytes that are no text must not be a way to take others' along (LG-01). */
Test(postgres_conn, an_event_that_is_no_text_takes_nobody_along)
{
    struct fresh s = fresh_postgres(true);
    struct store_counts counts;
    MUST(store_together(s.tx, tell_three, NULL));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM events WHERE name IN ('first', 'third')"), 2);
    cr_assert_eq(by_hand(&s, "SELECT max(number) FROM events"), 2);
    store_counts(s.store, &counts);
    cr_assert_eq(counts.dropped, 1u);
    fresh_end(&s);
}

Test(postgres_conn, what_waits_ends_with_its_transaction)
{
    struct fresh s = fresh_postgres(false); /* one connection */
    int parts = 1;
    struct db_scope *rows;
    size_t count;
    MUST(db_write(s.tx, DB_SEVERAL, only_parts, &parts));
    MUST(db_scope_all(s.tx, s.a, &rows, &count));
    MUST(db_write(s.tx, DB_SEVERAL, add_in_part, s.store));
    MUST(db_scope_all(s.tx, s.a, &rows, &count));
    MUST(store_ready(s.store));
    fresh_end(&s);
}

Test(postgres_conn, an_expected_change_that_nobody_waited_for_is_taken_back_with_its_transaction)
{
    struct fresh s = fresh_postgres(false);
    struct db_authorization g = fresh_authorization(&s, fresh_user(&s, "ada").number, fresh_client(&s, "app").number), *read;
    struct postgres_conn *c = NULL;
    MUST(postgres_conn_open(s.database, &c));
    struct tx tx = {s.store, postgres_conn_base(c)};
    for (int64_t from = 1; from <= 7; from += 6) { /* one that would have been made, and one that is refused */
        bool rotated = false;
        MUST(postgres_conn_begin(tx.c));
        postgres_conn_expecting(c);
        MUST(db_authorization_get(&tx, s.a, g.number, &read));
        read->generation = from + 1;
        MUST(db_refresh_rotate(&tx, read, from, &rotated));
        cr_expect(rotated);
        postgres_conn_rollback(tx.c);
        cr_expect(postgres_conn_usable(c));
        MUST(postgres_conn_begin(tx.c));
        MUST(db_authorization_get(&tx, s.a, g.number, &read));
        cr_expect_eq(read->generation, 1);
        MUST(postgres_conn_commit(tx.c));
    }
    postgres_conn_close(c);
    fresh_end(&s);
}
