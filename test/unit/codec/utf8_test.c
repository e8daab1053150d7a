/* SPDX-License-Identifier: MIT
 * Tests of utf8. */
#include "codec/utf8.h"

#include <criterion/criterion.h>

Test(utf8, accepts_the_boundaries_of_every_length)
{
    const str good[] = {STR(""),
                        STR("a"),
                        STR("\x7f"),
                        STR("\xc2\x80"),
                        STR("\xdf\xbf"),
                        STR("\xe0\xa0\x80"),
                        STR("\xed\x9f\xbf"),
                        STR("\xee\x80\x80"),
                        STR("\xef\xbf\xbf"),
                        STR("\xf0\x90\x80\x80"),
                        STR("\xf4\x8f\xbf\xbf"),
                        STR("a\xc3\xa9z")};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(utf8_valid(good[i]), "%zu", i);
}

Test(utf8, refuses_what_rfc3629_refuses)
{
    const str bad[] = {
        STR("\0"),
        STR("a\0b"),
        STR("\x80"),
        STR("\xbf"),
        STR("\xc0\x80"), /* overlong NUL */
        STR("\xc1\xbf"),
        STR("\xe0\x9f\xbf"),
        STR("\xf0\x8f\xbf\xbf"), /* overlong */
        STR("\xed\xa0\x80"),
        STR("\xed\xbf\xbf"), /* surrogates */
        STR("\xf4\x90\x80\x80"),
        STR("\xf5\x80\x80\x80"),
        STR("\xff"),
        STR("\xfe"), /* too high */
        STR("\xc3"),
        STR("\xe2\x82"),
        STR("\xf0\x9f\x98"), /* cut */
        STR("\xc3("),
        STR("\xe2(\xa1"),
        STR("\xe2\x82("),
        STR("\xf0\x28\x8c\xbc"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(utf8_valid(bad[i]), "%zu", i);
        cr_assert_not(utf8_no_controls(bad[i]), "%zu", i);
    }
}

Test(utf8, does_not_read_beyond_the_length)
{
    const char whole[] = "\xe2\x82\xac";
    cr_assert_not(utf8_valid((str){whole, 2}));
    cr_assert(utf8_valid((str){whole, 3}));
}

Test(utf8, accepts_exactly_the_code_points_that_there_are)
{
    size_t good = 0;
    for (unsigned c = 0x80; c < 0x800000; c += c < 0x10000 ? 1 : 251) { /* as the four-byte pattern would write them */
        char p[4] = {(char)(0xf0 | (c >> 18 & 7)), (char)(0x80 | (c >> 12 & 63)), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))};
        bool expected = c >= 0x10000 && c <= 0x10ffff && c >> 18 <= 7 && (c & 0x1fffff) == c;
        if (c >> 21 != 0)
            continue;
        cr_assert_eq(utf8_valid((str){p, 4}), expected, "%x", c);
        good += expected;
    }
    cr_assert_gt(good, 1000);
    for (unsigned c = 0; c < 0x10000; c++) {
        char p[3] = {(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))};
        cr_assert_eq(utf8_valid((str){p, 3}), c >= 0x800 && (c < 0xd800 || c > 0xdfff), "%x", c);
    }
}

Test(utf8, counts_code_points)
{
    cr_assert_eq(utf8_length(STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
    cr_assert_eq(utf8_length(STR_ABSENT), 0);
}

Test(utf8, names_hold_no_control_characters)
{
    cr_assert(utf8_no_controls(STR("Zo\xc3\xab \xc2\xa0x")));
    const str bad[] = {STR("a\nb"), STR("a\tb"), STR("\x1b"), STR("\x7f"), STR("\xc2\x80"), STR("\xc2\x9f")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(utf8_no_controls(bad[i]), "%zu", i);
}
