/* SPDX-License-Identifier: MIT
 * Tests of percent. */
#include "codec/percent.h"

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

TestSuite(percent, .init = open_arena, .fini = close_arena);

Test(percent, decodes_either_case_and_plus_only_when_told)
{
    str s;
    cr_assert_not(FAILED(percent_decode(a, STR("a%2Fb%2f+c%C3%A9"), PERCENT_PLUS_LITERAL, &s)));
    cr_assert_str_eq(s.p, "a/b/+c\xc3\xa9");
    cr_assert_not(FAILED(percent_decode(a, STR("a+b%2B"), PERCENT_PLUS_SPACE, &s)));
    cr_assert_str_eq(s.p, "a b+");
    cr_assert_not(FAILED(percent_decode(a, STR("%2541"), PERCENT_PLUS_SPACE, &s)));
    cr_assert_str_eq(s.p, "%41", "once only");
}

Test(percent, refuses_bad_escapes_nul_and_bad_utf8)
{
    const str bad[] = {STR("%"),      STR("%4"),  STR("a%"),   STR("%zz"),       STR("%4g"),    STR("%%41"), STR("%u0041"), STR("%00"), STR("a\0b"),
                       STR("%c0%80"), STR("%ff"), STR("\xff"), STR("%ed%a0%80"), STR("%e2%82"), STR("% 41"), STR("%+1"),    STR("%-1"), STR("%\xc3\xa9")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        str s = STR("untouched");
        err e = percent_decode(a, bad[i], PERCENT_PLUS_SPACE, &s);
        cr_assert_eq(e.kind, ERR_INVALID_REQUEST, "%zu", i);
        cr_assert(str_is(s, "untouched"));
    }
    str s;
    cr_assert(FAILED(percent_decode(a, STR_ABSENT, PERCENT_PLUS_SPACE, &s)));
}

Test(percent, escapes_everything_but_unreserved)
{
    struct buf b = buf_new(a, 100);
    percent_add(&b, STR("aZ09-._~ /?&=+%\x01\xc3\xa9"));
    str s;
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_str_eq(s.p, "aZ09-._~%20%2F%3F%26%3D%2B%25%01%C3%A9");
    cr_assert_not(FAILED(percent_decode(a, s, PERCENT_PLUS_SPACE, &s)));
    cr_assert_str_eq(s.p, "aZ09-._~ /?&=+%\x01\xc3\xa9");
}

Test(percent, text_over_the_ceiling_is_an_error)
{
    struct buf b = buf_new(a, 4);
    percent_add(&b, STR("ab "));
    str s;
    cr_assert_eq(buf_done(&b, &s).kind, ERR_UNAVAILABLE);
}
