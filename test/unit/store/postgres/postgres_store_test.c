/* SPDX-License-Identifier: MIT
 * postgres_store: how many connections a store takes, what a command and a server begin, and what this engine does not do. */
#include "store/fresh.h"
#include "store/postgres/postgres_store.h"

#include <errno.h>
#include <pthread.h>

#include "base/banned.h"

Test(postgres_store, the_number_of_connections_has_bounds)
{
    struct fresh s = fresh_postgres(true);
    struct store *none = NULL;
    struct store_options o = *FRESH_OPTIONS(&s, false, true);
    o.connections = 1;
    MUST_FAIL(SERVER_ERROR, store_open(&o, &none));
    o.connections = 101;
    MUST_FAIL(SERVER_ERROR, store_open(&o, &none));
    fresh_end(&s);
}

Test(postgres_store, a_backup_is_the_engines_own_and_is_named)
{
    struct fresh s = fresh_postgres(false);
    err e = store_backup(s.store, "never");
    cr_assert(e.kind == ERR_UNPROCESSABLE && strstr(err_say(e), "pg_dump") != NULL);
    fresh_end(&s);
}

#define OURS "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'jeton'"

Test(postgres_store, a_command_has_one_connection_and_a_closed_store_none)
{
    struct fresh s = fresh_postgres(false);
    (void)fresh_user(&s, "ada");
    MUST(store_ready(s.store));
    cr_assert(by_hand(&s, OURS) == 1 && postgres_of(s.store)->pool.most == 1);
    store_close(s.store);
    while (by_hand(&s, OURS) > 0) /* the server has its own pace */
        (void)sched_yield();
    fresh_open(&s, true);
    (void)fresh_user(&s, "bob");
    cr_assert_leq(by_hand(&s, OURS), 4 + 1 + POSTGRES_POOL_APART);
    fresh_end(&s);
}

static int64_t us_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

Test(postgres_store, a_wait_ends_by_the_monotonic_clock)
{
    static const int64_t waits[] = {0, 1, 999999, 1000000, 3999999};
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        int64_t before = clock_monotonic_us();
        struct timespec t = postgres_clock_in(waits[i]);
        int64_t after = clock_monotonic_us();
        cr_expect(us_of(&t) >= before + waits[i] && us_of(&t) <= after + waits[i]);
        cr_expect(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    }
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    postgres_clock_cond(&cond);
    struct timespec now = postgres_clock_in(0);
    (void)pthread_mutex_lock(&lock);
    cr_assert_eq(pthread_cond_timedwait(&cond, &lock, &now), ETIMEDOUT);
    (void)pthread_mutex_unlock(&lock);
}

Test(postgres_store, what_could_not_be_opened_is_closed_again)
{
    struct fresh s = fresh_postgres(false);
    struct store *none = NULL;
    (void)by_hand(&s, "INSERT INTO migrations VALUES (9999, 0)");
    store_close(s.store);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, false, true), &none));
    while (by_hand(&s, OURS) > 0)
        (void)sched_yield();
    arena_release(s.a);
    fresh_remove(&s);
}
