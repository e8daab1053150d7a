/* SPDX-License-Identifier: MIT
 * route: what a path means below an issuer's path. */
#include "server/route.h"

#include "fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

Test(route, a_path_is_taken_below_the_issuers_path_and_as_it_stands)
{
    static const struct {
        const char *base, *path, *local;
    } cases[] = {
        {"", "/oauth/token", "/oauth/token"},
        {"", "/auth/oauth/token", "/auth/oauth/token"},
        {"/auth", "/auth/oauth/token", "/oauth/token"},
        {"/auth", "/oauth/token", "/oauth/token"},
        {"/auth", "/auth", "/"},
        {"/auth", "/auth/", "/"},
        {"/auth", "/authx/oauth/token", "/authx/oauth/token"},
        {"/auth", "/auth/nowhere", "/nowhere"},
        {"/auth", "/auth/auth/oauth/token", "/auth/oauth/token"},
        {"/a/b", "/a/b/admin/clients/x", "/admin/clients/x"},
        {"/a/b", "/b/admin", "/b/admin"},
        {"/oauth", "/oauth/oauth/token", "/oauth/token"},
        {"/oauth", "/oauth/token", "/oauth/token"},
        {"/auth", "/.well-known/openid-configuration/auth", "/.well-known/openid-configuration"},
        {"/auth", "/.well-known/openid-configuration", "/.well-known/openid-configuration"},
        {"/auth", "/auth/.well-known/openid-configuration", "/.well-known/openid-configuration"},
        {"/auth", "/.well-known/oauth-authorization-server/other", "/.well-known/oauth-authorization-server/other"},
        {"/auth", "/.well-known/oauth-authorization-server/authx", "/.well-known/oauth-authorization-server/authx"},
        {"/a/b", "/.well-known/oauth-protected-resource/a/b/api/1.0", "/.well-known/oauth-protected-resource/api/1.0"},
    };
    struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        str local = route_local(a, str_of(cases[i].base), str_of(cases[i].path));
        cr_expect(str_is(local, cases[i].local), "%s %s: %.*s", cases[i].base, cases[i].path, STR_FMT(local));
    }
    arena_release(a);
}

Test(route, probes_alone_answer_any_name)
{
    for (size_t i = 0; i < route_count; i++) {
        bool health = str_starts(str_of(route_table[i].path), STR("/health/")), figures = str_is(str_of(route_table[i].path), "/metrics");
        cr_expect_eq(route_table[i].who == PROBE, health, "%s", route_table[i].path);
        cr_expect_eq(route_table[i].who == METER, figures, "%s", route_table[i].path);
        cr_expect_eq(route_table[i].names == NAMES_ANY, health, "%s", route_table[i].path);
        cr_expect_eq(route_table[i].names == NAMES_OWN_OR_ADDRESS, figures, "%s", route_table[i].path);
    }
}

Test(route, every_row_says_everything)
{
    for (size_t i = 0; i < route_count; i++)
        cr_expect_null(route_hole(&route_table[i]), "%s: %s", route_table[i].path, route_hole(&route_table[i]));
}

#define HOLE(column_, change_)                                                                                        \
    do {                                                                                                              \
        struct route row = page;                                                                                      \
        row.change_;                                                                                                  \
        const char *hole = route_hole(&row);                                                                          \
        cr_expect(hole != NULL && str_is(str_of(hole), #column_), "%s: %s", #change_, hole != NULL ? hole : "whole"); \
    } while (0)

static err nothing(struct call *c)
{
    (void)c;
    return OK;
}

Test(route, who_may_call_is_told_by_a_cookie_by_client_authentication_or_by_neither)
{
    static const enum route_who cookie[] = {BROWSER, USER, USER_DUE, ADMIN}, client[] = {CLIENT, CLIENT_OF_GRANT},
                                neither[] = {ROUTE_WHO_UNSET, ANYONE, BEARER, PROBE, METER};
    for (size_t i = 0; i < sizeof cookie / sizeof *cookie; i++)
        cr_expect(route_of_browser(&(struct route){.who = cookie[i]}) && !route_of_client(&(struct route){.who = cookie[i]}));
    for (size_t i = 0; i < sizeof client / sizeof *client; i++)
        cr_expect(route_of_client(&(struct route){.who = client[i]}) && !route_of_browser(&(struct route){.who = client[i]}));
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++)
        cr_expect(!route_of_client(&(struct route){.who = neither[i]}) && !route_of_browser(&(struct route){.who = neither[i]}));
}

Test(route, a_row_with_a_hole_is_named_by_its_column)
{
    const struct route page = {HTTP_POST, "/x", USER, FORM, HTML, READ, nothing, NULL, NULL, AS_FORM};
    cr_assert_null(route_hole(&page));
    HOLE(method, method = HTTP_OTHER);
    HOLE(path, path = NULL);
    HOLE(path, path = "x");
    HOLE(who, who = ROUTE_WHO_UNSET);
    HOLE(takes, takes = ROUTE_TAKES_UNSET);
    HOLE(answers, answers = ROUTE_ANSWERS_UNSET);
    HOLE(pool, pool = ROUTE_POOL_UNSET);
    HOLE(handler, handler = NULL);
    HOLE(choose, pool = CHOOSE);
    HOLE(reach, reach = ROUTE_REACH_ANY);
    HOLE(csrf, csrf = ROUTE_CSRF_UNSET);
    HOLE(csrf, csrf = CSRF_READS);     /* a form is no GET */
    HOLE(csrf, csrf = CSRF_NO_COOKIE); /* a person's cookie counts here */
    HOLE(csrf, method = HTTP_GET);
    HOLE(cors, cors = ROUTE_CORS_UNSET);
    HOLE(cors, cors = CORS_ANY); /* what is a person's own is nobody else's */
    HOLE(challenge, challenge = ROUTE_CHALLENGE_UNSET);
    HOLE(challenge, challenge = CHALLENGE_BASIC);
    HOLE(proof, proof = ROUTE_PROOF_UNSET);
    HOLE(proof, proof = PROOF_SHOWN);
    HOLE(names, names = ROUTE_NAMES_UNSET);
}

static bool one_of(const char *path, const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(str_of(path), paths[i]))
            return true;
    return false;
}

