/* SPDX-License-Identifier: MIT
 * db: the store's engine room. Readers: a pool of connections, as many as threads that read at once. One writer thread: every change is a job in
 * one queue; the writer takes what has gathered, runs it inside one transaction (each job in its own savepoint) and commits once
 * with full synchronisation; only then is anybody answered. A store function (db_user_add, db_code_take …) is a whole transaction
 * and a whole sentence; it may be called from any thread: on the writer thread itself, inside a running job, it joins the group.
 *
 * Absence is a value (*out = NULL and OK). Every failure of the engine is UNAVAILABLE (disk full, I/O, queue full, locked too long)
 * and heals by itself when the cause is gone; outputs are untouched. A conflict with a unique column is CONFLICT.
 *
 * All SQL is one text valid in SQLite 3.40 and PostgreSQL 15: `$1` placeholders, ON CONFLICT DO NOTHING, UPDATE … RETURNING,
 * columns TEXT and BIGINT (row numbers INTEGER PRIMARY KEY, which a PostgreSQL driver widens to BIGINT). Statements stand in
 * constant tables that a test can enumerate (db_statement_count / db_statement_text). No SQL text exists outside store/. */
#ifndef JETON_STORE_DB_H
#define JETON_STORE_DB_H
#include "base/clock.h"
#include "crypto/secret.h"

struct store;
enum { DB_QUEUE_MAX = 4096, DB_GROUP_MAX = 256 };
/* No access token lives longer, so no revocation of a grant need be remembered longer (the settings' ceiling is this figure). */
enum { DB_REVOCATION_SECONDS = 86400 };

/* The classes of the audit trail, weightiest first, and what is kept of each (store/db_event). */
enum db_event_class { DB_EVENT_ADMINISTRATION = 1, DB_EVENT_PEOPLE, DB_EVENT_MACHINES, DB_EVENT_CLASSES = 3 };
struct db_event_limit {
    int64_t rows, seconds; /* at the most; 0 seconds: however old */
};
enum { DB_EVENT_ROWS_USUAL = 100000 };
struct db_options {
    const char *directory;   /* data directory: DIR/jeton.db; made with 0700 when `create` */
    bool create;             /* make what is missing; otherwise a missing database is NOT_FOUND with a telling `say` */
    bool writer_thread;      /* true in the server; false in commands: the calling thread commits each store call by itself */
    const struct db_event_limit *event_limits; /* by class, from 1; NULL: DB_EVENT_ROWS_USUAL of each, however old */
};
/* Opens, checks modes (0600/0700, own user: SERVER_ERROR otherwise, ST-03), migrates (each migration one transaction; crash-safe).
 * A database of a newer version than this program is SERVER_ERROR. */
fallible db_open(const struct db_options *options, struct store **out);
/* From the next clearing on; by class, from 1; `limits` outlives db. */
void db_event_limits_change(struct store *db, const struct db_event_limit *limits);
void db_close(struct store *db); /* commits what is queued, checkpoints, closes all connections */

/* The durable lane of the server: `run` is called on the writer thread inside the open group, `done` after the group is durable
 * (OK) or could not be made so (UNAVAILABLE: nothing of the group happened). The job's memory is the caller's until done. */
struct db_job {
    void (*run)(void *context);
    void (*done)(void *context, err committed);
    void *context;
    struct db_job *next; /* the queue's own */
};
fallible db_submit(struct store *db, struct db_job *job); /* UNAVAILABLE when DB_QUEUE_MAX jobs wait */
bool db_on_writer(const struct store *db);

/* Several sentences as one transaction, committed once: all of them or none. `sentences` may call any store function; it runs on the
 * writer's thread while the caller waits, so it must not block on anything else. Its error is handed back. */
fallible db_together(struct store *db, err (*sentences)(void *context), void *context);

/* Changes made by commands: a small shared file counts their commits. Cheap (one atomic load): for every request. */
uint64_t db_generation(const struct store *db);
/* The slow, certain way (asks the engine): true when another process has written since the last call. About once a second. */
fallible db_changed_elsewhere(struct store *db, bool *changed);

fallible db_ready(struct store *db);                              /* a real write and commit: health (AV-06) */
fallible db_backup(struct store *db, const char *file);           /* consistent copy while serving; refuses an existing file; 0600 */
fallible db_check(struct store *db, struct arena *a, str *report); /* integrity, foreign keys, counts; SERVER_ERROR when damaged */
/* Deletes up to `most` rows that nobody needs any more (expired codes, sessions, grants, revocations, counters, old events).
 * The writer also calls it by itself, a few rows a group, so that no table grows for ever. */
fallible db_purge(struct store *db, unix_time now, int64_t most, int64_t *deleted);

size_t db_statement_count(void);
const char *db_statement_text(size_t i);
const char *db_migrations_text(size_t i); /* NULL past the last */

struct db_counts { /* for /metrics */
    uint64_t groups, jobs, failures, dropped; /* failures: groups that could not be made durable; dropped: events not queued */
    int64_t queued;
};
void db_counts(const struct store *db, struct db_counts *out);

/* One page of a list: contract 6. order_by must be one of the columns that the list function names, or it is UNPROCESSABLE. */
struct db_page {
    str filter;   /* substring, case-insensitive (ASCII); absent: all. Bound, never spliced; % and _ are literal (AD-09) */
    str order_by; /* absent: the list's own order */
    bool descending;
    int64_t limit, offset; /* limit 1..100 */
};
#endif
