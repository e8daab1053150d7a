/* SPDX-License-Identifier: MIT
 * postgres_store: the engine of one store, private to store/postgres/: connections that are lent (postgres_pool), transactions and jobs on them
 * (postgres_work), the ear for other nodes (postgres_listen), what is done once a second (postgres_keeper). */
#ifndef JETON_STORE_POSTGRES_POSTGRES_STORE_H
#define JETON_STORE_POSTGRES_POSTGRES_STORE_H
#include "store/postgres/postgres_conn.h"

enum { POSTGRES_POOL_MAX = 100, POSTGRES_POOL_APART = 2, POSTGRES_POOL_ALL = POSTGRES_POOL_MAX + POSTGRES_POOL_APART };

/* ---- postgres_pool: connections ---- */

struct postgres_waiter;
struct postgres_pool {
    pthread_mutex_t lock;
    char *database;
    size_t most, made; /* made: those that there are, and those that are being made */
    struct postgres_conn *idle[POSTGRES_POOL_MAX];
    size_t idle_count;
    struct postgres_conn *apart[POSTGRES_POOL_APART]; /* idle ones of those */
    size_t apart_count, apart_made;
    struct postgres_waiter *first, **last;    /* who waits, in the order in which they came */
    bool down, probing;                       /* the last try to connect failed; somebody tries again */
    int64_t down_until_us;                    /* nobody tries before */
    _Atomic int processes[POSTGRES_POOL_ALL]; /* the server's, of our connections; 0: a free place */
};
fallible postgres_pool_init(struct postgres_pool *pool, const char *database, size_t most);
void postgres_pool_end(struct postgres_pool *pool); /* nobody has one any more */
/* Waits two seconds at the most; first come, first served. UNAVAILABLE: every connection is in use, or the server cannot be reached. */
fallible postgres_pool_borrow(struct postgres_pool *pool, struct postgres_conn **out);
/* The same for those whom others wait for with a connection in their hands (who follows changes, who loads keys: one of each at a time): when all
 * are in use, one of a few more. */
fallible postgres_pool_borrow_apart(struct postgres_pool *pool, struct postgres_conn **out);
void postgres_pool_return(struct postgres_pool *pool, struct postgres_conn *c); /* one that is of no use any more is closed */
/* Another connection in the place of a lost one, which stays the caller's until postgres_conn_close. */
fallible postgres_pool_another(struct postgres_pool *pool, struct postgres_conn **out);
void postgres_pool_forget(struct postgres_pool *pool, struct postgres_conn *c); /* closes one whose place another one took */
bool postgres_pool_has(struct postgres_pool *pool, int process);

/* ---- postgres_work: transactions and jobs ---- */

struct postgres_queue {
    struct store_job *first, **last;
};
struct postgres_work {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t threads[POSTGRES_POOL_MAX];
    size_t thread_count, idle;
    struct postgres_queue jobs, aside;
    int64_t waiting; /* jobs in both queues */
    bool aside_busy; /* a thread is at those aside: they are written in the order in which they came */
    bool closing;
};
fallible postgres_work_start(struct store *store);
void postgres_work_stop(struct store *store); /* what is queued is done first */
err postgres_work_read(struct store *store, bool snapshot, db_body *body, void *context);
err postgres_work_write(struct store *store, enum db_care care, db_body *body, void *context);
err postgres_work_call(struct store *store, struct db_calling *calling);
err postgres_work_submit(struct store *store, struct store_job *job);

/* ---- postgres_listen, postgres_keeper: two threads ---- */

struct postgres_listen {
    pthread_t thread;
    bool started;
    int stop;                    /* an eventfd: written when the thread is to end */
    struct postgres_heads heads; /* as they were seen last */
    char history[POSTGRES_HISTORY_SIZE];
    bool due;                /* somebody else told of a change */
    _Atomic bool moved;      /* since the last time that somebody asked */
    _Atomic int64_t seen_us; /* when the heads were seen last */
};
fallible postgres_listen_start(struct store *store);
void postgres_listen_stop(struct store *store);
err postgres_listen_elsewhere(struct store *store, bool *changed);

struct postgres_keeper {
    pthread_t thread;
    bool started, closing;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t jobs; /* store->jobs at the last round */
};
fallible postgres_keeper_start(struct store *store);
void postgres_keeper_stop(struct store *store);

struct postgres {
    struct postgres_pool pool;
    struct postgres_work work;
    struct postgres_listen listen;
    struct postgres_keeper keeper;
    struct postgres_conn *first; /* until the start */
    _Atomic uint64_t generation;
};
struct postgres *postgres_of(const struct store *store);
void postgres_clock_cond(pthread_cond_t *cond);          /* a condition whose waits end by the monotonic clock */
struct timespec postgres_clock_in(int64_t microseconds); /* for pthread_cond_timedwait */

/* ---- postgres_schema ---- */

/* The migrations' SQL is one text for all engines: row numbers are widened, texts are compared byte by byte, as SQLite does. Arena text. */
fallible postgres_schema_text(struct arena *a, const char *sql, str *out);
err postgres_schema_script(struct db_conn *base, const char *sql);
err postgres_schema_has_table(struct db_conn *base, const char *name, bool *has);
err postgres_schema_lock(struct db_conn *base);
err postgres_schema_integrity(struct db_conn *base, struct arena *a, str *defects);
#endif
