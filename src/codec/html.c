/* SPDX-License-Identifier: MIT
 * html: one escape for element content and for quoted attribute values. Relies on buf.
 * Promises: the output holds none of & < > " ' but as part of a character reference that this file wrote (LS-19). */
#include "codec/html.h"

#include "base/banned.h"

static const char *find_html_reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_add(struct buf *b, str text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.n && !b->over; i++) {
        const char *replacement = find_html_reference(text.p[i]);
        if (replacement == NULL)
            continue;
        buf_add(b, (str){text.p + start, i - start});
        buf_add_z(b, replacement);
        start = i + 1;
    }
    if (start < text.n)
        buf_add(b, (str){text.p + start, text.n - start});
}
