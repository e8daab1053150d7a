/* SPDX-License-Identifier: MIT
 * One text of migrations, and what both engines must make of the same statements. */
#include "store/fresh.h"
#include "store/migrations.h"

#include "base/banned.h"

static void reads_as(const char *sql, const char *expected)
{
    struct arena *a = arena_new(1 << 20);
    str out;
    MUST(postgres_schema_text(a, sql, &out));
    cr_assert_str_eq(out.p, expected);
    arena_release(a);
}

Test(postgres_schema, types_are_widened_where_they_are_whole_words_of_code)
{
    reads_as("CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)",
             "CREATE TABLE t (n BIGINT PRIMARY KEY, a TEXT COLLATE \"C\", b TEXT COLLATE \"C\" NOT NULL)");
    reads_as("INSERT INTO t VALUES ('TEXT INTEGER PRIMARY KEY', 'it''s TEXT', \"TEXT\") -- TEXT\n, TEXTS, INTEGER PRIMARY KEYS",
             "INSERT INTO t VALUES ('TEXT INTEGER PRIMARY KEY', 'it''s TEXT', \"TEXT\") -- TEXT\n, TEXTS, INTEGER PRIMARY KEYS");
    reads_as("", "");
    reads_as("'never ends TEXT", "'never ends TEXT");
    reads_as("-- TEXT", "-- TEXT");
}

Test(postgres_schema, every_text_is_compared_byte_by_byte_and_every_number_is_wide)
{
    struct fresh s = fresh_postgres(false);
    cr_assert_eq(
        by_hand(&s,
                "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"),
        0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND data_type NOT IN ('text', 'bigint')"), 0);
    cr_assert_gt(by_hand(&s, "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'"), 100);
    fresh_end(&s);
}

static void *open_and_close(void *context)
{
    struct fresh mine = *(struct fresh *)context;
    fresh_open(&mine, false);
    store_close(mine.store);
    return NULL;
}

Test(postgres_schema, several_processes_may_migrate_at_once)
{
    struct fresh s = {0};
    pthread_t threads[4];
    (void)setenv("JETON_TEST_ENGINE", "postgres", 1);
    clock_set(T0);
    fresh_path(&s);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, open_and_close, &s);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM migrations"), (int64_t)migrations_count());
    cr_assert_eq(by_hand(&s, "SELECT max(version) FROM migrations"), (int64_t)migrations_count());
    fresh_remove(&s);
}

struct opening {
    struct fresh *s;
    err said;
};

static void *open_late(void *context)
{
    struct opening *w = context;
    w->said = store_open(FRESH_OPTIONS(w->s, true, false), &w->s->store);
    return NULL;
}

/* It saw an empty database, and a newer program was first at the lock. */
Test(postgres_schema, AV_05_a_newer_program_that_migrates_at_the_same_time_is_seen)
{
    struct fresh s = {0};
    struct opening w = {&s, OK};
    pthread_t thread;
    (void)setenv("JETON_TEST_ENGINE", "postgres", 1);
    clock_set(T0);
    fresh_path(&s);
    PGconn *c = hand(s.database);
    hand_do(c, "BEGIN; SELECT pg_advisory_xact_lock(7234598612002)");
    pthread_create(&thread, NULL, open_late, &w);
    while (by_hand(&s, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0)
        (void)sched_yield();
    hand_do(c, "CREATE TABLE migrations (version BIGINT PRIMARY KEY, applied_at BIGINT); INSERT INTO migrations VALUES (999, 0); COMMIT");
    pthread_join(thread, NULL);
    PQfinish(c);
    cr_assert_eq(w.said.kind, ERR_SERVER_ERROR, "%s", err_why(w.said));
    cr_assert_not_null(strstr(err_say(w.said), "newer"));
    fresh_remove(&s);
}

static void is_damaged(struct fresh *s, const char *sql)
{
    str report;
    MUST(store_check(s->store, s->a, &report));
    cr_assert_not_null(strstr(report.p, "integrity: ok"));
    (void)by_hand(s, sql);
    MUST_FAIL(SERVER_ERROR, store_check(s->store, s->a, &report));
}

Test(postgres_schema, check_sees_what_does_not_fit_together)
{
    static const char *const spoils[] = {
        "SET session_replication_role = replica; INSERT INTO consents VALUES (77, 88, 'openid', 0)",
        "DELETE FROM changes WHERE seq = 2",
        "UPDATE counters SET next = 1 WHERE name = 'change'",
        "ALTER TABLE sessions ADD CONSTRAINT odd CHECK (number > 0) NOT VALID",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'sessions_user'::regclass",
    };
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct fresh s = fresh_postgres(false);
        MUST(db_scope_add(s.tx, STR("one"), STR("words")));
        MUST(db_scope_add(s.tx, STR("two"), STR("words")));
        MUST(db_scope_add(s.tx, STR("three"), STR("words")));
        is_damaged(&s, spoils[i]);
        fresh_end(&s);
    }
}
