/* SPDX-License-Identifier: MIT
 * store: opening, crashes, a full disk, health, check, and several functions as one transaction. */
#include "fresh.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/banned.h"

/* ---- opening ---- */

Test(db, a_missing_database_is_not_found_and_says_so)
{
    struct fresh s = {0};
    fresh_path(&s);
    err e = store_open(FRESH_OPTIONS(&s, false, false), &s.store);
    cr_assert_eq(e.kind, ERR_NOT_FOUND);
    cr_assert_not_null(strstr(err_say(e), "no database"));
    fresh_remove(&s);
}

/* ---- crashes ---- */

Test(db, what_was_acknowledged_survives_a_kill)
{
    struct fresh s = {0};
    clock_set(T0);
    fresh_path(&s);
    int pipes[2];
    cr_assert_eq(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        s.a = arena_new(1 << 20);
        fresh_open(&s, true);
        struct db_user u = fresh_user(&s, "ada");
        struct db_client c = fresh_client(&s, "app");
        struct db_authorization g = fresh_authorization_made(&s, u.number, c.number);
        struct db_code code = fresh_code(&s, &g);
        struct db_taken taken;
        MUST(db_code_take(s.tx, s.a, code.number, &code.hash, &taken));
        int64_t numbers[3] = {code.number, g.number, u.number};
        (void)!write(pipes[1], numbers, sizeof(numbers));
        (void)kill(getpid(), SIGKILL);
    }
    int64_t numbers[3];
    cr_assert_eq(read(pipes[0], numbers, sizeof(numbers)), (ssize_t)sizeof(numbers));
    int status = 0;
    (void)waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status));
    s.a = arena_new(1 << 20);
    fresh_open(&s, true);
    struct db_taken taken;
    struct token_hash hash = hash_of("code");
    MUST(db_code_take(s.tx, s.a, numbers[0], &hash, &taken)); /* AC-09: a used code stays used */
    cr_assert_eq(taken.how, DB_TAKE_USED_BEFORE);
    cr_assert_neq(taken.authorization->revoked_at, 0);
    int64_t next = 0;
    MUST(db_authorization_reserve(s.tx, &next)); /* a crash skips numbers, it never repeats one */
    cr_assert_gt(next, numbers[1]);
    MUST(db_code_reserve(s.tx, &next));
    cr_assert_gt(next, numbers[0]);
    fresh_end(&s);
}

static err add_and_die(struct tx *tx, void *context)
{
    (void)context;
    MUST(db_scope_add(tx, STR("lost"), STR("words")));
    (void)kill(getpid(), SIGKILL);
    return OK;
}

static void never(void *context, err e)
{
    (void)context, (void)e;
    (void)fprintf(stderr, "answered after its death\n");
}

Test(db, what_was_not_committed_leaves_no_trace)
{
    struct fresh s = {0};
    clock_set(T0);
    fresh_path(&s);
    pid_t child = fork();
    if (child == 0) {
        fresh_open(&s, false);
        struct store_job job = {.run = add_and_die, .done = never, .context = &s};
        MUST(store_submit(s.store, &job));
        _exit(0);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status));
    fresh_open(&s, false);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'lost'"), 0);
    fresh_end(&s);
}

/* ---- a full disk ---- */

static void heals(struct fresh *s, void (*full)(struct fresh *, bool))
{
    struct db_user u = fresh_user(s, "ada");
    full(s, true);
    int failed = 0;
    for (int i = 0; i < 400 && failed < 3; i++) {
        char name[32], *big = arena_take(s->a, 4001);
        (void)snprintf(name, sizeof(name), "scope-%d", i);
        memset(big, 'x', 4000);
        err e = db_scope_add(s->tx, str_of(name), str_of(big));
        cr_assert(!FAILED(e) || e.kind == ERR_UNAVAILABLE, "%s", err_why(e));
        failed += FAILED(e);
    }
    cr_assert_eq(failed, 3);
    struct db_user *again = NULL;
    MUST(db_user_by_number(s->tx, s->a, u.number, &again)); /* reading goes on */
    cr_assert_not_null(again);
    full(s, false);
    MUST(store_ready(s->store)); /* AV-03: heals by itself */
    MUST(db_scope_add(s->tx, STR("after"), STR("words")));
    str report;
    MUST(store_check(s->store, s->a, &report));
}

static void few_pages(struct fresh *s, bool full)
{
    sqlite_limit_pages(sqlite_of(s->store)->conn, full ? 120 : 0);
}

