/* SPDX-License-Identifier: MIT
 * token_request: the token endpoint's one way through (RFC 6749 3.2). A grant is one file here and one row of client/grant_types. */
#ifndef JETON_GRANT_TOKEN_REQUEST_H
#define JETON_GRANT_TOKEN_REQUEST_H
#include "client/grant_types.h"
#include "clientauth/client_auth.h"
#include "scope/scope.h"
#include "store/table/db_authorization.h"
#include "token/id_token.h"
#include "token/permit.h"
/* Signatures that are still to be made: they take long and change nothing, so they are left until the answer's effects are durable. */
struct token_owed {
    bool access, id;
    struct permit permit; /* of the signed access token */
    enum sign_alg access_alg, id_alg;
    struct id_token id_token;
    const struct db_user *user; /* whose claims the ID token holds besides */
    str claims;                 /* names of those claims, as words; absent: none */
};
struct token_answer {
    str access_token, refresh_token, scope; /* refresh_token absent: none */
    str id_token;                           /* absent: none */
    str token_type;                         /* absent: Bearer; DPoP for a token bound to a key (RFC 9449 5), N_A (RFC 8693) */
    str issued_token_type;                  /* RFC 8693 2.2.1; absent: not an exchange */
    str details;                            /* authorization_details as granted (RFC 9396 7), JSON text; absent: none */
    int64_t expires_in;
    int64_t retry_after; /* seconds; set with THROTTLED */
    struct token_owed owed;
};
/* Checks that the client may use the grant and what its tokens must be bound to, runs its row, writes the event. ctx stands on the pool that
 * the row names. Tokens that must be signed are still owed: token_request_finish. */
fallible token_request_answer(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
/* Makes what is owed; on any thread, once what the row did is durable, with the same context. Nothing is handed out when it fails. */
fallible token_request_finish(struct context *ctx, struct token_answer *answer);
/* For the rows: a permit becomes an access token: sealed, or (owed) a JWT when the resource wants one. It is bound to ctx->bind unless the
 * permit says to what. */
fallible token_request_mint(struct context *ctx, const struct permit *permit, struct token_answer *out);
/* For the rows that act for a person: an access token under this grant for grant->resource (one URI: resource_pick), with `scope` (the grant's
 * own or narrower), and with the scope openid an ID token (owed; out->owed.id_token.nonce is the caller's to fill). */
fallible token_request_user(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, str scope,
                            struct token_answer *out);
/* For the rows that take a code: its grant begins to live (db_authorization_begin), with its first refresh token where the client has them, bound
 * to what the request has proven (DP-04). Reads answer->expires_in, sets answer->refresh_token. */
fallible token_request_begin(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, struct token_answer *answer);
/* For the rows: when a grant with a refresh token ends if nobody uses it: idle lifetime, within the absolute one (RF-07). */
unix_time token_request_refresh_end(const struct context *ctx, const struct db_client *client, unix_time begun);
/* For the rows: the authorization_details parameter of a token request (RFC 9396 6): absent: all that was granted; else some of the
 * granted objects, as they were granted. INVALID_AUTHORIZATION_DETAILS. */
fallible token_request_details(struct arena *a, str granted, str asked, str *details);
/* For the rows: seconds that this client's access tokens live. */
int64_t token_request_lifetime(const struct context *ctx, const struct db_client *client);
#endif
