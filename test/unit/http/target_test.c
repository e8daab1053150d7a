/* SPDX-License-Identifier: MIT */
#include "http/target.h"

#include <criterion/criterion.h>
#include <string.h>

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

Test(target, a_bad_byte_is_found_at_every_place)
{
    static const char bad[] = {' ', '#', '\t', '\x7f', '\x80', ';', '\\'};
    for (size_t n = 2; n <= 18; n++)
        for (size_t at = 1; at < n; at++)
            for (size_t k = 0; k < sizeof(bad); k++) {
                char text[18];
                str path = STR("kept"), query = STR("kept");
                memset(text, 'a', n);
                text[0] = '/';
                cr_assert_eq(target_parse(a, (str){text, n}, &path, &query).kind, ERR_OK, "%zu", n);
                text[at] = bad[k];
                cr_assert_eq(target_parse(a, (str){text, n}, &path, &query).kind, ERR_INVALID_REQUEST, "%d at %zu of %zu", bad[k], at, n);
            }
}

Test(target, a_byte_that_only_an_escape_could_bring_is_found_at_every_place)
{
    static const char *const bad[] = {"%3b", "%5c", "%1f", "%7f", "%00"};
    for (size_t n = 2; n <= 18; n++)
        for (size_t at = 1; at < n; at++)
            for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
                char text[24];
                str path = STR("kept"), query = STR("kept");
                memset(text, 'a', sizeof(text));
                text[0] = '/';
                memcpy(text + at, bad[k], 3);
                cr_assert_eq(target_parse(a, (str){text, n + 3}, &path, &query).kind, ERR_INVALID_REQUEST, "%s at %zu of %zu", bad[k], at, n);
            }
}
