/* SPDX-License-Identifier: MIT
 * Tests of json_read: a table of texts in the manner of the public suites for JSON parsers, each with what must become of it, and the
 * bounds of time and memory. */
#include "codec/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(64 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(json_read, .init = open_arena, .fini = close_arena);

/* What is read, and how it is written again (NULL: as it stood). */
static const struct {
    const char *text, *again;
} accepted[] = {
    {"[]", NULL},
    {"{}", NULL},
    {" [ ] ", "[]"},
    {"\t\n\r {\n}\t", "{}"},
    {"[[]]", NULL},
    {"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", NULL}, /* 16 deep */
    {"[1,2,3]", NULL},
    {"[1 , 2\n,3]", "[1,2,3]"},
    {"{\"a\" : 1 , \"b\":[ ]}", "{\"a\":1,\"b\":[]}"},
    {"{\"\":0}", NULL},
    {"{\"a\":{\"a\":{\"a\":{}}}}", NULL}, /* a name again, one level deeper */
    {"null", NULL},
    {"true", NULL},
    {"false", NULL},
    {" null ", "null"},
    {"[null,true,false]", NULL},
    {"0", NULL},
    {"-0", "0"},
    {"1", NULL},
    {"-1", NULL},
    {"1234567890", NULL},
    {"9007199254740993", NULL}, /* no double is that */
    {"9223372036854775807", NULL},
    {"-9223372036854775808", NULL},
    {"0.5", NULL},
    {"-0.0", NULL},
    {"1.0", NULL},
    {"1e5", NULL},
    {"1E+05", NULL},
    {"1e-5", NULL},
    {"0e0", NULL},
    {"123.456e78", NULL},
    {"1e308", NULL},
    {"1e-999", NULL}, /* nothing, to a double */
    {"99999999999999999999.5", NULL},
    {"0.1000000000000000055511151231257827021181583404541015625", NULL},
    {"\"\"", NULL},
    {"\"a\"", NULL},
    {"\" \"", NULL},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {"\"\\u0041\\u00e9\\u20ac\"", "\"A\xc3\xa9\xe2\x82\xac\""},
    {"\"\\uD834\\udd1e\"", "\"\xf0\x9d\x84\x9e\""},
    {"\"\\udbff\\udfff\"", "\"\xf4\x8f\xbf\xbf\""}, /* U+10FFFF */
    {"\"\\ud800\\udc00\"", "\"\xf0\x90\x80\x80\""}, /* U+10000 */
    {"\"\\u0001\\u001f\"", "\"\\u0001\\u001F\""},
    {"\"\\u007f\x7f\"", "\"\x7f\x7f\""},
    {"\"\\u0080\\u07ff\\u0800\\uffff\"", "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\""},
    {"\"\\ud7ff\\ue000\"", "\"\xed\x9f\xbf\xee\x80\x80\""}, /* on either side of the surrogates */
    {"\"\\\\u0000\"", NULL},                                /* a backslash and letters */
    {"\"\xe2\x80\xa8\xe2\x80\xa9\"", NULL},                 /* U+2028, U+2029 */
    {"\"</script>&'\"", NULL},                              /* nothing is done for HTML */
    {"\"0123456\\n89abcdef0123456789\"", NULL},
    {"{\"\\u0061\":1}", "{\"a\":1}"},
    {"{\"a\\\"b\":1}", NULL},
    {"[\"]\",\"}\",\",\",\":\"]", NULL},
};

