/* SPDX-License-Identifier: MIT
 * authorize: the authorization request (RFC 6749 4.1.1) in two steps: before the redirect URI is trusted an error is a page
 * (authorize_read), after it an error is a redirect (authorize_check). Then the person's part: what must be shown, and what their
 * answer makes of it. Nothing is stored before the answer: the pending consent travels sealed in the page's form, bound to the session.
 *
 *   authorize_read ─▶ authorize_check ─▶ authorize_next ─┬▶ AUTHORIZE_LOGIN: log in, come back with the same request
 *                                                        ├▶ AUTHORIZE_ASK: consent page with authorize_pend's text
 *                                                        └▶ AUTHORIZE_ANSWER: authorize_allow (nothing to ask)
 *   consent form ─▶ authorize_resume ─▶ authorize_allow / authorize_deny ─▶ Location
 */
#ifndef JETON_GRANT_AUTHORIZE_H
#define JETON_GRANT_AUTHORIZE_H
#include "codec/form.h"
#include "grant/redirect.h"
#include "session/session.h"
enum { AUTHORIZE_STATE_MAX = 2048 };
struct authorize_request {
    const struct db_client *client;
    str redirect_uri;      /* matched: where the answer goes */
    str redirect_uri_sent; /* as asked; absent when left out */
    str state, scope, resource, challenge, challenge_method, login_hint;
    bool prompt_none, prompt_login, prompt_consent;
    int64_t max_age;       /* -1: none */
    str login_ticket;      /* authorize_ticket's text, when the request comes back from the login page; absent: first time */
    bool assumed_code;     /* compat processmaker: response_type was missing */
};
/* Client and redirect URI. Failures are pages for people (AZ-01, RU-06). */
fallible authorize_read(struct ground *g, const struct form *f, struct authorize_request *out);
/* All else; failures may be redirected with redirect_location (AZ-02..AZ-16). out->scope becomes what is granted at most. */
fallible authorize_check(struct ground *g, const struct form *f, struct authorize_request *request);
enum authorize_step { AUTHORIZE_LOGIN = 1, AUTHORIZE_ASK, AUTHORIZE_ANSWER };
/* What must happen now for this browser; LOGIN_REQUIRED / CONSENT_REQUIRED for prompt=none (to be redirected). */
fallible authorize_next(struct ground *g, const struct authorize_request *request, const struct session *s, enum authorize_step *step);
/* Goes along to the login page and back in `login_ticket`: proves that a password was given after it was made, by a browser whose
 * cookie has changed since (AZ-12, AZ-13). */
fallible authorize_ticket(struct ground *g, const struct session *s, str *ticket);
/* The request sealed for the consent form: single use, bound to the session's cookie, 10 minutes (AZ-24, AZ-25, CO-03). */
fallible authorize_pend(struct ground *g, const struct authorize_request *request, const struct session *s, str *pending);
struct authorize_pending {
    struct authorize_request request;
    str once_id; /* taken with the answer: a second answer is CONFLICT */
    bool asked;  /* a person saw the page and said yes: only then is it remembered as agreed to */
};
fallible authorize_resume(struct ground *g, str pending, const struct session *s, struct authorize_pending *out);
/* Makes grant and code, remembers the consent where that is allowed (CO-01); *location carries code, state, iss. */
fallible authorize_allow(struct ground *g, const struct authorize_pending *pending, const struct session *s, str *location);
fallible authorize_deny(struct ground *g, const struct authorize_pending *pending, const struct session *s, str *location);
#endif
