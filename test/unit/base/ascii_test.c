/* SPDX-License-Identifier: MIT
 * Tests of ascii. */
#include "base/ascii.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(ascii, classes_agree_with_their_grammars)
{
    const char *token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"; /* RFC 9110 5.6.2 */
    const char *unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";       /* RFC 3986 2.3 */
    for (int i = -128; i < 128; i++) {
        char c = (char)i;
        cr_assert_eq(ascii_token_char(c), c != '\0' && strchr(token, c) != NULL, "%d", i);
        cr_assert_eq(ascii_unreserved(c), c != '\0' && strchr(unreserved, c) != NULL, "%d", i);
        cr_assert_eq(ascii_printable(c), i >= 32 && i < 127);
        cr_assert_eq(ascii_visible(c), i > 32 && i < 127);
        const char *hex = "0123456789abcdef", *at = c != '\0' ? strchr(hex, ascii_lower(c)) : NULL;
        cr_assert_eq(ascii_hex(c), at != NULL ? (int)(at - hex) : -1);
    }
}

Test(ascii, eight_bytes_are_folded_as_each_alone)
{
    for (int i = 0; i < 256; i++) {
        for (size_t at = 0; at < 8; at++) {
            char text[8] = {'A', 'Z', '@', '[', 'a', '\x7f', '\x80', '\xff'}, folded[8];
            text[at] = (char)i;
            for (size_t k = 0; k < 8; k++)
                folded[k] = ascii_lower(text[k]);
            cr_assert_eq(ascii_eight_lower(ascii_eight(text)), ascii_eight(folded), "byte %d at %zu", i, at);
        }
    }
}

Test(ascii, the_rest_as_eight_holds_each_byte_and_no_other)
{
    const char text[] = "abcdefg";
    for (size_t n = 1; n < 8; n++) {
        uint64_t eight = ascii_eight_rest(text, n);
        for (size_t i = 0; i < 8; i++)
            cr_assert_eq(ascii_eight_has(eight, (char)('a' + i)), i < n, "byte %zu of %zu", i, n);
        for (size_t i = 0; i < 8; i++)
            cr_assert_not_null(memchr(text, (int)(eight >> (8 * i) & 0xff), n), "place %zu of %zu", i, n);
    }
}

Test(ascii, the_rest_as_eight_reads_no_byte_beyond)
{
    for (size_t n = 1; n < 8; n++) {
        char text[8] = {'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x'}, other[8] = {'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x'};
        other[n] = '"';
        cr_assert_eq(ascii_eight_rest(text, n), ascii_eight_rest(other, n), "%zu", n);
    }
}

Test(ascii, four_bytes_are_eight_digits_each_at_its_place)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 4; at++) {
            uint8_t in[4] = {0x09, 0xaf, 0x90, 0xfa};
            char out[9] = "", expected[9];
            in[at] = (uint8_t)byte;
            ascii_hex_write(out, in);
            snprintf(expected, sizeof expected, "%02x%02x%02x%02x", in[0], in[1], in[2], in[3]);
            cr_assert_str_eq(out, expected);
        }
    }
}

Test(ascii, numbers_have_the_digits_that_printf_gives_them)
{
    uint64_t numbers[] = {0, 9, 10, 99, 100, 101, 999, 1000, 1234567890, 9999999999, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers + 12345; i++) {
        uint64_t v = i < sizeof numbers / sizeof *numbers ? numbers[i] : i;
        char out[ASCII_DECIMAL_MAX], expected[24];
        int n = snprintf(expected, sizeof expected, "%llu", (unsigned long long)v);
        cr_assert_eq(ascii_decimal(out, v), (size_t)n);
        cr_assert_eq(memcmp(out + sizeof out - n, expected, (size_t)n), 0, "%s", expected);
    }
}

Test(ascii, eight_are_printable_but_for_two_when_each_alone_is)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 8; at++) {
            char text[8] = {' ', '~', '!', '#', '[', ']', 'a', 'Z'};
            text[at] = (char)byte;
            bool expected = ascii_printable((char)byte) && byte != '"' && byte != '\\', nonzero = byte > 0 && byte < 128 && byte != '%' && byte != '+';
            cr_assert_eq(ascii_eight_nonzero_but(ascii_eight(text), '%', '+'), nonzero, "byte %u at %zu", byte, at);
            cr_assert_eq(ascii_eight_printable_but(ascii_eight(text), '"', '\\'), expected, "byte %u at %zu", byte, at);
        }
    }
}