/* clang-format off */
static const char *const refused[] = {
    /* structure */
    "", " ", "\n", "[", "]", "{", "}", "[}", "{]", "[1", "[1,", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1]]", "[[]", "[]x", "[] []", "{} ,", ",", ":",
    "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}", "{\"a\":1 \"b\":2}", "{\"a\":1", "{\"a\"", "{\"a\":", "{:1}",
    "{1:1}", "{null:1}", "{a:1}", "{'a':1}", "{\"a\"::1}", "{\"a\":1:2}", "{\"a\":[}", "[\"a\":1]", "[\"a", "{\"a", "{\"a\":\"", "{[]:1}",
    "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", /* 17 deep */
    "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"\":1,\"\":2}", "{\"a\":1,\"\\u0061\":2}", "[{\"x\":{\"a\":1,\"a\":1}}]",
    /* words */
    "nul", "nulll", "NULL", "Null", "tru", "truE", "True", "fals", "falsee", "undefined", "NaN", "Infinity", "-Infinity", "nan", "inf", "[nul]",
    "[true1]", "n", "t", "f",
    /* numbers */
    "-", "+", "+1", "--1", "- 1", "00", "01", "-01", "-00", "1.", "-1.", ".5", "-.5", "0.", "1.e5", "1e", "1E", "1e+", "1e-", "1e1.5", "1.2.3", "1e5e5",
    "0x10", "0b1", "0o7", "1_000", "1,000", "1a", "1.5f", "[1.]", "[-]", "1e999", "-1e999", "9223372036854775808", "-9223372036854775809",
    "99999999999999999999999999", "\xd9\xa1", /* ARABIC-INDIC DIGIT ONE */
    /* texts */
    "\"", "\"a", "\"\\\"", "\"\\", "\"\\x41\"", "\"\\a\"", "\"\\'\"", "\"\\0\"", "\"\\U0041\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"",
    "\"\\u123", "\"\\u12g4\"", "\"\\u 123\"", "\"\\u-123\"", "\"\\u+123\"", "\"\\u0x12\"", "\"\\\n\"", "\"\\ \"", "\"\n\"", "\"\t\"", "\"\r\"", "\"\x01\"",
    "\"\x1f\"", "'a'", "`a`", "\"a\"b", "\"a\" \"b\"", "a", "\"\\u0000\"", "\"a\\u0000b\"", "{\"\\u0000\":1}", "\"\\ud800\"", "\"\\udbff\"",
    "\"\\udc00\"", "\"\\udfff\"", "\"\\ud800\\ud800\"", "\"\\ud800a\"", "\"\\ud800\\n\"", "\"\\ud800\\u0041\"", "\"\\ud800\\udbff\"", "\"\\ud800\\u\"",
    "\"\\ud800\\", "\"\\udc00\\ud800\"", "{\"\\ud800\":1}",
    /* bytes */
    "\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc3\"", "\"\xc3(\"", "\"\xe0\x80\x80\"", "\"\xe0\x9f\xbf\"", "\"\xe2\x82\"", "\"\xed\xa0\x80\"",
    "\"\xed\xbf\xbf\"", "\"\xf0\x80\x80\x80\"", "\"\xf0\x8f\xbf\xbf\"", "\"\xf0\x9d\x84\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xfe\"",
    "\"\xff\"", "\xef\xbb\xbf{}", "\xef\xbb\xbf", "[\xff]", "{} \xff", "{\"\xff\":1}",
    /* what others take for blanks or comments */
    "\x0b[]", "\x0c[]", "[\xc2\xa0]", "[\xe2\x80\xa8]", "\xe3\x80\x80[]", "[\x0c]", "// \n[]", "/**/[]", "[] // x", "[]#", "[1/*x*/]",
};
/* clang-format on */

Test(json_read, what_the_grammar_has_is_read_and_written_again)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        json *j;
        str text;
        err e = json_parse(a, str_of(accepted[i].text), &j);
        cr_assert_not(FAILED(e), "%s: %s", accepted[i].text, err_why(e));
        cr_assert_not(FAILED(json_text(a, j, &text)));
        cr_expect_str_eq(text.p, accepted[i].again ? accepted[i].again : accepted[i].text);
    }
}

Test(json_read, what_it_does_not_have_is_refused_and_nothing_is_given) /* AT-06, IN-07 */
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        json *j = (json *)0x1;
        err e = json_parse(a, str_of(refused[i]), &j);
        cr_expect_eq(e.kind, ERR_INVALID_REQUEST, "%s", refused[i]);
        cr_expect_eq((void *)j, (void *)0x1);
    }
}

