/* SPDX-License-Identifier: MIT
 * percent: RFC 3986 2.1 escapes. Decoding refuses bad escapes, NUL and bytes that are not UTF-8 (IN-03). */
#ifndef JETON_CODEC_PERCENT_H
#define JETON_CODEC_PERCENT_H
#include "base/buf.h"
enum percent_plus { PERCENT_PLUS_LITERAL, PERCENT_PLUS_SPACE };
fallible percent_decode(struct arena *a, str text, enum percent_plus plus, str *out);
void percent_add(struct buf *b, str text); /* everything but unreserved is escaped */
#endif
