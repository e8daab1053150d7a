/* SPDX-License-Identifier: MIT
 * ascii: character classes that know no locale. */
#ifndef JETON_BASE_ASCII_H
#define JETON_BASE_ASCII_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
extern const bool ascii_unreserved_chars[256];
static inline bool ascii_unreserved(char c) /* RFC 3986 2.3 */
{
    return ascii_unreserved_chars[(unsigned char)c];
}
extern const bool ascii_token_chars[256];
static inline bool ascii_token_char(char c) /* RFC 9110 5.6.2 tchar */
{
    return ascii_token_chars[(unsigned char)c];
}
static inline bool ascii_field_char(char c) /* RFC 9110 5.5: HTAB, SP, VCHAR, obs-text */
{
    return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f);
}
/* Value of a hexadecimal digit, or -1. */
int ascii_hex(char c);
/* The eight hexadecimal digits of four bytes, in lower case. */
void ascii_hex_write(char out[8], const uint8_t in[4]);

/* The digits of a number at the end of `out`; how many they are. Two at a time, for a division costs more than a pair in a table. */
enum { ASCII_DECIMAL_MAX = 20 }; /* digits of 2^64 */
size_t ascii_decimal(char out[ASCII_DECIMAL_MAX], uint64_t v);

/* Eight bytes at a time, for the long values on hot paths: a class is asked by sums whose carries or borrows reach the high bit of the
 * lowest byte that is not in it; bytes above that one may be wrong, the verdict on all eight is not. */
static inline uint64_t ascii_eight(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
/* The n last bytes of a text, 1 to 7, as eight of which some come twice: for what is asked of each byte alike. */
static inline uint64_t ascii_eight_rest(const char *p, size_t n)
{
    uint32_t first, last;
    if (n >= sizeof first) {
        memcpy(&first, p, sizeof first);
        memcpy(&last, p + n - sizeof last, sizeof last);
        return (uint64_t)last << 32 | first;
    }
    first = (uint32_t)(unsigned char)p[0] * 0x01000001u | (uint32_t)(unsigned char)p[n / 2] << 8 | (uint32_t)(unsigned char)p[n - 1] << 16;
    return (uint64_t)first << 32 | first;
}
static inline bool ascii_eight_nonzero(uint64_t v) /* all from 0x01 to 0x7f */
{
    return ((v | (v - 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}
static inline bool ascii_eight_printable(uint64_t v) /* all from 0x20 to 0x7e */
{
    return ((v | (v - 0x2020202020202020u) | (v + 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}
static inline bool ascii_eight_has(uint64_t v, char c)
{
    uint64_t zero_where_same = v ^ (0x0101010101010101u * (unsigned char)c);
    return ((zero_where_same - 0x0101010101010101u) & ~zero_where_same & 0x8080808080808080u) != 0;
}
/* None of eight that are below 0x80 is one of these two. */
static inline bool ascii_eight_without(uint64_t v, char one, char other)
{
    uint64_t zero_where_one = v ^ (0x0101010101010101u * (unsigned char)one), zero_where_other = v ^ (0x0101010101010101u * (unsigned char)other);
    return (((zero_where_one - 0x0101010101010101u) | (zero_where_other - 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}
/* All from 0x01 to 0x7f, and none of them one of these two. */
static inline bool ascii_eight_nonzero_but(uint64_t v, char one, char other)
{
    return ascii_eight_nonzero(v) && ascii_eight_without(v, one, other);
}
/* All printable, and none of them one of these two. */
static inline bool ascii_eight_printable_but(uint64_t v, char one, char other)
{
    return ascii_eight_printable(v) && ascii_eight_without(v, one, other);
}
static inline uint64_t ascii_eight_lower(uint64_t v) /* each byte as ascii_lower has it; no sum crosses into the next byte */
{
    uint64_t low = v & 0x7f7f7f7f7f7f7f7fu, from_a = low + 0x3f3f3f3f3f3f3f3fu, beyond_z = low + 0x2525252525252525u;
    return v | ((from_a & ~beyond_z & ~v & 0x8080808080808080u) >> 2);
}
#endif
