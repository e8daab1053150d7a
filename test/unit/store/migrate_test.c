/* SPDX-License-Identifier: MIT
 * migrate: a database of any age is brought to this one, by several at once and after a kill; one of the future is refused. */
#include "store/fresh.h"

#include "store/migrations.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/banned.h"

static void *open_and_close(void *context)
{
    struct fresh mine = *(struct fresh *)context;
    fresh_open(&mine, false);
    store_close(mine.store);
    return NULL;
}

Test(migrate, AV_05_several_processes_may_migrate_at_once)
{
    struct fresh s = {0};
    pthread_t threads[4];
    clock_set(T0);
    fresh_path(&s);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, open_and_close, &s);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM migrations"), (int64_t)migrations_count());
    fresh_remove(&s);
}

Test(migrate, AV_05_a_database_from_the_future_is_refused_and_says_so)
{
    struct fresh s = fresh_new(false);
    store_close(s.store);
    (void)by_hand(&s, "INSERT INTO migrations VALUES (9999, 0)");
    err e = store_open(FRESH_OPTIONS(&s, false, false), &s.store);
    cr_assert_eq(e.kind, ERR_SERVER_ERROR);
    cr_assert_not_null(strstr(err_say(e), "newer"));
    arena_release(s.a);
    fresh_remove(&s);
}

Test(migrate, a_half_migrated_database_goes_on_where_it_stopped)
{
    struct fresh s = {0};
    fresh_path(&s);
    struct db_conn *c = fresh_bare(&s);
    fresh_steps(c, 1);
    fresh_bare_end(c);
    s.a = arena_new(1 << 20);
    fresh_open(&s, false);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 1"), 26);
    cr_assert_eq(by_hand(&s, "SELECT max(version) FROM migrations"), (int64_t)migrations_count());
    fresh_end(&s);
}

Test(migrate, whoever_was_logged_in_before_there_was_an_amr_had_a_password)
{
    enum { BEFORE = 14 };
    struct fresh s = {0};
    fresh_path(&s);
    struct db_conn *c = fresh_bare(&s);
    fresh_steps(c, BEFORE);
    MUST(c->driver->script(c, "INSERT INTO users (number, id, username, username_key, admin, blocked, created_at, updated_at, last_login_at,"
                              " password_changed_at, version) VALUES (1, 'u', 'u', 'u', 0, 0, 0, 0, 0, 0, 1);"
                              "INSERT INTO sessions (number, id, hash, user_number, created_at, last_seen_at, auth_time, expires_at)"
                              " VALUES (1, 's', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE', 1, 0, 0, 0, 4000000000)"));
    fresh_bare_end(c);
    s.a = arena_new(1 << 20);
    fresh_open(&s, false);
    struct db_session *row;
    MUST(db_session_get(s.tx, s.a, 1, &row));
    cr_assert(row != NULL && str_is(row->amr, "pwd"));
    cr_assert(str_is(row->acr, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"));
    fresh_end(&s);
}

/* The child does what store_migrate does, up to the middle of step `step`, and is gone. */
static void die_in_step(const struct fresh *s, size_t step)
{
    struct db_conn *c = fresh_bare(s);
    fresh_steps(c, step);
    fresh_step_begin(c, step);
    (void)kill(getpid(), SIGKILL);
}

Test(migrate, AV_05_a_kill_during_migration_leaves_a_usable_database)
{
    for (size_t step = 0; step < migrations_count(); step++) {
        struct fresh s = {0};
        fresh_path(&s);
        pid_t child = fork();
        if (child == 0)
            die_in_step(&s, step);
        int status = 0;
        (void)waitpid(child, &status, 0);
        cr_assert(WIFSIGNALED(status));
        s.a = arena_new(1 << 20);
        fresh_open(&s, false);
        str report;
        MUST(store_check(s.store, s.a, &report));
        cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes"), 26);
        cr_assert_eq(by_hand(&s, "SELECT max(version) FROM migrations"), (int64_t)migrations_count());
        fresh_end(&s);
    }
}