/* Under the sanitizers a block of that very size shows each byte that is read beyond. */
Test(json_read, no_byte_beyond_the_text_is_read_and_every_beginning_of_a_text_is_refused)
{
    const char *whole = "{\"a\\u00e9\\ud83d\\ude00\":[1.5e10,-7,true,false,null,\"\xc3\xa9\\n\"],\"b\":{}}";
    for (size_t n = 0; n < strlen(whole); n++) {
        char *piece = malloc(n + 1);
        json *j;
        memcpy(piece, whole, n);
        piece[n] = '"'; /* must not be seen */
        cr_expect_eq(json_parse(a, (str){piece, n}, &j).kind, ERR_INVALID_REQUEST, "%zu", n);
        free(piece);
    }
}

Test(json_read, what_was_read_does_not_need_its_text)
{
    char text[] = "{\"name\":\"value\\n\",\"number\":1.5}";
    json *j;
    int64_t seconds;
    cr_assert_not(FAILED(json_parse(a, (str){text, sizeof text - 1}, &j)));
    memset(text, 'x', sizeof text);
    cr_assert(str_is(json_member_text(j, "name"), "value\n"));
    cr_assert(json_seconds_of(json_member(j, "number"), &seconds) && seconds == 1);
}

static str members(size_t count, bool one_twice)
{
    struct buf b = buf_new(a, 32 << 20);
    str text;
    buf_char(&b, '{');
    for (size_t i = 0; i < count; i++)
        buf_format(&b, "%s\"member%zu\":%zu", i ? "," : "", one_twice && i + 1 == count ? 0 : i * 7919 % count, i);
    buf_char(&b, '}');
    cr_assert_not(FAILED(buf_done(&b, &text)));
    return text;
}

Test(json_read, among_many_members_each_is_found_and_one_that_stands_twice)
{
    const size_t counts[] = {15, 16, 17, 18, 31, 32, 33, 64, 65, 1000, 1001};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        json *j;
        cr_assert_not(FAILED(json_parse(a, members(counts[k], false), &j)));
        cr_assert_eq(json_count(j), counts[k]);
        void *at = NULL;
        str name;
        const json *value;
        for (size_t i = 0; i < counts[k]; i++) {
            int64_t n;
            cr_assert(json_each(j, &at, &name, &value) && json_integer_of(value, &n) && n == (int64_t)i, "in the order of the text");
            cr_assert_eq(json_member(j, name.p), value);
        }
        cr_assert_null(json_member(j, "member"));
        cr_assert_null(json_member(j, "other7"));
    }
    json *j;
    for (size_t count = 2; count < 100; count++)
        cr_assert(FAILED(json_parse(a, members(count, true), &j)), "%zu", count);
}

Test(json_read, an_object_that_was_read_takes_further_members)
{
    for (size_t count = 1; count < 40; count++) {
        json *j;
        str text;
        cr_assert_not(FAILED(json_parse(a, members(count, false), &j)));
        json_put_integer(a, j, "more", 1);
        json_put_integer(a, j, "member0", -1);
        json_put_integer(a, j, "last", 2);
        int64_t n;
        cr_assert_eq(json_count(j), count + 2);
        cr_assert(json_integer_of(json_member(j, "member0"), &n) && n == -1);
        cr_assert(json_integer_of(json_member(j, "last"), &n) && n == 2);
        cr_assert_not(FAILED(json_text(a, j, &text)));
        cr_assert_not(FAILED(json_parse(a, text, &j)));
    }
}

