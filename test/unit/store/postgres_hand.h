/* SPDX-License-Identifier: MIT
 * postgres_hand: databases of a PostgreSQL cluster for tests, and a second pair of eyes and hands in them: libpq itself. JETON_TEST_POSTGRES
 * names a cluster that may be thrown away: a connection string (key=value words) of a superuser. Without it such tests are skipped; `./dev
 * test` makes one. */
#ifndef TEST_POSTGRES_HAND_H
#define TEST_POSTGRES_HAND_H
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline const char *hand_cluster(void)
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
    cr_assert(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(c));
    long value = PQntuples(r) > 0 && !PQgetisnull(r, 0, 0) ? strtol(PQgetvalue(r, 0, 0), NULL, 10) : -1;
    PQclear(r);
    return value;
}

/* The cluster's connection string with another database, as key=value words. */
static inline void hand_string(const char *cluster, const char *database, char string[512])
{
    size_t n = 0;
    PQconninfoOption *words = PQconninfoParse(cluster, NULL);
    cr_assert_not_null(words, "JETON_TEST_POSTGRES is no connection string");
    for (PQconninfoOption *w = words; w->keyword != NULL; w++)
        if (w->val != NULL && strcmp(w->keyword, "dbname") != 0)
            n += (size_t)snprintf(string + n, 512 - n, "%s='%s' ", w->keyword, w->val);
    (void)snprintf(string + n, 512 - n, "dbname=%s", database);
    PQconninfoFree(words);
}

/* A new database of a cluster; its connection string. */
static inline void hand_database_of(const char *cluster, char string[512])
{
    static int count;
    char sql[256], name[64];
    (void)snprintf(name, sizeof(name), "jeton_test_%d_%d", (int)getpid(), count++);
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", name);
    hand_string(cluster, name, string);
    PGconn *c = hand(cluster);
    hand_do(c, sql);
    PQfinish(c);
}

static inline void hand_database(char string[512])
{
    hand_database_of(hand_cluster(), string);
}

static inline void hand_drop(const char *string)
{
    char sql[256];
    PGconn *c = hand(hand_cluster());
    (void)snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", strstr(string, "jeton_test_"));
    hand_do(c, sql);
    PQfinish(c);
}
#endif
