/* SPDX-License-Identifier: MIT
 * permit: the only proof that a yes was said. Constructed under grant/ alone (a guard script checks); minting takes it const. */
#ifndef JETON_TOKEN_PERMIT_H
#define JETON_TOKEN_PERMIT_H
#include "base/clock.h"
enum { PERMIT_DETAILS_MAX = 3072, PERMIT_ACT_MAX = 1024, PERMIT_CLAIMS_MAX = 512, PERMIT_AMR_MAX = 255 }; /* bytes: a token must fit into a header */
struct permit {
    int64_t user_number; /* 0: a client's own token */
    str subject;         /* user id, or client:<client_id> */
    int64_t client_number, client_epoch;
    str client_id;
    str authorization_id;    /* UUID; absent for a client's own token */
    str scope;               /* words; may be empty */
    bool unscoped;           /* no scope was asked for, by a client that may ask for any: reads what the person may read */
    bool unscoped_full;      /* such a token that acts with all of the person's permissions (docs: "unscoped tokens") */
    int64_t resource_number; /* 0: jeton's own API */
    str audience;            /* resource URI, or the issuer */
    str details;             /* authorization details (RFC 9396), a JSON list as text; absent: none */
    str act;                 /* who acts for the subject (RFC 8693 4.1), a JSON object as text; absent: nobody */
    str jkt, x5t;            /* thumbprint of the key (RFC 9449 6) or certificate (RFC 8705 3.1) that it is bound to; absent: a bearer token */
    str pairwise;            /* subject that a JWT shows in the place of `subject` (OpenID Connect Core 8.1); absent: the same */
    str userinfo_claims;     /* words: what the claims parameter asked of userinfo, as agreed to (OpenID Connect Core 5.5); sealed tokens alone */
    str amr;                 /* words: how the person proved who they are (RFC 8176); absent: nobody is said to have */
    str acr;                 /* what that amounts to, in signed tokens; of a sealed one amr tells it */
    unix_time auth_time, issued_at, expires_at; /* auth_time 0: nobody is said to have logged in */
};
#endif
