/* SPDX-License-Identifier: MIT
 * second_factor: how a person gets and loses what proves them beside the password. All of it is for the person at this browser, who has just logged in (LS-13); what others may do is
 * in user/factors. An app's secret is stored only once a code of it was shown. */
#ifndef JETON_SESSION_SECOND_FACTOR_H
#define JETON_SESSION_SECOND_FACTOR_H
#include "context/problem.h"
#include "session/session.h"
#include "store/table/db_authenticator.h"
/* A secret that is offered to an authenticator app. */
struct second_factor_offer {
    str secret; /* base32, as it is typed, in groups of four */
    str uri;    /* otpauth://totp/… (Google's key URI format), for the QR code */
    str state;  /* to be brought back with a code: sealed, bound to this browser's session, good for SECOND_FACTOR_SECONDS */
};
enum { SECOND_FACTOR_SECONDS = 900, SECOND_FACTOR_NAME_MAX = 100 };
fallible second_factor_offer(struct context *ctx, const struct session *s, struct second_factor_offer *out);
/* The same offer once more, after a wrong code. STALE_FORM: another browser's, too old, or none. */
fallible second_factor_offer_again(struct context *ctx, const struct session *s, str state, struct second_factor_offer *out);
/* A code of the app: it is stored, the person's other sessions end, and this one has a second factor and a new cookie. INSUFFICIENT_AUTHENTICATION: the login is not fresh;
 * UNPROCESSABLE: what p says; STALE_FORM as above. */
struct second_factor_added {
    str state, name, code;
    str codes[DB_RECOVERY_CODES]; /* out: recovery codes, shown this once; absent when there were some already */
};
fallible second_factor_add(struct context *ctx, struct session *s, struct second_factor_added *added, struct problems *p);
/* Ten codes that replace all others, shown this once. INSUFFICIENT_AUTHENTICATION as above; UNPROCESSABLE: there is no second factor. */
fallible second_factor_recovery_make(struct context *ctx, const struct session *s, str codes[DB_RECOVERY_CODES]);
/* NOT_FOUND: no such authenticator of this person. INSUFFICIENT_AUTHENTICATION as above. */
fallible second_factor_remove(struct context *ctx, struct session *s, str id);
/* Is one missing that this server asks of everybody (setting second_factor)? */
bool second_factor_due(const struct context *ctx, const struct db_user *user);
/* What is stored of a code that somebody typed; false: it can be none. */
bool second_factor_recovery_hash(const struct db_user *user, str typed, struct token_hash *hash);
#endif
