/* SPDX-License-Identifier: MIT
 * login: is this the person? The one place that judges proofs; the page, the password grant and changes of a password all call it, so they obey
 * the same rules (LS-16): throttle by account and address counted before each step (RL-01), known devices apart (RL-02), one answer and one
 * time for unknown, wrong, blocked (LS-11), steps until nothing is missing (session/assurance). A password takes ~50 ms: HASH pool. */
#ifndef JETON_SESSION_LOGIN_H
#define JETON_SESSION_LOGIN_H
#include "session/assurance.h"
#include "session/session.h"
struct login_result;
struct login_try {                 /* one step */
    str username, proof;           /* username: as typed; with the setting login_with_email also a verified address. Of a first step alone */
    const char *event;             /* "login", "password_grant" or "password_change": the name in the audit trail */
    str client_id;                 /* absent on the page */
    str with;                      /* name of an authenticator; absent: password */
    str state;                     /* what the step before handed out; absent: a first step */
    const struct session *session; /* of the browser, which the state is bound to; NULL: there is none */
    str essential, wished;         /* levels, as in struct assurance_need */
    bool alone;                    /* this step proves what it must by itself: a session stands behind it, or the client may (password_grant_single_factor) */
    const struct assurance_rules *rules; /* NULL: assurance_usual */
    /* What begins with this login, in the transaction that settles it: all of it happens or nothing. It may run again, so it sets what it puts out. NULL: nothing. */
    err (*begins)(struct context *ctx, const struct login_result *login, void *context);
    void *context; /* of begins */
};
struct login_result {
    struct db_user *user; /* NULL until nothing is missing */
    int64_t retry_after;  /* seconds; set when THROTTLED */
    str amr, acr;         /* of this login, with user */
    bool step_up;         /* it stands on what the session had proved before: what is new is the step, not the login */
    const char *wrong;    /* set when INVALID_GRANT: what a page says of this step's proof */
    str state, offers;    /* user NULL and no error: bring state to a step with one of these authenticators (words) */
};
/* INVALID_GRANT: wrong (say: "The username or password is wrong."), or more is needed than there is a way for; THROTTLED: too many tries;
 * STALE_FORM: state of another browser or too old; CONFLICT: this login has come to its end before; INVALID_REQUEST: a step that may not stand
 * here; UNAVAILABLE: store. */
fallible login_check(struct context *ctx, const struct login_try *attempt, struct login_result *out);
/* Is this the person's password? A login without a session: the same counters, answers, time and events (password_change.ok, .failed). For
 * struct user_password_change. */
fallible login_prove(struct context *ctx, const struct db_user *user, str password, int64_t *retry_after);
/* Judging a password takes long: was the person blocked, removed or given another password since `judged` was read (LS-05)? Asks the
 * store, never a cache. */
fallible login_overtaken(struct context *ctx, const struct db_user *judged, bool *overtaken);
#endif
