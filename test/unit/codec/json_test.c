/* SPDX-License-Identifier: MIT
 * Tests of json. */
#include "codec/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(json, .init = open_arena, .fini = close_arena);

static json *parsed(const char *text)
{
    json *j = NULL;
    err e = json_parse(a, str_of(text), &j);
    cr_assert_not(FAILED(e), "%s: %s", text, err_why(e));
    return j;
}

Test(json, reads_values)
{
    const json *j = parsed(" {\"s\":\"\\u00e9\\ud83d\\ude00\",\"n\":-5,\"r\":1.5,\"b\":true,\"f\":false,\"z\":null,\"l\":[1,\"x\"]} ");
    int64_t n = 0;
    bool b = false;
    cr_assert(json_is_object(j));
    cr_assert_eq(json_count(j), 7);
    cr_assert(str_is(json_member_text(j, "s"), "\xc3\xa9\xf0\x9f\x98\x80"));
    cr_assert(json_integer_of(json_member(j, "n"), &n) && n == -5);
    cr_assert(json_boolean_of(json_member(j, "b"), &b) && b);
    cr_assert(json_boolean_of(json_member(j, "f"), &b) && !b);
    cr_assert(json_is_nothing(json_member(j, "z")));
    const json *l = json_member(j, "l");
    cr_assert(json_is_list(l) && json_count(l) == 2 && str_is(json_text_of(json_at(l, 1)), "x"));
    cr_assert_null(json_at(l, 2));
}

Test(json, a_value_of_another_type_is_not_converted)
{
    const json *j = parsed("{\"s\":\"1\",\"n\":1,\"r\":1.0,\"b\":true}");
    int64_t n = 7;
    bool b = true;
    cr_assert_not(json_integer_of(json_member(j, "s"), &n));
    cr_assert_not(json_integer_of(json_member(j, "r"), &n));
    cr_assert_not(json_boolean_of(json_member(j, "n"), &b));
    cr_assert_not(str_present(json_member_text(j, "n")));
    cr_assert_not(str_present(json_member_text(j, "missing")));
    cr_assert_eq(n, 7);
}

Test(json, null_pointers_read_as_absent)
{
    int64_t n;
    bool b;
    void *iterator = NULL;
    str name;
    const json *value;
    cr_assert(!json_is_object(NULL) && !json_is_list(NULL) && !json_is_text(NULL) && !json_is_nothing(NULL));
    cr_assert_null(json_member(NULL, "a"));
    cr_assert_null(json_member(parsed("[]"), "a"));
    cr_assert_eq(json_count(NULL), 0);
    cr_assert_eq(json_count(parsed("1")), 0);
    cr_assert_null(json_at(NULL, 0));
    cr_assert_not(json_each(NULL, &iterator, &name, &value));
    cr_assert(!str_present(json_text_of(NULL)) && !json_integer_of(NULL, &n) && !json_boolean_of(NULL, &b));
}

Test(json, strict_reading_refuses)
{
    const char *bad[] = {"",
                         " ",
                         "{",
                         "}",
                         "{\"a\":1,}",
                         "[1,]",
                         "{'a':1}",
                         "{a:1}",
                         "{\"a\":1}{}",
                         "{} x",
                         "1 2",
                         "nul",
                         "True",
                         "NaN",
                         "Infinity",
                         "-",
                         "+1",
                         "01",
                         "1.",
                         ".5",
                         "0x10",
                         "1e",
                         "\"\t\"",
                         "\"\\x\"",
                         "\"\\u12\"",
                         "\"\\ud800\"",
                         "\"\\udc00\"",
                         "\"a",
                         "[\"\\\"]",
                         "{\"a\":1,\"a\":1}",
                         "{\"a\":{\"b\":1,\"b\":2}}",
                         "{\"a\":1,\"\\u0061\":2}",
                         "\"\\u0000\"",
                         "{\"\\u0000\":1}",
                         "\"\xff\"",
                         "\"\xc0\x80\"",
                         "\"\xed\xa0\x80\"",
                         "/**/1",
                         "\xef\xbb\xbf{}",
                         "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json *j = (json *)0x1;
        cr_assert_eq(json_parse(a, str_of(bad[i]), &j).kind, ERR_INVALID_REQUEST, "%s", bad[i]); /* AT-06, IN-07 */
        cr_assert_eq((void *)j, (void *)0x1);
    }
    json *j;
    cr_assert(FAILED(json_parse(a, STR("{}\0"), &j)));
    cr_assert(FAILED(json_parse(a, STR("\"\0\""), &j)));
    cr_assert(FAILED(json_parse(a, STR_ABSENT, &j)));
}

Test(json, depth_ends_at_sixteen_and_text_does_not_count)
{
    char text[100];
    json *j;
    for (int depth = 1; depth <= 20; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        cr_assert_eq(FAILED(json_parse(a, (str){text, (size_t)depth * 2}, &j)), depth > JSON_DEPTH_MAX);
    }
    cr_assert_not(FAILED(json_parse(a, STR("\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[\""), &j)));
    cr_assert_not(FAILED(json_parse(a, STR("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"), &j)));
    static char hostile[500000];
    memset(hostile, '[', sizeof hostile);
    cr_assert(FAILED(json_parse(a, (str){hostile, sizeof hostile}, &j)));
}

Test(json, members_are_walked_in_order)
{
    const json *j = parsed("{\"b\":1,\"a\":2,\"\":3}"), *value;
    const char *names[] = {"b", "a", ""};
    void *iterator = NULL;
    str name;
    int64_t n;
    for (int i = 0; i < 3; i++) {
        cr_assert(json_each(j, &iterator, &name, &value));
        cr_assert(str_is(name, names[i]) && json_integer_of(value, &n) && n == i + 1);
    }
    cr_assert_not(json_each(j, &iterator, &name, &value));
}

