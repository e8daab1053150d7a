/* SPDX-License-Identifier: MIT
 * b64url: three bytes are four characters. Relies on buf and arena for memory.
 * Promises: encode and decode are inverse in both directions (a value has one spelling), so a text that decodes may be compared
 * or hashed as it stands; nothing is read or written beyond the given lengths. */
#include "codec/b64url.h"

#include <string.h>

#include "base/banned.h"

static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* A character's six bits; what is in no alphabet has all bits, so that it reaches beyond the 24 of four wherever it stands among them. Both
 * alphabets differ in two characters only. */
#define NONE    UINT32_MAX
#define UPPER   0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
#define LOWER   26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51
#define DIGITS  52, 53, 54, 55, 56, 57, 58, 59, 60, 61
#define NONE_4  NONE, NONE, NONE, NONE
#define NONE_16 NONE_4, NONE_4, NONE_4, NONE_4
#define BEFORE  NONE_16, NONE_16, NONE_4, NONE_4, NONE, NONE, NONE                                   /* up to * */
#define BEHIND  NONE_4, NONE, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16, NONE_16 /* from { on */

static const uint32_t url_values[256] = {BEFORE, NONE, NONE, 62, NONE, NONE, DIGITS, NONE_4, NONE, NONE, NONE, UPPER, NONE_4, 63, NONE, LOWER, BEHIND};
static const uint32_t plain_values[256] = {BEFORE, 62, NONE, NONE, NONE, 63, DIGITS, NONE_4, NONE, NONE, NONE, UPPER, NONE_4, NONE, NONE, LOWER, BEHIND};

static uint32_t value_of(const uint32_t values[256], char c)
{
    return values[(unsigned char)c];
}

static uint32_t value_of_four(const uint32_t values[256], const char *p)
{
    return value_of(values, p[0]) << 18 | value_of(values, p[1]) << 12 | value_of(values, p[2]) << 6 | value_of(values, p[3]);
}

/* The last two or three characters of a text, or the one that is no byte. */
static bool decode_rest(const uint32_t values[256], str text, uint8_t *out)
{
    if (text.n == 1) /* six bits */
        return false;
    const char four[] = {text.p[0], text.p[1], text.n > 2 ? text.p[2] : 'A', 'A'};
    uint32_t three = value_of_four(values, four);
    if (three >> 24 != 0 || (three & (text.n == 2 ? 0xffff : 0xff)) != 0) /* RFC 4648 3.5: dangling bits */
        return false;
    *out++ = (uint8_t)(three >> 16);
    if (text.n > 2)
        *out = (uint8_t)(three >> 8);
    return true;
}

/* Needs room for text.n * 3 / 4 bytes; false when malformed. */
static bool decode_b64_text(const uint32_t values[256], str text, uint8_t *out)
{
    uint32_t all = 0;
    for (; text.n >= 8; text.p += 4, text.n -= 4, out += 3) { /* a fourth byte is written, which the next three take back */
        uint32_t three = value_of_four(values, text.p), first_to_last = __builtin_bswap32(three << 8);
        all |= three;
        memcpy(out, &first_to_last, sizeof first_to_last);
    }
    for (; text.n >= 4; text.p += 4, text.n -= 4, out += 3) {
        uint32_t three = value_of_four(values, text.p);
        all |= three;
        out[0] = (uint8_t)(three >> 16);
        out[1] = (uint8_t)(three >> 8);
        out[2] = (uint8_t)three;
    }
    return all >> 24 == 0 && (text.n == 0 || decode_rest(values, text, out));
}

void b64url_write(char *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (; n >= 3; n -= 3, p += 3) {
        uint32_t three = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        out[0] = url_alphabet[three >> 18];
        out[1] = url_alphabet[three >> 12 & 63];
        out[2] = url_alphabet[three >> 6 & 63];
        out[3] = url_alphabet[three & 63];
        out += 4;
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
