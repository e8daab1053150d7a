/* SPDX-License-Identifier: MIT
 * buf: growing text with a ceiling given at birth. One that overflows stays overflowed, takes nothing more, and is asked once,
 * at the end (buf_done). Old blocks are wiped when it grows. */
#ifndef JETON_BASE_BUF_H
#define JETON_BASE_BUF_H
#include "base/str.h"

#include <string.h>

/* Every ceiling that does not belong to HTTP (those are in http/http.h), in bytes. */
enum {
    BUF_URL_MAX = 8192,     /* an address that we build */
    BUF_JSON_MAX = 1 << 20, /* a JSON answer: 100 rows of a list at the most */
    BUF_PAGE_MAX = 1 << 20, /* an HTML page */
    BUF_TOKEN_MAX = 16384,  /* any token */
    BUF_LINE_MAX = 4096,    /* a log line */
};

struct buf {
    struct arena *arena;
    char *p;
    size_t n, capacity, max;
    bool over;
};

struct buf buf_new(struct arena *a, size_t max);
void buf_reserve(struct buf *b, size_t n);             /* room for n bytes at once, which spares growing; changes no text */
char *buf_place_growing(struct buf *b, size_t n);      /* as buf_place, which is inline for what fits already */
static inline char *buf_place(struct buf *b, size_t n) /* where n further bytes are to be written, all of them; NULL when they do not fit */
{
    if (b->over || n >= b->capacity - b->n) /* a byte stays for the NUL */
        return buf_place_growing(b, n);
    char *place = b->p + b->n;
    b->n += n;
    b->p[b->n] = '\0';
    return place;
}
void buf_add_growing(struct buf *b, str s);
static inline void buf_add(struct buf *b, str s)
{
    if (b->over || s.n >= b->capacity - b->n) {
        buf_add_growing(b, s);
        return;
    }
    if (s.n > 0)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
}
static inline void buf_add_z(struct buf *b, const char *z)
{
    buf_add(b, str_of(z));
}
static inline void buf_char(struct buf *b, char c)
{
    buf_add(b, (str){&c, 1});
}
void buf_word(struct buf *b, str word); /* one more of a list of words: a blank stands before all but the first */
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text, NUL-terminated (length rules); UNAVAILABLE when it overflowed or memory ended. */
fallible buf_done(struct buf *b, str *out);
#endif
