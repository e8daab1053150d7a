/* SPDX-License-Identifier: MIT
 * db_engine: the door to the database library, private to store/. One connection is used by one thread at a time. Every
 * statement stands in a sheet (a constant table of one file), is prepared once a connection and bound by the numbers of its
 * `$n`. Engine failures other than a broken constraint make the connection's transaction worthless: it refuses everything
 * until db_conn_rollback. Nothing here allocates on the hot path; rows that are read live in the caller's arena. */
#ifndef JETON_STORE_DB_ENGINE_H
#define JETON_STORE_DB_ENGINE_H
#include "base/arena.h"
#include "base/str.h"
#include "crypto/secret.h"

struct db_conn;

/* A sheet: the statements of one file. `index` is unique (db_sheet.h), lines are the file's own enum. */
enum { DB_SHEET_LINES = 40, DB_PARAMS_MAX = 26, DB_HASHES_MAX = 4 };
struct db_sheet {
    size_t index;
    const char *const *texts;
    size_t count;
};

/* Values: DB_FLAG is a bool stored as 0 or 1; DB_TEXT absent is NULL; DB_HASH is base64url text, all zero bytes are NULL. */
enum db_kind { DB_INT, DB_FLAG, DB_TEXT, DB_HASH };
struct db_param {
    enum db_kind kind;
    int64_t number;
    str text;
    const struct token_hash *hash;
};
#define P_INT(v_) ((struct db_param){.kind = DB_INT, .number = (v_)})
#define P_TEXT(v_) ((struct db_param){.kind = DB_TEXT, .text = (v_)})
#define P_HASH(v_) ((struct db_param){.kind = DB_HASH, .hash = (v_)})

/* A row's shape: its columns in the order of the SELECT list, each with the member it fills. */
struct db_field {
    enum db_kind kind;
    size_t at;
};
struct db_shape {
    size_t size;
    const struct db_field *fields;
    size_t count;
};
#define DB_SHAPE(type_, fields_) {sizeof(type_), (fields_), sizeof(fields_) / sizeof((fields_)[0])}

/* One statement with its values; $1 is params[0]. */
struct db_call {
    const struct db_sheet *sheet;
    size_t line;
    const struct db_param *params;
    size_t count;
};
/* For a file whose sheet is called `sheet`. */
#define CALL(line_, ...)                                                                                                       \
    (&(const struct db_call){&sheet, (line_), (const struct db_param[]){__VA_ARGS__},                                          \
                             sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param)})
#define CALL_ALONE(line_) (&(const struct db_call){&sheet, (line_), NULL, 0})
/* Values from a struct by its shape, in order: for INSERTs. The row must outlive the call. */
void db_params_from(const struct db_shape *shape, const void *row, struct db_param *params);

struct db_rows {
    void *rows; /* contiguous, shape.size each */
    size_t count;
};
/* Runs a statement whose rows nobody wants. *changed may be NULL. What changes something kept in memory is run by this
 * one alone, which hands each key that comes back to db_change_note. */
fallible db_run(struct db_conn *c, const struct db_call *call, int64_t *changed);
/* Room for one more row: four times the old room; the old one stays in the arena. */
fallible db_rows_room(struct arena *a, const struct db_shape *shape, struct db_rows *rows, size_t *room);
/* First row into fresh arena memory, or NULL. Every row is stepped through, so that RETURNING is whole. */
fallible db_one(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_shape *shape, void **row);
fallible db_many(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_shape *shape,
                 struct db_rows *out);
/* First column of the first row as a number; *found false when there is no row or it is NULL. */
fallible db_scalar(struct db_conn *c, const struct db_call *call, int64_t *value, bool *found);

enum db_open_mode { DB_CONN_READER, DB_CONN_WRITER };
fallible db_conn_open(const char *file, enum db_open_mode mode, struct db_conn **out);
void db_conn_close(struct db_conn *c);
fallible db_conn_script(struct db_conn *c, const char *sql); /* several statements without values; inside a transaction */
fallible db_conn_has_table(struct db_conn *c, const char *name, bool *has);

fallible db_conn_begin(struct db_conn *c); /* takes the write lock; waits for another process, but not for ever */
fallible db_conn_commit(struct db_conn *c); /* durable when OK; rolled back when not */
void db_conn_rollback(struct db_conn *c);
fallible db_conn_still(struct db_conn *c); /* until db_conn_rollback every read sees one committed state */
/* What the feed (db_change) knows of a connection. */
struct db_feeding {
    bool on;      /* changes of what is kept in memory are appended: the schema is this program's */
    bool touched; /* the open transaction made such a change, or the last one did */
    bool changed; /* the last one that was committed did; whoever tells of it takes it back */
};
struct db_feeding *db_conn_feeding(struct db_conn *c);
/* Inside a transaction: several statements that happen together or not at all. */
fallible db_conn_save(struct db_conn *c);
fallible db_conn_release(struct db_conn *c, bool keep);

/* A number that differs from the last one when another connection has committed. */
fallible db_conn_data_version(struct db_conn *c, int64_t *version);
/* Pages in the write-ahead log after the last commit; and moving them into the database file. */
int64_t db_conn_log_pages(const struct db_conn *c);
enum db_checkpoint { DB_CHECKPOINT_SELF, DB_CHECKPOINT_OTHERS }; /* for a connection: itself now and then, or others */
void db_conn_checkpoint_by(struct db_conn *c, enum db_checkpoint who);
fallible db_conn_checkpoint(struct db_conn *c, int64_t *left); /* *left: pages that are still only in the log */
fallible db_conn_copy(struct db_conn *c, const char *file); /* a consistent copy into an empty file */
/* Adds one line for each defect; nothing when all is well. */
fallible db_conn_integrity(struct db_conn *c, struct arena *a, str *defects);
/* Tests: the database may not grow beyond this many pages (0: no limit): a full disk. */
void db_conn_limit_pages(struct db_conn *c, int64_t pages);
#endif
