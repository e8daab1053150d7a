/* SPDX-License-Identifier: MIT
 * Claims about the phases of a request: each asks the row, and nothing gets past a row that does not fit. */
#include "server/phase.h"
#include "fixture.h"
#include "session/csrf.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static struct exchange x;
static struct app app;
static struct route row;

static err nothing(struct call *c)
{
    (void)c;
    return OK;
}

static struct pipeline begun(void)
{
    static struct authority authority;
    static struct arena *memory;
    memory = memory != NULL ? memory : fixture_arena();
    x = (struct exchange){.request = {.arena = memory, .method = HTTP_GET, .method_name = STR("GET"), .target = STR("/x"), .path = STR("/x")}};
    authority.issuer_origin = authority.issuer = STR(FIXTURE_ISSUER);
    authority.keeper = authority.keeper != NULL ? authority.keeper : fixture_keeper(fixture_directory());
    row = (struct route){HTTP_GET, "/x", ANYONE, NOTHING, HTML, READ, nothing, NULL, NULL, AS_FILE};
    struct pipeline w = {.exchange = &x, .app = &app, .route = &row};
    w.call.request = &x.request;
    w.context.authority = &authority;
    w.context.arena = x.request.arena;
    return w;
}

#define EXPECT(kind_, call_)                                                                \
    do {                                                                                    \
        err e_ = (call_);                                                                   \
        cr_expect_eq(e_.kind, ERR_##kind_, "%s: %s %s", #call_, err_code(e_), err_why(e_)); \
    } while (0)

Test(phase_limit, parameters_come_from_where_the_row_says)
{
    struct pipeline w = begun();
    x.request.query = STR("a=1");
    row.takes = NOTHING;
    EXPECT(OK, phase_limit(&w));
    cr_expect_not(form_has(&w.call.form, "a"));
    row.takes = QUERY;
    EXPECT(OK, phase_limit(&w));
    cr_expect(str_is(form_get(&w.call.form, "a"), "1"));
    w = begun();
    x.request.method = HTTP_POST;
    x.request.query = STR("a=1");
    x.request.body = STR("a=2");
    x.request.body_kind = HTTP_BODY_FORM;
    row.takes = QUERY_OR_FORM; /* AZ-03 */
    EXPECT(INVALID_REQUEST, phase_limit(&w));
    x.request.query = STR_ABSENT;
    EXPECT(OK, phase_limit(&w));
    cr_expect(str_is(form_get(&w.call.form, "a"), "2"));
    row.takes = JSON_BODY;
    EXPECT(UNSUPPORTED_MEDIA, phase_limit(&w));
    row.takes = ROUTE_TAKES_UNSET;
    EXPECT(SERVER_ERROR, phase_limit(&w));
}

Test(phase_describe, one_proof_at_the_most)
{
    struct pipeline w = begun();
    struct http_header headers[] = {{STR("DPoP"), STR("a")}, {STR("dpop"), STR("b")}};
    x.request.headers = headers;
    x.request.header_count = 1;
    EXPECT(OK, phase_describe(&w));
    cr_expect(str_is(w.context.dpop, "a"));
    cr_expect(str_is(w.context.url, FIXTURE_ISSUER "/x"));
    x.request.header_count = 2;
    EXPECT(INVALID_DPOP_PROOF, phase_describe(&w)); /* RFC 9449 4.3 */
}

Test(phase_authenticate, a_row_that_says_nothing_lets_nobody_in)
{
    struct pipeline w = begun();
    EXPECT(OK, phase_authenticate(&w));
    row.who = ROUTE_WHO_UNSET;
    EXPECT(SERVER_ERROR, phase_authenticate(&w));
    EXPECT(SERVER_ERROR, phase_authorize(&w));
}

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
