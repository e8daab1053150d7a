/* SPDX-License-Identifier: MIT
 * buf: growing text inside an arena. Relies on arena for memory.
 * Promises: 1. n <= max always; 2. p[n] is NUL whenever p is there; 3. after the first part that does not fit, `over` is set
 * and nothing is taken any more, so no text with a hole ever leaves; 4. a block that is left behind is wiped. */
#include "base/buf.h"

#include "base/ascii.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { CAPACITY_FIRST = 128 };

struct buf buf_new(struct arena *a, size_t max)
{
    return (struct buf){.arena = a, .max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4};
}

/* Room for `more` bytes and the NUL. max <= SIZE_MAX / 4 keeps every sum below from wrapping. */
static bool ensure_buf_room(struct buf *b, size_t more)
{
    if (b->over || more > b->max - b->n) {
        b->over = true;
        return false;
    }
    size_t need = b->n + more + 1;
    if (need <= b->capacity)
        return true;
    size_t capacity = b->capacity < CAPACITY_FIRST / 2 ? CAPACITY_FIRST : b->capacity * 2;
    if (capacity > b->max + 1)
        capacity = b->max + 1;
    if (capacity < need)
        capacity = need;
    char *p = arena_take(b->arena, capacity);
    if (p == NULL) {
        b->over = true;
        return false;
    }
    if (b->p != NULL) {
        memcpy(p, b->p, b->n);
        explicit_bzero(b->p, b->n);
    }
    b->p = p;
    b->capacity = capacity;
    return true;
}

void buf_reserve(struct buf *b, size_t n)
{
    if (ensure_buf_room(b, n < b->max - b->n ? n : b->max - b->n))
        b->p[b->n] = '\0';
}

char *buf_place_growing(struct buf *b, size_t n)
{
    if (!ensure_buf_room(b, n))
        return NULL;
    char *place = b->p + b->n;
    b->n += n;
    b->p[b->n] = '\0';
    return place;
}

void buf_add_growing(struct buf *b, str s)
{
    char *place = buf_place(b, s.n);
    if (place != NULL && s.n > 0)
        memcpy(place, s.p, s.n);
}

void buf_word(struct buf *b, str word)
{
    if (b->n > 0)
        buf_char(b, ' ');
    buf_add(b, word);
}

void buf_u64(struct buf *b, uint64_t v)
{
    char digits[ASCII_DECIMAL_MAX];
    size_t n = ascii_decimal(digits, v);
    buf_add(b, (str){digits + sizeof digits - n, n});
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_char(b, '-');
    buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, arguments);
    if (n < 0) {
        b->over = true;
    } else if (ensure_buf_room(b, (size_t)n)) {
        vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
    va_end(arguments);
}

fallible buf_done(struct buf *b, str *out)
{
    if (!ensure_buf_room(b, 0))
        FAIL(UNAVAILABLE, "buf: text over its ceiling or out of memory");
    *out = (str){b->p, b->n};
    return OK;
}
