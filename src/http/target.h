/* SPDX-License-Identifier: MIT
 * target: the raw request target into path and query; the path is decoded exactly once. Refused: absolute-form, `*`, empty,
 * `//`, `.` and `..` segments in any spelling, `;`, backslash, escaped slash, NUL, bad escapes, bad UTF-8. A fuzz target. */
#ifndef JETON_HTTP_TARGET_H
#define JETON_HTTP_TARGET_H
#include "base/str.h"
fallible target_parse(struct arena *a, str raw, str *path, str *query);
#endif
