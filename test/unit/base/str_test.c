/* SPDX-License-Identifier: MIT
 * Tests of str. */
#include "base/str.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(4096);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(str, .init = open_arena, .fini = close_arena);

Test(str, absent_differs_from_empty)
{
    cr_assert_not(str_equal(STR_ABSENT, STR("")));
    cr_assert(str_equal(STR_ABSENT, STR_ABSENT));
    cr_assert(str_equal(STR(""), STR("")));
    cr_assert_not(str_equal_nocase(STR_ABSENT, STR("")));
    cr_assert_not(str_present(str_of(NULL)));
    cr_assert_not(str_filled(STR("")));
    cr_assert(str_is(STR_ABSENT, NULL));
    cr_assert_not(str_starts(STR_ABSENT, STR("")));
    cr_assert_not(str_present(str_dup(a, STR_ABSENT)));
}

Test(str, equality_sees_every_byte)
{
    cr_assert_not(str_equal(STR("a\0b"), STR("a\0c")));
    cr_assert_not(str_equal(STR("a"), STR("a\0")));
    cr_assert(str_equal_nocase(STR("AbZ"), STR("aBz")));
    cr_assert_not(str_equal_nocase(STR("@"), STR("`")), "only letters are folded");
    for (size_t n = 1; n <= 17; n++)
        for (size_t at = 0; at < n; at++) {
            char one[17], other[17];
            memset(one, 'q', n);
            memset(other, 'Q', n);
            cr_assert(str_equal_nocase((str){one, n}, (str){other, n}), "%zu", n);
            other[at] = 'R';
            cr_assert_not(str_equal_nocase((str){one, n}, (str){other, n}), "%zu at %zu", n, at);
        }
}

Test(str, prefixes_and_suffixes)
{
    cr_assert(str_starts(STR("abc"), STR("ab")));
    cr_assert(str_ends(STR("abc"), STR("bc")));
    cr_assert_not(str_starts(STR("a"), STR("ab")));
    cr_assert_not(str_ends(STR("a"), STR("ba")));
}

Test(str, order_is_by_bytes_then_by_length)
{
    cr_assert_lt(str_compare(STR("a"), STR("b")), 0);
    cr_assert_lt(str_compare(STR("a"), STR("ab")), 0);
    cr_assert_gt(str_compare(STR("\xff"), STR("a")), 0);
    cr_assert_eq(str_compare(STR("a"), STR("a")), 0);
    cr_assert_lt(str_compare(STR_ABSENT, STR("a")), 0);
}

Test(str, pieces_are_delivered_even_when_empty)
{
    str rest = STR(",a,,b,"), piece;
    const char *expected[] = {"", "a", "", "b", ""};
    for (size_t i = 0; i < 5; i++) {
        cr_assert(str_next(&rest, ',', &piece));
        cr_assert(str_is(piece, expected[i]));
    }
    cr_assert_not(str_next(&rest, ',', &piece));
    rest = STR("");
    cr_assert(str_next(&rest, ',', &piece) && piece.n == 0);
    cr_assert_not(str_next(&rest, ',', &piece));
}

Test(str, words_match_whole_only)
{
    cr_assert(str_has_word(STR("openid profile"), STR("openid")));
    cr_assert(str_has_word(STR("openid profile"), STR("profile")));
    cr_assert_not(str_has_word(STR("openid profile"), STR("open")));
    cr_assert_not(str_has_word(STR("openid profile"), STR("openid profile")));
    cr_assert_not(str_has_word(STR("a  b"), STR("")));
    cr_assert_not(str_has_word(STR_ABSENT, STR("a")));
}

Test(str, lines_match_whole_only)
{
    cr_assert(str_has_line(STR("https://a/b c\nhttps://d"), STR("https://a/b c")));
    cr_assert(str_has_line(STR("https://a/b c\nhttps://d"), STR("https://d")));
    cr_assert_not(str_has_line(STR("https://a/b c\nhttps://d"), STR("c")));
    cr_assert_not(str_has_line(STR("a\n\nb"), STR("")));
    cr_assert_not(str_has_line(STR("a"), STR_ABSENT));
    cr_assert_not(str_has_line(STR_ABSENT, STR("a")));
    cr_assert(str_has_choice(STR("a|b c|d"), STR("b c")));
    cr_assert_not(str_has_choice(STR("a|b c|d"), STR("b")));
    cr_assert_not(str_has_choice(STR("a|b"), STR("a|b")));
    cr_assert_not(str_has_choice(STR("a||b"), STR("")));
}

Test(str, trimming_takes_spaces_and_tabs_only)
{
    cr_assert(str_is(str_trim(STR(" \t a b\t ")), "a b"));
    cr_assert(str_is(str_trim(STR("\na")), "\na"));
    cr_assert_eq(str_trim(STR("   ")).n, 0);
}

Test(str, copies_are_nul_terminated)
{
    str s = str_dup(a, (str){"abcdef", 3});
    cr_assert_str_eq(s.p, "abc");
    s = str_join(a, (const str[]){STR("ab"), STR_ABSENT, STR("c")}, 3);
    cr_assert_str_eq(s.p, "abc");
    s = str_format(a, "%d-%.*s", 7, STR_FMT(STR("x")));
    cr_assert_str_eq(s.p, "7-x");
    cr_assert_eq(s.n, 3);
}

Test(str, a_c_string_cannot_hide_a_nul)
{
    cr_assert_null(str_z(a, STR("good\0evil")));
    cr_assert_null(str_z(a, STR_ABSENT));
    cr_assert_str_eq(str_z(a, STR("good")), "good");
}

Test(str, copies_are_absent_when_memory_ends)
{
    arena_fail_after(1);
    cr_assert_not(str_present(str_dup(a, STR("x"))));
    arena_fail_after(1);
    cr_assert_not(str_present(str_format(a, "x")));
    arena_fail_after(1);
    cr_assert_null(str_z(a, STR("x")));
    cr_assert(arena_failed(a));
}

Test(str, IN_06_numbers_have_one_spelling)
{
    const char *bad[] = {"", "-1", "+1", " 1", "1 ", "01", "00", "0x1", "1e9", "1.0", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t v = 42;
        cr_assert_eq(str_u64(str_of(bad[i]), UINT64_MAX, &v).kind, ERR_INVALID_REQUEST, "%s", bad[i]);
        cr_assert_eq(v, 42);
    }
    uint64_t v = 42;
    cr_assert_eq(str_u64(STR_ABSENT, 9, &v).kind, ERR_INVALID_REQUEST);
    cr_assert_eq(str_u64(STR("101"), 100, &v).kind, ERR_INVALID_REQUEST);
    cr_assert(!FAILED(str_u64(STR("100"), 100, &v)) && v == 100);
    cr_assert(!FAILED(str_u64(STR("0"), 0, &v)) && v == 0);
    cr_assert(!FAILED(str_u64(STR("18446744073709551615"), UINT64_MAX, &v)) && v == UINT64_MAX);
}

Test(str, a_token_has_a_char_and_only_its_own_kind)
{
    const char *bad[] = {"", " ", "a b", "a:", "a\t", "(a)", "\xc3\xa9"};
    cr_assert(str_is_token(STR("Content-Length")) && str_is_token(STR("!")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_not(str_is_token(str_of(bad[i])), "%zu", i);
    cr_assert_not(str_is_token(STR("a\0b")) || str_is_token(STR_ABSENT));
}
