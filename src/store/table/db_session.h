/* SPDX-License-Identifier: MIT
 * db_session: logged-in browser sessions, found by number; the cookie holds number and secret sealed, the row only the hash. */
#ifndef JETON_STORE_TABLE_DB_SESSION_H
#define JETON_STORE_TABLE_DB_SESSION_H
#include "store/store.h"
struct db_session {
    int64_t number;
    str id; /* public, for lists and for ending it from elsewhere */
    struct token_hash hash;
    int64_t user_number;
    unix_time created_at, last_seen_at, auth_time, expires_at; /* expires_at: the absolute end */
    str amr, acr;            /* how the person logged in: words (RFC 8176), and what they amount to; absent acr: to nothing that has a name */
    str address, user_agent; /* cut to 64 and 200 bytes by the caller */
};
/* The number is needed inside the cookie before the hash is known: it is reserved first (never used twice). */
fallible db_session_reserve(struct tx *tx, int64_t *number);
fallible db_session_open(struct tx *tx, const struct db_session *session);                        /* number from reserve */
fallible db_session_get(struct tx *tx, struct arena *a, int64_t number, struct db_session **out); /* NULL: none or ended */
fallible db_session_seen(struct tx *tx, int64_t number, unix_time at); /* at most once a minute; durable soon (store_together_soon) */
fallible db_session_end(struct tx *tx, int64_t number);
fallible db_session_list(struct tx *tx, struct arena *a, int64_t user_number, struct db_session **rows, size_t *count); /* newest first, ≤ 100 */
#endif
