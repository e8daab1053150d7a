/* SPDX-License-Identifier: MIT
 * permit: the only proof that a yes was said. Constructed under grant/ alone (a guard script checks); minting takes it const. */
#ifndef JETON_TOKEN_PERMIT_H
#define JETON_TOKEN_PERMIT_H
#include "base/clock.h"
struct permit {
    int64_t user_number;   /* 0: a client's own token */
    str subject;           /* user id, or client:<client_id> */
    int64_t client_number, client_epoch;
    str client_id;
    str grant_id;          /* UUID; absent for a client's own token */
    str scope;             /* words; may be empty */
    bool unscoped_full;    /* acts with all of the person's permissions although no scope was asked for (docs: "unscoped tokens") */
    int64_t resource_number; /* 0: jeton's own API */
    str audience;          /* resource URI, or the issuer */
    unix_time auth_time, issued_at, expires_at;
};
#endif
