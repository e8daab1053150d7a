/* SPDX-License-Identifier: MIT
 * db_authorization: one grant is one authorization: made by a consent (with its code) or by a password grant. Codes and refresh tokens hang
 * on it and die with it; access tokens carry its id. A refresh token names its grant and its generation (sealed): the row knows the
 * current generation and the hash of the current token and of the one before, and needs no history to know an old one.
 *
 *   made ──db_authorization_add_with_code──▶ [coded] ──db_code_take──▶ [live] ◀─db_refresh_rotate─┐
 *   made ──db_authorization_add────────────────────────────────────▶ [live] ───────────────────┘
 *   any state ──db_authorization_revoke*, code or old refresh token used again, user or client ended──▶ [revoked] ──db_purge──▶ gone
 */
#ifndef JETON_STORE_TABLE_DB_AUTHORIZATION_H
#define JETON_STORE_TABLE_DB_AUTHORIZATION_H
#include "store/store.h"
struct db_authorization {
    int64_t number;
    str id; /* UUID text, public; tokens carry it */
    int64_t user_number, client_number, client_epoch;
    str scope;                                                             /* words; what was granted in full; narrowing a refresh does not change it (RF-06) */
    str resource;                                                          /* URI or absent */
    str flow;                                                              /* authorization_code or password */
    unix_time created_at, auth_time, last_used_at, expires_at, revoked_at; /* revoked_at 0: alive */
    /* refresh state: generation 0 = no refresh token was issued */
    int64_t generation;
    struct token_hash current;  /* hash of the live refresh token */
    struct token_hash previous; /* hash of the one before (zero: none) */
    unix_time rotated_at;       /* when `previous` was used */
    str successor;              /* the live token's secret sealed under the previous one, b64url; absent once it has been used */
    str claims;                 /* the claims parameter as agreed to (OpenID Connect Core 5.5), JSON; absent: none */
    str details;                /* authorization details (RFC 9396), a JSON list; absent: none */
    str jkt, x5t;               /* thumbprint of the key (RFC 9449) or certificate (RFC 8705) that the tokens are bound to; absent: none */
    str amr, acr;               /* how the person logged in for it, as in struct db_session; absent: nobody did */
    str session_id;             /* public id of the browser session that the consent was given in; absent: none */
};
struct db_code {
    int64_t number;
    struct token_hash hash; /* all that is kept of it (AC-10) */
    int64_t authorization_number;
    str redirect_uri;   /* as sent in the request; absent when it was left out there */
    str code_challenge; /* absent: none */
    unix_time expires_at;
    str nonce; /* of the authentication request; absent: none */
    str jkt;   /* dpop_jkt: the key that must redeem it (RFC 9449 10); absent: any */
};
/* Numbers go inside the sealed credential, so they are reserved first; never used twice. */
fallible db_authorization_reserve(struct tx *tx, int64_t *number);
fallible db_code_reserve(struct tx *tx, int64_t *number);
/* The grant (number reserved, generation 1 and `current` set when it has a refresh token). */
fallible db_authorization_add(struct tx *tx, const struct db_authorization *authorization);
/* Grant and code in one transaction. `once_id` (the consent page's single-use id) is taken in it too: CONFLICT when it was used. */
fallible db_authorization_add_with_code(struct tx *tx, const struct db_authorization *authorization, const struct db_code *code, str once_id);

enum db_take { DB_TAKEN, DB_TAKE_UNKNOWN, DB_TAKE_EXPIRED, DB_TAKE_USED_BEFORE };
struct db_taken {
    enum db_take how;
    struct db_code *code;                   /* NULL when unknown */
    struct db_authorization *authorization; /* NULL when unknown */
};
/* Takes the code or does not, in one statement: single use (AC-03, AC-04). DB_TAKEN: *code and *grant are filled (the grant may be
 * revoked: look). DB_TAKE_USED_BEFORE: the grant was revoked by this call, in the same transaction, and is filled. */
fallible db_code_take(struct tx *tx, struct arena *a, int64_t number, const struct token_hash *hash, struct db_taken *out);
/* The exchange succeeded: the grant lives till expires_at, with its first refresh token (generation 1) when `current` is not NULL. */
fallible db_authorization_begin(struct tx *tx, int64_t number, const struct token_hash *current, unix_time now, unix_time expires_at);
/* Its refresh tokens are bound to this key or certificate from now on (thumbprints; absent: not to such a thing). */
fallible db_authorization_bind(struct tx *tx, int64_t number, str jkt, str x5t);
fallible db_authorization_get(struct tx *tx, struct arena *a, int64_t number, struct db_authorization **out);
/* generation, hashes, successor, rotated_at, last_used_at, expires_at from *next where the row still has generation `from` and is
 * alive; *rotated false otherwise (somebody else was first). */
fallible db_refresh_rotate(struct tx *tx, const struct db_authorization *next, int64_t from, bool *rotated);
fallible db_authorization_revoke(struct tx *tx, int64_t number, unix_time now);
/* By public id and owner (user_number 0: any owner); *revoked false when there is no such live grant. */
fallible db_authorization_revoke_by_id(struct tx *tx, str id, int64_t user_number, bool *revoked);
/* All live grants of a person for one client (client_number 0: for all), with the access tokens that came of them. */
fallible db_authorization_revoke_all(struct tx *tx, struct arena *a, int64_t user_number, int64_t client_number);
/* Ends a browser session of this person, and every grant that was given in it but those with offline_access, and posts the notices to
 * its clients (LO-02), in one transaction (contract 5; RF-08). */
struct db_session_name {
    int64_t user_number;
    str id; /* public */
};
fallible db_authorization_end_session(struct tx *tx, struct arena *a, const struct db_session_name *name, bool *was_open);
/* Live grants (exchanged, not revoked, not expired) of a person, newest first, at most 100. */
fallible db_authorization_list(struct tx *tx, struct arena *a, int64_t user_number, struct db_authorization **rows, size_t *count);
/* The same summed up, however many there are: one row for each client and scope, newest first, at most 1000, of which client_number, scope, created_at
 * (the first) and last_used_at (the last) are filled. */
fallible db_authorization_applications(struct tx *tx, struct arena *a, int64_t user_number, struct db_authorization **rows, size_t *count);
#endif
