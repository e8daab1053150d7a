/* SPDX-License-Identifier: MIT
 * db_room: what the files of store/ share and nobody else sees: sentences (whole transactions), counters, lists, the sheets. */
#ifndef JETON_STORE_DB_ROOM_H
#define JETON_STORE_DB_ROOM_H
#include "store/store.h"
#include "store/driver.h"
#include <pthread.h>
#include <stdatomic.h>

/* At the head of a file with statements: its texts become its sheet. */
#define DB_SHEET(name_, texts_)                                                                                                \
    static const struct db_sheet sheet = {DB_SHEET_##name_, (texts_), sizeof(texts_) / sizeof((texts_)[0])};                   \
    const struct db_sheet *const db_sheet_##name_ = &sheet
/* Every file with statements has one sheet; the list is in db_sheet.c. */
#define DB_SHEETS(X)                                                                                                           \
    X(migrate) X(room) X(number) X(user) X(user_text) X(client) X(scope) X(session) X(grant) X(pat) X(consent) X(key) X(event) X(purge) X(pushed)   \
    X(details) X(delivery) X(logout) X(deferred) X(issuer) X(initial) X(password) X(change)
enum {
#define X(name_) DB_SHEET_##name_,
    DB_SHEETS(X)
#undef X
        DB_SHEET_COUNT
};
#define X(name_) extern const struct db_sheet *const db_sheet_##name_;
DB_SHEETS(X)
#undef X

/* A sentence: one transaction. On the writer, inside a job, it joins the group; from any other thread it is committed before
 * this returns. `body` may run on the writer thread while the caller waits. DB_SEVERAL: more than one statement that writes,
 * or one whose answer may not fit the arena: guarded by a savepoint. What body put out is to be believed only when OK is
 * returned. */
typedef err db_body(struct db_conn *c, void *context);
enum db_care { DB_SINGLE, DB_SEVERAL };
fallible db_write(struct store *db, enum db_care care, db_body *body, void *context);
fallible db_read(struct store *db, db_body *body, void *context);
/* All that body reads is one committed state: nothing of a transaction that is still open, this thread's own least of all. */
fallible db_read_still(struct store *db, db_body *body, void *context);
/* Sentences of one statement. */
fallible db_write_call(struct store *db, const struct db_call *call, int64_t *changed);
fallible db_read_one(struct store *db, struct arena *a, const struct db_call *call, const struct db_shape *shape, void **row);
fallible db_read_many(struct store *db, struct arena *a, const struct db_call *call, const struct db_shape *shape,
                      struct db_rows *out);
/* Queued and not waited for: at most DB_ASIDE_MAX wait, more are dropped and counted. The job is one malloc block that
 * `run`'s owner frees in `done`. False: it was not queued, and is still the caller's. */
enum { DB_ASIDE_MAX = 1024 };
bool db_aside(struct store *db, struct db_job *job);
void db_aside_done(struct store *db);
bool db_inside(const struct store *db); /* is this thread inside a sentence or a job of this store? */
bool db_changing(const struct store *db); /* and has its transaction changed something that is kept in memory? */

/* Counters. The first kinds are taken from the table one by one inside a sentence; the cached ones in blocks kept in memory. */
enum db_counter {
    DB_COUNT_GRANT, DB_COUNT_CODE, DB_COUNT_SESSION, DB_COUNT_PUSHED, DB_COUNT_DEFERRED, DB_COUNTERS_CACHED,
    DB_COUNT_USER = DB_COUNTERS_CACHED, DB_COUNT_CLIENT, DB_COUNT_SECRET, DB_COUNT_RESOURCE, DB_COUNT_KEY, DB_COUNT_PAT,
    DB_COUNT_REVOCATION, DB_COUNT_DELIVERY, DB_COUNT_INITIAL, DB_COUNT_ISSUER, DB_COUNT_CHANGE, DB_COUNTERS
};
fallible db_number_next(struct db_conn *c, enum db_counter counter, int64_t *number);
fallible db_number_reserve(struct store *db, enum db_counter counter, int64_t *number);
enum { DB_NUMBER_BLOCK = 2048, DB_NUMBER_LOW = 1024 };
struct db_number_block {
    int64_t next, end, spare, spare_end;
};
struct db_numbers {
    pthread_mutex_t lock;
    struct db_number_block blocks[DB_COUNTERS_CACHED], fresh[DB_COUNTERS_CACHED]; /* fresh: of the open group */
};
/* The writer, at a group's start and end: fills up blocks that run low; what a lost group took is forgotten. */
fallible db_number_top_up(struct store *db, struct db_conn *c);
void db_number_settle(struct store *db, bool committed);

/* db_once_take as a part of another sentence. */
fallible db_once_take_in(struct db_conn *c, const char *kind, str id, unix_time expires_at, bool *first);

/* A grant as a part of another sentence; begun_at 0: it waits until its tokens are fetched. */
struct db_grant;
fallible db_grant_insert(struct db_conn *c, const struct db_grant *grant, unix_time begun_at);

fallible db_revocation_rows(struct db_conn *c, struct arena *a, int64_t after_number, struct db_rows *out); /* as db_revocation_since */
/* Many revocations of grants, inside the transaction that ends them, so that no crash can part the two. */
struct db_ended {
    const str *grant_ids;
    size_t count;
};
fallible db_revocation_within(struct db_conn *c, const struct db_ended *ended, unix_time now);
/* A delivery as a part of another sentence. THROTTLED: nothing was written. Announce: the writer, under after_lock, after a commit. */
struct db_delivery;
fallible db_delivery_within(struct db_conn *c, struct db_delivery *delivery);
void db_delivery_announce(struct store *db);
/* Inside the transaction that ends them, before: notices to the clients of these sessions (LO-02). */
struct db_logout {
    int64_t user_number;
    str session_id;       /* public; absent: all of this person's */
    int64_t keep_session; /* number of one that does not end; 0: none */
};
fallible db_logout_within(struct db_conn *c, struct arena *a, const struct db_logout *which);
/* Rows as store/hot keeps them. */
extern const struct db_shape db_user_shape, db_pat_shape, db_scope_shape, db_resource_shape, db_details_shape;
extern const struct db_shape db_client_kept; /* the texts of a client alone, those of its metadata too */
/* What lies there now of that which is kept: one (none, when it is gone) or, with absent or 0, all, in order. */
struct db_range {
    int64_t from, to, most; /* numbers, both included; rows at the most */
};
fallible db_client_rows(struct db_conn *c, struct arena *a, const struct db_range *range, struct db_rows *out);
fallible db_scope_rows(struct db_conn *c, struct arena *a, str name, struct db_rows *out);
fallible db_resource_rows(struct db_conn *c, struct arena *a, int64_t number, struct db_rows *out);
fallible db_details_rows(struct db_conn *c, struct arena *a, str type, struct db_rows *out);
fallible db_password_rows(struct db_conn *c, struct arena *a, struct db_rows *out); /* of str; at most DB_PASSWORD_SETTINGS_MAX */
/* Called after each transaction that changed something kept in memory (db_change), before anybody is answered; NULL: nobody any more. */
void db_after_change(struct store *db, void (*call)(void *context), void *context);
void db_generation_bump(struct store *db); /* other processes look at the feed before their next answer */

/* Lists. `columns` are the words that order_by may be; statements stand in pairs (up, down) from `first`. */
struct db_listing {
    const char *const *columns;
    size_t column_count, first, own_order; /* own_order: offset from first of the statement for an absent order_by */
};
fallible db_list_line(const struct db_listing *listing, const struct db_page *page, size_t *line);
fallible db_list_pattern(struct arena *a, str filter, str *pattern); /* for LIKE … ESCAPE '!': lower case; '' for everything */
struct db_list_query {
    const struct db_call *count, *rows;
    const struct db_shape *shape;
};
struct db_listed {
    struct db_rows rows;
    int64_t total;
};
fallible db_list_read(struct store *db, struct arena *a, const struct db_list_query *query, struct db_listed *out);
enum { DB_FILTER_MAX = 256, DB_LIST_MAX = 100 };

/* Purging: one step looks at one table, at a window of some rows of it; cursors go round and round. */
enum { DB_PURGE_TABLES = 14 };
struct db_purge_state {
    int64_t at[DB_PURGE_TABLES]; /* last number looked at */
    size_t table;
    int64_t last_us;             /* the writer's: end of the last round */
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

struct db_writer {
    pthread_t thread;
    bool started, tidier_started;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct db_job *first, **last;
    int64_t waiting;       /* jobs in the queue, not yet in a group */
    bool idle, closing;
    pthread_t tidier;      /* moves the log into the database file beside the writer's work */
    pthread_mutex_t tidy_lock;
    pthread_cond_t tidy_wake;
    bool tidy_wanted, tidy_closing;
    _Atomic bool tidy_busy, tidied; /* wanted or at work; done but for the last pages */
    _Atomic int64_t aside;
    _Atomic uint64_t groups, jobs, failures, dropped;
    _Atomic int64_t queued;
};
enum { DB_POOL_MAX = 8 };
struct store {
    char *file, *directory;
    bool threaded;
    struct db_conn *conn;           /* the writer's */
    pthread_mutex_t command_lock;   /* without a writer thread: one sentence at a time */
    pthread_mutex_t pool_lock;
    struct db_conn *pool[DB_POOL_MAX];
    size_t pooled;
    struct db_writer writer;
    struct db_numbers numbers;
    struct db_purge_state purge;
    struct db_event_limit event_limits[DB_EVENT_CLASSES + 1];        /* as it was opened */
    const struct db_event_limit *_Atomic event_limits_now;            /* in force */
    pthread_mutex_t after_lock;
    void (*after_change)(void *context);
    void *after_change_context;
    void (*when_added)(void *context); /* deliveries; under after_lock too */
    void *when_added_context;
    _Atomic int64_t data_version;   /* as the writer saw it last */
    _Atomic uint64_t *generation;   /* shared with other processes */
};
fallible db_writer_start(struct store *db);
void db_writer_stop(struct store *db);
/* Fills db->directory and db->file; makes what is missing when `create`; modes and owner are checked (ST-03). */
fallible db_directory_prepare(struct store *db, const struct db_options *options);
fallible db_directory_new_file(const char *file, bool may_exist); /* an empty file of mode 0600 */
fallible db_migrate(struct db_conn *c); /* SERVER_ERROR: the database was made by a newer program */
fallible db_generation_open(struct store *db);
void db_generation_close(struct store *db);
#endif