static err build(str *out)
{
    json *object = json_object_new(a), *list = json_list_new(a), *inner = json_object_new(a);
    json_put_text(a, object, "t", STR("a\"\\/\n\x01\xc3\xa9"));
    json_put_text(a, object, "absent", STR_ABSENT);
    json_put_integer(a, object, "n", INT64_MIN);
    json_put_boolean(a, object, "b", true);
    json_put_null(a, object, "z");
    json_put_words(a, object, "w", STR("openid  profile"));
    json_put_words(a, object, "none", STR(""));
    json_add_text(a, list, STR("x"));
    json_put_integer(a, inner, "i", 1);
    json_add(a, list, inner);
    json_put(a, object, "l", list);
    return json_text(a, object, out);
}

Test(json, builds_compact_text)
{
    str s;
    cr_assert_not(FAILED(build(&s)));
    cr_assert_str_eq(s.p, "{\"t\":\"a\\\"\\\\/\\n\\u0001\xc3\xa9\",\"absent\":null,\"n\":-9223372036854775808,\"b\":true,\"z\":null,"
                          "\"w\":[\"openid\",\"profile\"],\"none\":[],\"l\":[\"x\",{\"i\":1}]}");
}

Test(json, no_failure_of_memory_yields_a_text_with_a_hole)
{
    str whole;
    cr_assert_not(FAILED(build(&whole)));
    str expected = {strdup(whole.p), whole.n};
    size_t n = 1;
    for (;; n++) {
        str s;
        arena_reset(a);
        arena_fail_after(n);
        err e = build(&s);
        arena_fail_after(0);
        if (!FAILED(e)) {
            cr_assert(str_equal(s, expected));
            break;
        }
        cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    }
    cr_assert_gt(n, 3);
    free((void *)expected.p);
}

Test(json, a_part_that_cannot_be_made_spoils_the_whole)
{
    str s = STR("untouched");
    json *object = json_object_new(a);
    json_put_text(a, object, "t", STR("\xff"));
    cr_assert(arena_failed(a));
    cr_assert_eq(json_text(a, object, &s).kind, ERR_UNAVAILABLE);
    cr_assert(str_is(s, "untouched"));
    arena_reset(a);
    json_put_integer(a, NULL, "t", 1);
    cr_assert(arena_failed(a));
    arena_reset(a);
    json_put(a, json_object_new(a), "t", NULL);
    cr_assert(arena_failed(a));
    arena_reset(a);
    json_add(a, NULL, json_object_new(a));
    cr_assert(arena_failed(a));
    arena_reset(a);
    cr_assert(FAILED(json_text(a, NULL, &s)));
}

Test(json, words_of_a_list_come_back_and_what_is_none_gives_nothing)
{
    static const struct {
        const char *list, *words;
    } rows[] = {
        {"[\"a\",\"b\"]", "a b"}, {"[\"a\"]", "a"},       {"[]", NULL},        {"\"a\"", NULL},
        {"[\"a b\"]", NULL},      {"[\"a\",\"\"]", NULL}, {"[\"a\",1]", NULL}, {"{\"a\":\"b\"}", NULL},
    };
    cr_expect_not(str_present(json_words_of(a, NULL)));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        str words = json_words_of(a, parsed(rows[i].list));
        cr_expect(rows[i].words ? str_is(words, rows[i].words) : !str_present(words), "%s", rows[i].list);
    }
}

Test(json, one_value_may_be_put_in_two_places)
{
    json *object = json_object_new(a), *shared = json_list_new(a);
    str s;
    json_put(a, object, "a", shared);
    json_put(a, object, "b", shared);
    json_put(a, object, "a", shared);
    cr_assert_not(FAILED(json_text(a, object, &s)));
    cr_assert_str_eq(s.p, "{\"a\":[],\"b\":[]}");
}

Test(json, parsed_parts_can_be_put_into_built_ones)
{
    json *object = json_object_new(a);
    str s;
    json_put(a, object, "p", parsed("{\"x\":[1,2,{}]}"));
    cr_assert_not(FAILED(json_text(a, object, &s)));
    cr_assert_str_eq(s.p, "{\"p\":{\"x\":[1,2,{}]}}");
}

Test(json, memory_that_ends_inside_a_long_token_is_an_error_and_nothing_is_written_beyond)
{
    char text[2048];
    memset(text, 'x', sizeof text);
    memcpy(text, "[\"\\u00e9", 8);
    memcpy(text + sizeof text - 2, "\"]", 2);
    for (size_t n = 1;; n++) {
        struct arena *poor = arena_new(1 << 20);
        json *j = NULL;
        arena_fail_after(n);
        err e = json_parse(poor, (str){text, sizeof text}, &j);
        arena_fail_after(0);
        arena_release(poor);
        if (!FAILED(e)) {
            cr_assert_gt(n, 4, "the copy, the list, its items and the text each take memory");
            break;
        }
        cr_assert_eq(e.kind, ERR_UNAVAILABLE, "take %zu: %s", n, err_why(e));
        cr_assert_null(j);
    }
    for (size_t max = 512; max < 1 << 16; max += 64) { /* the same by the arena's ceiling, which a hostile text can reach */
        struct arena *small = arena_new(max);
        json *j;
        err e = json_parse(small, (str){text, sizeof text}, &j);
        cr_assert(!FAILED(e) || e.kind == ERR_UNAVAILABLE);
        arena_release(small);
    }
}
