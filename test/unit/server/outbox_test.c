/* SPDX-License-Identifier: MIT
 * The outbox without a network: its addresses are internal ones, so that fetch refuses each call at once; what arrives is proved end to
 * end (test_logout.py, test_ciba.py). */
#include "server/outbox.h"
#include "stage.h"
#include "store/table/db_delivery.h"
#include "store/table/db_event.h"

#define NOBODY "https://127.0.0.1:9/out"

static const struct outbox_rule rule = {.hours = 1, .first_wait = 10, .drain_seconds = 2};

static void put(struct stage *t, const char *kind, const char *client, const char *url)
{
    struct db_delivery d = {.kind = str_of(kind),
                            .client_number = client ? stage_find(t, client)->number : 999999,
                            .url = str_of(url),
                            .media_type = STR("application/x-www-form-urlencoded"),
                            .body = STR("{\"sub\":\"u1\",\"sid\":\"s1\"}")};
    assert_done(db_delivery_add(store_each(t->s.authority->store), &d));
}

static void round_at(struct stage *t, unix_time now)
{
    clock_set(now);
    assert_done(outbox_round(t->s.authority, &rule));
}

/* When the next one is due; 0: none waits. */
static unix_time next(struct stage *t)
{
    unix_time due = 0;
    bool any;
    assert_done(db_delivery_next(store_each(t->s.authority->store), &due, &any));
    return any ? due : 0;
}

static int64_t events(struct stage *t, const char *name)
{
    struct db_event_rows rows;
    assert_done(store_ready(t->s.authority->store)); /* events are queued */
    assert_done(db_event_list(store_each(t->s.authority->store), t->s.a, STR_ABSENT,
                              &(struct db_page){.filter = str_of(name), .order_by = STR("number"), .limit = 50}, &rows));
    return rows.total;
}

Test(outbox, a_failure_waits_longer_each_time_until_the_hours_are_over)
{
    struct stage t = stage_new();
    unix_time at = NOW;
    put(&t, "logout", "web", NOBODY);
    static const int64_t waits[] = {10, 50, 300, 300};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        round_at(&t, at);
        cr_assert_eq(next(&t), at + waits[i], "try %zu", i);
        at += waits[i];
    }
    cr_expect_eq(events(&t, "logout.undelivered"), 0);
    while (next(&t) != 0) {
        at = next(&t);
        cr_assert(at < NOW + 3600, "it is tried beyond its hours");
        round_at(&t, at);
    }
    cr_expect_eq(events(&t, "logout.undelivered"), 1);
    cr_expect_eq(events(&t, "logout.delivered"), 0);
}

Test(outbox, one_that_is_down_is_called_once_a_round)
{
    struct stage t = stage_new();
    for (int i = 0; i < 5; i++)
        put(&t, "logout", "web", NOBODY);
    round_at(&t, NOW);
    struct db_delivery *rows;
    size_t count;
    cr_expect_eq(next(&t), NOW + 10);
    assert_done(db_delivery_take(store_each(t.s.authority->store), t.s.a, NOW + 10, NOW + 100, &rows, &count));
    int64_t tries = 0;
    cr_assert_eq(count, 5u);
    for (size_t i = 0; i < count; i++)
        tries += rows[i].tries;
    cr_expect_eq(tries, 1, "four waited with the first and cost no call");
}

Test(outbox, what_nobody_can_make_or_hear_is_given_up)
{
    struct stage t = stage_new();
    put(&t, "nosuch", "web", NOBODY);
    put(&t, "logout", NULL, NOBODY);
    put(&t, "ping", "other", NOBODY); /* its body is no sealed ping: nothing to send, tried again like all */
    round_at(&t, NOW);
    cr_expect_eq(events(&t, "courier.unknown"), 1);
    cr_expect_eq(events(&t, "logout.undelivered"), 1);
    cr_expect_eq(next(&t), NOW + 10);
    stage_revoke_client(&t, "other", true);
    round_at(&t, NOW + 10);
    cr_expect_eq(events(&t, "ciba.unpinged"), 1);
    cr_expect_eq(next(&t), 0);
}

Test(outbox, an_end_of_its_own_counts_before_the_hours)
{
    struct stage t = stage_new();
    struct db_delivery d = {.kind = STR("logout"),
                            .client_number = stage_find(&t, "web")->number,
                            .url = STR(NOBODY),
                            .media_type = STR("a/b"),
                            .body = STR("{\"sub\":\"u\"}"),
                            .expires_at = NOW + 5};
    assert_done(db_delivery_add(store_each(t.s.authority->store), &d));
    round_at(&t, NOW); /* the next try would be after its end */
    cr_expect_eq(next(&t), 0);
    cr_expect_eq(events(&t, "logout.undelivered"), 1);
}

Test(outbox, the_thread_takes_what_is_added_and_ends_when_told)
{
    struct stage t = stage_new();
    struct outbox *c;
    assert_done(outbox_open(t.s.authority, &rule, &c));
    put(&t, "nosuch", "web", NOBODY);
    for (int i = 0; i < 2000 && next(&t) != 0; i++)
        (void)!FAILED(store_ready(t.s.authority->store)); /* a commit each: the thread gets its turn */
    outbox_close(c);
    outbox_close(NULL);
    cr_expect_eq(next(&t), 0);
    put(&t, "nosuch", "web", NOBODY); /* who was closed is not called */
    cr_expect_eq(next(&t), NOW);
}
