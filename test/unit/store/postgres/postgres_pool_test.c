/* SPDX-License-Identifier: MIT
 * Connections that are lent, while servers come and go. */
#include "store/fresh.h"
#include "store/postgres_cluster.h"
#include "store/cache/cache_follow.h"
#include "store/table/db_key.h"

#include "base/banned.h"

static struct fresh fresh_in(struct cluster *cluster)
{
    struct fresh s = {0};
    *cluster = cluster_start();
    clock_set(T0);
    fresh_path(&s);
    hand_database_of(cluster->address, s.database);
    fresh_open(&s, true);
    s.a = arena_new(1 << 20);
    return s;
}

static void fresh_out(struct fresh *s, struct cluster *cluster)
{
    store_close(s->store);
    arena_release(s->a);
    cluster_end(cluster);
    (void)rmdir(s->directory);
}

struct interrupted {
    struct cluster *cluster;
    int runs;
};

static err interrupted_body(struct tx *tx, void *context)
{
    struct interrupted *w = context;
    TRY(db_scope_add(tx, STR("before"), STR("words")));
    if (w->runs++ == 0)
        cluster_control(w->cluster, "restart");
    return db_scope_add(tx, STR("after"), STR("words"));
}

static err read_interrupted(struct db_conn *c, void *context)
{
    struct interrupted *w = context;
    if (w->runs++ == 0)
        cluster_control(w->cluster, "restart");
    bool has = false;
    TRY(c->driver->has_table(c, "scopes", &has));
    cr_assert(has);
    return OK;
}

Test(postgres_pool, a_server_that_crashes_and_comes_back_is_found_again, .timeout = 120)
{
    struct cluster cluster;
    struct fresh s = fresh_in(&cluster);
    MUST(db_scope_add(s.tx, STR("one"), STR("words")));
    cluster_control(&cluster, "restart");
    int64_t began_us = clock_monotonic_us();
    while (FAILED(db_scope_add(s.tx, STR("two"), STR("words")))) /* who asked while it was away makes others wait a moment */
        cr_assert_lt(clock_monotonic_us() - began_us, 2000000);
    struct interrupted w = {&cluster, 0}, r = {&cluster, 0};
    MUST(store_together(s.tx, interrupted_body, &w)); /* in the middle of one */
    cr_assert_eq(w.runs, 2);
    MUST(db_read(s.tx, read_interrupted, &r)); /* and of a question */
    cr_assert_eq(r.runs, 2);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), 4);
    cr_assert_eq(by_hand(&s, "SELECT max(seq) FROM changes"), 4);
    fresh_out(&s, &cluster);
}

enum { ASKERS = 8 };
static void *ask(void *context)
{
    struct fresh *s = context;
    int64_t began_us = clock_monotonic_us();
    MUST_FAIL(UNAVAILABLE, db_scope_add(s->tx, STR("lost"), STR("words")));
    cr_assert_lt(clock_monotonic_us() - began_us, 3000000, "a dead server holds nobody");
    return NULL;
}

Test(postgres_pool, a_server_that_is_away_is_said_to_be_so_at_once_and_it_heals, .timeout = 120)
{
    struct cluster cluster;
    struct fresh s = fresh_in(&cluster);
    pthread_t threads[ASKERS];
    bool changed;
    cluster_control(&cluster, "stop");
    for (int i = 0; i < ASKERS; i++)
        pthread_create(&threads[i], NULL, ask, &s);
    for (int i = 0; i < ASKERS; i++)
        pthread_join(threads[i], NULL);
    MUST_FAIL(UNAVAILABLE, store_ready(s.store));
    int64_t began_us = clock_monotonic_us();
    while (!FAILED(store_changed_elsewhere(s.store, &changed)))
        cr_assert_lt(clock_monotonic_us() - began_us, 10000000, "blindness is told");
    uint64_t before = store_generation(s.store);
    store_missed(s.store);
    cluster_control(&cluster, "start");
    began_us = clock_monotonic_us();
    while (FAILED(store_ready(s.store)))
        cr_assert_lt(clock_monotonic_us() - began_us, 3000000);
    while (store_generation(s.store) == before)
        cr_assert_lt(clock_monotonic_us() - began_us, 5000000, "who missed something is told to look again");
    MUST(store_changed_elsewhere(s.store, &changed));
    fresh_out(&s, &cluster);
}

