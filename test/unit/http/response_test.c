/* SPDX-License-Identifier: MIT */
#include "http/http.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

static struct response r;

static void begin(void)
{
    r = (struct response){.arena = arena_new(1 << 20)};
}

static void end(void)
{
    arena_release(r.arena);
}

TestSuite(response, .init = begin, .fini = end);

Test(response, a_header_cannot_be_split)
{
    for (int c = 0; c < 256; c++) {
        char bytes[3] = {'a', (char)c, 'b'};
        err e = response_header(&r, "X", (str){bytes, 3});
        cr_expect_eq(e.kind, c < 0x20 || c == 0x7f ? ERR_SERVER_ERROR : ERR_OK, "byte %d", c);
        r.header_count = 0;
    }
    static const char *const names[] = {"", "a b", "a:", "a\r\nb", "a\xff"};
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(response_header(&r, names[i], STR("v")).kind, ERR_SERVER_ERROR);
    cr_expect_eq(response_header(&r, "X", STR_ABSENT).kind, ERR_SERVER_ERROR);
    cr_expect_eq(r.header_count, 0);
}

Test(response, the_table_of_headers_has_an_end)
{
    for (int i = 0; i < 24; i++)
        cr_assert_eq(response_header(&r, "X", STR("v")).kind, ERR_OK);
    cr_expect_eq(response_header(&r, "X", STR("v")).kind, ERR_SERVER_ERROR);
    cr_expect_eq(r.header_count, 24);
}

Test(response, values_are_copied_and_end_in_nul)
{
    char text[] = "value";
    cr_assert_eq(response_header(&r, "X", (str){text, 3}).kind, ERR_OK);
    memset(text, 'z', 5);
    cr_expect_str_eq(r.headers[0].value.p, "val");
}

static const char *cookie(const char *name, const char *value, struct response_cookie_rule rule)
{
    r.header_count = 0;
    return FAILED(response_cookie(&r, str_of(name), str_of(value), &rule)) ? NULL : r.headers[0].value.p;
}

Test(response, cookies_are_always_lax_and_http_only)
{
    cr_expect_str_eq(cookie("a", "b", (struct response_cookie_rule){false, 0, STR_ABSENT}), "a=b; Path=/; HttpOnly; SameSite=Lax");
    cr_expect_str_eq(cookie("__Host-a", "b", (struct response_cookie_rule){true, 60, STR_ABSENT}),
                     "__Host-a=b; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
    cr_expect_str_eq(cookie("a", "", (struct response_cookie_rule){false, -1, STR_ABSENT}), "a=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}

Test(response, a_cookie_may_be_for_a_path_alone)
{
    cr_expect_str_eq(cookie("__Secure-a", "b", (struct response_cookie_rule){true, 0, STR("/auth")}),
                     "__Secure-a=b; Path=/auth; HttpOnly; SameSite=Lax; Secure");
    cr_expect_null(cookie("__Secure-a", "b", (struct response_cookie_rule){false, 0, STR("/auth")}));
    cr_expect_null(cookie("__Host-a", "b", (struct response_cookie_rule){true, 0, STR("/auth")}));
    cr_expect_null(cookie("a", "b", (struct response_cookie_rule){true, 0, STR("/au;th")}));
    cr_expect_null(cookie("a", "b", (struct response_cookie_rule){true, 0, STR("auth")}));
}

Test(response, a_cookie_that_cannot_be_spelled_is_refused)
{
    static const char *const values[] = {"a;b", "a b", "a,b", "\"a\"", "a\\b", "a\r\n", "\xc3\xa9", NULL};
    for (size_t i = 0; i < 8; i++)
        cr_expect_null(cookie("a", values[i], (struct response_cookie_rule){true, 0, STR_ABSENT}));
    cr_expect_null(cookie("a=b", "c", (struct response_cookie_rule){true, 0, STR_ABSENT}));
    cr_expect_null(cookie("__Host-a", "c", (struct response_cookie_rule){false, 0, STR_ABSENT}));
}

Test(response, a_redirect_is_303_without_a_body)
{
    response_body(&r, 200, "text/html", STR("x"));
    cr_expect_eq(response_redirect(&r, STR("/a\r\nX: y")).kind, ERR_SERVER_ERROR);
    cr_assert_eq(response_redirect(&r, STR("https://c.example/cb?code=x")).kind, ERR_OK);
    cr_expect_eq(r.status, 303);
    cr_expect_eq(r.body.n, 0);
    cr_expect_not(str_present(r.content_type));
}
