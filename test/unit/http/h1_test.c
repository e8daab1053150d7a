/* SPDX-License-Identifier: MIT
 * h1 alone: heads and chunks in every cut, what is refused at once, what an answer looks like. framing_test sends the same kinds to a live
 * listener. */
#include "http/h1.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

#define HEAD_ "POST /a?b=c HTTP/1.1\r\nHost: localhost\r\nX:  y \t\r\n\r\n"

static enum err_kind scan_whole(str bytes, struct h1_scan *scan)
{
    *scan = (struct h1_scan){0};
    return h1_scan(scan, bytes).kind;
}

static enum err_kind head_kind(const char *text, struct h1_head *out)
{
    static struct arena *a;
    struct h1_scan scan;
    if (a == NULL)
        a = arena_new(1 << 20);
    enum err_kind kind = scan_whole(str_of(text), &scan);
    if (kind != ERR_OK)
        return kind;
    cr_assert_gt(scan.end, 0u, "not whole: %s", text);
    return h1_head(a, &scan, str_of(text), out).kind;
}

Test(h1, a_head_is_its_pieces)
{
    struct h1_head h;
    cr_assert_eq(head_kind(HEAD_ "rest", &h), ERR_OK);
    cr_expect(str_is(h.method, "POST") && str_is(h.target, "/a?b=c"));
    cr_expect_eq(h.minor, 1u);
    cr_assert_eq(h.header_count, 2u);
    cr_expect(str_is(h.headers[0].name, "Host") && str_is(h.headers[0].value, "localhost"));
    cr_expect(str_is(h.headers[1].name, "X") && str_is(h.headers[1].value, "y"));
    cr_assert_eq(head_kind("\r\n\r\nGET / HTTP/1.0\r\n\r\n", &h), ERR_OK);
    cr_expect(h.minor == 0 && h.header_count == 0 && str_is(h.method, "GET"));
}

Test(h1, a_head_ends_at_the_same_byte_however_it_is_cut)
{
    const str all = STR("\r\n" HEAD_ "more\r\n\r\n");
    const uint32_t end = sizeof "\r\n" HEAD_ - 1;
    for (size_t first = 0; first < all.n; first++) {
        struct h1_scan scan = {0};
        for (size_t n = first; n <= all.n && scan.end == 0; n++) {
            cr_assert_eq(h1_scan(&scan, (str){all.p, n}).kind, ERR_OK);
            cr_assert(scan.end == 0 ? n < end : n >= end);
        }
        cr_assert_eq(scan.end, end);
    }
}

Test(h1, what_cannot_become_a_head_is_refused_before_it_ends)
{
    static const char *const hopeless[] = {"\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nX: y\n", " GET", "\x16\x03\x01", "(", "GET / HTTP/1.1\r\n\n", "\r\n\n"};
    struct h1_scan scan;
    for (size_t i = 0; i < sizeof hopeless / sizeof hopeless[0]; i++)
        cr_expect_eq(scan_whole(str_of(hopeless[i]), &scan), ERR_INVALID_REQUEST, "%zu", i);
}

Test(h1, what_is_too_large_is_refused_before_it_ends)
{
    static char text[H1_HEAD_MAX + 64];
    struct h1_scan scan;
    memset(text, 'a', sizeof text);
    cr_expect_eq(scan_whole((str){text, H1_METHOD_MAX + HTTP_TARGET_MAX + 16}, &scan), ERR_OK);
    cr_expect_eq(scan_whole((str){text, H1_METHOD_MAX + HTTP_TARGET_MAX + 17}, &scan), ERR_URI_TOO_LONG);
    memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
    cr_expect_eq(scan_whole((str){text, H1_HEAD_MAX - 1}, &scan), ERR_OK);
    cr_expect_eq(scan_whole((str){text, H1_HEAD_MAX}, &scan), ERR_HEADERS_TOO_LARGE);
    memcpy(text + sizeof text - 4, "\r\n\r\n", 4);
    cr_expect_eq(scan_whole((str){text, sizeof text}, &scan), ERR_HEADERS_TOO_LARGE);
}

