/* SPDX-License-Identifier: MIT
 * phase_authorize: each row is asked who may, and nothing gets past one that does not fit. */
#include "server/begun.h"
#include "session/csrf.h"

#include "base/banned.h"

static enum err_kind page(enum route_who who, struct db_user *user)
{
    struct pipeline w = begun();
    row = (struct route){HTTP_GET, "/x", who, QUERY, HTML, READ, nothing, NULL, NULL, AS_PAGE};
    w.call.session.user = user;
    return phase_authorize(&w).kind;
}

Test(phase_authorize, a_persons_page_asks_who_and_whether)
{
    struct db_user plain = {.number = 1}, due = {.number = 2, .must_change_password = true}, admin = {.number = 3, .admin = true},
                   some = {.number = 4, .permissions = STR("view-users")}, due_admin = {.number = 5, .admin = true, .must_change_password = true};
    cr_expect_eq(page(BROWSER, NULL), ERR_OK);
    cr_expect_eq(page(USER, NULL), ERR_LOGIN_REQUIRED);
    cr_expect_eq(page(USER_DUE, NULL), ERR_LOGIN_REQUIRED);
    cr_expect_eq(page(ADMIN, NULL), ERR_LOGIN_REQUIRED);
    cr_expect_eq(page(USER, &plain), ERR_OK);
    cr_expect_eq(page(USER, &due), ERR_PASSWORD_DUE); /* LS-14 */
    cr_expect_eq(page(USER_DUE, &due), ERR_OK);
    cr_expect_eq(page(BROWSER, &due), ERR_OK);
    cr_expect_eq(page(ADMIN, &plain), ERR_INSUFFICIENT_SCOPE); /* AD-01 */
    cr_expect_eq(page(ADMIN, &some), ERR_OK);
    cr_expect_eq(page(ADMIN, &admin), ERR_OK);
    cr_expect_eq(page(ADMIN, &due_admin), ERR_PASSWORD_DUE);
}

Test(phase_authorize, a_form_carries_the_token_of_its_browser) /* LS-06 */
{
    struct db_user user = {.number = 1};
    struct pipeline w = begun();
    row = (struct route){HTTP_POST, "/x", USER, FORM, HTML, READ, nothing, NULL, NULL, AS_FORM};
    x.request.method = HTTP_POST;
    x.request.body_kind = HTTP_BODY_FORM;
    w.call.session.user = &user;
    w.call.session.cookie = STR("cookie");
    x.request.body = STR("a=1");
    EXPECT(OK, phase_limit(&w));
    cr_expect_neq(phase_authorize(&w).kind, ERR_OK);
    x.request.body = str_format(x.request.arena, "csrf=%.*s", STR_FMT(csrf_token(&w.context, &w.call.session)));
    EXPECT(OK, phase_limit(&w));
    EXPECT(OK, phase_authorize(&w));
    w.call.session.cookie = STR("another");
    cr_expect_neq(phase_authorize(&w).kind, ERR_OK);
    row.csrf = CSRF_CROSS_SITE; /* LS-09 */
    EXPECT(OK, phase_authorize(&w));
}

Test(phase_authorize, a_token_gets_in_by_what_it_reaches) /* AD-02 */
{
    static const struct db_client client = {.number = 1};
    struct pipeline w = begun();
    row = (struct route){HTTP_GET, "/x", BEARER, NOTHING, API_JSON, READ, nothing, NULL, "view-users edit-users", AS_API};
    w.call.actor = (struct actor){.kind = ACTOR_CLIENT, .way = ACTOR_BY_TOKEN, .client = &client, .scope = STR("view-scopes")};
    EXPECT(INSUFFICIENT_SCOPE, phase_authorize(&w));
    w.call.actor.scope = STR("view-scopes edit-users");
    EXPECT(OK, phase_authorize(&w));
    w.call.actor.scope = STR("view-users-not");
    EXPECT(INSUFFICIENT_SCOPE, phase_authorize(&w));
    row.reach = ROUTE_REACH_ANY;
    EXPECT(OK, phase_authorize(&w));
    row.reach = ROUTE_REACH_FULL;
    EXPECT(INSUFFICIENT_SCOPE, phase_authorize(&w));
}
