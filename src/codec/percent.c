/* SPDX-License-Identifier: MIT
 * percent: RFC 3986 2.1. Relies on utf8 for the verdict on the decoded bytes.
 * Promises: what is decoded is UTF-8 without NUL; encode then decode is the identity; a bad escape is an error, never text. */
#include "codec/percent.h"

#include "base/ascii.h"
#include "codec/utf8.h"

#include <string.h>

#include "base/banned.h"

static inline bool plain_eight(uint64_t v)
{
    return ascii_eight_nonzero_but(v, '%', '+');
}

/* Most texts: ASCII, nothing of it encoded. */
static bool needs_no_decoding(str text)
{
    size_t i = 0;
    while (text.n - i >= 8 && plain_eight(ascii_eight(text.p + i)))
        i += 8;
    size_t rest = text.n - i;
    return rest == 0 || (rest < 8 && plain_eight(ascii_eight_rest(text.p + i, rest)));
}

/* Text that holds something to decode; into as many bytes. */
static fallible decode_each(str text, enum percent_plus plus, char *p, size_t *decoded)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = text.n - i > 2 ? ascii_hex(text.p[i + 1]) : -1;
            int low = text.n - i > 2 ? ascii_hex(text.p[i + 2]) : -1;
            if (high < 0 || low < 0) /* IN-03 */
                REFUSE(INVALID_REQUEST, "The request contains a malformed percent escape.", "percent: bad escape");
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus == PERCENT_PLUS_SPACE) {
            c = ' ';
        }
        p[n++] = c;
    }
    if (!utf8_valid((str){p, n})) /* IN-03: NUL, overlong forms, surrogates */
        REFUSE(INVALID_REQUEST, "The request contains text that is not UTF-8, or a NUL.", "percent: not UTF-8 or NUL");
    *decoded = n;
    return OK;
}

fallible percent_decode(struct arena *a, str text, enum percent_plus plus, str *out)
{
    if (text.p == NULL)
        FAIL(INVALID_REQUEST, "percent: absent");
    char *p = arena_take(a, text.n + 1);
    if (p == NULL)
        FAIL(UNAVAILABLE, "percent: out of memory");
    size_t n = text.n;
    if (!needs_no_decoding(text))
        TRY(decode_each(text, plus, p, &n));
    else if (n > 0)
        memcpy(p, text.p, n);
    *out = (str){p, n};
    return OK;
}

void percent_add(struct buf *b, str text)
{
    static const char digits[] = "0123456789ABCDEF"; /* RFC 3986 2.1: upper case */
    size_t i = 0;
    while (i < text.n && !b->over) {
        size_t start = i;
        while (i < text.n && ascii_unreserved(text.p[i]))
            i++;
        if (i > start)
            buf_add(b, (str){text.p + start, i - start});
        if (i < text.n) {
            unsigned char byte = (unsigned char)text.p[i++];
            buf_add(b, (str){(const char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3});
        }
    }
}