Test(postgres_pool, a_dead_first_host_is_passed_over)
{
    struct fresh s = fresh_postgres(true), other = s;
    const char *host = strstr(s.database, "host='");
    cr_assert_not_null(host);
    (void)snprintf(other.database, sizeof(other.database), "%.*shost='/nonexistent,%s target_session_attrs=read-write", (int)(host - s.database), s.database,
                   host + 6);
    fresh_open(&other, true);
    MUST(db_scope_add(other.tx, STR("one"), STR("words")));
    store_close(other.store);
    fresh_end(&s);
}

Test(postgres_pool, an_idle_connection_that_was_ended_is_replaced_before_it_is_used)
{
    struct fresh s = fresh_postgres(false);
    for (int i = 0; i < 3; i++) {
        (void)by_hand(&s, "SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        MUST(db_session_end(s.tx, 1)); /* one statement, which nobody would dare to run again */
    }
    fresh_end(&s);
}

enum { WRITERS = 4 }; /* as many as there are connections */
static void *log_in(void *context)
{
    struct fresh *s = context;
    MUST(db_user_logged_in(s->tx, 1, T0 + 1));
    return NULL;
}

/* Each has its connection and waits until memory has followed; whoever is at it needs one more. */
Test(postgres_pool, who_follows_changes_does_not_wait_for_those_who_wait_for_it, .timeout = 60)
{
    struct fresh s = fresh_postgres(true);
    struct cache *cache;
    pthread_t threads[WRITERS];
    struct db_key *keys;
    size_t count;
    (void)fresh_user(&s, "ada");
    MUST(cache_open(s.store, 16, &cache));
    (void)pthread_mutex_lock(&cache->following);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, log_in, &s);
    while (by_hand(&s, "SELECT max(seq) FROM changes") < 1 + WRITERS)
        (void)sched_yield();
    int64_t began_us = clock_monotonic_us();
    err followed = cache_follow(cache, NULL);
    err read = db_key_all(s.tx, s.a, &keys, &count); /* as keys_follow does behind it */
    cr_assert_lt(clock_monotonic_us() - began_us, 1500000, "they waited for each other");
    MUST(followed);
    MUST(read);
    cr_assert_eq(cache->place.change, 1 + WRITERS);
    (void)pthread_mutex_unlock(&cache->following);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    const struct postgres_pool *pool = &postgres_of(s.store)->pool;
    cr_assert(pool->made <= WRITERS && pool->apart_made <= POSTGRES_POOL_APART);
    cache_close(cache);
    fresh_end(&s);
}

Test(postgres_pool, a_user_without_rights_on_others_things_can_do_all)
{
    struct fresh s = {0};
    char sql[256];
    clock_set(T0);
    (void)setenv("JETON_TEST_ENGINE", "postgres", 1);
    fresh_path(&s);
    (void)snprintf(sql, sizeof(sql), "DROP ROLE IF EXISTS jeton_plain_%d; CREATE ROLE jeton_plain_%d LOGIN; GRANT CREATE ON SCHEMA public TO jeton_plain_%d",
                   (int)getpid(), (int)getpid(), (int)getpid());
    (void)by_hand(&s, sql);
    struct fresh plain = s;
    (void)snprintf(plain.database + strlen(plain.database), sizeof(plain.database) - strlen(plain.database), " user=jeton_plain_%d", (int)getpid());
    fresh_open(&plain, true);
    str report;
    struct arena *a = arena_new(4 << 20);
    MUST(db_scope_add(plain.tx, STR("one"), STR("words")));
    MUST(store_check(plain.store, a, &report));
    store_close(plain.store);
    arena_release(a);
    (void)snprintf(sql, sizeof(sql), "DROP OWNED BY jeton_plain_%d CASCADE; DROP ROLE jeton_plain_%d", (int)getpid(), (int)getpid());
    (void)by_hand(&s, sql);
    fresh_remove(&s);
}
