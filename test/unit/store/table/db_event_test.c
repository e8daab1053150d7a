/* SPDX-License-Identifier: MIT
 * db_event: the audit trail, things that happen once, throttles and revocations. */
#include "store/fresh.h"

#include "base/banned.h"

static const struct db_throttle_rule rule = {.free_tries = 3, .base = 2, .most = 10, .forget = 100};

static void event(struct fresh *s, const char *name, const char *actor, const char *detail)
{
    db_event_add(s->tx,
                 &(struct db_event){.name = str_of(name), .actor = str_of(actor), .detail = str_of(detail), .client_id = STR("app"), .request_id = STR("r1")});
}

Test(event, is_copied_queued_and_listed_newest_first)
{
    struct fresh s = fresh_new(true);
    char detail[] = "bad password";
    event(&s, "login.failed", "u1", detail);
    memset(detail, 'x', sizeof(detail) - 1); /* the caller's memory is its own again at once */
    clock_set(T0 + 1);
    event(&s, "login.ok", "u2", NULL);
    fresh_settled(&s);
    struct db_event_rows rows;
    MUST(db_event_list(s.tx, s.a, STR_ABSENT, &(struct db_page){.limit = 10}, &rows));
    cr_assert_eq(rows.total, 2);
    cr_assert(str_is(rows.rows[0].name, "login.ok"));
    cr_assert_eq(rows.rows[0].at, T0 + 1);
    cr_assert_not(str_present(rows.rows[0].detail));
    cr_assert(str_is(rows.rows[1].detail, "bad password"));
    cr_assert(str_is(rows.rows[1].request_id, "r1"));
    MUST(db_event_list(s.tx, s.a, STR("u1"), &(struct db_page){.limit = 10}, &rows));
    cr_assert_eq(rows.total, 1);
    MUST(db_event_list(s.tx, s.a, STR("nobody"), &(struct db_page){.limit = 10}, &rows));
    cr_assert_eq(rows.total, 0);
    MUST_FAIL(UNPROCESSABLE, db_event_list(s.tx, s.a, STR(""), &(struct db_page){.limit = 10}, &rows)); /* not: everybody */
    MUST(db_event_list(s.tx, s.a, STR_ABSENT, &(struct db_page){.limit = 10, .filter = STR("BAD pass")}, &rows));
    cr_assert_eq(rows.total, 1);
    MUST(db_event_list(s.tx, s.a, STR_ABSENT, &(struct db_page){.limit = 10, .order_by = STR("at")}, &rows));
    cr_assert(str_is(rows.rows[0].name, "login.failed"));
    MUST_FAIL(UNPROCESSABLE, db_event_list(s.tx, s.a, STR_ABSENT, &(struct db_page){.limit = 1, .order_by = STR("x")}, &rows));
    fresh_end(&s);
}

static void many(struct fresh *s, const char *columns, const char *values, int64_t count)
{
    char text[512];
    (void)snprintf(text, sizeof text, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld) INSERT INTO events (%s) SELECT %s FROM n",
                   (long long)count, columns, values);
    (void)by_hand(s, text);
}

Test(event, each_class_has_a_budget_of_its_own_and_its_oldest_go_first) /* LG-01 */
{
    struct fresh s = fresh_new(false);
    int64_t deleted = 0, kept[DB_EVENT_CLASSES + 1];
    db_event_add(s.tx, &(struct db_event){.at = 1, .name = STR("client.changed"), .class = DB_EVENT_ADMINISTRATION});
    db_event_add(s.tx, &(struct db_event){.at = 1, .name = STR("login.failed"), .class = DB_EVENT_PEOPLE});
    many(&s, "number, at, name, class, place", "i + 10, i, 'token.revoked', 3, i", 130700); /* of machines, which wash nothing else */
    MUST(db_purge(s.store, T0, 100, &deleted));
    cr_assert_eq(deleted, 100); /* at most what was asked for */
    MUST(db_purge(s.store, T0, 1000000, &deleted));
    cr_assert_eq(deleted, 130700 - 100 - DB_EVENT_ROWS_USUAL);
    MUST(db_event_kept(s.tx, s.a, kept));
    cr_assert_eq(kept[DB_EVENT_ADMINISTRATION], 1);
    cr_assert_eq(kept[DB_EVENT_PEOPLE], 1);
    cr_assert_eq(kept[DB_EVENT_MACHINES], DB_EVENT_ROWS_USUAL);
    struct db_event *rows;
    size_t count;
    MUST(db_event_after(s.tx, s.a, DB_EVENT_MACHINES, 0, &rows, &count));
    cr_assert_eq(count, 1000);
    cr_assert_eq(rows[0].number, 30711);
    MUST(db_event_after(s.tx, s.a, 0, 0, &rows, &count));
    cr_assert(str_is(rows[0].name, "client.changed") && str_is(rows[1].name, "login.failed"));
    fresh_end(&s);
}

