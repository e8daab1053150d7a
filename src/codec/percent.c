/* SPDX-License-Identifier: MIT
 * percent: RFC 3986 2.1. Relies on utf8 for the verdict on the decoded bytes.
 * Promises: what is decoded is UTF-8 without NUL; encode then decode is the identity; a bad escape is an error, never text. */
#include "codec/percent.h"

#include "base/ascii.h"
#include "codec/utf8.h"

#include <string.h>

#include "base/banned.h"

fallible percent_decode(struct arena *a, str text, enum percent_plus plus, str *out)
{
    if (text.p == NULL)
        FAIL(INVALID_REQUEST, "percent: absent");
    char *p = arena_take(a, text.n + 1);
    if (p == NULL)
        FAIL(UNAVAILABLE, "percent: out of memory");
    size_t n = str_find(text, '%'), space = plus == PERCENT_PLUS_SPACE ? str_find(text, '+') : text.n;
    n = n < space ? n : space; /* up to here nothing is encoded */
    if (n > 0)
        memcpy(p, text.p, n);
    for (size_t i = n; i < text.n; i++) {
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
