/* SPDX-License-Identifier: MIT
 * frame: proves that the head of a message was spelled as RFC 9112 spells it, byte for byte: one space, CRLF after every
 * line, no folding, no NUL, nothing between the pieces. Private to http. */
#ifndef JETON_HTTP_FRAME_H
#define JETON_HTTP_FRAME_H
#include "http/http.h"
struct frame {
    str head;                    /* first byte of the method up to and including the empty line */
    str method, target, version; /* where the parser found them */
    const struct http_header *headers;
    size_t header_count;
};
fallible frame_check(const struct frame *f); /* INVALID_REQUEST when a single byte is unaccounted for */
#endif
