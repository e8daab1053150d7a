/* SPDX-License-Identifier: MIT
 * str: what can be asked of borrowed text. Relies on arena for the few functions that copy.
 * Promises: no function reads beyond n bytes or needs a NUL; absent is never equal to empty; numbers have one spelling. */
#include "base/str.h"

#include "base/ascii.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static inline bool same_eight(uint64_t a, uint64_t b)
{
    return a == b || ascii_eight_lower(a) == ascii_eight_lower(b);
}

bool str_equal_nocase(str a, str b)
{
    if (a.p == NULL || b.p == NULL)
        return a.p == b.p;
    if (a.n != b.n)
        return false;
    if (a.n < 8)
        return a.n == 0 || same_eight(ascii_eight_rest(a.p, a.n), ascii_eight_rest(b.p, a.n));
    for (size_t i = 0; i + 8 < a.n; i += 8)
        if (!same_eight(ascii_eight(a.p + i), ascii_eight(b.p + i)))
            return false;
    return same_eight(ascii_eight(a.p + a.n - 8), ascii_eight(b.p + a.n - 8)); /* some of them once more */
}

bool str_is_token(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_token_char(s.p[i]))
            return false;
    return s.n > 0;
}

bool str_starts(str s, str prefix)
{
    return s.p != NULL && prefix.p != NULL && s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

bool str_ends(str s, str suffix)
{
    return s.p != NULL && suffix.p != NULL && s.n >= suffix.n && memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0;
}

int str_compare(str a, str b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common > 0 ? memcmp(a.p, b.p, common) : 0;
    if (order != 0)
        return order < 0 ? -1 : 1;
    return a.n == b.n ? 0 : (a.n < b.n ? -1 : 1);
}

static bool is_blank_char(char c)
{
    return c == ' ' || c == '\t';
}

str str_trim(str s)
{
    while (s.n > 0 && is_blank_char(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank_char(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t str_find(str s, char c)
{
    const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
    return at != NULL ? (size_t)(at - s.p) : s.n;
}

bool str_next(str *rest, char separator, str *piece)
{
    if (rest->p == NULL)
        return false;
    size_t at = str_find(*rest, separator);
    *piece = (str){rest->p, at};
    *rest = at < rest->n ? (str){rest->p + at + 1, rest->n - at - 1} : STR_ABSENT;
    return true;
}

static bool has_piece(str list, char separator, str wanted)
{
    if (wanted.n == 0)
        return false;
    str piece;
    while (str_next(&list, separator, &piece))
        if (str_equal(piece, wanted))
            return true;
    return false;
}

bool str_has_word(str list, str word)
{
    return has_piece(list, ' ', word);
}

bool str_has_line(str list, str line)
{
    return has_piece(list, '\n', line);
}

bool str_has_choice(str list, str choice)
{
    return has_piece(list, '|', choice);
}

str str_dup(struct arena *a, str s)
{
    if (s.p == NULL)
        return STR_ABSENT;
    return str_join(a, &s, 1);
}

str str_join(struct arena *a, const str *parts, size_t count)
{
    size_t total = 1; /* the NUL */
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(total, parts[i].n, &total)) {
            arena_fail(a);
            return STR_ABSENT;
        }
    }
    char *p = arena_take(a, total);
    if (p == NULL)
        return STR_ABSENT;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n > 0)
            memcpy(p + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    return (str){p, n};
}

str str_format(struct arena *a, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, arguments);
    char *p = n >= 0 ? arena_take(a, (size_t)n + 1) : NULL;
    if (p != NULL)
        vsnprintf(p, (size_t)n + 1, format, again);
    else
        arena_fail(a);
    va_end(again);
    va_end(arguments);
    return p != NULL ? (str){p, (size_t)n} : STR_ABSENT;
}

const char *str_z(struct arena *a, str s)
{
    if (s.p == NULL || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL))
        return NULL;
    return str_dup(a, s).p;
}

fallible str_u64(str s, uint64_t max, uint64_t *out)
{
    if (s.n == 0 || (s.n > 1 && s.p[0] == '0')) /* IN-06 */
        REFUSE(INVALID_REQUEST, "A number is malformed.", "str_u64: empty or leading zero");
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_digit(s.p[i]))
            REFUSE(INVALID_REQUEST, "A number is malformed.", "str_u64: not a digit");
        if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v) || v > max)
            REFUSE(INVALID_REQUEST, "A number is too large.", "str_u64: over the maximum");
    }
    *out = v;
    return OK;
}
