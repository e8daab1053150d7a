/* SPDX-License-Identifier: MIT
 * csrf: a token bound to the browser's cookie (HMAC with the cookie's secret as key), in every form, plus the Origin and
 * Sec-Fetch-Site headers (LS-06). */
#ifndef JETON_SESSION_CSRF_H
#define JETON_SESSION_CSRF_H
#include "session/session.h"
str csrf_token(const struct context *ctx, const struct session *s); /* absent when the arena fails */
struct csrf_claim {
    str token;      /* the form's `csrf` field */
    str origin;     /* Origin header; absent: none */
    str fetch_site; /* Sec-Fetch-Site header; absent: none */
    str here;       /* the origin by which this server was called, one of its own names; absent: only the issuer's counts */
};
/* INVALID_REQUEST (403 is not used: the page says to try again) with a `say` for people when it does not hold. STALE_FORM: a form of ours, but
 * not of the session that this browser has now: two tabs, Back, a login that ended. The action is not carried out; the person goes on.
 * origin, fetch_site: the headers. */
fallible csrf_check(const struct context *ctx, const struct session *s, const struct csrf_claim *claim);
#endif
