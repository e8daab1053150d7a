/* SPDX-License-Identifier: MIT
 * One node hears what another has changed. */
#include "store/fresh.h"
#include "store/cache/cache.h"

#include "base/banned.h"

enum { SOON_US = 1000000, LATE_US = 4000000 };

/* How long until the store's generation moves; -1: not in that time. */
static int64_t moves_within(struct store *store, uint64_t before, int64_t most_us)
{
    int64_t began_us = clock_monotonic_us();
    while (store_generation(store) == before)
        if (clock_monotonic_us() - began_us > most_us)
            return -1;
    return clock_monotonic_us() - began_us;
}

/* It has seen all that was done so far. */
static void settle(struct store *store)
{
    (void)moves_within(store, store_generation(store), 3 * SOON_US / 2);
}

struct two {
    struct fresh here;
    struct store *there;
    struct tx *tx;
};

static struct two two_new(void)
{
    struct two t = {.here = fresh_postgres(true)};
    MUST(store_open(FRESH_OPTIONS(&t.here, true, true), &t.there));
    t.tx = store_each(t.there);
    settle(t.there);
    return t;
}

static void two_end(struct two *t)
{
    store_close(t->there);
    fresh_end(&t->here);
}

Test(postgres_listen, another_nodes_change_is_heard_of_at_once)
{
    struct two t = two_new();
    bool changed = false;
    int64_t sum_us = 0;
    for (int i = 0; i < 5; i++) {
        char name[16];
        uint64_t before = store_generation(t.there);
        (void)snprintf(name, sizeof(name), "s%d", i);
        MUST(store_changed_elsewhere(t.there, &changed));
        MUST(db_scope_add(t.here.tx, str_of(name), STR("words")));
        int64_t us = moves_within(t.there, before, SOON_US);
        cr_assert_geq(us, 0);
        sum_us += us;
        MUST(store_changed_elsewhere(t.there, &changed));
        cr_assert(changed);
    }
    cr_assert_lt(sum_us, 5 * 400000, "not by the poll: that would take half a second each");
    MUST(store_changed_elsewhere(t.there, &changed));
    cr_assert_not(changed);
    two_end(&t);
}

Test(postgres_listen, another_nodes_revocation_is_heard_of_at_once)
{
    struct two t = two_new();
    int64_t user = fresh_user(&t.here, "ada").number, client = fresh_client(&t.here, "app").number;
    struct db_authorization g = fresh_authorization(&t.here, user, client);
    settle(t.there);
    uint64_t before = store_generation(t.there);
    MUST(db_revocation_add(t.here.tx, "grant", g.id, T0 + 100));
    cr_assert_geq(moves_within(t.there, before, SOON_US), 0);
    two_end(&t);
}

Test(postgres_listen, what_nobody_told_of_is_found_by_looking)
{
    struct two t = two_new();
    uint64_t before = store_generation(t.there);
    (void)by_hand(&t.here, "UPDATE counters SET next = next + 1 WHERE name = 'change'");
    cr_assert_geq(moves_within(t.there, before, 3 * SOON_US / 2), 0);
    two_end(&t);
}

Test(postgres_listen, who_lost_the_ear_gets_another_one_and_misses_nothing)
{
    struct two t = two_new();
    for (int i = 0; i < 2; i++) {
        uint64_t before = store_generation(t.there);
        (void)by_hand(&t.here, "SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity WHERE datname = current_database()"
                               " AND (query LIKE 'LISTEN%' OR query LIKE '%revocation%') AND pid <> pg_backend_pid()");
        MUST(db_scope_add(t.here.tx, i == 0 ? STR("one") : STR("two"), STR("words")));
        cr_assert_geq(moves_within(t.there, before, LATE_US), 0);
    }
    two_end(&t);
}

Test(postgres_listen, our_own_changes_are_no_news_but_for_one_look_a_second)
{
    struct two t = two_new();
    settle(t.here.store);
    uint64_t before = store_generation(t.here.store);
    int64_t began_us = clock_monotonic_us();
    for (int i = 0; i < 200; i++)
        MUST(db_user_logged_in(t.here.tx, 1, T0 + i));
    int64_t seconds = (clock_monotonic_us() - began_us) / SOON_US + 2;
    cr_assert_leq((int64_t)(store_generation(t.here.store) - before), seconds);
    two_end(&t);
}

