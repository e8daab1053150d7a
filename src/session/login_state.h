/* SPDX-License-Identifier: MIT
 * login_state: a login between two steps, sealed into the page's form and bound to the browser. No row. Private to session/. */
#ifndef JETON_SESSION_LOGIN_STATE_H
#define JETON_SESSION_LOGIN_STATE_H
#include "session/authenticators.h"
enum { LOGIN_STATE_SECONDS = 600 };
/* *text: of begun, user, steps, place, amr, id, and whether it is a step-up. */
fallible login_state_seal(const struct login_trial *t, str *text);
/* Fills them and the person. STALE_FORM: of another browser, too old, or the person has another password since. */
fallible login_state_open(struct login_trial *t);
#endif