Test(db, a_full_database_is_unavailable_and_heals)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    heals(&s, few_pages);
    fresh_end(&s);
}

static void small_files(struct fresh *s, bool full)
{
    (void)s;
    struct rlimit limit;
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = full ? 400000 : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(db, a_full_disk_is_unavailable_to_the_whole_group_and_heals)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    heals(&s, small_files);
    struct store_counts counts;
    store_counts(s.store, &counts);
    cr_assert_geq(counts.failures, 3u);
    fresh_end(&s);
}

/* ---- the whole ---- */

Test(whole, AV_06_ready_writes)
{
    struct fresh s = fresh_new(true);
    int64_t before = by_hand(&s, "SELECT next FROM counters WHERE name = 'ready'");
    MUST(store_ready(s.store));
    cr_assert_eq(by_hand(&s, "SELECT next FROM counters WHERE name = 'ready'"), before + 1);
    fresh_end(&s);
}

Test(whole, check_reports_in_words_and_sees_damage)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    for (int i = 0; i < 40; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "user%d", i);
        (void)fresh_user(&s, name);
    }
    str report;
    MUST(store_check(s.store, s.a, &report));
    cr_assert_not_null(strstr(report.p, "integrity: ok"));
    cr_assert_not_null(strstr(report.p, "users: 40"));
    store_close(s.store);
    char path[128];
    path_of(&s, "jeton.db", path);
    int d = open(path, O_RDWR);
    struct stat st;
    cr_assert_eq(fstat(d, &st), 0);
    char junk[512];
    memset(junk, 0x5a, sizeof(junk));
    for (off_t at = 20 * 1024; at < st.st_size; at += 2048)
        cr_assert_eq(pwrite(d, junk, sizeof(junk), at), (ssize_t)sizeof(junk));
    close(d);
    err e = store_open(FRESH_OPTIONS(&s, false, false), &s.store);
    if (!FAILED(e)) {
        e = store_check(s.store, s.a, &report);
        store_close(s.store);
    }
    cr_assert_eq(e.kind, ERR_SERVER_ERROR, "%s", err_why(e));
    arena_release(s.a);
    fresh_remove(&s);
}

Test(whole, check_sees_a_row_that_names_a_missing_one)
{
    struct fresh s = fresh_new(false);
    (void)by_hand(&s, fresh_on_postgres() ? "SET session_replication_role = replica; INSERT INTO consents VALUES (77, 88, 'openid', 0)"
                                          : "INSERT INTO consents VALUES (77, 88, 'openid', 0)"); /* SQLite checks only when asked to */
    str report;
    MUST_FAIL(SERVER_ERROR, store_check(s.store, s.a, &report));
    fresh_end(&s);
}

/* ---- several sentences together ---- */

struct pair {
    struct fresh *s;
    bool fail;
};

static err add_two_scopes(void *context)
{
    struct pair *w = context;
    TRY(db_scope_add(w->s->tx, STR("first"), STR("the first")));
    if (w->fail)
        FAIL(CONFLICT, "test: after the first");
    return db_scope_add(w->s->tx, STR("second"), STR("the second"));
}

Test(db, together_is_all_or_nothing)
{
    struct fresh s = fresh_new(true);
    struct db_scope *rows;
    size_t before, count;
    MUST(db_scope_all(s.tx, s.a, &rows, &before));
    MUST_FAIL(CONFLICT, fresh_together(&s, add_two_scopes, &(struct pair){&s, true}));
    MUST(db_scope_all(s.tx, s.a, &rows, &count));
    cr_assert_eq(count, before);
    MUST(fresh_together(&s, add_two_scopes, &(struct pair){&s, false}));
    MUST(db_scope_all(s.tx, s.a, &rows, &count));
    cr_assert_eq(count, before + 2);
    fresh_end(&s);
}

/* ---- threads ---- */

static void *get_mask(void *context)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, context);
    return NULL;
}

Test(store, its_threads_take_no_signal_and_the_caller_goes_on_taking_them)
{
    sigset_t before, after, inside;
    pthread_t thread;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    MUST(store_thread(&thread, get_mask, &inside));
    (void)pthread_join(thread, NULL);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        cr_expect_eq(sigismember(&inside, signals[i]), 1);
        cr_expect_eq(sigismember(&after, signals[i]), sigismember(&before, signals[i]));
    }
}
