/* SPDX-License-Identifier: MIT
 * Any bytes as an HTTP/1.1 message: a head ends at the same byte however it comes, its pieces lie in it and hold no line end, and written
 * again they are read as the same; what follows is read as chunks, whose data do not depend on how they are cut. */
#include "http/h1.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void lies_in(str piece, str bytes)
{
    must(piece.n == 0 || (piece.p >= bytes.p && piece.p + piece.n <= bytes.p + bytes.n));
    must(str_find(piece, '\n') == piece.n);
}

static enum err_kind scanned(str bytes, size_t step, struct h1_scan *scan)
{
    *scan = (struct h1_scan){0};
    for (size_t n = step;; n += step) {
        str part = {bytes.p, n < bytes.n ? n : bytes.n};
        err e = h1_scan(scan, part);
        if (FAILED(e) || scan->end > 0 || part.n == bytes.n)
            return e.kind;
    }
}

static str written(struct arena *a, const struct h1_head *h)
{
    struct buf b = buf_new(a, 1 << 17);
    str out = STR_ABSENT;
    buf_add(&b, h->method);
    buf_char(&b, ' ');
    buf_add(&b, h->target);
    buf_add_z(&b, h->minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    for (size_t i = 0; i < h->header_count; i++) {
        buf_add(&b, h->headers[i].name);
        buf_char(&b, ':');
        buf_add(&b, h->headers[i].value);
        buf_add_z(&b, "\r\n");
    }
    buf_add_z(&b, "\r\n");
    must(!FAILED(buf_done(&b, &out)));
    return out;
}

static void heads(struct arena *a, str bytes, struct h1_scan *scan)
{
    struct h1_scan slow, again;
    struct h1_head h, same;
    enum err_kind kind = scanned(bytes, bytes.n + 1, scan);
    enum err_kind slowly = scanned(bytes, 1, &slow); /* it may be refused sooner, never later, and never read otherwise */
    must(slowly != ERR_OK || (kind == ERR_OK && slow.end == scan->end));
    if (kind != ERR_OK || scan->end == 0 || FAILED(h1_head(a, scan, bytes, &h)))
        return;
    str head = {bytes.p, scan->end};
    lies_in(h.method, head);
    lies_in(h.target, head);
    for (size_t i = 0; i < h.header_count; i++) {
        lies_in(h.headers[i].name, head);
        lies_in(h.headers[i].value, head);
    }
    if (h.header_count > HTTP_HEADER_COUNT_MAX)
        return;
    str text = written(a, &h);
    must(scanned(text, text.n, &again) == ERR_OK && again.end == text.n && !FAILED(h1_head(a, &again, text, &same)));
    must(str_equal(h.method, same.method) && str_equal(h.target, same.target) && h.minor == same.minor && h.header_count == same.header_count);
    for (size_t i = 0; i < h.header_count; i++)
        must(str_equal(h.headers[i].name, same.headers[i].name) && str_equal(h.headers[i].value, same.headers[i].value));
}

static str chunked(struct arena *a, str bytes, size_t step, struct h1_chunks *c, size_t *taken)
{
    struct buf b = buf_new(a, 1 << 20);
    str data, out = STR_ABSENT;
    *c = (struct h1_chunks){0};
    for (*taken = 0; *taken < bytes.n && c->state != H1_CHUNKS_END;) {
        size_t n = bytes.n - *taken < step ? bytes.n - *taken : step;
        str rest = {bytes.p + *taken, n};
        while (rest.n > 0 && c->state != H1_CHUNKS_END) {
            if (FAILED(h1_chunks(c, &rest, &data)))
                return STR_ABSENT;
            buf_add(&b, data);
        }
        *taken += n - rest.n;
    }
    must(!FAILED(buf_done(&b, &out)));
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(16 << 20);
    struct h1_scan scan;
    struct h1_chunks one, other;
    size_t taken_one, taken_other;
    str bytes = {(const char *)data, size};
    if (size > 0 && size <= 1 << 16) {
        heads(a, bytes, &scan);
        str rest = {bytes.p + scan.end, bytes.n - scan.end};
        str whole = chunked(a, rest, rest.n, &one, &taken_one), pieces = chunked(a, rest, 1, &other, &taken_other);
        must(str_equal(whole, pieces) && (!str_present(whole) || (taken_one == taken_other && one.state == other.state)));
    }
    arena_release(a);
    return 0;
}
