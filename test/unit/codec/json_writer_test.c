/* SPDX-License-Identifier: MIT
 * Tests of json_writer. */
#include "codec/json_writer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(16 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(json_writer, .init = open_arena, .fini = close_arena);

static err write_all(str *out)
{
    json *part;
    struct json_writer w = json_writer_new(a);
    TRY(json_parse(a, STR("{\"x\":[1,2.50,{\"y\":null}],\"z\":\"\\u00e9\"}"), &part));
    json_write_object(&w, NULL);
    json_write_text(&w, "t", STR("a\"\\/\n\x01\x1f\x7f\xc3\xa9<>&'"));
    json_write_text(&w, "absent", STR_ABSENT);
    json_write_filled(&w, "left out", STR_ABSENT);
    json_write_filled(&w, "empty", STR(""));
    json_write_integer(&w, "least", INT64_MIN);
    json_write_integer(&w, "most", INT64_MAX);
    json_write_boolean(&w, "yes", true);
    json_write_boolean(&w, "no", false);
    json_write_null(&w, "z");
    json_write_words(&w, "w", STR(" openid  profile "));
    json_write_words(&w, "none", STR(""));
    json_write_words(&w, "absent words", STR_ABSENT);
    json_write_list(&w, "l");
    json_write_text(&w, NULL, STR("x"));
    json_write_integer(&w, NULL, 0);
    json_write_object(&w, NULL);
    json_write_members(&w, part);
    json_write_end(&w);
    json_write_list(&w, NULL);
    json_write_end(&w);
    json_write_end(&w);
    json_write_value(&w, "a\"name", part);
    json_write_end(&w);
    return json_writer_done(&w, out);
}

Test(json_writer, writes_compact_text_that_is_read_again)
{
    str text;
    json *j;
    cr_assert_not(FAILED(write_all(&text)));
    cr_assert_str_eq(text.p, "{\"t\":\"a\\\"\\\\/\\n\\u0001\\u001F\x7f\xc3\xa9<>&'\",\"absent\":null,\"empty\":\"\","
                             "\"least\":-9223372036854775808,\"most\":9223372036854775807,\"yes\":true,\"no\":false,\"z\":null,"
                             "\"w\":[\"openid\",\"profile\"],\"none\":[],\"absent words\":[],"
                             "\"l\":[\"x\",0,{\"x\":[1,2.50,{\"y\":null}],\"z\":\"\xc3\xa9\"},[]],"
                             "\"a\\\"name\":{\"x\":[1,2.50,{\"y\":null}],\"z\":\"\xc3\xa9\"}}");
    cr_assert_not(FAILED(json_parse(a, text, &j)));
}

/* The compiler, too, then knows how the name begins; not all of it. */
Test(json_writer, a_name_that_was_looked_at_is_escaped_still)
{
    static const char *const names[] = {"x\"y", "\\", ""};
    struct json_writer w = json_writer_new(a);
    str text;
    json_write_object(&w, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *volatile given = names[i];
        const char *name = given;
        if (name[0] == 'x')
            json_write_text(&w, name, STR("1"));
        else if (name[0] == '\0')
            json_write_integer(&w, name, 2);
        else
            json_write_null(&w, name);
    }
    json_write_end(&w);
    cr_assert_not(FAILED(json_writer_done(&w, &text)));
    cr_expect_str_eq(text.p, "{\"x\\\"y\":\"1\",\"\\\\\":null,\"\":2}");
}

Test(json_writer, one_value_alone_is_a_text)
{
    for (int i = 0; i < 4; i++) {
        const char *const expected[] = {"\"x\"", "-1", "null", "[]"};
        struct json_writer w = json_writer_new(a);
        str text;
        if (i == 0)
            json_write_text(&w, NULL, STR("x"));
        else if (i == 1)
            json_write_integer(&w, NULL, -1);
        else if (i == 2)
            json_write_null(&w, NULL);
        else
            json_write_words(&w, NULL, STR(""));
        cr_assert_not(FAILED(json_writer_done(&w, &text)));
        cr_expect_str_eq(text.p, expected[i]);
    }
}

static void nothing(struct json_writer *w)
{
    (void)w;
}
static void not_closed(struct json_writer *w)
{
    json_write_object(w, NULL);
}
static void closed_twice(struct json_writer *w)
{
    json_write_object(w, NULL);
    json_write_end(w);
    json_write_end(w);
}
static void closed_first(struct json_writer *w)
{
    json_write_end(w);
    json_write_null(w, NULL);
}
static void two_values(struct json_writer *w)
{
    json_write_null(w, NULL);
    json_write_null(w, NULL);
}
static void no_name(struct json_writer *w)
{
    json_write_object(w, NULL);
    json_write_integer(w, NULL, 1);
    json_write_end(w);
}
static void name_in_a_list(struct json_writer *w)
{
    json_write_list(w, NULL);
    json_write_integer(w, "a", 1);
    json_write_end(w);
}
static void name_at_the_top(struct json_writer *w)
{
    json_write_text(w, "a", STR("b"));
}
static void object_without_name(struct json_writer *w)
{
    json_write_object(w, NULL);
    json_write_object(w, NULL);
    json_write_end(w);
    json_write_end(w);
}
static void too_deep(struct json_writer *w)
{
    for (int i = 0; i < JSON_WRITER_DEPTH_MAX + 1; i++)
        json_write_list(w, NULL);
    for (int i = 0; i < JSON_WRITER_DEPTH_MAX + 1; i++)
        json_write_end(w);
}

