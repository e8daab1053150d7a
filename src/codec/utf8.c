/* SPDX-License-Identifier: MIT
 * utf8: the well-formed byte sequences of RFC 3629 4, and nothing else. Relies on nothing.
 * Promises: no byte beyond the text is read; a text that is valid here is valid for every other strict reader. */
#include "codec/utf8.h"

#include "base/ascii.h"

#include "base/banned.h"

static bool is_continuation_byte(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Bytes of the code point at p, of which n > 0 are there; 0 when malformed or NUL. */
static size_t measure_code_point(const char *p, size_t n)
{
    unsigned char first = (unsigned char)p[0];
    if (first < 0x80)
        return first != 0;
    size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || n < length) /* C0, C1: overlong; F5…: above U+10FFFF */
        return 0;
    for (size_t i = 1; i < length; i++)
        if (!is_continuation_byte(p[i]))
            return 0;
    unsigned char second = (unsigned char)p[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90)) /* overlong */
        return 0;
    if ((first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f)) /* surrogates; above U+10FFFF */
        return 0;
    return length;
}

bool utf8_valid(str s)
{
    for (size_t i = 0, n; i < s.n; i += n) {
        size_t rest = s.n - i;
        if (ascii_eight_nonzero(rest >= 8 ? ascii_eight(s.p + i) : ascii_eight_rest(s.p + i, rest))) {
            n = rest < 8 ? rest : 8;
            continue;
        }
        n = measure_code_point(s.p + i, s.n - i);
        if (n == 0)
            return false;
    }
    return true;
}

size_t utf8_length(str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        if (!is_continuation_byte(s.p[i]))
            count++;
    return count;
}

bool utf8_no_controls(str s)
{
    for (size_t i = 0, n; i < s.n; i += n) {
        n = measure_code_point(s.p + i, s.n - i);
        unsigned char first = (unsigned char)s.p[i];
        if (n == 0 || first < 0x20 || first == 0x7f)
            return false;
        if (first == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0) /* U+0080 … U+009F */
            return false;
    }
    return true;
}
