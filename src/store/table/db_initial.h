/* SPDX-License-Identifier: MIT
 * db_initial: initial access tokens for dynamic client registration (RFC 7591 3); and the room that registered software takes. */
#ifndef JETON_STORE_TABLE_DB_INITIAL_H
#define JETON_STORE_TABLE_DB_INITIAL_H
#include "store/store.h"
struct db_initial {
    int64_t number;
    str id, label;
    struct token_hash hash;
    str grants, scopes;               /* words: what may be registered with it; absent: what the settings say */
    int64_t uses_left;                /* -1: without limit */
    unix_time created_at, expires_at; /* expires_at 0: never */
};
enum { DB_INITIAL_MAX = 1000 };
fallible db_initial_add(struct tx *tx, struct arena *a, struct db_initial *token); /* id, number, created_at are filled in */
/* Usable ones alone; *out NULL: none of that hash, or used up, or expired. */
fallible db_initial_find(struct tx *tx, struct arena *a, const struct token_hash *hash, unix_time now, struct db_initial **out);
/* One use, decided by one statement. */
fallible db_initial_take(struct tx *tx, int64_t number, unix_time now, bool *taken);
fallible db_initial_give_back(struct tx *tx, int64_t number); /* what was taken came to nothing */
struct db_initial_rows {
    struct db_initial *rows;
    size_t count;
};
fallible db_initial_list(struct tx *tx, struct arena *a, struct db_initial_rows *out); /* newest first, at most DB_INITIAL_MAX */
fallible db_initial_remove(struct tx *tx, str id, bool *removed);
/* Clients of open registration and of documents (origin open, document) made before `made_before` from which no grant ever came and that act for nobody but people:
 * gone without a tombstone, for nothing ever hung on them (RL-06). */
fallible db_initial_purge_unused(struct tx *tx, unix_time made_before, int64_t *removed);
/* ---- where clients that registered by themselves came from (RL-06) ---- */
/* Notes it; the client's row is there. */
fallible db_registration_note(struct tx *tx, int64_t client_number, str source);
/* How many of them came from there and are still here. */
fallible db_registration_held(struct tx *tx, str source, int64_t *held);
/* Removes the oldest that nobody used and that was made before, of the source with most of them; *removed 0: there is none. */
fallible db_registration_make_room(struct tx *tx, unix_time made_before, int64_t *removed);
#endif