Test(h1, other_request_lines_are_refused)
{
    struct h1_head h;
    static const char *const bad[] = {"GET /\r\n\r\n",
                                      "GET  / HTTP/1.1\r\n\r\n",
                                      "GET /  HTTP/1.1\r\n\r\n",
                                      "GET / HTTP/1.1 \r\n\r\n",
                                      "GET / b HTTP/1.1\r\n\r\n",
                                      "GET / HTTP/1.2\r\n\r\n",
                                      "GET / http/1.1\r\n\r\n",
                                      "GET / HTTP/1.1x\r\n\r\n",
                                      "GET\t/ HTTP/1.1\r\n\r\n",
                                      "GET / HTTP/11\r\n\r\n",
                                      "A23456789012345678901234567890123 / HTTP/1.1\r\n\r\n",
                                      "GET / HTTP/1.1\r\nX\r\n\r\n",
                                      "GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(head_kind(bad[i], &h), ERR_INVALID_REQUEST, "%s", bad[i]);
    cr_expect_eq(head_kind("PRI * HTTP/2.0\r\n\r\n", &h), ERR_VERSION_NOT_SUPPORTED);
    cr_expect_eq(head_kind("GET / HTTP/0.9\r\n\r\n", &h), ERR_VERSION_NOT_SUPPORTED);
}

Test(h1, one_header_too_many_is_kept_for_guard_to_see)
{
    char text[4096] = "GET / HTTP/1.1\r\n";
    struct h1_head h;
    for (int i = 0; i < HTTP_HEADER_COUNT_MAX + 9; i++)
        memcpy(text + strlen(text), "X: y\r\n", 7);
    memcpy(text + strlen(text), "\r\n", 3);
    cr_assert_eq(head_kind(text, &h), ERR_OK);
    cr_expect_eq(h.header_count, HTTP_HEADER_COUNT_MAX + 1u);
}

static bool persists(const char *connection, unsigned minor)
{
    struct http_header h = {STR("connection"), str_of(connection)};
    struct request r = {.headers = &h, .header_count = 1};
    return h1_persists(&r, minor);
}

Test(h1, connection_options_say_whether_it_goes_on)
{
    cr_expect(persists("", 1) && persists("upgrade", 1) && persists("keep-alive", 0) && persists("x, Keep-Alive", 0));
    cr_expect_not(persists("close", 1) || persists("x , CLOSE", 1) || persists("close, keep-alive", 0) || persists("", 0) || persists("keep-alive-not", 0));
}

/* The data of a chunked body that comes in pieces of `step` bytes; absent when it is refused with `kind`, or is not whole. */
static str unchunked(struct arena *a, str bytes, size_t step, enum err_kind *kind, size_t *left)
{
    struct buf b = buf_new(a, 1 << 16);
    struct h1_chunks c = {0};
    str data, out;
    size_t at = 0;
    *kind = ERR_OK;
    while (at < bytes.n && c.state != H1_CHUNKS_END) {
        size_t n = bytes.n - at < step ? bytes.n - at : step;
        str rest = {bytes.p + at, n};
        while (rest.n > 0 && c.state != H1_CHUNKS_END) {
            err e = h1_chunks(&c, &rest, &data);
            if (FAILED(e)) {
                *kind = e.kind;
                return STR_ABSENT;
            }
            buf_add(&b, data);
        }
        at += n - rest.n;
    }
    *left = bytes.n - at;
    return c.state == H1_CHUNKS_END && !FAILED(buf_done(&b, &out)) ? out : STR_ABSENT;
}

Test(h1, chunks_are_their_data_however_they_are_cut)
{
    static const char text[] = "3\r\na=b\r\n0a;x=\"y\";z\r\n0123456789\r\n1\r\n\n\r\n000\r\nX: y\r\nY:\r\n\r\nGET";
    struct arena *a = arena_new(1 << 22);
    for (size_t step = 1; step < sizeof text; step++) {
        enum err_kind kind;
        size_t left = 0;
        str data = unchunked(a, STR("3\r\na=b\r\n0a;x=\"y\";z\r\n0123456789\r\n1\r\n\n\r\n000\r\nX: y\r\nY:\r\n\r\nGET"), step, &kind, &left);
        cr_assert(str_is(data, "a=b0123456789\n"), "%zu", step);
        cr_assert_eq(left, 3u);
    }
    arena_release(a);
}

Test(h1, chunks_that_could_be_read_otherwise_are_refused)
{
    static const char *const bad[] = {"3\na=b\r\n0\r\n\r\n",
                                      "3\r\na=b\n0\r\n\r\n",
                                      "3\r\na=b\r\n0\n\r\n",
                                      "3\r\na=b\r\n0\r\n\n",
                                      "3 \r\na=b\r\n0\r\n\r\n",
                                      " 3\r\na=b\r\n0\r\n\r\n",
                                      "+3\r\na=b\r\n0\r\n\r\n",
                                      "0x3\r\na=b\r\n0\r\n\r\n",
                                      "\r\na=b\r\n0\r\n\r\n",
                                      ";x\r\n\r\n",
                                      "3;x\ry\r\na=b\r\n0\r\n\r\n",
                                      "3;x\ny\r\na=b\r\n0\r\n\r\n",
                                      "2\r\na=b\r\n0\r\n\r\n",
                                      "4\r\na=b\r\n0\r\n\r\n",
                                      "0\r\nX\r\n\r\n",
                                      "0\r\n X: y\r\n\r\n",
                                      "0\r\nX : y\r\n\r\n",
                                      "0\r\nX: \x01\r\n\r\n",
                                      "g\r\n"};
    struct arena *a = arena_new(1 << 20);
    enum err_kind kind;
    size_t left;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(str_present(unchunked(a, str_of(bad[i]), 7, &kind, &left)));
        cr_expect_eq(kind, ERR_INVALID_REQUEST, "%zu: %s", i, bad[i]);
    }
    (void)unchunked(a, STR("123456789\r\n"), 99, &kind, &left);
    cr_expect_eq(kind, ERR_OK); /* how much is taken is the body's matter */
    (void)unchunked(a, STR("fffffffffffffffff3\r\n"), 99, &kind, &left);
    cr_expect_eq(kind, ERR_TOO_LARGE);
    char endless[HTTP_HEADERS_MAX + 64] = "1;";
    memset(endless + 2, 'x', sizeof endless - 3);
    (void)unchunked(a, str_of(endless), 99, &kind, &left);
    cr_expect_eq(kind, ERR_INVALID_REQUEST);
    memcpy(endless, "0\r\n", 3);
    endless[4] = ':';
    (void)unchunked(a, str_of(endless), 99, &kind, &left);
    cr_expect_eq(kind, ERR_HEADERS_TOO_LARGE);
    arena_release(a);
}

