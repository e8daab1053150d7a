/* SPDX-License-Identifier: MIT
 * postgres_scene: a store in a PostgreSQL database of its own for each test. JETON_TEST_POSTGRES names a cluster that may be thrown away: a
 * connection string (key=value words) of a superuser. Without it these tests are skipped; `./dev test` makes one. */
#ifndef TEST_POSTGRES_SCENE_H
#define TEST_POSTGRES_SCENE_H
#include "store/postgres/postgres_store.h"
#include "store/table/db_client.h"
#include "store/table/db_grant.h"
#include "store/table/db_key.h"
#include "store/table/db_pat.h"
#include "store/table/db_scope.h"
#include "store/table/db_user.h"
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef MUST
#define MUST(call_)                                                                                                            \
    do {                                                                                                                       \
        err must_ = (call_);                                                                                                   \
        cr_assert(!FAILED(must_), "%s: %s", #call_, err_why(must_));                                                           \
    } while (0)
#define MUST_FAIL(kind_, call_)                                                                                                \
    do {                                                                                                                       \
        err must_ = (call_);                                                                                                   \
        cr_assert_eq(must_.kind, ERR_##kind_, "%s: %s %s", #call_, err_code(must_), err_why(must_));                           \
    } while (0)
#endif

struct scene {
    char name[64], string[512], directory[64];
    struct store *store;
    struct tx *tx;
    struct arena *a;
};

static inline const char *scene_cluster(void)
{
    const char *words = getenv("JETON_TEST_POSTGRES");
    if (words == NULL)
        cr_skip_test("JETON_TEST_POSTGRES names no PostgreSQL");
    return words;
}

/* A second pair of eyes and hands: libpq itself. */
static inline PGconn *hand(const char *string)
{
    PGconn *c = PQconnectdb(string);
    cr_assert_eq(PQstatus(c), CONNECTION_OK, "%s", PQerrorMessage(c));
    return c;
}

static inline void hand_do(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    cr_assert(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(c));
    PQclear(r);
}

static inline long hand_number(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    cr_assert_eq(PQresultStatus(r), PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(c));
    long value = PQntuples(r) > 0 && !PQgetisnull(r, 0, 0) ? strtol(PQgetvalue(r, 0, 0), NULL, 10) : -1;
    PQclear(r);
    return value;
}

static inline void by_hand_do(const struct scene *s, const char *sql)
{
    PGconn *c = hand(s->string);
    hand_do(c, sql);
    PQfinish(c);
}

static inline long by_hand(const struct scene *s, const char *sql)
{
    PGconn *c = hand(s->string);
    long value = hand_number(c, sql);
    PQfinish(c);
    return value;
}

static inline void scene_database(struct scene *s)
{
    static int count;
    char sql[256];
    const char *cluster = scene_cluster();
    (void)snprintf(s->name, sizeof(s->name), "jeton_test_%d_%d", (int)getpid(), count++);
    (void)snprintf(s->string, sizeof(s->string), "%s dbname=%s", cluster, s->name);
    (void)snprintf(s->directory, sizeof(s->directory), P_tmpdir "/jeton-store-XXXXXX");
    cr_assert_not_null(mkdtemp(s->directory));
    PGconn *c = hand(cluster);
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", s->name);
    hand_do(c, sql);
    PQfinish(c);
    s->a = arena_new(64 << 20);
}

static inline struct store *scene_store(const struct scene *s, const char *string, bool threads)
{
    struct store *store = NULL;
    MUST(store_open(&(struct store_options){.directory = s->directory, .database = string, .connections = 4, .create = true, .threads = threads},
                    &store));
    return store;
}

static inline struct scene scene_new(bool threads)
{
    struct scene s = {0};
    scene_database(&s);
    s.store = scene_store(&s, s.string, threads);
    s.tx = store_each(s.store);
    return s;
}

static inline void scene_end(struct scene *s)
{
    char sql[256];
    store_close(s->store);
    arena_release(s->a);
    (void)rmdir(s->directory);
    PGconn *c = hand(scene_cluster());
    (void)snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", s->name);
    hand_do(c, sql);
    PQfinish(c);
}

static inline struct db_user scene_user(struct scene *s, const char *name)
{
    struct db_user u = {.username = str_of(name), .email = STR("a@example.org"), .full_name = STR("A Person"), .password_hash = STR("$argon2id$x")};
    MUST(db_user_add(s->tx, s->a, &u, NULL));
    return u;
}
#endif
