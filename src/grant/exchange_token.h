/* SPDX-License-Identifier: MIT
 * exchange_token: the tokens that a client hands in for an exchange (RFC 8693 2.1): subject_token and actor_token, read and judged. */
#ifndef JETON_GRANT_EXCHANGE_TOKEN_H
#define JETON_GRANT_EXCHANGE_TOKEN_H
#include "codec/json.h"
#include "resource/bearer.h"
#define EXCHANGE_TYPE "urn:ietf:params:oauth:token-type:"
struct exchange_token {
    str client_id;                      /* whom it was issued to */
    str subject;                        /* user id, or client:<client_id> */
    struct db_user *user;               /* NULL: a client's own token */
    str authorization_id;               /* absent: an ID token, a client's own token */
    str session_id;                     /* ID token: of the login, which is open; absent: it names none */
    str scope;                          /* absent: an ID token, which has none */
    str act;                            /* who acted so far, JSON; absent: nobody */
    str jkt, x5t;                       /* what it is bound to */
    const struct db_resource *resource; /* what it was made for; NULL: jeton itself */
    const json *may_act;                /* RFC 8693 4.4; NULL: no such claim */
    str amr, acr;                       /* of the login; absent: unknown */
    unix_time auth_time, expires_at;
};
/* type: the URN that came with it: access_token, jwt, id_token (then it must be the client's own). INVALID_REQUEST for whatever is no live
 * token of this server (RFC 8693 2.2.2), and for personal access tokens, refresh tokens and the like. */
fallible exchange_token_read(struct context *ctx, const struct db_client *client, str token, str type, struct exchange_token *out);
#endif
