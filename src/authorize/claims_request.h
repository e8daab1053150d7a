/* SPDX-License-Identifier: MIT
 * claims_request: the claims parameter (OpenID Connect Core 5.5): which single facts about the person are asked for, and where. */
#ifndef JETON_AUTHORIZE_CLAIMS_REQUEST_H
#define JETON_AUTHORIZE_CLAIMS_REQUEST_H
#include "base/str.h"
enum { CLAIMS_REQUEST_MAX = 4096 /* bytes */ };
struct claims_request {
    str text;   /* what is left after unknown claims are gone: {"userinfo":{…},"id_token":{…}}, for db_authorization.claims; absent: nothing */
    str scopes; /* identity scopes that these claims amount to; words, may be empty: what people are asked */
    str acr;    /* words: an essential acr, of which one must be reached (5.5.1.1); absent: none */
    str sub;    /* the one person that it must be about (5.5.1); absent: any */
};
/* allowed: the identity scopes that the client may have; single claims of others are left out, as if they were unknown (AZ-15).
 * text absent: nothing is asked for. Malformed: INVALID_REQUEST with a `say`. An essential acr that no login here has:
 * UNMET_AUTHENTICATION. */
fallible claims_request_read(struct arena *a, str text, str allowed, struct claims_request *out);
#endif
