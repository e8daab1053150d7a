/* SPDX-License-Identifier: MIT
 * frame: libmicrohttpd 0.9.75 takes a bare LF or a bare CR for the end of a line, joins folded lines, cuts a value at a NUL
 * byte and skips extra spaces, and says nothing of it. But it parses in place: the pieces it reports are pointers into the
 * head as it came, and their distances tell everything. Each line must end exactly two bytes before the next begins (a bare
 * LF leaves one byte, a NUL more than two, a folded line was moved elsewhere), and the last one four bytes before the end of
 * the head. Only addresses are compared, and the few bytes that are read lie inside the head. It fails closed: should
 * another version of the library keep its pieces elsewhere, every request is refused and the first test says so. */
#include "http/frame.h"

#include "base/banned.h"

/* Does `piece` begin at *at? Then *at moves behind it and behind `gap` more bytes. */
static bool follows(uintptr_t *at, str piece, size_t gap)
{
    if (!str_present(piece) || (uintptr_t)piece.p != *at)
        return false;
    *at += piece.n + gap;
    return true;
}

static bool skip_blanks(uintptr_t *at, str head)
{
    uintptr_t begin = (uintptr_t)head.p;
    if (*at < begin || *at - begin > head.n)
        return false;
    size_t i = *at - begin;
    while (i < head.n && (head.p[i] == ' ' || head.p[i] == '\t'))
        i++;
    *at = begin + i;
    return true;
}

/* name ":" OWS value OWS CRLF (RFC 9112 5); the parser may have put a NUL where the colon stood. */
static bool field_follows(uintptr_t *at, const struct http_header *h, str head)
{
    if (!follows(at, h->name, 1) || !skip_blanks(at, head) || !follows(at, h->value, 0) || !skip_blanks(at, head))
        return false;
    *at += 2;
    return true;
}

static bool coded(const struct frame *f)
{
    for (size_t i = 0; i < f->header_count; i++)
        if (str_equal_nocase(f->headers[i].name, STR("Transfer-Encoding")))
            return true;
    return false;
}

fallible frame_check(const struct frame *f)
{
    uintptr_t at = (uintptr_t)f->head.p;
    if (!follows(&at, f->method, 1) || !follows(&at, f->target, 1) || !follows(&at, f->version, 2)) /* RFC 9112 3 */
        FAIL(INVALID_REQUEST, "frame: the request line is not method, space, target, space, version, CRLF");
    if (!str_is(f->version, "HTTP/1.1") && !str_is(f->version, "HTTP/1.0")) /* RFC 9112 2.3 */
        FAIL(INVALID_REQUEST, "frame: another version");
    if (str_is(f->version, "HTTP/1.0") && coded(f)) /* RFC 9112 6.1 */
        FAIL(INVALID_REQUEST, "frame: a transfer coding in HTTP/1.0");
    for (size_t i = 0; i < f->header_count; i++)
        if (!field_follows(&at, &f->headers[i], f->head)) /* RFC 9112 2.2, 5.1, 5.2; IN-02 */
            FAIL(INVALID_REQUEST, "frame: a bare CR or LF, a folded line, or a NUL");
    if (at + 2 != (uintptr_t)f->head.p + f->head.n)
        FAIL(INVALID_REQUEST, "frame: a bare CR or LF, a folded line, or a NUL at the end");
    return OK;
}
