/* SPDX-License-Identifier: MIT
 * driver: what a database engine gives to the store, private to store/: a struct of functions, one row per engine (sqlite/, postgres/).
 * Nothing above it knows which engine it is. One connection is used by one thread at a time. Every
 * statement stands in a constant table of its file, is prepared once a connection and bound by the numbers of its
 * `$n`. A broken constraint (CONFLICT; NOT_FOUND: a foreign key) leaves the open transaction usable; every other failure makes it worthless:
 * the connection refuses everything until db_conn_rollback. Rows that are read live in the caller's arena. */
#ifndef JETON_STORE_DRIVER_H
#define JETON_STORE_DRIVER_H
#include "base/arena.h"
#include "base/str.h"
#include "crypto/secret.h"

struct db_conn;
struct store;
struct store_job;
struct store_options;
struct db_calling;

/* The statements of one file. `index` is unique (db_statements.h), lines are the file's own enum. */
enum { DB_STATEMENTS_LINES = 40, DB_PARAMS_MAX = 26, DB_HASHES_MAX = 4 };
struct db_statements {
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
#define P_INT(v_)  ((struct db_param){.kind = DB_INT, .number = (v_)})
#define P_TEXT(v_) ((struct db_param){.kind = DB_TEXT, .text = (v_)})
#define P_HASH(v_) ((struct db_param){.kind = DB_HASH, .hash = (v_)})

/* A row's shape: its columns in the order of the SELECT list, each with the member it fills. */
struct db_field {
    enum db_kind kind;
    size_t at;
};
struct db_columns {
    size_t size;
    const struct db_field *fields;
    size_t count;
};
#define DB_COLUMNS(type_, fields_)                                       \
    {                                                                    \
        sizeof(type_), (fields_), sizeof(fields_) / sizeof((fields_)[0]) \
    }

/* One statement with its values; $1 is params[0]. */
struct db_call {
    const struct db_statements *statements;
    size_t line;
    const struct db_param *params;
    size_t count;
};
/* For a file whose table is called `statements`. */
#define CALL(line_, ...)                                                                   \
    (&(const struct db_call){&statements, (line_), (const struct db_param[]){__VA_ARGS__}, \
                             sizeof((const struct db_param[]){__VA_ARGS__}) / sizeof(struct db_param)})
#define CALL_ALONE(line_) (&(const struct db_call){&statements, (line_), NULL, 0})
/* Values from a struct by its shape, in order: for INSERTs. The row must outlive the call. */
void db_params_from(const struct db_columns *columns, const void *row, struct db_param *params);

struct db_rows {
    void *rows; /* contiguous, shape.size each */
    size_t count;
};
/* Runs a statement whose rows nobody wants. *changed may be NULL. What changes something kept in memory is run by this
 * one alone, which hands each key that comes back to db_change_note. */
fallible db_run(struct db_conn *c, const struct db_call *call, int64_t *changed);
/* Room for one more row: four times the old room; the old one stays in the arena. */
fallible db_rows_room(struct arena *a, const struct db_columns *columns, struct db_rows *rows, size_t *room);
/* Of a change by its rule of one row, or of none, of nothing that is kept in memory. Inside a job of store_submit an engine that is asked over a wire takes it
 * for made: if it turns out later that it is not, everything is run again, and then waited for. */
fallible db_expect(struct db_conn *c, const struct db_call *call, bool *changed);
/* First row into fresh arena memory, or NULL. Every row is stepped through, so that RETURNING is whole. */
fallible db_one(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_columns *columns, void **row);
fallible db_many(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out);
/* First column of the first row as a number; *found false when there is no row or it is NULL. */
fallible db_scalar(struct db_conn *c, const struct db_call *call, int64_t *value, bool *found);

/* ---- transactions, on a connection ---- */

/* Rules that span rows first touch what guards them: from then until the transaction's end, no other transaction that touches the same
 * guard is under way, and what is read afterwards is what the others have committed. Rows that are written guard themselves: a
 * guard of a table's row waits for who has changed that row, and the other way round. X(name, table, key, order): the locks of one
 * transaction are taken in ascending order (and of one guard by number), so that no two wait for each other. ARCHITECTURE.md lists the rule, the guard
 * and the race test of each. */
#define DB_GUARDS(X)                           \
    X(USER, "users", "number")                 \
    X(CLIENT, "clients", "number")             \
    X(DEFERRED, "deferred_requests", "number") \
    X(COUNTER, "counters", "name")
enum db_guard {
#define X(name_, table_, key_) DB_GUARD_##name_,
    DB_GUARDS(X)
#undef X
        DB_GUARD_COUNT
};
/* SHARED: others may do the same beside this one, but nobody may change what is guarded; ALONE: nobody else. */
enum db_guard_mode { DB_GUARD_SHARED, DB_GUARD_ALONE };

/* What the change feed (db_change) and the outbox know of a connection. */
struct db_feeding {
    bool on;       /* changes of what is kept in memory are appended: the schema is this program's */
    bool touched;  /* the open transaction made such a change, or the last one did */
    bool changed;  /* the last one that was committed did; whoever tells of it takes it back */
    bool delivery; /* a message was put into the outbox; whoever tells of it takes it back */
};
/* Every engine's connection begins with this. */
struct db_conn {
    const struct store_driver *driver;
    struct db_feeding feeding;
    bool open;               /* a transaction is */
    struct store_job *later; /* submitted when the open transaction is committed (db_later) */
};

/* A body runs inside a transaction, or on a reader's connection. With engines of several writers it may be run again from its beginning, when the
 * engine could not put it in order with others (a deadlock): so it sets what it puts out, and adds to nothing. */
typedef err db_body(struct db_conn *c, void *context);
/* SEVERAL: more than one statement that writes, or one whose answer may not fit the arena; SOON: the same, as store_together_soon has it. */
enum db_care { DB_SINGLE, DB_SEVERAL, DB_SOON };

struct store_driver {
    const char *name; /* "sqlite", "postgres" */
    bool one_writer;  /* begin waits for whoever has a transaction open: guards have nothing to do, transactions never run again */

