/* SPDX-License-Identifier: MIT
 * phase_authorize: may they? Relies on the row's `who`, `csrf` and `reach` and on what phase_authenticate found; promises that no handler runs before
 * its row is satisfied. Whose things they are, and what each may do with them, the rules decide. */
#include "server/phase.h"
#include "session/second_factor.h"
#include "base/banned.h"

/* LS-06, by the row. */
static fallible check_csrf(struct pipeline *w)
{
    if (w->route->csrf != CSRF_TOKEN)
        return OK;
    const struct request *r = &w->exchange->request;
    struct csrf_claim claim = {
        .token = form_get(&w->call.form, "csrf"),
        .origin = request_field(r, HTTP_FIELD_ORIGIN),
        .fetch_site = request_header(r, "Sec-Fetch-Site"),
        .here = str_format(r->arena, "%s://%.*s", r->secure ? "https" : "http", STR_FMT(request_field(r, HTTP_FIELD_HOST))),
    };
    return csrf_check(&w->context, &w->call.session, &claim); /* LS-06 */
}

static fallible check_user(struct pipeline *w)
{
    const struct db_user *user = w->call.session.user;
    if (w->route->who != BROWSER && !user)
        FAIL(LOGIN_REQUIRED, "authorize: nobody is logged in");
    TRY(check_csrf(w));
    if ((w->route->who == USER || w->route->who == ADMIN) && user->must_change_password) /* LS-14 */
        FAIL(PASSWORD_DUE, "authorize: the person must change their password first");
    if ((w->route->who == USER || w->route->who == ADMIN) && second_factor_due(&w->context, user))
        FAIL(FACTOR_DUE, "authorize: the person must add a second factor first");
    if (w->route->who == ADMIN && !user->admin && !str_filled(user->permissions)) /* AD-01 */
        REFUSE(INSUFFICIENT_SCOPE, "This page is only for administrators.", "authorize: not an administrator");
    return OK;
}

/* AD-02: a token gets in by what it reaches, not by who its person is. */
static fallible check_reach(const struct pipeline *w)
{
    str word, words = str_of(w->route->reach);
    if (str_is(words, ROUTE_REACH_ANY))
        return OK;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (actor_reaches(&w->call.actor, word))
            return OK;
    FAIL(INSUFFICIENT_SCOPE, "authorize: the token's scope reaches nothing that this address asks for");
}

fallible phase_authorize(struct pipeline *w)
{
    switch (w->route->who) {
    case ANYONE:
    case PROBE:
    case METER:
    case CLIENT:
    case CLIENT_OF_GRANT:
        return OK;
    case BROWSER:
    case USER:
    case USER_DUE:
    case ADMIN:
        return check_user(w);
    case BEARER:
        return check_reach(w);
    case ROUTE_WHO_UNSET:
        break;
    }
    FAIL(SERVER_ERROR, "authorize: the row does not say who may call");
}
