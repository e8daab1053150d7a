/* SPDX-License-Identifier: MIT
 * authorize: the authorization request (RFC 6749 4.1.1; OpenID Connect Core 3.1.2.1) in two steps: before the redirect URI is trusted an
 * error is a page (authorize_read), after it an error is a response to the client (authorize_check). Then the person's part: what must be
 * shown, and what their answer makes of it. Nothing is stored before the answer but what the client pushed itself: the pending consent
 * travels sealed in the page's form, bound to the session.
 *
 *   authorize_read ─▶ authorize_check ─▶ authorize_next ─┬▶ AUTHORIZE_LOGIN: log in, come back with the same request and a ticket
 *                                                        ├▶ AUTHORIZE_CHANGE: the person must choose a new password first
 *                                                        ├▶ AUTHORIZE_ENROL: the person must add a second factor first
 *                                                        ├▶ AUTHORIZE_SELECT: who is it? Come back with a ticket, or by way of a login
 *                                                        ├▶ AUTHORIZE_ASK: consent page with authorize_pend's text
 *                                                        └▶ AUTHORIZE_ANSWER: authorize_allow (nothing to ask)
 *   consent form ─▶ authorize_resume ─▶ authorize_allow / authorize_deny ─▶ response
 *   any failure after authorize_read ─▶ authorize_may_tell ─┬▶ authorize_refuse ─▶ response
 *                                                           └▶ log in, come back with the same request, and then the response
 *   POST /oauth/par: authorize_take ─▶ authorize_check ─▶ kept by authorize/pushed, found again by authorize_read
 */
#ifndef JETON_AUTHORIZE_AUTHORIZE_H
#define JETON_AUTHORIZE_AUTHORIZE_H
#include "codec/form.h"
#include "authorize/redirect.h"
#include "session/session.h"
enum { AUTHORIZE_STATE_MAX = 2048, AUTHORIZE_NONCE_MAX = 1024 };
/* Where the parameters come from: the browser; the browser, signed by the client; the client itself. */
enum authorize_source { AUTHORIZE_PLAIN = 0, AUTHORIZE_SIGNED, AUTHORIZE_PUSHED };
struct authorize_request {
    const struct db_client *client;
    struct form parameters; /* that count: those of the request, its request object, or what was pushed */
    enum authorize_source source;
    bool arriving; /* at the PAR endpoint */
    bool signed_object;
    int64_t pushed;        /* number of the pushed request; 0: none */
    err broken;            /* the request object, the state, a parameter that came twice: told like any failure, once the way back is known */
    str redirect_uri;      /* matched: where the answer goes */
    str redirect_uri_sent; /* as asked; absent when left out */
    enum redirect_mode mode;
    str state, scope, challenge, login_hint;
    str resources; /* words (scope/resource); absent: this server alone */
    str nonce;
    str claims, claims_scopes; /* claims_request */
    str details;               /* authorization_details (RFC 9396) */
    str jkt;                   /* key that the code is bound to (RFC 9449 10); absent: any */
    str subjects[2];           /* the person that it must be: of id_token_hint, of claims; absent: any */
    bool prompt_none, prompt_login, prompt_consent, prompt_select;
    int64_t max_age;               /* -1: none */
    str acr_essential, acr_wished; /* words, as in struct assurance_need */
    str login_ticket;              /* authorize_ticket's text, when the request comes back from a page of ours; absent: first time */
    bool assumed_code;             /* compat processmaker: response_type was missing */
};
/* Client and redirect URI. Failures are pages for people (AZ-01, RU-06). May fetch a request object. */
fallible authorize_read(struct context *ctx, const struct form *f, struct authorize_request *out);
/* The same for a client that is known, at the PAR endpoint. */
fallible authorize_take(struct context *ctx, const struct db_client *client, const struct form *f, struct authorize_request *out);
/* All else; failures may be told to the client (AZ-02..AZ-16). out->scope becomes what is granted at most. out->mode is set first. */
fallible authorize_check(struct context *ctx, const struct form *f, struct authorize_request *request);
enum authorize_step { AUTHORIZE_LOGIN = 1, AUTHORIZE_SELECT, AUTHORIZE_CHANGE, AUTHORIZE_ENROL, AUTHORIZE_ASK, AUTHORIZE_ANSWER };
/* Must the person be asked about this request? */
fallible authorize_consent_due(struct context *ctx, const struct authorize_request *request, const struct session *s, bool *due);
/* What must happen now for this browser; LOGIN_REQUIRED / CONSENT_REQUIRED for prompt=none (to be told). */
fallible authorize_next(struct context *ctx, const struct authorize_request *request, const struct session *s, enum authorize_step *step);
/* Must the person who logs in be another than the one who is here? */
bool authorize_other_user(struct context *ctx, const struct authorize_request *request, const struct session *s);
/* Goes along to the login page and back in `login_ticket`: proves that a password was given after it was made, by a browser whose
 * cookie has changed since (AZ-12, AZ-13), and that a pushed request was begun in time. */
fallible authorize_ticket(struct context *ctx, const struct authorize_request *request, const struct session *s, str *ticket);
/* Stands in the account page's button alone: proves that the person at this browser session pressed it. */
fallible authorize_choice(struct context *ctx, const struct authorize_request *request, const struct session *s, str *ticket);
/* The request sealed for the consent form: single use, bound to the session's cookie, 10 minutes (AZ-24, AZ-25, CO-03). */
fallible authorize_pend(struct context *ctx, const struct authorize_request *request, const struct session *s, str *pending);
struct authorize_pending {
    struct authorize_request request;
    str once_id; /* taken with the answer: a second answer is CONFLICT */
    bool asked;  /* a person saw the page and said yes: only then is it remembered as agreed to */
};
fallible authorize_resume(struct context *ctx, str pending, const struct session *s, struct authorize_pending *out);
/* Makes grant and code, ends the pushed request, remembers the consent where that is allowed (CO-01); the response carries code, state, iss. */
fallible authorize_allow(struct context *ctx, const struct authorize_pending *pending, const struct session *s, struct redirect_sent *out);
fallible authorize_deny(struct context *ctx, const struct authorize_pending *pending, const struct session *s, struct redirect_sent *out);
/* May this failure be told to the client now, or must somebody log in first? (AZ-21) */
bool authorize_may_tell(const struct authorize_request *request, const struct session *s, err why);
/* The response that tells it; ends a pushed request (PR-01). */
fallible authorize_refuse(struct context *ctx, const struct authorize_request *request, err why, struct redirect_sent *out);
#endif
