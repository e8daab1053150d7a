/* SPDX-License-Identifier: MIT
 * Tests of form. */
#include "codec/form.h"

#include <criterion/criterion.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(form, .init = open_arena, .fini = close_arena);

static struct form parsed(const char *text)
{
    struct form f = {0};
    err e = form_parse(a, str_of(text), &f);
    cr_assert_not(FAILED(e), "%s: %s", text, err_why(e));
    return f;
}

Test(form, fields_are_decoded)
{
    struct form f = parsed("a=1&b=x+y%26&c=&d&e=p=q&&f=%C3%A9&");
    cr_assert_eq(f.count, 6);
    cr_assert(str_is(form_get(&f, "a"), "1"));
    cr_assert(str_is(form_get(&f, "b"), "x y&"));
    cr_assert(str_is(form_get(&f, "e"), "p=q"));
    cr_assert(str_is(form_get(&f, "f"), "\xc3\xa9"));
}

Test(form, empty_is_absent_but_there)
{
    struct form f = parsed("c=&d"); /* AZ-05 */
    cr_assert_not(str_present(form_get(&f, "c")));
    cr_assert(str_present(form_get_raw(&f, "c")));
    cr_assert(form_has(&f, "d"));
    cr_assert_not(form_has(&f, "e"));
    cr_assert_not(str_present(form_get_raw(&f, "e")));
    cr_assert_eq(parsed("").count, 0);
}

Test(form, what_two_readers_could_read_differently_is_refused)
{
    const char *bad[] = {"a=1&a=1", "a=1&a=2", "a=1&%61=2", "a&a", "=1", "a=1&=", "a=%zz", "a=%00", "%00=a", "a=%ff", "a=%c0%80", "a%=1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct form f;
        cr_assert_eq(form_parse(a, str_of(bad[i]), &f).kind, ERR_INVALID_REQUEST, "%s", bad[i]); /* TE-02, IN-03 */
    }
    struct form f;
    cr_assert(FAILED(form_parse(a, STR("a=1\0&b=2"), &f)));
}

Test(form, names_differ_by_case)
{
    struct form f = parsed("a=1&A=2");
    cr_assert(str_is(form_get(&f, "A"), "2"));
}

Test(form, at_most_a_hundred_fields)
{
    struct buf b = buf_new(a, 10000);
    for (int i = 0; i < FORM_FIELDS_MAX; i++)
        buf_format(&b, "p%d=1&", i);
    str s;
    struct form f;
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_not(FAILED(form_parse(a, s, &f)));
    cr_assert_eq(f.count, FORM_FIELDS_MAX);
    buf_add_z(&b, "one_more=1");
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_eq(form_parse(a, s, &f).kind, ERR_INVALID_REQUEST); /* IN-01 */
}

Test(form, list_fields_repeat)
{
    struct form f = parsed("scopes[]=a&x=1&scopes%5B%5D=b&scopes[]=a");
    const char *expected[] = {"a", "b", "a"}, *names[] = {"scopes", "scopes[]"};
    for (size_t round = 0; round < 2; round++) {
        size_t position = 0;
        str value;
        for (size_t i = 0; i < 3; i++) {
            cr_assert(form_each(&f, names[round], &position, &value));
            cr_assert(str_is(value, expected[i]));
        }
        cr_assert_not(form_each(&f, names[round], &position, &value));
    }
}

Test(form, json_bodies_meet_the_same_refusals)
{
    struct form f;
    cr_assert_not(FAILED(form_from_json(a, STR("{\"a\":\"1\",\"b\":\"x y\"}"), &f)));
    cr_assert_eq(f.count, 2);
    cr_assert(str_is(form_get(&f, "b"), "x y"));
    const char *bad[] = {"",
                         "[]",
                         "\"a\"",
                         "{\"a\":1}",
                         "{\"a\":null}",
                         "{\"a\":[\"b\"]}",
                         "{\"a\":\"1\",\"a\":\"1\"}",
                         "{\"\":\"1\"}",
                         "{\"a\":\"\\u0000\"}",
                         "{\"a\":\"1\"} x",
                         "{\"a\":{}}",
                         "{\"a\":true}",
                         "{\"a\":\"1\",\"\\u0061\":\"1\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(form_from_json(a, str_of(bad[i]), &f).kind, ERR_INVALID_REQUEST, "%s", bad[i]);
}

Test(form, writes_what_it_reads)
{
    struct buf b = buf_new(a, 1000);
    form_add(&b, STR("a b"), STR("&=\xc3\xa9"));
    form_add(&b, STR("c"), STR(""));
    str s;
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_str_eq(s.p, "a%20b=%26%3D%C3%A9&c=");
    struct form f = parsed(s.p);
    cr_assert(str_is(form_get(&f, "a b"), "&=\xc3\xa9"));
    b = buf_new(a, 1000);
    buf_add_z(&b, "https://x/?");
    form_add(&b, STR("a"), STR("1"));
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_str_eq(s.p, "https://x/?a=1");
}

Test(form, failing_memory_is_an_error_at_every_step)
{
    for (size_t n = 1;; n++) {
        struct form f;
        arena_reset(a);
        arena_fail_after(n);
        err e = form_from_json(a, STR("{\"a\":\"1\"}"), &f);
        if (!FAILED(e))
            e = form_parse(a, STR("a=1&b=2"), &f);
        arena_fail_after(0);
        if (!FAILED(e)) {
            cr_assert_geq(n, 5);
            cr_assert_eq(f.count, 2);
            break;
        }
        cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    }
}
