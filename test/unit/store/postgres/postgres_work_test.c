/* SPDX-License-Identifier: MIT
 * Transactions and jobs where others, the network or the server get in the way. */
#include "store/fresh.h"
#include "store/postgres_proxy.h"
#include "store/table/db_change.h"
#include "store/table/db_initial.h"

#include "base/banned.h"

/* ---- the answer to a commit ---- */

struct counted {
    struct proxy *proxy;
    int runs;
    enum proxy_cut cut; /* what happens to the first commit */
    bool closes;        /* and then nobody can be asked */
};

static err add_counted(struct tx *tx, void *context)
{
    struct counted *w = context;
    TRY(db_scope_add(tx, STR("once"), STR("words")));
    if (w->runs++ == 0) {
        atomic_store(&w->proxy->closed, w->closes);
        atomic_store(&w->proxy->cut, w->cut);
    }
    return OK;
}

static err cut_commit(struct fresh *s, struct counted *w)
{
    struct fresh near = *s;
    w->proxy = proxy_new(s->database);
    (void)snprintf(near.database, sizeof(near.database), "%s", w->proxy->string);
    fresh_open(&near, false);
    err e = store_together(near.tx, add_counted, w);
    store_close(near.store);
    proxy_end(w->proxy);
    return e;
}

Test(postgres_work, a_commit_whose_answer_was_lost_is_asked_about_and_not_made_twice)
{
    struct fresh s = fresh_postgres(false);
    struct counted w = {.cut = PROXY_CUTS_AFTER_COMMIT};
    MUST(cut_commit(&s, &w));
    cr_assert_eq(w.runs, 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'once'"), 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes"), 1);
    fresh_end(&s);
}

Test(postgres_work, a_commit_that_never_arrived_is_made_on_another_connection)
{
    struct fresh s = fresh_postgres(false);
    struct counted w = {.cut = PROXY_CUTS_BEFORE_COMMIT};
    MUST(cut_commit(&s, &w));
    cr_assert_eq(w.runs, 2);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'once'"), 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes"), 1);
    fresh_end(&s);
}

Test(postgres_work, what_nobody_can_tell_is_said_to_be_unknown_and_not_run_again)
{
    struct fresh s = fresh_postgres(false);
    struct counted w = {.cut = PROXY_CUTS_AFTER_COMMIT, .closes = true};
    err e = cut_commit(&s, &w);
    cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    cr_assert_not_null(strstr(err_why(e), "not known"));
    cr_assert_eq(w.runs, 1);
    fresh_end(&s);
}

