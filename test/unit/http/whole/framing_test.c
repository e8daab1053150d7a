/* SPDX-License-Identifier: MIT
 * IN-02 live: each message is followed, on the same connection, by a request for /again. A refused message must be answered
 * with its status and /again must never be served; an accepted one must say whether the connection goes on. */
#include "http/live.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

#define GET_   "GET /a HTTP/1.1\r\n"
#define POST_  "POST /a HTTP/1.1\r\n"
#define HOST_  "Host: localhost\r\n"
#define CODED_ POST_ HOST_ "Transfer-Encoding: chunked\r\n\r\n"
#define AGAIN_ "GET /again HTTP/1.1\r\n" HOST_ "Connection: close\r\n\r\n"
#define CASE(name_, status_, again_, bytes_)                               \
    {                                                                      \
        name_, {bytes_ AGAIN_, sizeof(bytes_ AGAIN_) - 1}, status_, again_ \
    }

enum after { ENDS, GOES_ON };
struct wire_case {
    const char *name;
    str bytes;
    int status; /* 0: closed without words */
    enum after after;
};

/* clang-format off */
static const struct wire_case cases[] = {
    CASE("plain",                        200, GOES_ON, GET_ HOST_ "\r\n"),
    CASE("lengthed body",                200, GOES_ON, POST_ HOST_ "Content-Length: 3\r\n\r\na=b"),
    CASE("empty lines before",           200, GOES_ON, "\r\n\r\n" GET_ HOST_ "\r\n"),
    CASE("no space after colon",         200, GOES_ON, GET_ "Host:localhost\r\n\r\n"),
    CASE("spaces around value",          200, GOES_ON, GET_ "Host:  \tlocalhost \t\r\n\r\n"),
    CASE("empty value",                  200, GOES_ON, GET_ HOST_ "X:\r\n\r\n"),
    CASE("blank value",                  200, GOES_ON, GET_ HOST_ "X:  \r\n\r\n"),
    CASE("obs-text in a value",          200, GOES_ON, GET_ HOST_ "X: \xc3\xa9\r\n\r\n"),
    CASE("zero length",                  200, GOES_ON, POST_ HOST_ "Content-Length: 0\r\n\r\n"),
    CASE("host with port",               200, GOES_ON, GET_ "Host: LOCALHOST:8443\r\n\r\n"),
    CASE("unknown method",               200, GOES_ON, "BREW /a HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("two different cookies in one", 200, GOES_ON, GET_ HOST_ "Cookie: a=1; b=2\r\n\r\n"),
    CASE("question and plus kept raw",   200, GOES_ON, "GET /a?x=1+2&y&z=%41 HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("HTTP/1.0 keep-alive",          200, GOES_ON, "GET /a HTTP/1.0\r\n" HOST_ "Connection: keep-alive\r\n\r\n"),
    CASE("HTTP/1.0",                     200, ENDS,    "GET /a HTTP/1.0\r\n" HOST_ "\r\n"),
    CASE("connection: close",            200, ENDS,    GET_ HOST_ "Connection: close\r\n\r\n"),
    CASE("chunked",                      200, GOES_ON,   CODED_ "3\r\na=b\r\n0\r\n\r\n"),
    CASE("chunked in two",               200, GOES_ON,   CODED_ "1\r\na\r\n2\r\n=b\r\n0\r\n\r\n"),
    CASE("chunk extension",              200, GOES_ON,   CODED_ "3;x=y\r\na=b\r\n0\r\n\r\n"),
    CASE("trailer",                      200, GOES_ON,   CODED_ "3\r\na=b\r\n0\r\nX: y\r\n\r\n"),
    CASE("bare LF in chunks",            400, ENDS, CODED_ "3\na=b\n0\n\n"),

    CASE("length and chunked",           400, ENDS,
         POST_ HOST_ "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    CASE("chunked and length",           400, ENDS,
         POST_ HOST_ "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
    CASE("two lengths",                  400, ENDS, POST_ HOST_ "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    CASE("two equal lengths",            400, ENDS, POST_ HOST_ "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab"),
    CASE("two lengths, other case",      400, ENDS, POST_ HOST_ "Content-Length: 1\r\ncontent-LENGTH: 2\r\n\r\nab"),
    CASE("list of lengths",              400, ENDS, POST_ HOST_ "Content-Length: 2, 2\r\n\r\nab"),
    CASE("negative length",              400, ENDS, POST_ HOST_ "Content-Length: -2\r\n\r\nab"),
    CASE("signed length",                400, ENDS, POST_ HOST_ "Content-Length: +2\r\n\r\nab"),
    CASE("hexadecimal length",           400, ENDS, POST_ HOST_ "Content-Length: 0x2\r\n\r\nab"),
    CASE("length with leading zero",     400, ENDS, POST_ HOST_ "Content-Length: 02\r\n\r\nab"),
    CASE("empty length",                 400, ENDS, POST_ HOST_ "Content-Length:\r\n\r\nab"),
    CASE("length beyond 64 bits",        413, ENDS, POST_ HOST_ "Content-Length: 18446744073709551618\r\n\r\nab"),
    CASE("identity coding",              400, ENDS, POST_ HOST_ "Transfer-Encoding: identity\r\n\r\nab"),
    CASE("gzip, chunked",                400, ENDS, POST_ HOST_ "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    CASE("chunked twice",                400, ENDS,
         POST_ HOST_ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    CASE("chunked and identity",         400, ENDS,
         POST_ HOST_ "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    CASE("chunked with vertical tab",    400, ENDS, POST_ HOST_ "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"),
    CASE("quoted chunked",               400, ENDS, POST_ HOST_ "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    CASE("chunked in HTTP/1.0",          400, ENDS,
         "POST /a HTTP/1.0\r\n" HOST_ "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    CASE("space before colon",           400, ENDS, POST_ HOST_ "Content-Length : 2\r\n\r\nab"),
    CASE("space before coding's colon",  400, ENDS, POST_ HOST_ "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    CASE("tab before colon",             400, ENDS, GET_ HOST_ "X\t: y\r\n\r\n"),
    CASE("folded line",                  400, ENDS, GET_ HOST_ "X: y\r\n z\r\n\r\n"),
    CASE("folded by tab",                400, ENDS, GET_ HOST_ "X: y\r\n\tz\r\n\r\n"),
    CASE("folded last line",             400, ENDS, GET_ "X: y\r\n" "Host:\r\n localhost\r\n\r\n"),
    CASE("blank folded line",            400, ENDS, GET_ HOST_ "X: y\r\n \r\n\r\n"),
    CASE("folded coding",                400, ENDS, POST_ HOST_ "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    CASE("space before first header",    400, ENDS, GET_ " X: y\r\n" HOST_ "\r\n"),
    CASE("bare LF everywhere",           400, ENDS, "GET /a HTTP/1.1\nHost: localhost\n\n"),
    CASE("bare LF after request line",   400, ENDS, "GET /a HTTP/1.1\n" HOST_ "\r\n"),
    CASE("bare LF after a header",       400, ENDS, GET_ "Host: localhost\nX: y\r\n\r\n"),
    CASE("bare LF after the last",       400, ENDS, GET_ "Host: localhost\n\r\n"),
    CASE("bare LF as empty line",        400, ENDS, GET_ "Host: localhost\r\n\n"),
    CASE("two bare LF at the end",       400, ENDS, GET_ "Host: localhost\n\n"),
    CASE("bare CR in a value",           400, ENDS, GET_ HOST_ "X: y\rZ: z\r\n\r\n"),
    CASE("bare CR hides a coding",       400, ENDS, POST_ HOST_ "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    CASE("CR CR LF",                     400, ENDS, GET_ HOST_ "X: y\r\r\n\r\n"),
    CASE("NUL in a value",               400, ENDS, GET_ HOST_ "X: y\0z\r\n\r\n"),
    CASE("NUL at the end of a value",    400, ENDS, GET_ "Host: localhost\0\r\n\r\n"),
    CASE("NUL in a name",                400, ENDS, GET_ HOST_ "X\0Y: z\r\n\r\n"),
    CASE("NUL in the target",            400, ENDS, "GET /a\0b HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("NUL in the method",            400, ENDS, "GE\0T /a HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("control byte in a value",      400, ENDS, GET_ HOST_ "X: \x01\r\n\r\n"),
    CASE("DEL in a value",               400, ENDS, GET_ HOST_ "X: \x7f\r\n\r\n"),
    CASE("empty name",                   400, ENDS, GET_ HOST_ ": y\r\n\r\n"),
    CASE("no colon",                     400, ENDS, GET_ HOST_ "Xy\r\n\r\n"),
    CASE("name with a slash",            400, ENDS, GET_ HOST_ "X/Y: z\r\n\r\n"),
    CASE("name with high byte",          400, ENDS, GET_ HOST_ "X\xff: z\r\n\r\n"),
    CASE("method that is no token",      400, ENDS, "G@T /a HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("two spaces after method",      400, ENDS, "GET  /a HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("two spaces before version",    400, ENDS, "GET /a  HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("tab after method",             400, ENDS, "GET\t/a HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("space in the target",          400, ENDS, "GET /a b HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("trailing space",               400, ENDS, "GET /a HTTP/1.1 \r\n" HOST_ "\r\n"),
    CASE("no version",                   400, ENDS, "GET /a\r\n" HOST_ "\r\n"),
    CASE("lower-case version",           400, ENDS, "GET /a http/1.1\r\n" HOST_ "\r\n"),
    CASE("HTTP/1.2",                     400, ENDS, "GET /a HTTP/1.2\r\n" HOST_ "\r\n"),
    CASE("HTTP/2.0",                     505, ENDS, "GET /a HTTP/2.0\r\n" HOST_ "\r\n"),
    CASE("HTTP/2 preface",               505, ENDS, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    CASE("no Host",                      400, ENDS, GET_ "X: y\r\n\r\n"),
    CASE("no Host in HTTP/1.0",          400, ENDS, "GET /a HTTP/1.0\r\n\r\n"),
    CASE("empty Host",                   400, ENDS, GET_ "Host:\r\n\r\n"),
    CASE("two Host",                     400, ENDS, GET_ HOST_ HOST_ "\r\n"),
    CASE("list in Host",                 400, ENDS, GET_ "Host: localhost, evil\r\n\r\n"),
    CASE("user in Host",                 400, ENDS, GET_ "Host: localhost@evil\r\n\r\n"),
    CASE("foreign Host",                 421, ENDS, GET_ "Host: evil.example\r\n\r\n"),
    CASE("foreign port",                 421, ENDS, GET_ "Host: localhost:1\r\n\r\n"),
    CASE("two Authorization",            400, ENDS, GET_ HOST_ "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"),
    CASE("two Content-Type",             400, ENDS,
         POST_ HOST_ "Content-Type: text/plain\r\ncontent-type: application/json\r\nContent-Length: 1\r\n\r\na"),
    CASE("two Cookie",                   400, ENDS, GET_ HOST_ "Cookie: a=1\r\nCookie: a=2\r\n\r\n"),
    CASE("absolute form",                400, ENDS, "GET http://localhost/a HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("authority form",               400, ENDS, "CONNECT localhost:443 HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("asterisk form",                400, ENDS, "OPTIONS * HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("fragment in the target",       400, ENDS, "GET /a#b HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("dot segments",                 400, ENDS, "GET /x/../a HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("escaped NUL",                  400, ENDS, "GET /a%00b HTTP/1.1\r\n" HOST_ "\r\n"),
    CASE("chunk size of letters",        400, ENDS, CODED_ "xyz\r\na=b\r\n0\r\n\r\n"),
    CASE("chunk size with 0x",           400, ENDS, CODED_ "0x3\r\na=b\r\n0\r\n\r\n"),
    CASE("negative chunk size",          400, ENDS, CODED_ "-3\r\na=b\r\n0\r\n\r\n"),
    CASE("chunk size and space",         400, ENDS, CODED_ "3 \r\na=b\r\n0\r\n\r\n"),
    CASE("empty chunk size",             400, ENDS, CODED_ "\r\na=b\r\n0\r\n\r\n"),
    CASE("chunk longer than said",       400, ENDS, CODED_ "2\r\na=b\r\n0\r\n\r\n"),
    CASE("chunk size beyond 64 bits",    413, ENDS, CODED_ "fffffffffffffffff3\r\na=b\r\n0\r\n\r\n"),
};
/* clang-format on */

static void each(unsigned threads)
{
    struct live l;
    static char answer[65536];
    int bad = 0;
    live_defaults(&l);
    l.options.threads = threads;
    live_start(&l);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct wire_case *c = &cases[i];
        int again = l.again;
        live_talk(&l, c->bytes, answer, sizeof(answer));
        bool went_on = l.again != again;
        if (live_status(answer) == c->status && went_on == (c->after == GOES_ON))
            continue;
        bad++;
        cr_log_error("%s: status %d (want %d), %s\n%.300s\n", c->name, live_status(answer), c->status, went_on ? "goes on" : "ends", answer);
    }
    live_stop(&l);
    cr_assert_eq(bad, 0);
}

Test(framing, hostile_messages_are_refused_and_smuggle_nothing)
{
    each(1);
}

Test(framing, a_pool_of_threads_refuses_the_same)
{
    each(2);
}

Test(framing, there_are_sixty_cases_at_least)
{
    cr_assert_geq(sizeof(cases) / sizeof(cases[0]), 60);
}
