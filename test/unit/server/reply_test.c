/* SPDX-License-Identifier: MIT
 * reply: an address keeps its shape, also when the request was refused before its row was looked for. */
#include "server/reply.h"
#include "fixture.h"

#include <criterion/criterion.h>

static const char *base = "";

static enum route_answers answers(const char *target, const char *path, const char *accept)
{
    struct http_header header = {STR("Accept"), str_of(accept)};
    struct exchange x = {.request = {.arena = fixture_arena(), .target = str_of(target), .path = str_of(path), .headers = &header, .header_count = 1}};
    static struct app app;
    app.authority.base = str_of(base);
    struct pipeline w = {.exchange = &x, .app = &app};
    return reply_answers(&w);
}

Test(shape, the_token_endpoint_never_answers_with_a_page)
{
    cr_expect_eq(answers("/oauth/token", "/oauth/token", "text/html"), OAUTH_JSON);
    cr_expect_eq(answers("/oauth/token", NULL, "text/html"), OAUTH_JSON);
    cr_expect_eq(answers("/oauth/token?x=1", NULL, "text/html"), OAUTH_JSON);
    cr_expect_eq(answers("/api/1.0/users/me", NULL, "text/html"), API_JSON);
    cr_expect_eq(answers("/api/1.0/nosuch", "/api/1.0/nosuch", "text/html"), API_JSON);
}

Test(shape, what_was_refused_at_the_door_keeps_its_shape_below_a_path_too)
{
    base = "/auth";
    cr_expect_eq(answers("/auth/oauth/token", NULL, "text/html"), OAUTH_JSON);
    cr_expect_eq(answers("/auth/api/1.0/nosuch", NULL, "text/html"), API_JSON);
    cr_expect_eq(answers("/auth/login", NULL, "application/json"), HTML);
    cr_expect_eq(answers("/oauth/token", NULL, "text/html"), OAUTH_JSON);
}

Test(shape, people_get_pages_and_programs_json_where_there_is_nothing)
{
    cr_expect_eq(answers("/nosuch", "/nosuch", "text/html"), HTML);
    cr_expect_eq(answers("/nosuch", "/nosuch", "application/json"), API_JSON);
    cr_expect_eq(answers("/oauth/nosuch", "/oauth/nosuch", "*/*"), OAUTH_JSON);
    cr_expect_eq(answers("/login", NULL, "application/json"), HTML);
}
