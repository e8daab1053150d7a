/* SPDX-License-Identifier: MIT
 * db_pushed: pushed authorization requests (RFC 9126). The row's number stands sealed in the request_uri, whose hash the row holds.
 *
 *   made ──db_pushed_add──▶ [waiting] ──db_pushed_take: the authorization ended, well or badly──▶ [used]
 *                           [waiting] ──expires_at; begun in time it may end within DB_PUSHED_SPARE──▶ db_purge */
#ifndef JETON_STORE_TABLE_DB_PUSHED_H
#define JETON_STORE_TABLE_DB_PUSHED_H
#include "crypto/secret.h"
#include "store/store.h"
enum { DB_PUSHED_SPARE = 3600 /* seconds that a row stays beyond its end, for people who are still logging in */ };
struct db_pushed {
    int64_t number;
    struct token_hash hash; /* of the whole request_uri */
    int64_t client_number, client_epoch;
    str parameters;                /* as a form */
    str jkt;                       /* key that the code is bound to (RFC 9449 10.1); absent: none */
    unix_time expires_at, used_at; /* used_at 0: not yet */
};
fallible db_pushed_reserve(struct tx *tx, int64_t *number);
fallible db_pushed_add(struct tx *tx, const struct db_pushed *pushed);
fallible db_pushed_get(struct tx *tx, struct arena *a, int64_t number, struct db_pushed **out); /* NULL: none */
/* One statement decides who ends it: *first false when somebody else did, or the row is gone (PR-01). */
fallible db_pushed_take(struct tx *tx, int64_t number, unix_time now, bool *first);
#endif