Test(event, each_class_has_an_age_of_its_own)
{
    struct fresh s = fresh_new(false);
    int64_t deleted = 0, kept[DB_EVENT_CLASSES + 1];
    s.store->event_limits[DB_EVENT_MACHINES].seconds = 100;
    for (int64_t class = 1; class <= DB_EVENT_CLASSES; class ++)
        for (int i = 0; i < 4; i++)
            db_event_add(s.tx, &(struct db_event){.at = T0 - 60 * i, .name = STR("x"), .class = class});
    MUST(db_purge(s.store, T0, 1000, &deleted));
    cr_assert_eq(deleted, 2);
    MUST(db_event_kept(s.tx, s.a, kept));
    cr_assert(kept[1] == 4 && kept[2] == 4);
    fresh_end(&s);
}

Test(once, is_taken_once_until_it_expires)
{
    struct fresh s = fresh_new(true);
    bool first = false;
    MUST(db_once_take(s.tx, "jti", STR("a"), T0 + 10, &first));
    cr_assert(first);
    MUST(db_once_take(s.tx, "jti", STR("a"), T0 + 10, &first));
    cr_assert_not(first);
    MUST(db_once_take(s.tx, "form", STR("a"), T0 + 10, &first)); /* one kind is never taken for another */
    cr_assert(first);
    clock_set(T0 + 9);
    MUST(db_once_take(s.tx, "jti", STR("a"), T0 + 20, &first));
    cr_assert_not(first);
    clock_set(T0 + 10);
    MUST(db_once_take(s.tx, "jti", STR("a"), T0 + 20, &first));
    cr_assert(first);
    char *big = arena_take(s.a, 1000);
    memset(big, 'a', 1000);
    MUST_FAIL(UNPROCESSABLE, db_once_take(s.tx, "jti", (str){big, 1000}, T0 + 20, &first)); /* refused, never cut */
    fresh_end(&s);
}

Test(throttle, waits_double_up_to_the_most_and_count_before_judging)
{
    struct fresh s = fresh_new(true);
    struct db_throttle state;
    bool allowed;
    static const int64_t waits[] = {0, 0, 2, 4, 8, 10, 10};
    for (size_t i = 0; i < 7; i++) {
        MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
        cr_assert(allowed);
        cr_assert_eq(state.failures, (int64_t)i);
        if (waits[i] > 0) {
            clock_set(clock_now() + waits[i] - 1);
            MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
            cr_assert_not(allowed);
            cr_assert_eq(state.until, clock_now() + 1);
            cr_assert_eq(state.failures, (int64_t)i + 1); /* a refused try is not counted */
            clock_set(clock_now() + 1);
        }
    }
    MUST(db_throttle_try(s.tx, STR("bob"), &rule, &allowed, &state));
    cr_assert(allowed);
    cr_assert_eq(state.failures, 0);
    fresh_end(&s);
}

Test(throttle, is_cleared_returned_and_forgotten)
{
    struct fresh s = fresh_new(true);
    struct db_throttle state;
    bool allowed;
    for (int i = 0; i < 3; i++)
        MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    cr_assert_not(allowed);
    MUST(db_throttle_return(s.tx, STR("ada")));
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    cr_assert(allowed);
    cr_assert_eq(state.failures, 2);
    MUST(db_throttle_clear(s.tx, STR("ada")));
    MUST(db_throttle_return(s.tx, STR("ada"))); /* never below nothing */
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    cr_assert_eq(state.failures, 0);
    clock_set(T0 + 100);
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    cr_assert_eq(state.failures, 0);
    fresh_end(&s);
}

Test(throttle, a_lifted_wait_leaves_what_was_counted)
{
    struct fresh s = fresh_new(true);
    struct db_throttle state;
    bool allowed;
    MUST(db_throttle_try(s.tx, STR("bob"), &rule, &allowed, &state));
    for (int i = 0; i < 3; i++)
        MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    MUST(db_throttle_lift(s.tx, STR("ada")));
    MUST(db_throttle_lift(s.tx, STR("nobody")));
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    cr_assert(allowed && state.failures == 3 && state.until == 0);
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    cr_assert_not(allowed, "the next one waits again");
    MUST(db_throttle_try(s.tx, STR("bob"), &rule, &allowed, &state));
    cr_assert_eq(state.failures, 1, "each counter by itself");
    fresh_end(&s);
}

Test(throttle, survives_a_restart) /* RL-03 */
{
    struct fresh s = fresh_new(true);
    struct db_throttle state;
    bool allowed;
    for (int i = 0; i < 3; i++)
        MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    store_close(s.store);
    fresh_open(&s, true);
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    cr_assert_not(allowed);
    fresh_end(&s);
}

Test(revocation, are_numbered_in_order_over_processes)
{
    struct fresh s = fresh_new(true), command = s;
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    for (int i = 0; i < 6; i++)
        MUST(db_revocation_add(i % 2 ? command.tx : s.tx, "grant", STR("id"), T0 + i));
    struct db_revocation *rows;
    size_t count;
    MUST(db_revocation_since(s.tx, s.a, 0, &rows, &count));
    cr_assert_eq(count, 6u);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(rows[i].expires_at, T0 + (int64_t)i);
    MUST(db_revocation_since(s.tx, s.a, rows[3].number, &rows, &count));
    cr_assert_eq(count, 2u);
    store_close(command.store);
    fresh_end(&s);
}
