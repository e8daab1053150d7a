/* SPDX-License-Identifier: MIT
 * db_room: what the files of store/ share and nobody else sees: sentences (whole transactions), counters, lists, the sheets. */
#ifndef JETON_STORE_STORE_INTERNAL_H
#define JETON_STORE_STORE_INTERNAL_H
#include "store/store.h"
#include "store/driver.h"
#include <pthread.h>
#include <stdatomic.h>

/* At the head of a file with statements: its texts become its `statements`. */
#define DB_STATEMENTS(name_, texts_)                                                                                        \
    static const struct db_statements statements = {DB_STATEMENTS_##name_, (texts_), sizeof(texts_) / sizeof((texts_)[0])}; \
    const struct db_statements *const db_statements_##name_ = &statements
/* Every file with statements has one table of them; the list is in db_statements.c. */
/* clang-format off */
#define DB_STATEMENT_FILES(X)                                                                                                           \
    X(migrate) X(store) X(number) X(user) X(user_text) X(client) X(scope) X(session) X(authorization) X(pat) X(consent) X(key) X(event) X(purge) X(pushed)   \
    X(details) X(delivery) X(logout) X(deferred) X(issuer) X(initial) X(password) X(change) X(authenticator)
/* clang-format on */
enum {
#define X(name_) DB_STATEMENTS_##name_,
    DB_STATEMENT_FILES(X)
#undef X
        DB_STATEMENTS_COUNT
};
#define X(name_) extern const struct db_statements *const db_statements_##name_;
DB_STATEMENT_FILES(X)
#undef X

/* What a table function is made of. With an open transaction (tx->c) body becomes a part of it; otherwise body is a transaction of its
 * own, and durable when OK is returned. `body` may run on another thread while the caller waits. What body put out is to be believed only when OK is returned. */
fallible db_write(struct tx *tx, enum db_care care, db_body *body, void *context);
/* In the open transaction, or on a reader's connection. */
fallible db_read(struct tx *tx, db_body *body, void *context);
/* Of one statement. The struct and the body are what drivers run it by (struct store_driver, call). */
struct db_calling {
    const struct db_call *call;
    int64_t changed;
};
err db_call_body(struct db_conn *c, void *calling);
fallible db_write_call(struct tx *tx, const struct db_call *call, int64_t *changed);
fallible db_write_expected(struct tx *tx, const struct db_call *call, bool *changed); /* db_expect */
fallible db_read_one(struct tx *tx, struct arena *a, const struct db_call *call, const struct db_columns *columns, void **row);
fallible db_read_many(struct tx *tx, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out);
/* The same into a table function's own two outputs, both untouched by a failure. */
struct db_list_to {
    void **rows;
    size_t *count;
};
#define DB_LIST_TO(rows_, count_) (&(const struct db_list_to){(void **)(rows_), (count_)})
fallible db_read_list(struct tx *tx, struct arena *a, const struct db_call *call, const struct db_columns *columns, const struct db_list_to *to);
/* Queued and not waited for: at most DB_ASIDE_MAX wait, more are dropped and counted. The job is one malloc block that
 * `run`'s owner frees in `done`. False: it was not queued, and is still the caller's. */
enum { DB_ASIDE_MAX = 1024 };
bool db_aside(struct store *store, struct store_job *job);
/* The same, once the open transaction of tx is committed. `done` is called in any case: CONFLICT when it was taken back. */
void db_later(struct tx *tx, struct store_job *job);
void db_aside_done(struct store *store);

/* Counters. The first kinds are taken from the table one by one inside a sentence; the cached ones in blocks kept in memory. */
enum db_counter {
    DB_COUNT_AUTHORIZATION,
    DB_COUNT_CODE,
    DB_COUNT_SESSION,
    DB_COUNT_PUSHED,
    DB_COUNT_DEFERRED,
    DB_COUNTERS_CACHED,
    DB_COUNT_USER = DB_COUNTERS_CACHED,
    DB_COUNT_CLIENT,
    DB_COUNT_SECRET,
    DB_COUNT_RESOURCE,
    DB_COUNT_KEY,
    DB_COUNT_PAT,
    DB_COUNT_REVOCATION,
    DB_COUNT_DELIVERY,
    DB_COUNT_INITIAL,
    DB_COUNT_ISSUER,
    DB_COUNT_CHANGE,
    DB_COUNT_AUTHENTICATOR,
    DB_COUNTERS
};
fallible db_number_next(struct db_conn *c, enum db_counter counter, int64_t *number);
fallible db_number_reserve(struct tx *tx, enum db_counter counter, int64_t *number);
fallible db_fresh_id(struct arena *a, str *id); /* of what people and programs name from outside: a UUID */
enum { DB_NUMBER_BLOCK = 2048, DB_NUMBER_LOW = 1024 };
struct db_number_block {
    int64_t next, end, spare, spare_end;
};
struct db_numbers {
    pthread_mutex_t lock;
    struct db_number_block blocks[DB_COUNTERS_CACHED], fresh[DB_COUNTERS_CACHED]; /* fresh: of the open group */
};
/* The writer, at a group's start and end: fills up blocks that run low; what a lost group took is forgotten. */
fallible db_number_top_up(struct store *store, struct db_conn *c);
void db_number_settle(struct store *store, bool committed);
void db_number_forget(struct store *store); /* what is reserved */

/* db_once_take as a part of another sentence. */
fallible db_once_take_in(struct db_conn *c, const char *kind, str id, unix_time expires_at, bool *first);

/* A grant as a part of another sentence; begun_at 0: it waits until its tokens are fetched. */
struct db_authorization;
fallible db_authorization_insert(struct db_conn *c, const struct db_authorization *authorization, unix_time begun_at);

fallible db_revocation_rows(struct db_conn *c, struct arena *a, int64_t after_number, struct db_rows *out); /* as db_revocation_since */
/* Many revocations of grants, inside the transaction that ends them, so that no crash can part the two. */
struct db_ended {
    const str *authorization_ids;
    size_t count;
};
fallible db_revocation_within(struct db_conn *c, const struct db_ended *ended, unix_time now);
/* A delivery as a part of another sentence. THROTTLED: nothing was written. */
struct db_delivery;
fallible db_delivery_within(struct db_conn *c, struct db_delivery *delivery);
/* Inside the transaction that ends them, before: notices to the clients of these sessions (LO-02). */
struct db_logout {
    int64_t user_number;
    str session_id;       /* public; absent: all of this person's */
    int64_t keep_session; /* number of one that does not end; 0: none */
};
fallible db_logout_within(struct db_conn *c, struct arena *a, const struct db_logout *which);
/* All sessions of a person but keep_session (0: none stays), with these notices (LS-04). */
fallible db_session_end_within(struct db_conn *c, struct arena *a, int64_t user_number, int64_t keep_session);
/* The same, with every grant that was given in them but those with offline_access (RF-08). */
fallible db_authorization_end_others_within(struct db_conn *c, struct arena *a, int64_t user_number, int64_t keep_session);
/* The person is removed: nothing to prove themself with is left. */
fallible db_authenticator_forget_within(struct db_conn *c, int64_t user_number);
/* Rows as store/cache keeps them. */
extern const struct db_columns db_user_columns, db_pat_columns, db_scope_columns, db_resource_columns, db_details_columns;
extern const struct db_columns db_client_kept; /* the texts of a client alone, those of its metadata too */
/* What lies there now of that which is kept: one (none, when it is gone) or, with absent or 0, all, in order. */
struct db_range {
    int64_t from, to, most; /* numbers, both included; rows at the most */
};
fallible db_client_rows(struct db_conn *c, struct arena *a, const struct db_range *range, struct db_rows *out);
fallible db_scope_rows(struct db_conn *c, struct arena *a, str name, struct db_rows *out);
fallible db_resource_rows(struct db_conn *c, struct arena *a, int64_t number, struct db_rows *out);
fallible db_details_rows(struct db_conn *c, struct arena *a, str type, struct db_rows *out);
fallible db_password_rows(struct db_conn *c, struct arena *a, struct db_rows *out); /* of str; at most DB_PASSWORD_SETTINGS_MAX */
/* Called after each transaction that changed something kept in memory (db_change), before anybody is answered, with a connection that has no
 * transaction open; NULL: nobody any more. It fails when this process does not see yet what was changed. */
typedef err store_changed(void *context, struct db_conn *c);
void store_after_change(struct store *store, store_changed *call, void *context);
/* Something of the feed could not be read: as soon as it can, the generation moves. */
void store_missed(struct store *store);
/* The database is not the one that it was: what was read of it before may never have been. Memory is loaded anew, and numbers are reserved anew. */
void store_begin_anew(struct store *store);
/* On a reader's connection: all that body reads is one committed state. For those whom others wait for inside their transactions (who follows changes, who
 * loads keys): it does not wait for such. */
fallible store_read_snapshot(struct store *store, db_body *body, void *context);
/* The same on a connection at hand that has no transaction open. */
fallible store_snapshot_on(struct db_conn *c, db_body *body, void *context);

/* Lists. `columns` are the words that order_by may be; statements stand in pairs (up, down) from `first`. */
struct db_listing {
    const char *const *columns;
    size_t column_count, first, own_order; /* own_order: offset from first of the statement for an absent order_by */
};
fallible db_list_line(const struct db_listing *listing, const struct db_page *page, size_t *line);
fallible db_list_pattern(struct arena *a, str filter, str *pattern); /* for LIKE … ESCAPE '!': lower case; '' for everything */
struct db_list_query {
    const struct db_call *count, *rows;
    const struct db_columns *columns;
};
struct db_listed {
    struct db_rows rows;
    int64_t total;
};
fallible db_list_read(struct tx *tx, struct arena *a, const struct db_list_query *query, struct db_listed *out);
enum { DB_FILTER_MAX = 256, DB_LIST_MAX = 100 };

/* Purging: one step looks at one table, at a window of some rows of it; cursors go round and round. */
enum { DB_PURGE_TABLES = 14 };
struct db_purge_state {
    int64_t at[DB_PURGE_TABLES]; /* last number looked at */
    size_t table;
    int64_t last_us; /* the writer's: end of the last round */
    bool inside_round;
};
struct db_purge_step {
    int64_t deleted;
    bool at_end; /* the table was seen to its end */
};
struct db_purge_how {
    unix_time now;
    int64_t rows;                        /* at the most */
    const struct db_event_limit *limits; /* by class */
};
fallible db_purge_one(struct db_conn *c, const struct db_purge_how *how, struct db_purge_state *state, struct db_purge_step *out);

/* ---- the store itself ---- */

struct store {
    const struct store_driver *driver;
    void *engine;   /* the driver's own */
    struct tx each; /* no transaction is open: store_each */
    char *directory;
    bool threaded;                /* in the server; a command has one connection, and its threads take turns */
    bool migrated;                /* connections feed the change feed (db_feeding.on) from now on */
    _Atomic bool missed;          /* store_missed; taken back by the driver that moves the generation for it */
    _Atomic bool anew;            /* store_begin_anew; taken back by who loads everything */
    _Atomic uint64_t *generation; /* the driver's: moves when others may have committed something that is kept in memory */
    struct db_numbers numbers;
    struct db_purge_state purge;
    struct db_event_limit event_limits[DB_EVENT_CLASSES + 1]; /* as it was opened */
    const struct db_event_limit *_Atomic event_limits_now;    /* in force */
    pthread_mutex_t after_lock;
    store_changed *after_change;
    void *after_change_context;
    void (*when_added)(void *context); /* deliveries; under after_lock too */
    void *when_added_context;
    void (*_Atomic when_telling)(bool begins);                 /* store_when_telling */
    _Atomic int64_t aside, queued;                             /* queued: jobs submitted and not yet done */
    _Atomic uint64_t groups, jobs, failures, dropped, commits; /* store_counts */
};

/* For drivers. After each commit, before anybody is answered, on the thread that committed, with no transaction open on c: tells those who wait for what
 * was changed and added, and queues what waited for the commit. Fails when memory could not follow: then nobody may be told that the change is in force. */
err store_committed(struct store *store, struct db_conn *c);
void store_rolled_back(struct db_conn *c); /* after each rollback of a whole transaction: what waited for its commit is dropped */
/* A part of an open transaction: whole or not at all, and the rest is left alone. */
fallible store_part(struct db_conn *c, enum db_care care, db_body *body, void *context);
/* A job inside the transaction of this connection: its `run` gets a tx that stands for it. Fails when the job is to be taken back. */
fallible store_run_job(struct store *store, struct db_conn *c, struct store_job *job);
/* The jobs of one commit are done: each is told so, or what it said itself. */
void store_jobs_done(struct store *store, struct store_job *first, err committed);
/* A bite of what nobody needs any more, inside a transaction: nothing, when the last round ended less than a second ago. jobs: how much was done
 * since, so that no table grows faster than it is purged. */
fallible store_tidy(struct store *store, struct db_conn *c, int64_t jobs);

/* A small stack; signals are for another thread. */
fallible store_thread(pthread_t *thread, void *(*run)(void *context), void *context);
/* Fills store->directory; makes it when `create`; mode and owner are checked (ST-03). */
fallible store_directory_prepare(struct store *store, const struct store_options *options);
fallible store_migrate(struct db_conn *c);             /* SERVER_ERROR: the database was made by a newer program */
fallible store_is_made(struct db_conn *c, bool *made); /* is there a schema at all? */
#endif
