/* SPDX-License-Identifier: MIT
 * Tests of ascii. */
#include "base/ascii.h"

#include <criterion/criterion.h>
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
