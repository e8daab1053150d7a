/* SPDX-License-Identifier: MIT
 * db_deferred: a decision that a person makes elsewhere: device authorization (RFC 8628) and CIBA. One row from the request to the one
 * token response; the code that the client polls with names it (sealed), the word that a person types is unique among the rows.
 *
 *   db_deferred_add ─▶ [pending] ──db_deferred_allow (makes the grant)──▶ [allowed] ──db_deferred_poll──▶ [done]
 *                          └──────db_deferred_deny──▶ [denied]
 *   any state ── expires_at passed: nothing of it can be used any more ──db_purge──▶ gone
 */
#ifndef JETON_STORE_TABLE_DB_DEFERRED_H
#define JETON_STORE_TABLE_DB_DEFERRED_H
#include "store/table/db_authorization.h"
enum { DB_DEFERRED_SLOWER = 5 /* RFC 8628 3.5: seconds by which an early poll lengthens the interval */ };
struct db_deferred {
    int64_t number;
    str kind;               /* device or ciba */
    struct token_hash hash; /* of the polled code */
    str user_code;          /* as it is compared: letters alone; absent: none (ciba) */
    int64_t client_number, client_epoch;
    str scope, resource, details; /* fixed at the request (DV-04); resource, details absent: none */
    str claims, acr_values;
    str binding_message;
    str notification;             /* the client's notification token, sealed by the caller; absent: the client polls */
    str jkt, x5t;                 /* what the request was bound to; absent: nothing */
    str address;                  /* where the request came from */
    str source;                   /* the same as shares are counted (context/source); absent: unknown */
    int64_t user_number;          /* who must decide (ciba), or did (device); 0: not known yet */
    int64_t authorization_number; /* 0 until allowed */
    str state;
    unix_time created_at, expires_at;
    int64_t interval_seconds;
    unix_time polled_at; /* 0: never */
};
/* How many undecided rows of the same kind there may be (RL-06); 0: not bounded. all: shared by clients; client: of one, shared by sources,
 * of which none has more than `source`; user: that wait for one person, shared by clients, of which none has more than client_of_user. */
struct db_deferred_caps {
    int64_t all, client, source, user, client_of_user;
};
fallible db_deferred_reserve(struct tx *tx, int64_t *number);
/* Number reserved, state is written as pending. CONFLICT: the user code is taken, try another. THROTTLED: a cap is reached. */
fallible db_deferred_add(struct tx *tx, const struct db_deferred *row, const struct db_deferred_caps *caps);
/* NULL: none, or past its end (it may have been decided: look at state). */
fallible db_deferred_get(struct tx *tx, struct arena *a, int64_t number, struct db_deferred **out);
fallible db_deferred_by_user_code(struct tx *tx, struct arena *a, str user_code, struct db_deferred **out);
/* The undecided ones that wait for this person, newest first, at most 50. */
fallible db_deferred_waiting(struct tx *tx, struct arena *a, int64_t user_number, struct db_deferred **rows, size_t *count);
/* One UPDATE decides; *decided false: it was decided before, has expired, or waits for another person. With the yes the grant is made in
 * the same transaction (its number reserved; begun by db_authorization_begin when its tokens are fetched). */
fallible db_deferred_allow(struct tx *tx, int64_t number, const struct db_authorization *authorization, bool *decided);
fallible db_deferred_deny(struct tx *tx, int64_t number, int64_t user_number, bool *decided);

enum db_poll { DB_POLL_TAKEN, DB_POLL_PENDING, DB_POLL_EARLY, DB_POLL_DENIED, DB_POLL_EXPIRED, DB_POLL_USED, DB_POLL_UNKNOWN };
struct db_poll_claim {
    int64_t number, client_number;
    const struct token_hash *hash;
    const char *kind;
};
struct db_polled {
    enum db_poll how;
    struct db_deferred *row; /* NULL when unknown, or another client's */
};
/* May the tokens be fetched now? One UPDATE takes them, for one caller (DV-05); the interval is kept in the row (DV-02). */
fallible db_deferred_poll(struct tx *tx, struct arena *a, const struct db_poll_claim *claim, struct db_polled *out);
#endif
