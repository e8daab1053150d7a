/* SPDX-License-Identifier: MIT
 * The engine room: opening, modes, migrations, crashes, a full disk, groups, health, backup, check. */
#include "fresh.h"

#include "store/migrations.h"
#include "store/table/db_session.h"

#include <errno.h>
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

Test(db, files_are_for_their_owner_alone)
{
    fresh_only_sqlite();
    mode_t before = umask(0);
    struct fresh s = fresh_new(true);
    (void)fresh_user(&s, "ada");
    cr_assert_eq(mode_of(&s, "jeton.db"), 0600);
    cr_assert_eq(mode_of(&s, "jeton.db-wal"), 0600);
    cr_assert_eq(mode_of(&s, "jeton.db-shm"), 0600);
    cr_assert_eq(mode_of(&s, "jeton.generation"), 0600);
    (void)umask(before);
    fresh_end(&s);
}

Test(db, an_open_directory_or_file_is_refused)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    store_close(s.store);
    cr_assert_eq(chmod(s.directory, 0750), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    cr_assert_eq(chmod(s.directory, 0700), 0);
    char path[128];
    path_of(&s, "jeton.db", path);
    cr_assert_eq(chmod(path, 0640), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    cr_assert_eq(chmod(path, 0600), 0);
    fresh_open(&s, false);
    fresh_end(&s);
}

Test(db, a_link_instead_of_the_database_is_refused)
{
    fresh_only_sqlite();
    struct fresh s = {0};
    fresh_path(&s);
    char path[128];
    path_of(&s, "jeton.db", path);
    cr_assert_eq(symlink("/dev/null", path), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    fresh_remove(&s);
}

Test(db, another_owner_is_refused)
{
    fresh_only_sqlite();
    if (geteuid() != 0)
        cr_skip_test("only root can give a file away");
    struct fresh s = fresh_new(false);
    store_close(s.store);
    char path[128];
    path_of(&s, "jeton.db", path);
    cr_assert_eq(chown(path, 65534, 65534), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    arena_release(s.a);
    fresh_remove(&s);
}

Test(db, a_file_that_is_no_database_is_an_error_not_an_empty_store)
{
    fresh_only_sqlite();
    struct fresh s = {0};
    fresh_path(&s);
    char path[128];
    path_of(&s, "jeton.db", path);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database", f);
    fclose(f);
    cr_assert_eq(chmod(path, 0600), 0);
    MUST_FAIL(SERVER_ERROR, store_open(FRESH_OPTIONS(&s, true, false), &s.store));
    fresh_remove(&s);
}

/* ---- migrations ---- */

static void *open_and_close(void *context)
{
    struct fresh mine = *(struct fresh *)context;
    fresh_open(&mine, false);
    store_close(mine.store);
    return NULL;
}

Test(db, AV_05_several_processes_may_migrate_at_once)
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

Test(db, AV_05_a_database_from_the_future_is_refused_and_says_so)
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

Test(db, migrations_are_numbered_without_a_gap_and_all_listed)
{
    for (size_t i = 0; i < migrations_count(); i++) {
        cr_assert_eq(migrations_version(i), (int64_t)i + 1);
        cr_assert(strlen(store_migrations_text(i)) > 10);
    }
    cr_assert_null(store_migrations_text(migrations_count()));
}

/* Step i, as store_migrate takes it, up to its commit. */
static void step_begin(struct db_conn *c, size_t i)
{
    MUST(c->driver->begin(c));
    MUST(c->driver->script(c, migrations_text(i)));
    char applied[80];
    (void)snprintf(applied, sizeof(applied), "INSERT INTO migrations VALUES (%d, 0)", (int)i + 1);
    MUST(c->driver->script(c, applied));
}

static struct db_conn *bare(const struct fresh *s)
{
    char path[128];
    struct sqlite_conn *c = NULL;
    if (fresh_on_postgres()) {
        struct postgres_conn *far = NULL;
        MUST(postgres_load());
        MUST(postgres_conn_open(s->database, &far));
        return postgres_conn_base(far);
    }
    path_of(s, "jeton.db", path);
    MUST(sqlite_directory_new_file(path, false));
    MUST(sqlite_open(path, SQLITE_WRITING, &c));
    return sqlite_base(c);
}

static void bare_end(struct db_conn *c)
{
    if (fresh_on_postgres())
        postgres_conn_close(postgres_conn_of(c));
    else
        sqlite_close((struct sqlite_conn *)c);
}

Test(db, a_half_migrated_database_goes_on_where_it_stopped)
{
    struct fresh s = {0};
    fresh_path(&s);
    struct db_conn *c = bare(&s);
    step_begin(c, 0);
    MUST(c->driver->commit(c));
    bare_end(c);
    s.a = arena_new(1 << 20);
    fresh_open(&s, false);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 1"), 26);
    cr_assert_eq(by_hand(&s, "SELECT max(version) FROM migrations"), (int64_t)migrations_count());
    fresh_end(&s);
}

Test(db, whoever_was_logged_in_before_there_was_an_amr_had_a_password)
{
    enum { BEFORE = 14 };
    struct fresh s = {0};
    fresh_path(&s);
    struct db_conn *c = bare(&s);
    for (size_t i = 0; i < BEFORE; i++) {
        step_begin(c, i);
        MUST(c->driver->commit(c));
    }
    MUST(c->driver->script(c, "INSERT INTO users (number, id, username, username_key, admin, blocked, created_at, updated_at, last_login_at,"
                              " password_changed_at, version) VALUES (1, 'u', 'u', 'u', 0, 0, 0, 0, 0, 0, 1);"
                              "INSERT INTO sessions (number, id, hash, user_number, created_at, last_seen_at, auth_time, expires_at)"
                              " VALUES (1, 's', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE', 1, 0, 0, 0, 4000000000)"));
    bare_end(c);
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
    struct db_conn *c = bare(s);
    for (size_t i = 0; i <= step; i++) {
        step_begin(c, i);
        if (i == step)
            (void)kill(getpid(), SIGKILL);
        MUST(c->driver->commit(c));
    }
}

Test(db, AV_05_a_kill_during_migration_leaves_a_usable_database)
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

static void add_and_die(struct tx *tx, void *context)
{
    (void)context;
    MUST(db_scope_add(tx, STR("lost"), STR("words")));
    (void)kill(getpid(), SIGKILL);
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

/* ---- numbers, other processes ---- */

Test(numbers, reserved_numbers_are_distinct_over_blocks_threads_and_processes)
{
    struct fresh s = fresh_new(true), command = s;
    enum { MANY = 3 * DB_NUMBER_BLOCK, SPAN = 10 * DB_NUMBER_BLOCK };
    static bool seen[SPAN];
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    for (int i = 0; i < MANY; i++) {
        int64_t n = 0;
        MUST(db_authorization_reserve(i % 100 == 99 ? command.tx : s.tx, &n));
        cr_assert(n > 0 && n < SPAN);
        cr_assert_not(seen[n]);
        seen[n] = true;
    }
    store_close(command.store);
    fresh_end(&s);
}

Test(other_process, each_commit_of_a_command_is_seen_by_all_and_a_servers_is_not_counted)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true), command = s;
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    uint64_t before = store_generation(s.store);
    (void)fresh_user(&s, "ours");
    cr_assert_eq(store_generation(command.store), before);
    (void)fresh_user(&command, "theirs");
    cr_assert_eq(store_generation(s.store), before + 1);
    store_close(command.store);
    fresh_end(&s);
}

Test(other_process, its_writing_is_noticed_and_our_own_is_not)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true), command = s;
    MUST(store_open(FRESH_OPTIONS(&s, false, false), &command.store));
    command.tx = store_each(command.store);
    bool changed = true;
    MUST(store_changed_elsewhere(s.store, &changed));
    (void)fresh_user(&s, "ours");
    MUST(store_changed_elsewhere(s.store, &changed));
    cr_assert_not(changed);
    (void)fresh_user(&command, "theirs");
    MUST(store_changed_elsewhere(s.store, &changed));
    cr_assert(changed);
    MUST(store_changed_elsewhere(s.store, &changed));
    cr_assert_not(changed);
    struct db_user *u = NULL;
    MUST(db_user_by_name(s.tx, s.a, STR("theirs"), &u));
    cr_assert_not_null(u);
    store_close(command.store);
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

Test(whole, a_backup_is_consistent_private_and_never_overwrites)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    (void)fresh_user(&s, "ada");
    char path[128];
    path_of(&s, "copy.store", path);
    MUST(store_backup(s.store, path));
    cr_assert_eq(mode_of(&s, "copy.store"), 0600);
    MUST_FAIL(CONFLICT, store_backup(s.store, path));
    MUST_FAIL(UNPROCESSABLE, store_backup(s.store, "/nonexistent/copy.store"));
    store_close(s.store);
    char live[128];
    path_of(&s, "jeton.db", live);
    cr_assert_eq(rename(path, live), 0);
    fresh_open(&s, true);
    struct db_user *u = NULL;
    MUST(db_user_by_name(s.tx, s.a, STR("ada"), &u));
    cr_assert_not_null(u);
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
    cr_assert_not_null(strstr(report.p, "people: 40"));
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

Test(whole, statements_are_listed_and_all_prepare)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    char path[128];
    path_of(&s, "jeton.db", path);
    sqlite3 *h = NULL;
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    cr_assert_gt(store_statement_count(), 80u);
    for (size_t i = 0; i < store_statement_count(); i++) {
        sqlite3_stmt *st = NULL;
        const char *text = store_statement_text(i);
        cr_assert_not_null(text, "statement %zu is missing", i);
        cr_assert_eq(sqlite3_prepare_v2(h, text, -1, &st, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(h));
        sqlite3_finalize(st);
    }
    cr_assert_null(store_statement_text(store_statement_count()));
    sqlite3_close(h);
    fresh_end(&s);
}

Test(whole, the_hot_update_touches_no_index)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(false);
    char path[128];
    path_of(&s, "jeton.db", path);
    sqlite3 *h = NULL;
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    int seen = 0;
    for (size_t i = 0; i < store_statement_count(); i++) {
        const char *text = store_statement_text(i);
        if (strncmp(text, "UPDATE grants SET generation", 28) != 0)
            continue;
        char explain[1024];
        (void)snprintf(explain, sizeof(explain), "EXPLAIN %s", text);
        sqlite3_stmt *st = NULL;
        cr_assert_eq(sqlite3_prepare_v2(h, explain, -1, &st, NULL), SQLITE_OK);
        while (sqlite3_step(st) == SQLITE_ROW) {
            const char *op = (const char *)sqlite3_column_text(st, 1);
            cr_assert_str_neq(op, "IdxInsert");
            cr_assert_str_neq(op, "IdxDelete");
            cr_assert_str_neq(op, "Rewind"); /* no walk over the table either */
            seen++;
        }
        sqlite3_finalize(st);
    }
    cr_assert_gt(seen, 0);
    sqlite3_close(h);
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