Test(postgres_listen, a_command_that_has_no_ear_is_heard_all_the_same)
{
    struct two t = two_new();
    struct fresh command = t.here;
    uint64_t before = store_generation(t.there);
    fresh_open(&command, false);
    before = store_generation(t.there);
    MUST(db_scope_add(command.tx, STR("one"), STR("words")));
    cr_assert_geq(moves_within(t.there, before, SOON_US), 0);
    store_close(command.store);
    two_end(&t);
}

/* ---- another history ---- */

static bool knows(struct cache *cache, const char *id)
{
    MUST(cache_refresh(cache));
    const struct snapshot *f = cache_hold(cache);
    bool known = cache_client(f, str_of(id)) != NULL;
    cache_let_go(cache, f);
    return known;
}

/* A server that took over without the last commits, and has made others under the same numbers: a copy of the database, put in its place. */
static void take_over(const char *database, const char *copy)
{
    char sql[512];
    const char *name = strstr(database, "jeton_test_"), *with = strstr(copy, "jeton_test_");
    PGconn *c = hand(hand_cluster());
    (void)snprintf(sql, sizeof(sql), "ALTER DATABASE %s WITH ALLOW_CONNECTIONS false", name);
    hand_do(c, sql);
    (void)snprintf(sql, sizeof(sql), "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname IN ('%s', '%s')", name, with);
    hand_do(c, sql);
    (void)snprintf(sql, sizeof(sql), "ALTER DATABASE %s RENAME TO %s_before", name, name);
    hand_do(c, sql);
    (void)snprintf(sql, sizeof(sql), "ALTER DATABASE %s RENAME TO %s", with, name);
    hand_do(c, sql);
    (void)snprintf(sql, sizeof(sql), "DROP DATABASE %s_before WITH (FORCE)", name);
    hand_do(c, sql);
    PQfinish(c);
}

Test(postgres_listen, after_a_failover_that_lost_commits_nothing_of_them_is_kept, .timeout = 60)
{
    struct fresh s = fresh_postgres(false), copy = s; /* the schema is made */
    char sql[512];
    struct cache *cache;
    int64_t number, again;
    store_close(s.store);
    (void)snprintf(copy.database, sizeof(copy.database), "%.500s_copy", s.database);
    PGconn *c = hand(hand_cluster());
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE %s", strstr(copy.database, "jeton_test_"), strstr(s.database, "jeton_test_"));
    hand_do(c, sql);
    PQfinish(c);
    fresh_open(&copy, false);
    (void)fresh_client(&copy, "found");
    store_close(copy.store);
    fresh_open(&s, true);
    MUST(cache_open(s.store, 16, &cache));
    (void)fresh_client(&s, "lost");
    MUST(db_authorization_reserve(s.tx, &number));
    cr_assert(knows(cache, "lost"));
    take_over(s.database, copy.database);
    int64_t began_us = clock_monotonic_us();
    while (!knows(cache, "found"))
        cr_assert_lt(clock_monotonic_us() - began_us, 5000000, "the change of that number counts as seen");
    cr_assert_not(knows(cache, "lost"));
    MUST(db_authorization_reserve(s.tx, &again)); /* of a block that is reserved in the database that there is now */
    cr_assert_lt(again, by_hand(&s, "SELECT next FROM counters WHERE name = 'grant'"));
    cache_close(cache);
    fresh_end(&s);
}

Test(postgres_listen, what_is_damaged_is_not_taken_for_a_server_that_is_away)
{
    struct fresh s = fresh_postgres(true);
    struct cache *cache;
    MUST(cache_open(s.store, 16, &cache));
    (void)by_hand(&s, "WITH taken AS (UPDATE counters SET next = next + 1 WHERE name = 'change' RETURNING next - 1 AS seq)"
                      " INSERT INTO changes (seq, kind, key) SELECT seq, 'user', 'none' FROM taken");
    fresh_told(&s);
    MUST_FAIL(UNAVAILABLE, cache_refresh(cache));
    (void)by_hand(&s, "UPDATE changes SET key = '1'");
    MUST(cache_refresh(cache));
    cache_close(cache);
    fresh_end(&s);
}
