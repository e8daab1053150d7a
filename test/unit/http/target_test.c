/* SPDX-License-Identifier: MIT */
#include "http/target.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}

static void close_arena(void)
{
    arena_release(a);
}

TestSuite(target, .init = open_arena, .fini = close_arena);

Test(target, path_and_query_come_apart)
{
    static const struct {
        const char *raw, *path, *query;
    } cases[] = {
        {"/", "/", NULL},
        {"/a", "/a", NULL},
        {"/a/", "/a/", NULL},
        {"/a?", "/a", ""},
        {"/a?b=c?d", "/a", "b=c?d"},
        {"/%61%2d", "/a-", NULL},
        {"/a%20b", "/a b", NULL},
        {"/a+b", "/a+b", NULL},
        {"/%c3%a9", "/\xc3\xa9", NULL},
        {"/%2561", "/%61", NULL},
        {"/a?%zz&//..", "/a", "%zz&//.."},
        {"/...", "/...", NULL},
        {"/a.b/.well-known", "/a.b/.well-known", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        str path, query;
        cr_assert_eq(target_parse(a, str_of(cases[i].raw), &path, &query).kind, ERR_OK, "%s", cases[i].raw);
        cr_expect(str_is(path, cases[i].path), "%s: %.*s", cases[i].raw, STR_FMT(path));
        cr_expect(str_equal(query, str_of(cases[i].query)), "%s: %.*s", cases[i].raw, STR_FMT(query));
    }
}

Test(target, what_has_two_readings_is_refused)
{
    static const char *const cases[] = {
        "",       "*",         "a",          "http://x/a", "localhost:443", "?a",       "#",           "/a#b",  "/a?b#c", "//",
        "//a",    "/a//b",     "/a//",       "/.",         "/..",           "/./a",     "/../a",       "/a/.",  "/a/..",  "/a/../b",
        "/%2e",   "/%2e%2e/a", "/.%2E/a",    "/%2e./a",    "/a%2fb",        "/a%2Fb",   "/a%5cb",      "/a\\b", "/a;b",   "/a%3bb",
        "/..;/a", "/a%00b",    "/a%",        "/a%1",       "/a%zz",         "/a%c0%ae", "/a%ed%a0%80", "/a%ff", "/a%0ab", "/a%7f",
        "/a b",   "/a\tb",     "/a\xc3\xa9", "/a?\x01",    "/a?\xff",       "/a%2f",    "/%252e%2fx",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        str path = STR("kept"), query = STR("kept");
        cr_expect_eq(target_parse(a, str_of(cases[i]), &path, &query).kind, ERR_INVALID_REQUEST, "%s", cases[i]);
        cr_expect(str_is(path, "kept") && str_is(query, "kept"), "%s", cases[i]);
    }
    str path, query;
    cr_expect_eq(target_parse(a, STR("/a\0b"), &path, &query).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(target_parse(a, STR_ABSENT, &path, &query).kind, ERR_INVALID_REQUEST);
}