    /* Statements (see db_run, db_many, db_scalar below). */
    err (*run)(struct db_conn *c, const struct db_call *call, int64_t *changed);
    err (*expect)(struct db_conn *c, const struct db_call *call, bool *changed); /* db_expect; NULL: run does it */
    err (*many)(struct db_conn *c, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out);
    err (*scalar)(struct db_conn *c, const struct db_call *call, int64_t *value, bool *found);
    err (*script)(struct db_conn *c, const char *sql); /* several statements without values */
    err (*has_table)(struct db_conn *c, const char *name, bool *has);

    /* Transactions. */
    err (*begin)(struct db_conn *c);
    err (*commit)(struct db_conn *c); /* durable when OK; rolled back when not */
    void (*rollback)(struct db_conn *c);
    err (*snapshot)(struct db_conn *c); /* until rollback every read sees one committed state */
    err (*save)(struct db_conn *c);     /* inside a transaction: what follows happens together or not at all */
    err (*release)(struct db_conn *c, bool keep);
    err (*guard)(struct db_conn *c, enum db_guard guard, const struct db_param *key, enum db_guard_mode mode);
    err (*integrity)(struct db_conn *c, struct arena *a, str *defects); /* adds one line for each defect */

    err (*lock_schema)(struct db_conn *c); /* in a transaction, until its end: who else migrates waits */

    /* The store. open: everything that options ask for is checked and made, but for the schema, and *first is a connection that may write: the store
     * migrates on it, and then sets store->migrated. On failure close is called. */
    err (*open)(struct store *store, const struct store_options *options, struct db_conn **first);
    void (*close)(struct store *store); /* what is queued is committed first; then threads and connections end */
    err (*start)(struct store *store);  /* options->threads: from then on any thread may read, write and submit; otherwise one at a time may */
    err (*read)(struct store *store, bool snapshot, db_body *body, void *context);
    err (*write)(struct store *store, enum db_care care, db_body *body, void *context); /* a transaction of its own; durable when OK, but for DB_SOON */
    /* The same of one statement (db_call_body), in fewer steps; NULL: write does it. */
    err (*call)(struct store *store, struct db_calling *calling);
    /* store_submit; without threads: it is done when this returns. Jobs with `aside` share a transaction, at most STORE_GROUP_MAX of them. */
    err (*submit)(struct store *store, struct store_job *job);
    err (*elsewhere)(struct store *store, bool *changed); /* has another process written since the last call? */
    err (*backup)(struct store *store, const char *file);
    str (*ports)(struct arena *a, str database); /* store_ports; NULL: an engine inside the process */
};
extern const struct store_driver sqlite_driver, postgres_driver;

fallible db_guard_user(struct db_conn *c, int64_t number, enum db_guard_mode mode);
fallible db_guard_client(struct db_conn *c, int64_t number, enum db_guard_mode mode);
fallible db_guard_deferred(struct db_conn *c, int64_t number);  /* ALONE */
fallible db_guard_counter(struct db_conn *c, const char *name); /* ALONE; a row of the table counters */
#endif
