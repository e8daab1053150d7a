/* SPDX-License-Identifier: MIT
 * login: is this the person? The one place that checks a password; the page and the password grant both call it, so they obey the same
 * rules (LS-16): throttle by account and address counted before the check (RL-01), known devices apart (RL-02), one answer and one
 * time for unknown, wrong, blocked (LS-11), upgrade of old hashes. Takes ~50 ms: hash lane. */
#ifndef JETON_SESSION_LOGIN_H
#define JETON_SESSION_LOGIN_H
#include "session/session.h"
struct login_try {
    str username, password; /* username: as typed; with the setting login_with_email also a verified address */
    const char *event; /* "login", "password_grant" or "password_change": the name in the audit trail */
    str client_id;     /* absent on the page */
};
struct login_result {
    struct db_user *user;  /* NULL unless it succeeded */
    int64_t retry_after;   /* seconds; set when THROTTLED */
};
/* INVALID_GRANT: wrong (say: "The username or password is wrong."); THROTTLED: too many tries; UNAVAILABLE: store. */
fallible login_check(struct ground *g, const struct login_try *attempt, struct login_result *out);
/* Is this the person's password? A login without a session: the same counters, answers, time and events (password_change.ok, .failed). For
 * struct user_password_change. */
fallible login_prove(struct ground *g, const struct db_user *user, str password, int64_t *retry_after);
/* Judging a password takes long: was the person blocked, removed or given another password since `judged` was read (LS-05)? Asks the
 * store, never a cache. */
fallible login_overtaken(struct ground *g, const struct db_user *judged, bool *overtaken);
#endif
