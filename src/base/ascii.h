/* SPDX-License-Identifier: MIT
 * ascii: character classes that know no locale. */
#ifndef JETON_BASE_ASCII_H
#define JETON_BASE_ASCII_H
#include <stdbool.h>

static inline bool ascii_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool ascii_printable(char c) /* space included */
{
    return c >= 0x20 && c <= 0x7e;
}
static inline bool ascii_visible(char c) /* VSCHAR without the space */
{
    return c > 0x20 && c <= 0x7e;
}
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}
static inline bool ascii_unreserved(char c) /* RFC 3986 2.3 */
{
    return ascii_letter(c) || ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
extern const bool ascii_token_chars[256];
static inline bool ascii_token_char(char c) /* RFC 9110 5.6.2 tchar */
{
    return ascii_token_chars[(unsigned char)c];
}
/* Value of a hexadecimal digit, or -1. */
int ascii_hex(char c);
#endif
