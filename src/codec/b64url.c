/* SPDX-License-Identifier: MIT
 * b64url: three bytes are four characters. Relies on buf and arena for memory.
 * Promises: encode and decode are inverse in both directions (a value has one spelling), so a text that decodes may be compared
 * or hashed as it stands; nothing is read or written beyond the given lengths. */
#include "codec/b64url.h"

#include <string.h>

#include "base/banned.h"

static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { GOOD = 0x40, SIX = 0x3f }; /* above the six bits: the character is in the alphabet */

/* Both alphabets differ in two characters only. */
#define ROW(c_, v_) [c_] = GOOD | (v_)
#define COMMON                                                                                                                                      \
    ROW('A', 0), ROW('B', 1), ROW('C', 2), ROW('D', 3), ROW('E', 4), ROW('F', 5), ROW('G', 6), ROW('H', 7), ROW('I', 8), ROW('J', 9), ROW('K', 10), \
        ROW('L', 11), ROW('M', 12), ROW('N', 13), ROW('O', 14), ROW('P', 15), ROW('Q', 16), ROW('R', 17), ROW('S', 18), ROW('T', 19), ROW('U', 20), \
        ROW('V', 21), ROW('W', 22), ROW('X', 23), ROW('Y', 24), ROW('Z', 25), ROW('a', 26), ROW('b', 27), ROW('c', 28), ROW('d', 29), ROW('e', 30), \
        ROW('f', 31), ROW('g', 32), ROW('h', 33), ROW('i', 34), ROW('j', 35), ROW('k', 36), ROW('l', 37), ROW('m', 38), ROW('n', 39), ROW('o', 40), \
        ROW('p', 41), ROW('q', 42), ROW('r', 43), ROW('s', 44), ROW('t', 45), ROW('u', 46), ROW('v', 47), ROW('w', 48), ROW('x', 49), ROW('y', 50), \
        ROW('z', 51), ROW('0', 52), ROW('1', 53), ROW('2', 54), ROW('3', 55), ROW('4', 56), ROW('5', 57), ROW('6', 58), ROW('7', 59), ROW('8', 60), \
        ROW('9', 61)

static const uint8_t url_values[256] = {COMMON, ROW('-', 62), ROW('_', 63)};
static const uint8_t plain_values[256] = {COMMON, ROW('+', 62), ROW('/', 63)};

static unsigned value_of(const uint8_t values[256], char c)
{
    return values[(unsigned char)c];
}

/* The last two or three characters of a text, or the one that is no byte. */
static bool decode_rest(const uint8_t values[256], str text, uint8_t *out)
{
    if (text.n == 1) /* six bits */
        return false;
    unsigned a = value_of(values, text.p[0]), b = value_of(values, text.p[1]), c = text.n > 2 ? value_of(values, text.p[2]) : GOOD;
    if ((a & b & c & GOOD) == 0 || (text.n == 2 ? b & 15 : c & 3) != 0) /* RFC 4648 3.5: dangling bits */
        return false;
    *out++ = (uint8_t)((a & SIX) << 2 | (b & SIX) >> 4);
    if (text.n > 2)
        *out = (uint8_t)((b & 15) << 4 | (c & SIX) >> 2);
    return true;
}

/* Needs room for text.n * 3 / 4 bytes; false when malformed. */
static bool decode_b64_text(const uint8_t values[256], str text, uint8_t *out)
{
    unsigned good = GOOD;
    for (; text.n >= 4; text.p += 4, text.n -= 4, out += 3) {
        unsigned a = value_of(values, text.p[0]), b = value_of(values, text.p[1]), c = value_of(values, text.p[2]), d = value_of(values, text.p[3]);
        unsigned three = (a << 18) + (b << 12) + (c << 6) + d - GOOD * 0x41041u; /* without the four marks, if all are there */
        good &= a & b & c & d;
        out[0] = (uint8_t)(three >> 16);
        out[1] = (uint8_t)(three >> 8);
        out[2] = (uint8_t)three;
    }
    return good != 0 && (text.n == 0 || decode_rest(values, text, out));
}

void b64url_write(char *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (; n >= 3; n -= 3, p += 3) {
        *out++ = url_alphabet[p[0] >> 2];
        *out++ = url_alphabet[(p[0] & 3) << 4 | p[1] >> 4];
        *out++ = url_alphabet[(p[1] & 15) << 2 | p[2] >> 6];
        *out++ = url_alphabet[p[2] & 63];
    }
    if (n == 0)
        return;
    unsigned second = n == 2 ? p[1] : 0;
    *out++ = url_alphabet[p[0] >> 2];
    *out++ = url_alphabet[(p[0] & 3u) << 4 | second >> 4];
    if (n == 2)
        *out = url_alphabet[(second & 15) << 2];
}

void b64url_add(struct buf *b, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    char piece[B64URL_LENGTH(192)];
    while (n > 0 && !b->over) {
        size_t part = n < 192 ? n : 192; /* a multiple of three, so that pieces join without a seam */
        b64url_write(piece, p, part);
        buf_add(b, (str){piece, B64URL_LENGTH(part)});
        p += part;
        n -= part;
    }
    explicit_bzero(piece, sizeof piece);
}

str b64url_encode(struct arena *a, const void *bytes, size_t n)
{
    if (n > SIZE_MAX / 8) {
        arena_fail(a);
        return STR_ABSENT;
    }
    char *out = arena_take(a, B64URL_LENGTH(n) + 1);
    if (out == NULL)
        return STR_ABSENT;
    b64url_write(out, bytes, n);
    return (str){out, B64URL_LENGTH(n)};
}

fallible b64url_decode(str text, void *out, size_t capacity, size_t *n)
{
    size_t size = text.n / 4 * 3 + (text.n % 4) * 3 / 4;
    if (text.p == NULL || size > capacity)
        FAIL(INVALID_REQUEST, "b64url: absent or too long");
    if (!decode_b64_text(url_values, text, out)) /* AT-06 */
        FAIL(INVALID_REQUEST, "b64url: malformed");
    *n = size;
    return OK;
}

fallible b64url_decode_exact(str text, void *out, size_t size)
{
    if (size > SIZE_MAX / 8 || text.n != B64URL_LENGTH(size))
        FAIL(INVALID_REQUEST, "b64url: wrong length");
    size_t n;
    return b64url_decode(text, out, size, &n);
}

fallible b64_decode(struct arena *a, str text, str *out)
{
    size_t padding = 0;
    while (padding < 2 && padding < text.n && text.p[text.n - 1 - padding] == '=')
        padding++;
    if (padding > 0 && text.n % 4 != 0)
        FAIL(INVALID_REQUEST, "b64: wrong padding");
    text.n -= padding;
    if (text.p == NULL || (padding > 0 && text.n % 4 != 4 - padding))
        FAIL(INVALID_REQUEST, "b64: absent or wrong padding");
    size_t size = text.n / 4 * 3 + (text.n % 4) * 3 / 4;
    char *p = arena_take(a, size + 1);
    if (p == NULL)
        FAIL(UNAVAILABLE, "b64: out of memory");
    if (!decode_b64_text(plain_values, text, (uint8_t *)p))
        FAIL(INVALID_REQUEST, "b64: malformed");
    *out = (str){p, size};
    return OK;
}
