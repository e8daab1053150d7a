/* SPDX-License-Identifier: MIT
 * limit_store: bare SQLite (WAL, synchronous FULL, the server's page size) committing in groups of 50 the rows that a refresh
 * or a code exchange changes: the same columns, indexes and statements, no server around them. Only the changing statements
 * run, prepared once; the log is copied back by SQLite's own checkpoints.
 *     limit_store FILE ROWS MILLISECONDS refresh|code       FILE must not exist and is left behind */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GROUP = 50, HASH = 43, SUCCESSOR = 147, ROWS_MAX = 10000000, SPAN_MAX = 60000 };

static const char schema[] = "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000;"
                             "CREATE TABLE grants (number INTEGER PRIMARY KEY, id TEXT NOT NULL, user_number BIGINT NOT NULL,"
                             " client_number BIGINT NOT NULL, client_epoch BIGINT NOT NULL, scope TEXT, resource TEXT, flow TEXT,"
                             " created_at BIGINT NOT NULL, auth_time BIGINT NOT NULL,"
                             " last_used_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL, generation BIGINT NOT NULL,"
                             " current_hash TEXT, previous_hash TEXT, rotated_at BIGINT NOT NULL, successor TEXT, begun_at BIGINT NOT NULL);"
                             "CREATE INDEX grants_user ON grants (user_number);"
                             "CREATE TABLE codes (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, grant_number BIGINT NOT NULL, redirect_uri TEXT,"
                             " code_challenge TEXT, expires_at BIGINT NOT NULL, used_at BIGINT NOT NULL DEFAULT 0);";

static const char add_grant[] = "INSERT INTO grants VALUES (?1, '01234567-89ab-4cde-8f01-23456789abcd', ?1, 1, 0, 'profile', NULL, 'authorization_code',"
                                " 1700000000, 1700000000, 1700000000, 1900000000, 0, 1, ?2, ?2, 1700000000, ?3, ?4)";
static const char add_code[] = "INSERT INTO codes VALUES (?1, ?2, ?1, 'http://127.0.0.1/callback', ?2, 1900000000, 0)";
static const char rotate[] = "UPDATE grants SET generation = ?3, current_hash = ?4, previous_hash = ?5, successor = ?6, rotated_at = ?7,"
                             " last_used_at = ?8, expires_at = ?9 WHERE number = ?1 AND generation <> ?2 AND revoked_at = 0 AND expires_at > ?10";
static const char take[] = "UPDATE codes SET used_at = ?3 WHERE number = ?1 AND hash = ?2 AND used_at = 0 AND expires_at > ?3 RETURNING number";
static const char begin[] = "UPDATE grants SET begun_at = ?2, last_used_at = ?2, expires_at = ?3, current_hash = ?4,"
                            " generation = CASE WHEN ?4 IS NULL THEN 0 ELSE 1 END WHERE number = ?1 AND begun_at = 0 AND revoked_at = 0";

static sqlite3 *db;

static void must(bool good)
{
    if (good)
        return;
    fprintf(stderr, "limit_store: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static sqlite3_stmt *prepared(const char *text)
{
    sqlite3_stmt *s = NULL;
    must(sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) == SQLITE_OK);
    return s;
}

static void run(sqlite3_stmt *s)
{
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW)
        continue;
    must(code == SQLITE_DONE && sqlite3_reset(s) == SQLITE_OK);
}

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A text of n bytes that differs from row to row. */
static void text_of(char *out, int n, uint64_t seed)
{
    for (int i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        out[i] = (char)('a' + (seed >> 59));
    }
}

