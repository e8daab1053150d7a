/* SPDX-License-Identifier: MIT
 * bearer: does this access token hold, now? The one place that asks (API, introspection): form, seal or signature, expiry, revoked token,
 * revoked grant, client disabled or gone, person blocked or gone, personal token revoked or expired. */
#ifndef JETON_GRANT_BEARER_H
#define JETON_GRANT_BEARER_H
#include "directory/pat.h"
#include "token/access.h"
enum bearer_kind { BEARER_NONE = 0, BEARER_SEALED, BEARER_JWT, BEARER_PERSONAL };
struct bearer {
    enum bearer_kind kind;
    struct access_facts facts;      /* SEALED, JWT */
    const struct db_client *client; /* SEALED, JWT */
    const struct db_resource *resource; /* NULL: for jeton itself */
    struct db_user *user;           /* NULL: a client's own token */
    struct db_pat *pat;             /* PERSONAL */
};
/* INVALID_TOKEN with a `say` that tells expired from revoked from malformed; ELSEWHERE: run again on the worker lane; UNAVAILABLE. */
fallible bearer_check(struct ground *g, str token, struct bearer *out);
/* For jeton's own API: the token must be meant for it; notes the use of a personal token (at most once a minute). */
fallible bearer_actor(struct ground *g, str token, struct actor *out);
/* `Bearer` in any letter case, one token: INVALID_TOKEN when missing or malformed. */
fallible bearer_of_header(str authorization, str *token);
#endif
