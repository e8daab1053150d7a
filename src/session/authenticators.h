/* SPDX-License-Identifier: MIT
 * authenticators: the judges of the table in assurance.c, and what they are given. Private to session/. */
#ifndef JETON_SESSION_AUTHENTICATORS_H
#define JETON_SESSION_AUTHENTICATORS_H
#include "session/assurance.h"
#include "session/login.h"
/* A login on its way (login.c): what one step is judged by. */
struct login_trial {
    struct context *ctx;
    const struct login_try *attempt;
    const struct assurance_rules *rules;
    const struct authenticator *row;
    struct db_user *user; /* NULL: no such person */
    str account, address; /* keys of the counters; address absent when the caller has none or needs none */
    str counted;          /* one of them, that this step was counted by; absent: by none yet */
    bool known_device;
    bool step_up; /* builds on what the browser's session has proved before */
    bool partial; /* it stands alone where other logins ask for more: it must not excuse wrong guesses at that */
    unix_time begun;
    int64_t steps; /* counted before this one, in this login, at this address */
    str place;     /* where they were counted (login_count_place); absent: nowhere yet */
    str amr;       /* words of the steps that were proved; absent: none */
    str id;        /* of the login, once it is sealed; absent before */
};
err authenticator_password(const struct login_trial *t, str *reason);
void authenticator_password_proved(const struct login_trial *t);
err authenticator_totp(const struct login_trial *t, str *reason);
err authenticator_recovery(const struct login_trial *t, str *reason);
#endif