Test(postgres_work, a_statement_whose_end_was_refused_is_not_told_as_done)
{
    struct fresh s = fresh_postgres(false), near = s;
    struct db_authorization g = fresh_authorization(&s, fresh_user(&s, "ada").number, fresh_client(&s, "app").number);
    struct proxy *proxy = proxy_new(s.database);
    (void)snprintf(near.database, sizeof(near.database), "%s", proxy->string);
    fresh_open(&near, false);
    MUST(db_session_end(near.tx, 1)); /* nothing that comes along for the first time */
    atomic_store(&proxy->cut, PROXY_CUTS_BEFORE_END);
    err e = db_authorization_revoke(near.tx, g.number, T0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM grants WHERE revoked_at <> 0"), 0);
    cr_assert_eq(e.kind, ERR_UNAVAILABLE, "%s", err_why(e));
    cr_assert_not_null(strstr(err_why(e), "not known"));
    MUST(db_authorization_revoke(near.tx, g.number, T0));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM grants WHERE revoked_at <> 0"), 1);
    store_close(near.store);
    proxy_end(proxy);
    fresh_end(&s);
}

/* ---- a statement that takes too long ---- */

struct slow {
    int runs;
};

static err slow_body(struct tx *tx, void *context)
{
    struct slow *w = context;
    w->runs++;
    TRY(db_session_end(tx, 1));
    return db_scope_add(tx, STR("slow"), STR("words"));
}

/* 57014 (AV-03): the statement is what takes long, so another try would hold the connection as long again. */
Test(postgres_work, a_statement_that_takes_too_long_is_ended_and_it_heals, .timeout = 60)
{
    struct fresh s = fresh_postgres(true);
    struct slow w = {0};
    (void)by_hand(&s, "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';"
                      " CREATE TRIGGER slow BEFORE INSERT ON scopes FOR EACH ROW EXECUTE FUNCTION slowly()");
    int64_t began_us = clock_monotonic_us();
    err e = store_together(s.tx, slow_body, &w);
    cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    cr_assert_eq(err_status(e), 503);
    cr_assert_not_null(strstr(err_why(e), "too long"), "%s", err_why(e));
    cr_assert_lt(clock_monotonic_us() - began_us, 10000000);
    cr_assert_eq(w.runs, 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction (aborted)'"), 0);
    (void)by_hand(&s, "DROP TRIGGER slow ON scopes");
    MUST(store_together(s.tx, slow_body, &w));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'slow'"), 1);
    fresh_end(&s);
}

struct noted {
    struct store_job job;
    int runs, dones;
    err committed;
    bool over;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct counted *counted;
};

static err noted_run(struct tx *tx, void *context)
{
    struct noted *n = context;
    n->runs++;
    err e = add_counted(tx, n->counted);
    (void)e;
    return OK;
}

static void noted_done(void *context, err committed)
{
    struct noted *n = context;
    n->dones++;
    n->committed = committed;
}

Test(postgres_work, a_job_is_done_once_whatever_became_of_its_connection)
{
    struct fresh s = fresh_postgres(false), near = s;
    struct counted w = {.cut = PROXY_CUTS_AFTER_COMMIT, .proxy = proxy_new(s.database)};
    struct noted n = {.counted = &w};
    n.job = (struct store_job){.run = noted_run, .done = noted_done, .context = &n};
    (void)snprintf(near.database, sizeof(near.database), "%s", w.proxy->string);
    fresh_open(&near, false);
    MUST(store_submit(near.store, &n.job));
    MUST(n.committed);
    cr_assert(n.runs == 1 && n.dones == 1);
    store_close(near.store);
    proxy_end(w.proxy);
    fresh_end(&s);
}

/* ---- expected changes ---- */

struct rotating {
    struct store_job job;
    struct arena *a;
    int64_t number, from; /* the grant, and the generation that it is believed to have */
    bool adds;            /* a scope, before */
    struct proxy *proxy;
    enum proxy_cut cut; /* what happens to the first commit */
    int runs, dones;
    bool rotated[2];
    err committed;
};

static err rotating_run(struct tx *tx, void *context)
{
    struct rotating *w = context;
    struct db_authorization *g;
    cr_assert_lt(w->runs, 2);
    MUST(db_authorization_get(tx, w->a, w->number, &g));
    if (w->adds)
        MUST(db_scope_add(tx, STR("besides"), STR("words")));
    g->generation = w->from + 1;
    MUST(db_refresh_rotate(tx, g, w->from, &w->rotated[w->runs]));
    if (w->runs++ == 0)
        atomic_store(&w->proxy->cut, w->cut);
    return OK;
}

static void rotating_done(void *context, err committed)
{
    struct rotating *w = context;
    w->dones++;
    w->committed = committed;
}

/* Returns how often the server was spoken to. */
static int rotate_near(struct fresh *s, struct rotating *w)
{
    struct fresh near = *s;
    w->a = s->a;
    w->number = fresh_authorization(s, fresh_user(s, "ada").number, fresh_client(s, "app").number).number;
    w->proxy = proxy_new(s->database);
    w->job = (struct store_job){.run = rotating_run, .done = rotating_done, .context = w};
    (void)snprintf(near.database, sizeof(near.database), "%s", w->proxy->string);
    fresh_open(&near, false);
    (void)atomic_exchange(&w->proxy->trips, 0);
    MUST(store_submit(near.store, &w->job));
    int trips = atomic_load(&w->proxy->trips);
    cr_assert_eq(w->dones, 1);
    MUST(store_ready(near.store)); /* on the same connection: nothing is left on it */
    store_close(near.store);
    proxy_end(w->proxy);
    return trips;
}

Test(postgres_work, an_expected_change_goes_with_the_commit)
{
    struct fresh s = fresh_postgres(false);
    struct rotating w = {.from = 1};
    int trips = rotate_near(&s, &w);
    cr_expect_eq(trips, 2, "%d: what is read, and the change with the commit", trips);
    MUST(w.committed);
    cr_expect(w.runs == 1 && w.rotated[0]);
    cr_expect_eq(by_hand(&s, "SELECT generation FROM grants"), 2);
    fresh_end(&s);
}

Test(postgres_work, what_is_otherwise_than_expected_is_run_again_and_known_then)
{
    struct fresh s = fresh_postgres(false);
    struct rotating w = {.from = 7, .adds = true};
    (void)rotate_near(&s, &w);
    MUST(w.committed);
    cr_expect(w.runs == 2 && w.rotated[0] && !w.rotated[1]);
    cr_expect_eq(by_hand(&s, "SELECT generation FROM grants"), 1);
    cr_expect_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'besides'"), 1);
    cr_expect_eq(by_hand(&s, "SELECT count(*) FROM changes WHERE key = 'besides'"), 1, "the first run's line went with it");
    fresh_end(&s);
}

static err change_nothing(struct tx *tx, void *context)
{
    (void)context;
    return db_session_end(tx, 12345);
}

static err ask_and_change_nothing(struct tx *tx, void *context)
{
    struct rotating *w = context;
    struct db_authorization *g;
    MUST(db_authorization_get(tx, w->a, w->number, &g));
    return change_nothing(tx, NULL);
}

Test(postgres_work, what_changed_nothing_is_no_commit)
{
    struct fresh s = fresh_postgres(false);
    struct rotating w = {.a = s.a};
    struct store_counts before, after;
    w.number = fresh_authorization(&s, fresh_user(&s, "ada").number, fresh_client(&s, "app").number).number;
    w.job = (struct store_job){.run = ask_and_change_nothing, .done = rotating_done, .context = &w};
    store_counts(s.store, &before);
    MUST(store_together(s.tx, change_nothing, NULL));
    MUST(store_submit(s.store, &w.job));
    MUST(w.committed);
    store_counts(s.store, &after);
    cr_expect_eq(after.commits, before.commits);
    w.job = (struct store_job){.run = rotating_run, .done = rotating_done, .context = &w};
    w.from = 1;
    w.proxy = &(struct proxy){.cut = PROXY_PASSES}; /* none stands between */
    MUST(store_submit(s.store, &w.job));
    store_counts(s.store, &after);
    cr_expect_eq(after.commits, before.commits + 1);
    fresh_end(&s);
}

Test(postgres_work, an_expected_change_whose_commit_was_not_answered_is_asked_about)
{
    struct fresh s = fresh_postgres(false);
    struct rotating w = {.from = 1, .cut = PROXY_CUTS_AFTER_COMMIT};
    (void)rotate_near(&s, &w);
    MUST(w.committed);
    cr_expect_eq(w.runs, 1);
    cr_expect_eq(by_hand(&s, "SELECT generation FROM grants"), 2);
    fresh_end(&s);
}

Test(postgres_work, an_expected_change_whose_commit_did_not_arrive_is_made_on_another_connection)
{
    struct fresh s = fresh_postgres(false);
    struct rotating w = {.from = 1, .cut = PROXY_CUTS_BEFORE_COMMIT};
    (void)rotate_near(&s, &w);
    MUST(w.committed);
    cr_expect(w.runs == 2 && w.rotated[1]);
    cr_expect_eq(by_hand(&s, "SELECT generation FROM grants"), 2);
    fresh_end(&s);
}

/* ---- order ---- */

struct crossing {
    struct fresh *s;
    int64_t first, second;
    pthread_barrier_t *meet;
    int runs;
    err said;
};

static err cross_body(struct db_conn *c, void *context)
{
    struct crossing *w = context;
    struct tx tx = {w->s->store, c};
    TRY(db_user_logged_in(&tx, w->first, T0 + w->runs));
    if (w->runs++ == 0)
        (void)pthread_barrier_wait(w->meet);
    return db_user_logged_in(&tx, w->second, T0 + w->runs);
}

static void *cross(void *context)
{
    struct crossing *w = context;
    w->said = db_write(w->s->tx, DB_SEVERAL, cross_body, w);
    return NULL;
}

Test(postgres_work, two_transactions_that_cross_are_both_made)
{
    struct fresh s = fresh_postgres(true);
    pthread_barrier_t meet;
    pthread_t threads[2];
    int64_t a = fresh_user(&s, "ada").number, b = fresh_user(&s, "eve").number;
    struct crossing w[2] = {{&s, a, b, &meet, 0, OK}, {&s, b, a, &meet, 0, OK}};
    pthread_barrier_init(&meet, NULL, 2);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, cross, &w[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    MUST(w[0].said);
    MUST(w[1].said);
    cr_assert_geq(w[0].runs + w[1].runs, 3, "one of them had to begin again");
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes"), 6);
    fresh_end(&s);
}

/* ---- guards ---- */

struct guarding {
    struct fresh *s;
    int64_t number;
    enum db_guard_mode mode;
    pthread_barrier_t *inside, *leave; /* NULL: it does not wait */
    _Atomic bool over;
    int64_t seen;
    err said;
};

static err guard_body(struct db_conn *c, void *context)
{
    struct guarding *w = context;
    struct tx tx = {w->s->store, c};
    struct db_user *u;
    TRY(db_guard_user(c, w->number, w->mode));
    TRY(db_user_by_number(&tx, w->s->a, w->number, &u));
    w->seen = u->last_login_at;
    if (w->inside != NULL) {
        (void)pthread_barrier_wait(w->inside);
        (void)pthread_barrier_wait(w->leave);
    }
    return w->mode == DB_GUARD_ALONE ? db_user_logged_in(&tx, w->number, u->last_login_at + 1) : OK;
}

static void *guard(void *context)
{
    struct guarding *w = context;
    w->said = db_write(w->s->tx, DB_SEVERAL, guard_body, w);
    atomic_store(&w->over, true);
    return NULL;
}

static void wait_for_waiting(const struct fresh *s)
{
    while (by_hand(s, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0)
        (void)sched_yield();
}

/* Does the second wait until the first has left, and then see what that one did? */
static void step_through(enum db_guard_mode first, enum db_guard_mode second, bool waits)
{
    struct fresh s = fresh_postgres(true);
    struct arena *other = arena_new(1 << 20);
    pthread_barrier_t inside, leave;
    pthread_t threads[2];
    struct fresh t = s;
    t.a = other;
    int64_t number = fresh_user(&s, "ada").number;
    struct guarding a = {&s, number, first, &inside, &leave, false, 0, OK}, b = {&t, number, second, NULL, NULL, false, 0, OK};
    pthread_barrier_init(&inside, NULL, 2);
    pthread_barrier_init(&leave, NULL, 2);
    pthread_create(&threads[0], NULL, guard, &a);
    (void)pthread_barrier_wait(&inside);
    pthread_create(&threads[1], NULL, guard, &b);
    if (waits)
        wait_for_waiting(&s);
    else
        pthread_join(threads[1], NULL);
    cr_assert_eq(atomic_load(&b.over), !waits);
    (void)pthread_barrier_wait(&leave);
    pthread_join(threads[0], NULL);
    if (waits)
        pthread_join(threads[1], NULL);
    MUST(a.said);
    MUST(b.said);
    cr_assert_eq(b.seen, first == DB_GUARD_ALONE ? 1 : 0, "what is read behind the guard is what the other has committed");
    arena_release(other);
    fresh_end(&s);
}

Test(postgres_work, who_is_alone_is_waited_for_by_all)
{
    step_through(DB_GUARD_ALONE, DB_GUARD_ALONE, true);
    step_through(DB_GUARD_ALONE, DB_GUARD_SHARED, true);
    step_through(DB_GUARD_SHARED, DB_GUARD_ALONE, true);
}

Test(postgres_work, who_shares_a_guard_waits_for_nobody_that_shares_it)
{
    step_through(DB_GUARD_SHARED, DB_GUARD_SHARED, false);
}

struct purging {
    struct fresh *s;
    int64_t removed;
};

static void *purge_clients(void *context)
{
    struct purging *w = context;
    MUST(db_initial_purge_unused(w->s->tx, T0 + 1, &w->removed));
    return NULL;
}

/* Between the statement that takes its secrets and the one that takes it. */
Test(postgres_work, a_client_that_is_used_while_it_is_purged_keeps_its_secret)
{
    struct fresh s = fresh_postgres(true);
    struct db_client app = {
        .id = STR("app"), .grants = STR("authorization_code"), .created_at = T0, .secrets = {{.hash = hash_of("secret")}}, .secret_count = 1};
    struct purging w = {&s, -1};
    char sql[128];
    pthread_t thread;
    int64_t user = fresh_user(&s, "ada").number;
    app.metadata.origin = STR("open");
    MUST(db_client_add(s.tx, &app));
    PGconn *c = hand(s.database);
    hand_do(c, "BEGIN; SELECT 1 FROM client_secrets FOR UPDATE");
    pthread_create(&thread, NULL, purge_clients, &w);
    wait_for_waiting(&s);
    (void)snprintf(sql, sizeof(sql), "INSERT INTO consents (user_number, client_number, updated_at) VALUES (%d, %d, 0); COMMIT", (int)user, (int)app.number);
    hand_do(c, sql);
    pthread_join(thread, NULL);
    PQfinish(c);
    cr_assert_eq(w.removed, 0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM clients"), 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets"), 1);
    fresh_end(&s);
}

/* ---- locks, and a server that only reads ---- */

Test(postgres_work, who_is_locked_out_for_too_long_is_told_so_and_it_heals)
{
    struct fresh s = fresh_postgres(true);
    PGconn *c = hand(s.database);
    hand_do(c, "BEGIN; LOCK TABLE scopes IN ACCESS EXCLUSIVE MODE");
    int64_t began_us = clock_monotonic_us();
    MUST_FAIL(UNAVAILABLE, db_scope_add(s.tx, STR("one"), STR("words")));
    cr_assert_lt(clock_monotonic_us() - began_us, 12000000);
    hand_do(c, "ROLLBACK");
    MUST(db_scope_add(s.tx, STR("one"), STR("words")));
    PQfinish(c);
    fresh_end(&s);
}

Test(postgres_work, a_server_that_only_reads_is_left_and_found_again)
{
    struct fresh s = fresh_postgres(true);
    char sql[256];
    PGconn *c = hand(s.database); /* which was there before, and may write */
    (void)snprintf(sql, sizeof(sql), "ALTER DATABASE %s SET default_transaction_read_only = on", strstr(s.database, "jeton_test_"));
    hand_do(c, sql);
    hand_do(c, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    struct db_user *u;
    MUST(db_user_by_number(s.tx, s.a, 1, &u));
    MUST_FAIL(UNAVAILABLE, db_scope_add(s.tx, STR("one"), STR("words")));
    (void)snprintf(sql, sizeof(sql), "ALTER DATABASE %s RESET default_transaction_read_only", strstr(s.database, "jeton_test_"));
    hand_do(c, sql);
    MUST(db_scope_add(s.tx, STR("one"), STR("words")));
    PQfinish(c);
    fresh_end(&s);
}

/* ---- jobs ---- */

enum { JOBS = 400, WRITERS = 4 };
struct adding {
    struct fresh *s;
    struct tx *tx;
    int from;
};

static void *add_many(void *context)
{
    struct adding *w = context;
    for (int i = 0; i < JOBS / WRITERS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "s%d", w->from + i);
        MUST(db_scope_add(w->tx, str_of(name), STR("words")));
    }
    return NULL;
}

Test(postgres_work, lines_of_writers_of_two_nodes_have_no_gap_at_any_moment)
{
    struct fresh s = fresh_postgres(true);
    struct fresh other = s;
    fresh_open(&other, true);
    pthread_t threads[WRITERS];
    struct adding w[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        w[i] = (struct adding){&s, i % 2 == 0 ? s.tx : other.tx, i * 1000};
        pthread_create(&threads[i], NULL, add_many, &w[i]);
    }
    PGconn *c = hand(s.database);
    long seen;
    do
        seen = hand_number(c, "SELECT CASE WHEN count(*) = coalesce(max(seq), 0) THEN count(*) ELSE -1 END FROM changes");
    while (seen >= 0 && seen < JOBS);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(seen, JOBS, "a line was seen before one that stands before it");
    PQfinish(c);
    store_close(other.store);
    fresh_end(&s);
}

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool open;
    int inside, done;
};
static struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0};

static err hold_run(struct tx *tx, void *context)
{
    (void)tx, (void)context;
    pthread_mutex_lock(&gate.lock);
    gate.inside++;
    pthread_cond_broadcast(&gate.wake);
    while (!gate.open)
        pthread_cond_wait(&gate.wake, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
    return OK;
}

static void hold_done(void *context, err committed)
{
    (void)context;
    MUST(committed);
    pthread_mutex_lock(&gate.lock);
    gate.done++;
    pthread_cond_broadcast(&gate.wake);
    pthread_mutex_unlock(&gate.lock);
}

static void wait_for(const int *count, int least)
{
    pthread_mutex_lock(&gate.lock);
    while (*count < least)
        pthread_cond_wait(&gate.wake, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

Test(postgres_work, when_every_connection_is_in_use_one_waits_a_little_and_the_queue_is_bounded)
{
    struct fresh s = fresh_postgres(true);
    struct store_job *jobs = calloc(STORE_QUEUE_MAX + 5, sizeof(*jobs));
    struct db_user *u;
    int taken = 0;
    for (; taken < 4; taken++) { /* as many as there are connections */
        jobs[taken] = (struct store_job){.run = hold_run, .done = hold_done};
        MUST(store_submit(s.store, &jobs[taken]));
    }
    wait_for(&gate.inside, 4);
    err e = db_user_by_number(s.tx, s.a, 1, &u);
    cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    cr_assert_not_null(strstr(err_why(e), "in use"));
    for (;; taken++) { /* AV-08 */
        jobs[taken] = (struct store_job){.run = hold_run, .done = hold_done};
        e = store_submit(s.store, &jobs[taken]);
        if (FAILED(e))
            break;
    }
    cr_assert_eq(taken, STORE_QUEUE_MAX + 4);
    pthread_mutex_lock(&gate.lock);
    gate.open = true;
    pthread_cond_broadcast(&gate.wake);
    pthread_mutex_unlock(&gate.lock);
    wait_for(&gate.done, taken);
    MUST(db_user_by_number(s.tx, s.a, 1, &u));
    free(jobs);
    fresh_end(&s);
}

/* ---- what this node does not see ---- */

static err blind(void *context, struct db_conn *c)
{
    ++*(int *)context;
    (void)c;
    FAIL(UNAVAILABLE, "test: memory does not follow");
}

Test(postgres_work, a_change_that_memory_cannot_follow_is_made_once_and_not_acknowledged) /* AT-16 */
{
    struct fresh s = fresh_postgres(false);
    int told = 0;
    store_after_change(s.store, blind, &told);
    MUST_FAIL(UNAVAILABLE, db_scope_add(s.tx, STR("unseen"), STR("words")));
    cr_assert_eq(told, 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'unseen'"), 1);
    store_after_change(s.store, NULL, NULL);
    MUST_FAIL(CONFLICT, db_scope_add(s.tx, STR("unseen"), STR("words")));
    fresh_end(&s);
}
