/* SPDX-License-Identifier: MIT
 * store: facts that outlive a request, in an engine that a driver stands for (driver.h): SQLite inside this program, or PostgreSQL.
 *
 * Every function that reads or writes a table takes a struct tx. It stands for an open transaction, then the function is a part of it; or for
 * none (store_each), then the function is a transaction of its own, durable when it returns OK. Who has a transaction gets its tx handed
 * by store_submit or store_together; nothing else says whether one is open.
 *
 * SQLite: one writer thread; what has gathered in its queue becomes one transaction, each job in a savepoint, and is committed once with full
 * synchronisation before anybody is answered. PostgreSQL: a bounded pool of connections, one transaction a job, run again when the engine could not put it
 * in order with others.
 *
 * Absence is a value (*out = NULL and OK). Every failure of the engine is UNAVAILABLE (disk full, I/O, queue full, locked too long, server gone)
 * and heals by itself when the cause is gone; outputs are untouched. A conflict with a unique column is CONFLICT.
 *
 * All SQL is one text valid in SQLite 3.40 and PostgreSQL 15: `$1` placeholders, ON CONFLICT DO NOTHING, UPDATE … RETURNING,
 * columns TEXT and BIGINT (row numbers INTEGER PRIMARY KEY, which the PostgreSQL driver widens to BIGINT). Statements stand in
 * constant tables that a test can enumerate (store_statement_count / store_statement_text). No SQL text exists outside store/. */
#ifndef JETON_STORE_STORE_H
#define JETON_STORE_STORE_H
#include "base/clock.h"
#include "crypto/secret.h"

struct store;
struct db_conn;
/* Where a table function runs: see above. c is the store's own. */
struct tx {
    struct store *store;
    struct db_conn *c; /* of the open transaction; NULL: none is open */
};
enum { STORE_QUEUE_MAX = 4096, STORE_GROUP_MAX = 256 };
/* No access token lives longer, so no revocation of a grant need be remembered longer (the settings' ceiling is this figure). */
enum { DB_REVOCATION_SECONDS = 86400 };

/* The classes of the audit trail, weightiest first, and what is kept of each (store/table/db_event). */
enum db_event_class { DB_EVENT_ADMINISTRATION = 1, DB_EVENT_PEOPLE, DB_EVENT_MACHINES, DB_EVENT_CLASSES = 3 };
struct db_event_limit {
    int64_t rows, seconds; /* at the most; 0 seconds: however old */
};
enum { DB_EVENT_ROWS_USUAL = 100000, STORE_CONNECTIONS_USUAL = 8 };
struct store_options {
    const char *directory;                     /* data directory: DIR/jeton.db; made with 0700 when `create` */
    const char *database;                      /* postgresql://… or a libpq connection string with key=value words; NULL or empty: DIR/jeton.db */
    int64_t connections;                       /* PostgreSQL: at the most so many at once, 2 to 100; 0: STORE_CONNECTIONS_USUAL */
    bool create;                               /* make what is missing; otherwise a missing database is NOT_FOUND with a telling `say` */
    bool threads;                              /* true in the server; false in commands: the calling thread commits each store call by itself */
    const struct db_event_limit *event_limits; /* by class, from 1; NULL: DB_EVENT_ROWS_USUAL of each, however old */
};
/* Opens, checks modes (0600/0700, own user: SERVER_ERROR otherwise, ST-03), migrates (each migration one transaction; crash-safe).
 * A database of a newer version than this program is SERVER_ERROR. */
fallible store_open(const struct store_options *options, struct store **out);
/* The TCP ports at which this database's servers may be reached, as words; empty: none. Absent: nobody can say it beforehand (a service file), or the
 * arena fails. Opens nothing. */
str store_ports(struct arena *a, str database);
/* From the next clearing on; by class, from 1; `limits` outlives db. */
void store_event_limits_change(struct store *store, const struct db_event_limit *limits);
void store_close(struct store *store); /* commits what is queued, checkpoints, closes all connections */

/* No transaction is open: each function is one of its own. Lives as long as the store. */
struct tx *store_each(struct store *store);
bool store_is_open(const struct tx *tx);  /* does it stand for an open transaction? */
bool store_changing(const struct tx *tx); /* and has that changed something that is kept in memory? */

