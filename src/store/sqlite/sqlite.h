/* SPDX-License-Identifier: MIT
 * sqlite: the driver of the embedded engine, private to store/sqlite/: connections (sqlite.c), the writer (sqlite_writer.c), the files
 * (sqlite_directory.c, sqlite_generation.c), and what store/ asks of it as a whole (sqlite_store.c). */
#ifndef JETON_STORE_SQLITE_SQLITE_H
#define JETON_STORE_SQLITE_SQLITE_H
#include "store/store_internal.h"

/* ---- connections ---- */

struct sqlite_conn; /* begins with its struct db_conn */
enum sqlite_mode { SQLITE_READING, SQLITE_WRITING };
fallible sqlite_open(const char *file, enum sqlite_mode mode, struct sqlite_conn **out);
void sqlite_close(struct sqlite_conn *c);
struct db_conn *sqlite_base(struct sqlite_conn *c);
/* A number that differs from the last one when another connection has committed. */
fallible sqlite_data_version(struct sqlite_conn *c, int64_t *version);
/* The next commits: on the disk before they return, or (hasty) in the log alone, which the next one that is not hasty brings there as a whole. */
fallible sqlite_hasty(struct sqlite_conn *c, bool hasty);
bool sqlite_broken(const struct sqlite_conn *c); /* the engine failed inside the open transaction: it cannot be committed */
/* Pages in the write-ahead log after the last commit; and moving them into the database file. */
int64_t sqlite_log_pages(const struct sqlite_conn *c);
bool sqlite_logged(struct sqlite_conn *c);                                         /* has a commit written into the log since this was asked last? */
enum sqlite_checkpoint { SQLITE_CHECKPOINT_BY_SELF, SQLITE_CHECKPOINT_BY_OTHERS }; /* for a connection: itself now and then, or others */
void sqlite_checkpoint_by(struct sqlite_conn *c, enum sqlite_checkpoint who);
fallible sqlite_checkpoint(struct sqlite_conn *c, int64_t *left); /* *left: pages that are still only in the log */
fallible sqlite_copy(struct sqlite_conn *c, const char *file);    /* a consistent copy into an empty file */
/* Tests: the database may not grow beyond this many pages (0: no limit): a full disk. */
void sqlite_limit_pages(struct sqlite_conn *c, int64_t pages);

/* ---- the engine of one store ---- */

struct sqlite_writer {
    pthread_t thread;
    bool made, started, tidier_started; /* made: its locks are */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct store_job *first, **last;
    int64_t waiting; /* jobs in the queue, not yet in a group */
    bool idle, closing;
    pthread_t tidier; /* moves the log into the database file beside the writer's work */
    pthread_mutex_t tidy_lock;
    pthread_cond_t tidy_wake;
    bool tidy_wanted, tidy_closing;
    _Atomic bool tidy_busy, tidied; /* wanted or at work; done but for the last pages */
};
enum { SQLITE_POOL_MAX = 8 };
struct sqlite {
    char *file;
    struct sqlite_conn *conn;     /* the one that writes */
    pthread_mutex_t command_lock; /* without a writer thread: one transaction at a time */
    pthread_mutex_t pool_lock;
    struct sqlite_conn *pool[SQLITE_POOL_MAX];
    size_t pooled;
    struct sqlite_writer writer;
    _Atomic int64_t data_version; /* as the writer saw it last */
};
struct sqlite *sqlite_of(const struct store *store);
fallible sqlite_writer_start(struct store *store);
void sqlite_writer_stop(struct store *store);
bool sqlite_writer_here(const struct store *store); /* is this the writer's thread? */
fallible sqlite_writer_submit(struct store *store, struct store_job *job);
/* As a job, which the caller waits for. */
fallible sqlite_writer_wait(struct store *store, enum db_care care, db_body *body, void *context);
/* Makes an empty database file when `create`; mode and owner are checked (ST-03). */
fallible sqlite_directory_file(struct sqlite *engine, const char *directory, bool create);
fallible sqlite_directory_new_file(const char *file, bool may_exist); /* an empty file of mode 0600 */
fallible sqlite_generation_open(struct store *store);
void sqlite_generation_close(struct store *store);

/* Rows of sqlite_driver: see struct store_driver. */
err sqlite_store_open(struct store *store, const struct store_options *options, struct db_conn **first);
void sqlite_store_close(struct store *store);
err sqlite_store_start(struct store *store);
err sqlite_store_read(struct store *store, bool snapshot, db_body *body, void *context);
err sqlite_store_write(struct store *store, enum db_care care, db_body *body, void *context);
err sqlite_store_submit(struct store *store, struct store_job *job);
err sqlite_store_elsewhere(struct store *store, bool *changed);
err sqlite_store_backup(struct store *store, const char *file);
#endif
