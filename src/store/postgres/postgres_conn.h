/* SPDX-License-Identifier: MIT
 * postgres_conn: a db_conn of PostgreSQL, private to store/postgres/: statements and transactions on one link. */
#ifndef JETON_STORE_POSTGRES_POSTGRES_CONN_H
#define JETON_STORE_POSTGRES_POSTGRES_CONN_H
#include "store/postgres/postgres.h"
#include "store/store_internal.h"

/* Why the last transaction (or statement outside of one) was lost: what may be done about it. */
enum postgres_trouble {
    POSTGRES_FINE,
    POSTGRES_AGAIN,  /* it could not be put in order with others: run it again */
    POSTGRES_GONE,   /* the connection is of no use any more, and nothing was committed: run it again on another one */
    POSTGRES_UNSURE, /* the same, but the answer to the commit was lost: ask postgres_conn_outcome, then call store_committed or store_rolled_back */
    POSTGRES_WRONG,  /* nothing that running it again would mend */
};
struct postgres_conn;
fallible postgres_conn_open(const char *database, struct postgres_conn **out);
void postgres_conn_close(struct postgres_conn *c);
struct db_conn *postgres_conn_base(struct postgres_conn *c);
struct postgres_conn *postgres_conn_of(struct db_conn *base);
bool postgres_conn_alive(const struct postgres_conn *c);                    /* nothing says that the server has left it; asked of an idle one */
bool postgres_conn_usable(const struct postgres_conn *c);                   /* after use: may it be used again? */
enum postgres_trouble postgres_conn_trouble(const struct postgres_conn *c); /* of the last transaction, or of the last statement without one */
struct postgres_link *postgres_conn_link(struct postgres_conn *c);
bool *postgres_conn_apart(struct postgres_conn *c); /* the pool's own mark */
/* Does this statement change something that is kept in memory? */
bool postgres_conn_feeds(struct postgres_conn *c, const struct db_call *call);
/* Has the server a name for what was lost (POSTGRES_UNSURE), by which postgres_conn_outcome asks? Not for a statement outside of a transaction. */
bool postgres_conn_named(const struct postgres_conn *c);
bool postgres_conn_wrote(const struct postgres_conn *c); /* did the last transaction, or try to? */
/* After begin: expected changes (db_expect) of this transaction are taken for made, and answered with what comes next, the COMMIT at the latest. Where one
 * is not made the transaction is lost (POSTGRES_AGAIN), and to be run again without this. */
void postgres_conn_expecting(struct postgres_conn *c);

/* What became of the transaction whose commit was not answered on `lost`? Asked of another connection. */
enum postgres_outcome { POSTGRES_COMMITTED, POSTGRES_ABORTED, POSTGRES_OPEN, POSTGRES_UNKNOWN };
fallible postgres_conn_outcome(struct postgres_conn *c, const struct postgres_conn *lost, enum postgres_outcome *out);
/* In the open transaction: is this node the one that cleans up? Until the transaction's end. */
fallible postgres_conn_housekeeper(struct postgres_conn *c, bool *chosen);
/* Numbers of the newest change and of the newest revocation. */
struct postgres_heads {
    int64_t change, revocation;
};
fallible postgres_conn_heads(struct postgres_conn *c, struct postgres_heads *out);
fallible postgres_conn_listen(struct postgres_conn *c);

/* Rows of postgres_driver: see struct store_driver. */
err postgres_conn_run(struct db_conn *base, const struct db_call *call, int64_t *changed);
err postgres_conn_many(struct db_conn *base, struct arena *a, const struct db_call *call, const struct db_columns *columns, struct db_rows *out);
err postgres_conn_scalar(struct db_conn *base, const struct db_call *call, int64_t *value, bool *found);
err postgres_conn_expect(struct db_conn *base, const struct db_call *call, bool *changed);
err postgres_conn_begin(struct db_conn *base);
void postgres_conn_soon(struct postgres_conn *c); /* after begin: this one need not be on the disk when it is committed */
err postgres_conn_commit(struct db_conn *base);
void postgres_conn_rollback(struct db_conn *base);
err postgres_conn_snapshot(struct db_conn *base);
err postgres_conn_save(struct db_conn *base);
err postgres_conn_release(struct db_conn *base, bool keep);
err postgres_conn_guard(struct db_conn *base, enum db_guard which, const struct db_param *key, enum db_guard_mode mode);
err postgres_conn_script(struct db_conn *base, const char *sql);
/* First column of the first row of a statement that the server itself has written; absent: no row. */
fallible postgres_conn_ask(struct db_conn *base, struct arena *a, const char *sql, str *out);
enum { POSTGRES_STATEMENTS = DB_STATEMENTS_COUNT + 2 }; /* those of the store, then postgres_conn's own and postgres_schema's */

/* Does a statement of this text need a savepoint of its own inside a transaction, since it may break a constraint? */
bool postgres_conn_may_break(const char *text);
bool postgres_conn_in_order(const char *text); /* are its rows in an order that it says? */
#endif