static double seconds_of_reading(str text)
{
    struct timespec before, after;
    json *j;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    cr_assert_not(FAILED(json_parse(a, text, &j)));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    return (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
}

Test(json_read, sixteen_times_the_members_take_far_less_than_each_with_each_would)
{
    str few = members(4000, false), many = members(64000, false); /* each with each: 256 times */
    double one = 1, most = 1;
    for (int round = 0; round < 5; round++) { /* the best of each: a neighbour can only take time away */
        double f = seconds_of_reading(few), m = seconds_of_reading(many);
        one = f < one ? f : one;
        most = m < most ? m : most;
    }
    cr_assert_lt(most, one * 160, "%f s and %f s", one, most);
}

Test(json_read, memory_stays_within_the_bound_that_the_header_gives)
{
    const char *items[] = {"1", "[]", "{}", "[1]", "{\"\":1}", "\"\"", "1.5", "true"};
    for (size_t k = 0; k < sizeof items / sizeof *items; k++) {
        struct arena *own = arena_new(64 << 20);
        struct buf b = buf_new(a, 1 << 20);
        str text;
        json *j;
        buf_char(&b, '[');
        while (b.n < 60000) {
            buf_add_z(&b, items[k]);
            buf_char(&b, ',');
        }
        buf_add_z(&b, "0]");
        cr_assert_not(FAILED(buf_done(&b, &text)));
        cr_assert_not(FAILED(json_parse(own, text, &j)));
        cr_expect_leq(arena_used(own), text.n * 30, "%s: %zu bytes for %zu", items[k], arena_used(own), text.n);
        arena_release(own);
    }
}

Test(json_read, same_looks_at_values_not_at_their_order)
{
    const struct {
        const char *one, *other;
        bool same;
    } pairs[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,1]", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":null}", "{\"b\":null}", false},
        {"1", "1.0", false},
        {"1.0", "1.00", true},
        {"1e2", "100.0", true},
        {"1.5", "1.6", false},
        {"1", "\"1\"", false},
        {"true", "false", false},
        {"null", "false", false},
        {"\"a\"", "\"\\u0061\"", true},
        {"\"a\"", "\"ab\"", false},
        {"{}", "[]", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        json *one, *other;
        cr_assert(!FAILED(json_parse(a, str_of(pairs[i].one), &one)) && !FAILED(json_parse(a, str_of(pairs[i].other), &other)));
        cr_expect_eq(json_same(one, other), pairs[i].same, "%s %s", pairs[i].one, pairs[i].other);
        cr_expect_eq(json_same(other, one), pairs[i].same);
    }
    json *large, *again;
    cr_assert_not(FAILED(json_parse(a, members(1000, false), &large)));
    cr_assert_not(FAILED(json_parse(a, members(1000, false), &again)));
    cr_assert(json_same(large, again));
}

Test(json_read, seconds_are_cut_off_towards_the_past)
{
    const struct {
        const char *text;
        bool good;
        int64_t seconds;
    } rows[] = {{"1.9", true, 1},
                {"-1.1", true, -2},
                {"1e3", true, 1000},
                {"-0.0", true, 0},
                {"1e-999", true, 0},
                {"9007199254740992", true, 9007199254740992},
                {"9007199254740993", false, 0},
                {"1e16", false, 0},
                {"-1e300", false, 0},
                {"\"1\"", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json *j;
        int64_t seconds = 0;
        cr_assert_not(FAILED(json_parse(a, str_of(rows[i].text), &j)));
        cr_expect_eq(json_seconds_of(j, &seconds), rows[i].good, "%s", rows[i].text);
        cr_expect_eq(seconds, rows[i].seconds, "%s", rows[i].text);
    }
}

Test(json_read, each_refusal_says_which_kind_it_is)
{
    json *j;
    cr_expect_str_eq(err_say(json_parse(a, STR_ABSENT, &j)), "The JSON text is empty.");
    cr_expect_str_eq(err_say(json_parse(a, STR("[1,]"), &j)), "The JSON text is malformed.");
    cr_expect_str_eq(err_say(json_parse(a, STR("{\"a\":1,\"a\":1}"), &j)), "A member of the JSON text appears more than once.");
    cr_expect_str_eq(err_say(json_parse(a, STR("[[[[[[[[[[[[[[[[["), &j)), "The JSON text is nested too deeply.");
}
