/* SPDX-License-Identifier: MIT
 * bearer: does this access token hold, now? The one place that asks (API, introspection): form, seal or signature, expiry, revoked token,
 * revoked grant, client disabled or gone, person blocked or gone, personal token revoked or expired. */
#ifndef JETON_RESOURCE_BEARER_H
#define JETON_RESOURCE_BEARER_H
#include "user/pat.h"
#include "token/access.h"
enum bearer_kind { BEARER_NONE = 0, BEARER_SEALED, BEARER_JWT, BEARER_PERSONAL };
struct bearer {
    enum bearer_kind kind;
    struct access_facts facts;          /* SEALED, JWT */
    const struct db_client *client;     /* SEALED, JWT */
    const struct db_resource *resource; /* NULL: for jeton itself */
    struct db_user *user;               /* NULL: a client's own token */
    struct db_pat *pat;                 /* PERSONAL */
    str jkt, x5t;                       /* what it is bound to; absent: not to such a thing. Whether the sender holds it is asked by bearer_actor */
};
/* INVALID_TOKEN with a `say` that tells expired from revoked from malformed; ELSEWHERE: run again on the READ pool; UNAVAILABLE. */
fallible bearer_check(struct context *ctx, str token, struct bearer *out);
/* How sure the login was that the token came from; absent: it came from none, or does not tell. */
str bearer_acr(const struct bearer *b);
/* As it was sent: by which scheme (RFC 6750 2, RFC 9449 7.1). */
struct bearer_sent {
    str token;
    bool dpop; /* scheme DPoP */
};
/* For jeton's own API: the token must be meant for it, and used by whoever holds the key that it is bound to (DP-02, DP-05); notes the use
 * of a personal token (at most once a minute). Also INVALID_DPOP_PROOF, USE_DPOP_NONCE. */
fallible bearer_actor(struct context *ctx, const struct bearer_sent *sent, struct actor *out);
/* `Bearer` or `DPoP` in any letter case, one token: INVALID_TOKEN when missing or malformed. */
fallible bearer_of_header(str authorization, struct bearer_sent *sent);
#endif
