/* SPDX-License-Identifier: MIT
 * db_change: the change feed. Every statement that changes a row which processes keep in memory (store/cache) appends (seq, kind, key) to the
 * table `changes` in its own transaction: the engine does so for each row that the statement returns, so no store function can forget it.
 * Such a statement therefore ends with `RETURNING` and its table's key (db_change_fits; a test asks it of every statement of the store).
 *
 * seq comes from a counter inside the transaction: it is the order of commits, without a gap. The newest DB_CHANGES_KEPT are kept; whoever
 * has missed more loads everything anew. */
#ifndef JETON_STORE_TABLE_DB_CHANGE_H
#define JETON_STORE_TABLE_DB_CHANGE_H
#include "store/driver.h"
#include "store/store.h"

/* X(name, word, table, its key). REVOCATION: that table is a feed itself, numbered in the order of commits; it appends nothing here. */
#define DB_CHANGES(X)                                             \
    X(CLIENT, "client", "clients", "number")                      \
    X(CLIENT_SECRET, "client", "client_secrets", "client_number") \
    X(SCOPE, "scope", "scopes", "name")                           \
    X(RESOURCE, "resource", "resources", "number")                \
    X(DETAILS, "details", "details_types", "type")                \
    X(PASSWORD, "password", "password_settings", "setting")       \
    X(USER, "user", "users", "number")                            \
    X(PAT, "pat", "pats", "hash")                                 \
    X(KEY, "key", "keys", "number")                               \
    X(REVOCATION, "revocation", "revocations", "")
enum db_change_kind {
    DB_CHANGE_NONE,
#define X(name_, word_, table_, key_) DB_CHANGE_##name_,
    DB_CHANGES(X)
#undef X
};
enum { DB_CHANGES_KEPT = 8192, DB_CHANGES_BITE = 64, DB_CHANGES_READ = 512 };

/* What a statement changes of that which is kept in memory; NONE: nothing. */
enum db_change_kind db_change_of(const char *text);
/* Does it return the keys of what it changes? True of statements that change nothing kept. */
bool db_change_fits(const char *text);
/* The engine's: something was changed. Appends one line within the open transaction, where the feed is on. CLIENT_SECRET is written as its
 * client. key absent: UNAVAILABLE. */
fallible db_change_note(struct db_conn *c, enum db_change_kind kind, str key);

struct db_change {
    int64_t seq;
    str kind; /* word */
    str key;  /* number in decimal, name, or hash in base64url, by kind */
};
enum db_change_kind db_change_kind_of(str word); /* NONE: an unknown word */
const char *db_change_word(enum db_change_kind kind);
/* The newest of both feeds, as they were committed. */
fallible db_change_newest(struct db_conn *c, struct arena *a, struct store_place *out);
/* The lines after that seq, at most DB_CHANGES_READ. */
fallible db_change_after(struct db_conn *c, struct arena *a, int64_t seq, struct db_rows *out);
#endif
