/* SPDX-License-Identifier: MIT
 * h1: HTTP/1.1 as bytes (RFC 9112), read so that no other parser can read it differently: CRLF alone ends a line, one space stands between
 * the parts of the request line, no line is folded, chunked is what it must be. Pure: bytes in, pieces of these bytes out; fuzzed against
 * foreign parsers. What single fields may hold and which may come once is guard's matter. Private to http. */
#ifndef JETON_HTTP_H1_H
#define JETON_HTTP_H1_H
#include "http/http.h"

enum {
    H1_METHOD_MAX = 32,
    H1_ENDS = 10,                                                                       /* most requests have fewer lines */
    H1_HEAD_MAX = HTTP_TARGET_MAX + HTTP_HEADERS_MAX + 4 * HTTP_HEADER_COUNT_MAX + 512, /* bytes of a head that is still being read */
    H1_CHUNK_LINE_MAX = 256,                                                            /* bytes of a chunk's size and extensions */
};

/* Where the search for a head's end stands. All zero before the first byte. */
struct h1_scan {
    uint32_t at;            /* bytes looked at */
    uint32_t line;          /* where the present line begins */
    uint32_t begin;         /* where the request line begins: empty lines before it are skipped (RFC 9112 2.2) */
    uint32_t lines;         /* that ended, the request line among them */
    uint32_t end;           /* bytes of the whole head; 0: there is more to come */
    uint16_t ends[H1_ENDS]; /* where the first lines end, at their LF, so that h1_head need not look for it again */
};
/* Looks at what is new in `bytes`, which begin where they began before; then scan->end says whether the head is whole. Linear in what is new.
 * INVALID_REQUEST as soon as it cannot become a head; URI_TOO_LONG, HEADERS_TOO_LARGE as soon as it is too large. */
fallible h1_scan(struct h1_scan *scan, str bytes);

struct h1_head { /* borrowed from the bytes */
    str method, target;
    unsigned minor;              /* HTTP/1.minor: 0 or 1 */
    struct http_header *headers; /* in the arena */
    size_t header_count;         /* one more than HTTP_HEADER_COUNT_MAX at the most: guard refuses that one */
};
/* A whole head's pieces. INVALID_REQUEST; VERSION_NOT_SUPPORTED (505): another major version; UNAVAILABLE: no memory. */
fallible h1_head(struct arena *a, const struct h1_scan *scan, str bytes, struct h1_head *out);
/* Does the connection go on after this request (RFC 9112 9.3)? */
bool h1_persists(const struct request *r, unsigned minor);

enum h1_chunk_state {
    H1_CHUNK_SIZE = 0,
    H1_CHUNK_EXTENSION,
    H1_CHUNK_SIZE_LF,
    H1_CHUNK_DATA,
    H1_CHUNK_DATA_CR,
    H1_CHUNK_DATA_LF,
    H1_TRAILER,
    H1_TRAILER_NAME,
    H1_TRAILER_VALUE,
    H1_TRAILER_LF,
    H1_CHUNKS_LF,
    H1_CHUNKS_END,
};
struct h1_chunks { /* all zero before the first byte (RFC 9112 7.1) */
    enum h1_chunk_state state;
    uint32_t line; /* bytes of the present size line, or of all trailers */
    uint64_t left; /* bytes of data still to come in this chunk */
};
/* Takes from the front of *rest until a run of data ends or nothing is left; *data is that run (empty: none). chunks->state tells when the
 * body is over; what follows it stays in *rest. Extensions and trailers are read and dropped. INVALID_REQUEST, TOO_LARGE, HEADERS_TOO_LARGE. */
fallible h1_chunks(struct h1_chunks *chunks, str *rest, str *data);

/* The bytes of an answer: status line, Date, Content-Length, the response's own fields, and the body when it is small or `split` is NULL; else
 * *split is what must follow. `head_only`: the request was HEAD. In the response's arena; absent when that fails. */
struct h1_answer {
    const char *date;                  /* RFC 9110 5.6.7 */
    bool head_only, close, keep_alive; /* keep_alive: an HTTP/1.0 client asked for it */
};
str h1_write(const struct response *r, const struct h1_answer *how, str *split);
#endif
