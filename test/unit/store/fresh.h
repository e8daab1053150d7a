/* SPDX-License-Identifier: MIT
 * fresh.h: a store in a directory of its own for each test, and rows that are right unless a test makes them wrong. With JETON_TEST_ENGINE=postgres
 * the same tests run in a PostgreSQL database of their own (postgres_hand.h), but for those that are about SQLite's files. */
#ifndef TEST_FRESH_H
#define TEST_FRESH_H
#include "crypto/random.h"
#include "store/table/db_client.h"
#include "store/table/db_consent.h"
#include "store/table/db_deferred.h"
#include "store/table/db_delivery.h"
#include "store/table/db_event.h"
#include "store/table/db_authorization.h"
#include "store/table/db_initial.h"
#include "store/table/db_key.h"
#include "store/table/db_pat.h"
#include "store/migrations.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite.h"
#include "store/table/db_scope.h"
#include "store/table/db_session.h"
#include "store/table/db_user.h"
#include "postgres_hand.h"
#include <criterion/criterion.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { T0 = 1700000000 };
#define MUST(call_)                                                  \
    do {                                                             \
        err must_ = (call_);                                         \
        cr_assert(!FAILED(must_), "%s: %s", #call_, err_why(must_)); \
    } while (0)
#define MUST_FAIL(kind_, call_)                                                                      \
    do {                                                                                             \
        err must_ = (call_);                                                                         \
        cr_assert_eq(must_.kind, ERR_##kind_, "%s: %s %s", #call_, err_code(must_), err_why(must_)); \
    } while (0)

struct fresh {
    char directory[64], database[512]; /* database "": SQLite's, in the directory */
    struct store *store;
    struct tx *tx; /* each function by itself */
    struct arena *a;
};

#define FRESH_OPTIONS(fresh_, create_, threads_) \
    (&(struct store_options){.directory = (fresh_)->directory, .database = (fresh_)->database, .connections = 4, .create = (create_), .threads = (threads_)})

static inline bool fresh_on_postgres(void)
{
    const char *engine = getenv("JETON_TEST_ENGINE");
    return engine != NULL && strcmp(engine, "postgres") == 0;
}

static inline void fresh_only_sqlite(void)
{
    if (fresh_on_postgres())
        cr_skip_test("about SQLite's files");
}

static inline void fresh_path(struct fresh *s)
{
    (void)snprintf(s->directory, sizeof(s->directory), P_tmpdir "/jeton-store-XXXXXX");
    cr_assert_not_null(mkdtemp(s->directory));
    if (fresh_on_postgres())
        hand_database(s->database);
}

static inline void fresh_open(struct fresh *s, bool threaded)
{
    MUST(store_open(FRESH_OPTIONS(s, true, threaded), &s->store));
    s->tx = store_each(s->store);
}

static inline void fresh_remove(struct fresh *s)
{
    char command[128];
    static const char *const files[] = {"jeton.db", "jeton.db-wal", "jeton.db-shm", "jeton.generation", "copy.store"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(command, sizeof(command), "%s/%s", s->directory, files[i]);
        (void)unlink(command);
    }
    (void)rmdir(s->directory);
    if (s->database[0] != '\0')
        hand_drop(s->database);
}

/* Every conformance test runs with the writer thread; those that say so run again the way commands do. */
static inline struct fresh fresh_new(bool threaded)
{
    struct fresh s = {0};
    clock_set(T0);
    fresh_path(&s);
    fresh_open(&s, threaded);
    s.a = arena_new(64 << 20);
    return s;
}

/* What is about PostgreSQL alone, whatever the other tests run on. */
static inline struct fresh fresh_postgres(bool threaded)
{
    (void)setenv("JETON_TEST_ENGINE", "postgres", 1);
    return fresh_new(threaded);
}

struct fresh_within {
    struct fresh *s;
    err (*body)(void *context);
    void *context;
};

static inline err fresh_within(struct tx *tx, void *context)
{
    struct fresh_within *w = context;
    struct tx *outer = w->s->tx;
    w->s->tx = tx;
    err e = w->body(w->context);
    w->s->tx = outer;
    return e;
}

/* store_together: inside of body s->tx is the transaction. */
static inline err fresh_together(struct fresh *s, err (*body)(void *context), void *context)
{
    struct fresh_within w = {s, body, context};
    return store_together(s->tx, fresh_within, &w);
}

static inline void fresh_end(struct fresh *s)
{
    store_close(s->store);
    arena_release(s->a);
    fresh_remove(s);
}

/* Meanwhile the log is kept. */
struct fresh_log {
    FILE *file;
    int before;
};

static inline struct fresh_log fresh_log_begin(void)
{
    struct fresh_log log = {tmpfile(), dup(2)};
    cr_assert(log.file != NULL && log.before >= 0);
    cr_assert_eq(dup2(fileno(log.file), 2), 2);
    return log;
}

/* How many of its lines hold this text. */
static inline size_t fresh_log_end(struct fresh_log *log, const char *text)
{
    char line[4096];
    size_t found = 0;
    (void)dup2(log->before, 2);
    rewind(log->file);
    while (fgets(line, sizeof(line), log->file) != NULL)
        found += strstr(line, text) != NULL;
    (void)fclose(log->file);
    (void)close(log->before);
    return found;
}

/* What nobody waits for is written. */
static inline void fresh_settled(const struct fresh *s)
{
    MUST(store_ready(s->store)); /* SQLite: behind all that was queued */
    while (atomic_load(&s->store->aside) > 0)
        (void)sched_yield();
}

/* As if this store had heard that another one changed something: SQLite's stores share a counter, PostgreSQL's are told (postgres_listen_test). */
static inline void fresh_told(const struct fresh *s)
{
    if (fresh_on_postgres())
        store_generation_bump(s->store);
}

static inline struct token_hash hash_of(const char *text)
{
    return token_hash_of(str_of(text));
}

static inline struct db_user fresh_user(struct fresh *s, const char *name)
{
    struct db_user u = {
        .username = str_of(name), .email = STR("a@example.org"), .full_name = STR("A Person"), .password_hash = STR("$argon2id$x"), .permissions = STR("")};
    MUST(db_user_add(s->tx, s->a, &u, NULL));
    return u;
}

static inline struct db_user fresh_admin(struct fresh *s, const char *name)
{
    struct db_user u = {.username = str_of(name), .admin = true};
    MUST(db_user_add(s->tx, s->a, &u, NULL));
    return u;
}

static inline struct db_client fresh_client(struct fresh *s, const char *id)
{
    struct db_client c = {.id = str_of(id),
                          .name = STR("An Application"),
                          .grants = STR("authorization_code refresh_token"),
                          .redirect_uris = STR("https://a.example/cb"),
                          .scopes = STR("openid"),
                          .auth_method = STR("any")};
    c.secrets[0].hash = hash_of(id);
    c.secrets[0].created_at = T0;
    c.secret_count = 1;
    MUST(db_client_add(s->tx, &c));
    return c;
}

/* A client that a stranger at 192.0.2.1 registered, and that nobody has used. */
static inline struct db_client fresh_open_client(struct fresh *s, const char *id)
{
    struct db_client c = {.id = str_of(id), .grants = STR("authorization_code"), .auth_method = STR("any"), .created_at = T0, .secret_count = 1};
    c.metadata.origin = STR("open");
    c.secrets[0] = (struct db_client_secret){.hash = hash_of(id), .created_at = T0};
    MUST(db_client_add(s->tx, &c));
    MUST(db_registration_note(s->tx, c.number, STR("at:192.0.2.1")));
    return c;
}

/* A device's request of ten minutes, not added yet. Its polled code and the word that a person types are `code`. */
static inline struct db_deferred fresh_deferred(struct fresh *s, int64_t client, const char *code)
{
    struct db_deferred row = {.kind = STR("device"),
                              .hash = hash_of(code),
                              .user_code = str_of(code),
                              .client_number = client,
                              .client_epoch = 1,
                              .scope = STR("openid"),
                              .created_at = T0,
                              .expires_at = T0 + 600,
                              .interval_seconds = 5};
    MUST(db_deferred_reserve(s->tx, &row.number));
    return row;
}

static inline struct db_authorization fresh_authorization_made(struct fresh *s, int64_t user, int64_t client)
{
    struct db_authorization g = {.user_number = user,
                                 .client_number = client,
                                 .client_epoch = 1,
                                 .scope = STR("openid"),
                                 .flow = STR("authorization_code"),
                                 .created_at = T0,
                                 .auth_time = T0,
                                 .expires_at = T0 + 60};
    MUST(db_fresh_id(s->a, &g.id));
    MUST(db_authorization_reserve(s->tx, &g.number));
    return g;
}

/* A live session of a hundred seconds, whose cookie's hash is hash_of(id). */
static inline struct db_session fresh_session(struct fresh *s, int64_t user, const char *id)
{
    struct db_session row = {.id = str_of(id),
                             .hash = hash_of(id),
                             .user_number = user,
                             .created_at = T0,
                             .last_seen_at = T0,
                             .auth_time = T0,
                             .expires_at = T0 + 100,
                             .address = STR("192.0.2.1"),
                             .user_agent = STR("Browser")};
    MUST(db_session_reserve(s->tx, &row.number));
    MUST(db_session_open(s->tx, &row));
    return row;
}

static inline struct db_delivery fresh_delivery(int64_t client, const char *url)
{
    return (struct db_delivery){
        .kind = STR("ping"), .client_number = client, .url = str_of(url), .media_type = STR("application/json"), .body = STR("{}"), .bearer = STR("b")};
}

/* What the outbox would send now. */
static inline size_t fresh_due(struct fresh *s, unix_time now, struct db_delivery **rows)
{
    size_t count;
    MUST(db_delivery_take(s->tx, s->a, now, now + 100, rows, &count));
    return count;
}

/* A live grant with refresh generation 1, whose token's hash is hash_of("r1"). */
static inline struct db_authorization fresh_authorization(struct fresh *s, int64_t user, int64_t client)
{
    struct db_authorization g = fresh_authorization_made(s, user, client);
    g.expires_at = T0 + 1000;
    g.generation = 1;
    g.current = hash_of("r1");
    MUST(db_authorization_add(s->tx, &g));
    return g;
}

/* A grant that waits for its code, whose text is "code". */
static inline struct db_code fresh_code(struct fresh *s, struct db_authorization *g)
{
    struct db_code c = {.hash = hash_of("code"),
                        .authorization_number = g->number,
                        .redirect_uri = STR("https://a.example/cb"),
                        .code_challenge = STR("challenge"),
                        .expires_at = T0 + 60};
    MUST(db_code_reserve(s->tx, &c.number));
    MUST(db_authorization_add_with_code(s->tx, g, &c, STR_ABSENT));
    return c;
}

static inline struct db_authorization *store_authorization_again(struct fresh *s, int64_t number)
{
    struct db_authorization *g = NULL;
    MUST(db_authorization_get(s->tx, s->a, number, &g));
    return g;
}

/* How many grants were revoked so far, with their access tokens. */
static inline size_t store_revoked(struct fresh *s)
{
    struct db_revocation *rows = NULL;
    size_t count = 0;
    MUST(db_revocation_since(s->tx, s->a, 0, &rows, &count));
    return count;
}

/* The last one that was. */
static inline str store_revoked_last(struct fresh *s)
{
    struct db_revocation *rows = NULL;
    size_t count = 0;
    MUST(db_revocation_since(s->tx, s->a, 0, &rows, &count));
    return count > 0 ? rows[count - 1].id : STR_ABSENT;
}

static inline void path_of(const struct fresh *s, const char *file, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", s->directory, file);
}

static inline mode_t mode_of(const struct fresh *s, const char *file)
{
    char path[128];
    struct stat st;
    path_of(s, file, path);
    cr_assert_eq(stat(path, &st), 0);
    return st.st_mode & 0777;
}

/* A second pair of eyes and hands: the engine itself. -1: no row. */
static inline int64_t by_hand(const struct fresh *s, const char *sql)
{
    char path[128];
    if (s->database[0] != '\0') {
        PGconn *c = hand(s->database);
        int64_t value = hand_number(c, sql);
        PQfinish(c);
        return value;
    }
    path_of(s, "jeton.db", path);
    sqlite3 *h = NULL;
    sqlite3_stmt *st = NULL;
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK, "%s", sqlite3_errmsg(h));
    int64_t value = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : -1;
    sqlite3_finalize(st);
    sqlite3_close(h);
    return value;
}

/* Step i, as store_migrate takes it, up to its commit. */
static inline void fresh_step_begin(struct db_conn *c, size_t i)
{
    MUST(c->driver->begin(c));
    MUST(c->driver->script(c, migrations_text(i)));
    char applied[80];
    (void)snprintf(applied, sizeof(applied), "INSERT INTO migrations VALUES (%d, 0)", (int)i + 1);
    MUST(c->driver->script(c, applied));
}

/* The first `count` of them. */
static inline void fresh_steps(struct db_conn *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fresh_step_begin(c, i);
        MUST(c->driver->commit(c));
    }
}

/* A connection to an empty database: no store, no schema. */
static inline struct db_conn *fresh_bare(const struct fresh *s)
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

static inline void fresh_bare_end(struct db_conn *c)
{
    if (fresh_on_postgres())
        postgres_conn_close(postgres_conn_of(c));
    else
        sqlite_close((struct sqlite_conn *)c);
}
#endif