static void fill(int64_t rows, bool codes)
{
    char hash[HASH], successor[SUCCESSOR];
    sqlite3_stmt *grant = prepared(add_grant), *code = prepared(add_code);
    must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    for (int64_t i = 1; i <= rows; i++) {
        text_of(hash, HASH, (uint64_t)i);
        text_of(successor, SUCCESSOR, (uint64_t)i);
        sqlite3_bind_int64(grant, 1, i);
        if (!codes) {
            sqlite3_bind_text(grant, 2, hash, HASH, SQLITE_STATIC);
            sqlite3_bind_text(grant, 3, successor, SUCCESSOR, SQLITE_STATIC);
        }
        sqlite3_bind_int64(grant, 4, codes ? 0 : 1700000000);
        run(grant);
        sqlite3_bind_int64(code, 1, i);
        sqlite3_bind_text(code, 2, hash, HASH, SQLITE_STATIC);
        if (codes)
            run(code);
    }
    must(sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_finalize(grant);
    sqlite3_finalize(code);
}

static void refresh_one(sqlite3_stmt *s, int64_t row, int64_t count)
{
    char current[HASH], previous[HASH], successor[SUCCESSOR];
    text_of(current, HASH, (uint64_t)count);
    text_of(previous, HASH, (uint64_t)count + 1);
    text_of(successor, SUCCESSOR, (uint64_t)count + 2);
    sqlite3_bind_int64(s, 1, row);
    sqlite3_bind_int64(s, 2, -1);
    sqlite3_bind_int64(s, 3, count + 2);
    sqlite3_bind_text(s, 4, current, HASH, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, previous, HASH, SQLITE_STATIC);
    sqlite3_bind_text(s, 6, successor, SUCCESSOR, SQLITE_STATIC);
    sqlite3_bind_int64(s, 7, 1700000001);
    sqlite3_bind_int64(s, 8, 1700000001);
    sqlite3_bind_int64(s, 9, 1900000001);
    sqlite3_bind_int64(s, 10, 1700000000);
    run(s);
}

static void code_one(sqlite3_stmt *taken, sqlite3_stmt *begun, int64_t row)
{
    char hash[HASH];
    text_of(hash, HASH, (uint64_t)row);
    sqlite3_bind_int64(taken, 1, row);
    sqlite3_bind_text(taken, 2, hash, HASH, SQLITE_STATIC);
    sqlite3_bind_int64(taken, 3, 1700000001);
    run(taken);
    sqlite3_bind_int64(begun, 1, row);
    sqlite3_bind_int64(begun, 2, 1700000001);
    sqlite3_bind_int64(begun, 3, 1900000001);
    sqlite3_bind_text(begun, 4, hash, HASH, SQLITE_STATIC);
    run(begun);
    must(sqlite3_changes(db) == 1);
}

int main(int argc, char **argv)
{
    int64_t rows = argc == 5 ? strtoll(argv[2], NULL, 10) : 0, span = argc == 5 ? strtoll(argv[3], NULL, 10) : 0;
    bool codes = argc == 5 && strcmp(argv[4], "code") == 0;
    if (rows <= 0 || rows > ROWS_MAX || span <= 0 || span > SPAN_MAX || (!codes && strcmp(argv[4], "refresh") != 0)) {
        fputs("usage: limit_store FILE ROWS MILLISECONDS refresh|code\n", stderr);
        return 2;
    }
    must(sqlite3_open(argv[1], &db) == SQLITE_OK && sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK);
    fill(rows, codes);
    sqlite3_stmt *first = prepared(codes ? take : rotate), *second = prepared(begin);
    sqlite3_stmt *open = prepared("BEGIN IMMEDIATE"), *commit = prepared("COMMIT");
    double begun = now(CLOCK_MONOTONIC), spent = now(CLOCK_PROCESS_CPUTIME_ID), passed = 0;
    int64_t count = 0;
    uint64_t chance = 1;
    while (passed * 1000 < (double)span && (!codes || count + GROUP <= rows)) {
        run(open);
        for (int i = 0; i < GROUP; i++, count++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            if (codes)
                code_one(first, second, count + 1);
            else
                refresh_one(first, (int64_t)((chance >> 33) % (uint64_t)rows) + 1, count);
        }
        run(commit);
        passed = now(CLOCK_MONOTONIC) - begun;
    }
    spent = now(CLOCK_PROCESS_CPUTIME_ID) - spent;
    printf("{\"rate\": %.1f, \"cpu_us\": %.3f}\n", (double)count / passed, spent * 1e6 / (double)count);
    sqlite3_finalize(first);
    sqlite3_finalize(second);
    sqlite3_finalize(open);
    sqlite3_finalize(commit);
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
