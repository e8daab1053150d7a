/* SPDX-License-Identifier: MIT
 * str: borrowed text with a length; may hold any byte. p == NULL means absent, which differs from empty. */
#ifndef JETON_BASE_STR_H
#define JETON_BASE_STR_H
#include "base/arena.h"

#include <string.h>

typedef struct str {
    const char *p;
    size_t n;
} str;

#define STR(literal_) ((str){"" literal_, sizeof(literal_) - 1})
#define STR_ABSENT    ((str){NULL, 0})
#define STR_FMT(s_)   (int)(s_).n, ((s_).p ? (s_).p : "") /* for "%.*s" */

static inline str str_of(const char *z) /* borrows; NULL gives absent. Inline, so that a literal's length is known to the compiler */
{
    return z != NULL ? (str){z, strlen(z)} : STR_ABSENT;
}
static inline bool str_present(str s)
{
    return s.p != NULL;
}
static inline bool str_filled(str s)
{
    return s.p != NULL && s.n > 0;
}
/* Bytes; absent equals only absent. Never for secrets: see secret_equal. */
static inline bool str_equal(str a, str b)
{
    if (a.p == NULL || b.p == NULL)
        return a.p == b.p;
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}
bool str_equal_nocase(str a, str b); /* ASCII letters folded */
static inline bool str_is(str a, const char *z)
{
    return str_equal(a, str_of(z));
}
bool str_is_token(str s); /* RFC 9110 5.6.2 */
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
int str_compare(str a, str b); /* memcmp order, shorter first */
str str_trim(str s);           /* ASCII space and tab at both ends */
/* Position of the first c, or s.n. */
size_t str_find(str s, char c);
/* Cuts the next piece up to `separator` off *rest; false when nothing is left (*rest is then absent). Empty pieces are
 * delivered: "a," gives "a" and "", and an empty text gives one empty piece: ask str_filled of a list that may be empty. */
bool str_next(str *rest, char separator, str *piece);
/* Is `word` one of the words of `list` (separated by single spaces)? */
bool str_has_word(str list, str word);
/* The same for a list of lines (separated by \n). */
bool str_has_line(str list, str line);
/* The same with pieces separated by |. */
bool str_has_choice(str list, str choice);
str str_dup(struct arena *a, str s);                           /* NUL-terminated copy; absent when the arena fails or s is absent */
str str_join(struct arena *a, const str *parts, size_t count); /* concatenation; absent when the arena fails */
str str_format(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3))); /* absent when it fails */
/* A C string; NULL when s holds a NUL byte, is absent, or the arena fails. */
const char *str_z(struct arena *a, str s);
/* Digits only: no sign, space, prefix or leading zero (but "0"); 0..max. INVALID_REQUEST otherwise, *out untouched. */
fallible str_u64(str s, uint64_t max, uint64_t *out);
#endif
