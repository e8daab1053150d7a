/* SPDX-License-Identifier: MIT
 * session: who is the human at this browser. One cookie: `__Host-jeton` (`__Secure-jeton-PATH` when the issuer
 * has a path, without either prefix when it is http on loopback). Before login it
 * holds a sealed random visit (no row: RL-06), after login a sealed session number and secret. A fresh one at every login
 * (LS-01); idle and absolute ends (LS-03). A second cookie, `__Host-jeton-device`, remembers that this person logged in here (RL-02). */
#ifndef JETON_SESSION_SESSION_H
#define JETON_SESSION_SESSION_H
#include "context/actor.h"
#include "session/assurance.h"
#include "store/table/db_session.h"
struct session {
    str cookie;             /* text of the cookie in force, which the CSRF token hangs on; never absent after session_find */
    bool fresh;             /* the cookie is new and must be set */
    struct db_session *row; /* NULL: nobody is logged in */
    struct db_user *user;   /* NULL likewise */
    struct actor actor;     /* NOBODY, or PERSON by session */
};
/* Names of the two cookies; absent when the arena fails. */
str session_cookie_name(struct arena *a, const struct authority *authority);
str session_device_cookie_name(struct arena *a, const struct authority *authority);
/* cookie absent, forged, ended, of a blocked person: a fresh visit. Store failure: UNAVAILABLE (never "not logged in"). */
fallible session_find(struct context *ctx, str cookie, struct session *out);
/* After a successful login: a new row, a new cookie; an older session of this browser ends as by logout. */
fallible session_begin(struct context *ctx, const struct db_user *user, str amr, struct session *s); /* amr: of the login */
/* The same in two steps. open is a transaction, or a part of the open one (that of a login: login_try.begins): who is logged in already has proved
 * it again (step_up: login_result). leave, once that stands: who was logged in here before, and is somebody else, is logged out. */
fallible session_open(struct context *ctx, const struct db_user *user, str amr, bool step_up, struct session *s);
fallible session_leave(struct context *ctx, const struct session *before, const struct session *now);
fallible session_reauthenticated(struct context *ctx, str amr, struct session *s); /* proved again: auth_time now, new cookie secret (LS-01) */
/* A new password was set at this browser, by the old one: the same, but who has shown a second factor still has. */
fallible session_password_set(struct context *ctx, struct session *s);
fallible session_stepped_up(struct context *ctx, str amr, struct session *s); /* the same, but the login is the one of before */
fallible session_end(struct context *ctx, struct session *s);                 /* logout: the row ends, a fresh visit follows */
/* What is missing at this browser for a request (session/assurance)? */
enum assurance_missing session_missing(const struct context *ctx, const struct session *s, const struct assurance_need *need);
bool session_recent(const struct context *ctx, const struct session *s); /* nothing is missing for a sensitive step: policy.reauthentication */
/* A short print of the cookie in force, for what must come back from the very same browser session; absent when the arena fails. */
str session_print(struct arena *a, const struct session *s);
/* Text of the device cookie for this person. */
fallible session_device_make(struct context *ctx, const struct db_user *user, str *text);
/* The rows that a person may see and end. */
fallible session_list(struct context *ctx, int64_t user_number, struct db_session **rows, size_t *count);
#endif