/* The durable way of the server: `run` is called inside a transaction, `done` after that is durable
 * (OK) or could not be made so (UNAVAILABLE: nothing of it happened). A `run` that fails takes back what it wrote, and that alone; `done` is handed its error.
 * `run` may be called again from the beginning, on the same thread, after everything that it wrote was taken back: the engine could not put it in order
 * with others, or one that shared its transaction was taken back. The job's memory is the caller's until done. */
struct store_job {
    err (*run)(struct tx *tx, void *context);
    void (*done)(void *context, err committed);
    void *context;
    struct store_job *next; /* the queue's own */
    bool aside;             /* nobody waits for it: it may share its transaction with others of this kind (audit trail, last use), and does not fail */
    bool soon;              /* durable soon (store_together_soon); the store's own */
    err said;               /* by `run`; the store's own */
};
fallible store_submit(struct store *store, struct store_job *job); /* UNAVAILABLE when STORE_QUEUE_MAX jobs wait */

/* `call` is called with true before the jobs of one commit are done, and with false after, on the same thread: what their `done` hands on may go together.
 * Before the first job; never where a commit has only one. */
void store_when_telling(struct store *store, void (*call)(bool begins));

/* Several table functions as one transaction, committed once: all of them or none. `body` calls them with the tx that it gets; it may run on
 * another thread while the caller waits, and again from its beginning, so it must not block on anything else and sets what it puts out. Its error is handed back. */
fallible store_together(struct tx *tx, err (*body)(struct tx *tx, void *context), void *context);
/* The same, but durable soon: when it returns everybody sees it, a kill of this process leaves it, and the next durable change of anybody takes it to
 * the disk; a loss of power before that takes it back. For what need not be on the disk before something else is: an attempt that is counted, whose answer
 * waits for a change that follows. It changes nothing that is kept in memory. */
fallible store_together_soon(struct tx *tx, err (*body)(struct tx *tx, void *context), void *context);

/* Changes made by other processes: a counter that moves when one may have committed something that is kept in memory. Cheap (one atomic load): for every request. */
uint64_t store_generation(const struct store *store);
void store_generation_bump(struct store *store); /* the next request looks at the feed, in each process that shares the counter */
/* The slow, certain way (asks the engine): true when another process has written since the last call. About once a second. */
fallible store_changed_elsewhere(struct store *store, bool *changed);
bool store_is_remote(const struct store *store); /* is the engine a server of its own, that may be away while this process goes on? */

fallible store_ready(struct store *store); /* a real write and commit: health (AV-06) */
/* A consistent copy while serving; refuses an existing file; 0600. UNPROCESSABLE on PostgreSQL: its own tools do that, and `say` names them. */
fallible store_backup(struct store *store, const char *file);
fallible store_check(struct store *store, struct arena *a, str *report); /* integrity, foreign keys, counts; SERVER_ERROR when damaged */
/* Deletes up to `most` rows that nobody needs any more (expired codes, sessions, grants, revocations, counters, old events).
 * The writer also calls it by itself, a few rows a group, so that no table grows for ever. */
fallible db_purge(struct store *store, unix_time now, int64_t most, int64_t *deleted);

size_t store_statement_count(void);
const char *store_statement_text(size_t i);
const char *store_migrations_text(size_t i); /* NULL past the last */

struct store_counts {                         /* for /metrics */
    uint64_t groups, jobs, failures, dropped; /* failures: groups that could not be made durable; dropped: events not queued */
    uint64_t commits;                         /* what changed something and was brought to the disk; not what only went along later (store_together_soon) */
    int64_t queued;
};
void store_counts(const struct store *store, struct store_counts *out);

/* A place in the feeds of what is kept in memory: the newest line of changes (db_change), the newest revocation; 0: none yet. */
struct store_place {
    int64_t change, revocation;
};

/* One page of a list: contract 6. order_by must be one of the columns that the list function names, or it is UNPROCESSABLE. */
struct db_page {
    str filter;   /* substring, case-insensitive (ASCII); absent: all. Bound, never spliced; % and _ are literal (AD-09) */
    str order_by; /* absent: the list's own order */
    bool descending;
    int64_t limit, offset; /* limit 1..100 */
};
#endif