/* Each of these is a decision: a row that joins them has to be written here too. */
Test(route, exceptions_are_these_and_no_others)
{
    static const char *const cross_site[] = {"/oauth/authorize", "/oauth/logout"}, *const unread[] = {"/oauth/introspect"},
                             *const binding[] = {"/oauth/token", "/oauth/par"}, *const unnamed[] = {"/oauth/token"};
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &route_table[i];
        bool data = r->answers == OAUTH_JSON || r->answers == API_JSON;
        cr_expect_eq(r->csrf == CSRF_CROSS_SITE, r->method == HTTP_POST && one_of(r->path, cross_site, 2), "%s", r->path); /* LS-06, LS-09 */
        cr_expect_eq(data && r->cors == CORS_NONE, one_of(r->path, unread, 1), "%s", r->path);                             /* IR-10 */
        cr_expect_eq(r->proof == PROOF_BINDS, one_of(r->path, binding, 2), "%s", r->path);
        cr_expect_eq(r->who == CLIENT_OF_GRANT, one_of(r->path, unnamed, 1), "%s", r->path);
        cr_expect(r->answers != HTML || r->cors == CORS_NONE, "%s", r->path);
        cr_expect_eq(r->challenge == CHALLENGE_BEARER_API, r->who == BEARER && r->answers == API_JSON, "%s", r->path);
        cr_expect(r->who != ADMIN || str_starts(str_of(r->path), STR("/admin")), "%s", r->path);
        cr_expect(r->pool != INLINE || r->who != ADMIN, "%s", r->path);
        cr_expect(!str_starts(str_of(r->path), STR("/admin")) || r->who == ADMIN, "%s", r->path);
    }
}

/* The row's path with `x` for each {}. */
static str path_of(struct arena *a, const struct route *row)
{
    struct buf b = buf_new(a, 256);
    str text;
    for (const char *p = row->path; *p != '\0'; p++) {
        if (*p != '{') {
            buf_char(&b, *p);
            continue;
        }
        buf_char(&b, 'x');
        p = strchr(p, '}');
    }
    cr_assert_eq(buf_done(&b, &text).kind, ERR_OK);
    return text;
}

/* Whole rows are looked for first, so none that the table hides behind one with {} may be found, and none with {} hides a whole one. */
Test(route, each_row_is_found_by_its_path_and_method_alone)
{
    struct arena *a = fixture_arena();
    str parameters[3];
    unsigned methods;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *row = &route_table[i];
        str path = path_of(a, row);
        cr_expect_eq(route_find(row->method, path, parameters, &methods), row, "%s", row->path);
        cr_expect_eq(str_present(parameters[0]), strchr(row->path, '{') != NULL, "%s", row->path);
        cr_expect_null(route_find(HTTP_OTHER, path, parameters, &methods));
        cr_expect((methods & row->method) != 0, "%s", row->path);
        for (size_t n = 1; n < path.n; n++) {
            const struct route *shorter = route_find(row->method, (str){path.p, n}, parameters, &methods);
            cr_expect(shorter == NULL || strlen(shorter->path) <= n || strchr(shorter->path, '{') != NULL, "%s up to %zu", row->path, n);
        }
        cr_expect_null(route_find(row->method, str_format(a, "%.*s/", STR_FMT(path)), parameters, &methods), "%s", row->path);
    }
    cr_expect_null(route_find(HTTP_GET, str_format(a, "/%0300d", 1), parameters, &methods));
    cr_expect(methods == 0 && route_find_any(STR("/no/such")) == NULL && route_find_any(STR("")) == NULL);
}
