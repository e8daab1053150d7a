/* SPDX-License-Identifier: MIT
 * utf8: validity (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; NUL refused) and counting. */
#ifndef JETON_CODEC_UTF8_H
#define JETON_CODEC_UTF8_H
#include "base/str.h"
bool utf8_valid(str s);
size_t utf8_length(str s);    /* code points of a valid text */
bool utf8_no_controls(str s); /* valid and free of C0, DEL and C1 controls: what may be a name that people read */
#endif