Test(json_writer, what_stands_out_of_order_is_found_at_the_end)
{
    void (*const misuses[])(struct json_writer *) = {nothing, not_closed,     closed_twice,    closed_first,        two_values,
                                                     no_name, name_in_a_list, name_at_the_top, object_without_name, too_deep};
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct json_writer w = json_writer_new(a);
        str text = STR("untouched");
        misuses[i](&w);
        cr_expect_eq(json_writer_done(&w, &text).kind, ERR_SERVER_ERROR, "%zu", i);
        cr_expect(str_is(text, "untouched"));
    }
}

Test(json_writer, thirty_two_levels_fit)
{
    struct json_writer w = json_writer_new(a);
    str text;
    for (int i = 0; i < JSON_WRITER_DEPTH_MAX; i++) {
        if (i % 2 == 0)
            json_write_list(&w, NULL);
        else
            json_write_object(&w, NULL);
        if (i % 2 == 1 && i + 1 < JSON_WRITER_DEPTH_MAX) {
            json_write_list(&w, "a");
            i++;
        }
    }
    for (int i = 0; i < JSON_WRITER_DEPTH_MAX; i++)
        json_write_end(&w);
    cr_assert_not(FAILED(json_writer_done(&w, &text)));
    cr_assert_eq(w.depth, 0);
}

Test(json_writer, a_part_that_is_no_text_or_missing_spoils_the_whole)
{
    const str bad[] = {STR("\xff"), STR("a\0b"), STR("\xc3"), STR("\xed\xa0\x80")};
    str text = STR("untouched");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_writer w = json_writer_new(a);
        json_write_text(&w, NULL, bad[i]);
        cr_expect_eq(json_writer_done(&w, &text).kind, ERR_UNAVAILABLE, "%zu", i);
    }
    struct json_writer w = json_writer_new(a);
    json_write_value(&w, NULL, NULL);
    cr_expect_eq(json_writer_done(&w, &text).kind, ERR_UNAVAILABLE);
    w = json_writer_new(a);
    json_write_object(&w, NULL);
    json_write_members(&w, json_list_new(a));
    json_write_end(&w);
    cr_expect_eq(json_writer_done(&w, &text).kind, ERR_UNAVAILABLE);
    w = json_writer_new(a);
    json_write_null(&w, NULL);
    arena_fail(a); /* a text that could not be made reads as absent, which is null */
    cr_expect_eq(json_writer_done(&w, &text).kind, ERR_UNAVAILABLE);
    cr_expect(str_is(text, "untouched"));
}

Test(json_writer, the_ceiling_holds)
{
    struct json_writer w = json_writer_new(a);
    char long_text[4096];
    str text;
    memset(long_text, 'x', sizeof long_text);
    json_write_list(&w, NULL);
    for (int i = 0; i < BUF_JSON_MAX / 4096 + 1; i++)
        json_write_text(&w, NULL, (str){long_text, sizeof long_text});
    json_write_end(&w);
    cr_expect_eq(json_writer_done(&w, &text).kind, ERR_UNAVAILABLE);
    cr_expect_leq(w.out.n, BUF_JSON_MAX);
}

Test(json_writer, a_tree_that_holds_itself_is_not_followed_without_end)
{
    json *one = json_list_new(a), *other = json_list_new(a);
    str text;
    json_add(a, one, other);
    json_add(a, other, one);
    cr_assert_not(arena_failed(a));
    cr_assert(FAILED(json_text(a, one, &text)));
    cr_assert_not(json_same(one, other));
}

Test(json_writer, no_failure_of_memory_yields_a_text_with_a_hole)
{
    str whole;
    cr_assert_not(FAILED(write_all(&whole)));
    char *expected = strdup(whole.p);
    size_t n = 1;
    for (;; n++) {
        str text = STR_ABSENT;
        arena_reset(a);
        arena_fail_after(n);
        err e = write_all(&text);
        arena_fail_after(0);
        if (!FAILED(e)) {
            cr_assert(str_is(text, expected));
            break;
        }
        cr_assert_eq(e.kind, ERR_UNAVAILABLE);
    }
    cr_assert_gt(n, 5);
    free(expected);
}