Test(h1, an_answer_is_one_piece_unless_it_is_large)
{
    static char large[1 << 17];
    struct arena *a = arena_new(1 << 20);
    struct response r = {.arena = a};
    struct h1_answer how = {.date = "Sun, 29 Nov 2026 00:06:27 GMT"};
    str split;
    response_body(&r, 200, "text/plain", STR("body"));
    cr_assert_eq(response_header(&r, "X", STR("y")).kind, ERR_OK);
    cr_expect(str_is(h1_write(&r, &how, &split),
                     "HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 00:06:27 GMT\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nX: y\r\n\r\nbody"));
    cr_expect_not(str_present(split));
    how.head_only = how.close = true;
    cr_expect(str_ends(h1_write(&r, &how, &split), STR("Content-Length: 4\r\nX: y\r\nConnection: close\r\n\r\n")));
    r.status = 204;
    how = (struct h1_answer){.date = "", .keep_alive = true};
    cr_expect(str_is(h1_write(&r, &how, &split), "HTTP/1.1 204 No Content\r\nDate: \r\nContent-Type: text/plain\r\nX: y\r\nConnection: keep-alive\r\n\r\n"));
    r.status = 299;
    r.body = (str){large, sizeof large};
    cr_expect(str_starts(h1_write(&r, &how, &split), STR("HTTP/1.1 299 \r\n")));
    cr_expect(split.p == large && split.n == sizeof large);
    arena_release(a);
}
