/* SPDX-License-Identifier: MIT
 * h1: the reader has two steps, so that a head that comes byte by byte costs its length and no memory of a request: h1_scan looks for line
 * ends and for what can be refused at once, h1_head cuts the whole head into pieces. Neither copies.
 *
 * A chunked body, state by state:
 *   SIZE ─ hex ─┬─ CR ─────────────────▶ SIZE_LF ─┬─ size > 0 ─▶ DATA ─▶ DATA_CR ─▶ DATA_LF ─▶ SIZE
 *               └─ ";" ─▶ EXTENSION ─ CR ──▲       └─ size = 0 ─▶ TRAILER ─┬─ CR ─▶ CHUNKS_LF ─▶ CHUNKS_END
 *                                                     ▲                  └─ tchar ─▶ NAME ─ ":" ─▶ VALUE ─ CR ─▶ TRAILER_LF ─┐
 *                                                     └──────────────────────────────────────────────────────────────────────┘ */
#include "http/h1.h"

#include <string.h>

#include "base/ascii.h"
#include "http/response.h"

#include "base/banned.h"

static const char *line_end(str bytes, size_t from)
{
    return from < bytes.n ? memchr(bytes.p + from, '\n', bytes.n - from) : NULL;
}

_Static_assert(H1_HEAD_MAX <= UINT16_MAX / 2, "a line's end in a head that is not too large");

/* One line ended at `at`, where its LF stands. */
static fallible end_line(struct h1_scan *s, str bytes, uint32_t at)
{
    if (at == s->line || bytes.p[at - 1] != '\r') /* RFC 9112 2.2 */
        FAIL(INVALID_REQUEST, "h1: a line that ends without CR");
    bool empty = at - 1 == s->line;
    s->line = s->at = at + 1;
    if (empty && s->lines == 0)
        s->begin = s->line;
    else if (empty)
        s->end = s->line;
    else if (s->lines++ < H1_ENDS)
        s->ends[s->lines - 1] = (uint16_t)at;
    return OK;
}

static fallible judge_rest(const struct h1_scan *s, str bytes)
{
    if (s->lines == 0 && bytes.n > s->begin) {
        char first = bytes.p[s->begin];
        if (!ascii_token_char(first) && first != '\r')
            FAIL(INVALID_REQUEST, "h1: no request line begins like this");
        if (bytes.n - s->begin > H1_METHOD_MAX + HTTP_TARGET_MAX + 16)
            FAIL(URI_TOO_LONG, "h1: the request line does not end");
    }
    if (bytes.n >= H1_HEAD_MAX)
        FAIL(HEADERS_TOO_LARGE, "h1: the head does not end");
    return OK;
}

fallible h1_scan(struct h1_scan *s, str bytes)
{
    if (bytes.n > UINT32_MAX / 2)
        FAIL(HEADERS_TOO_LARGE, "h1: the head does not end");
    for (const char *lf; s->end == 0 && (lf = line_end(bytes, s->at)) != NULL;)
        TRY(end_line(s, bytes, (uint32_t)(lf - bytes.p)));
    if (s->end > 0)
        return s->end > H1_HEAD_MAX ? ERR(HEADERS_TOO_LARGE, "h1: the head is too large") : OK;
    s->at = (uint32_t)bytes.n;
    return judge_rest(s, bytes);
}

static bool digit_pair(str version, char major)
{
    return version.n == 8 && memcmp(version.p, "HTTP/", 5) == 0 && version.p[5] == major && version.p[6] == '.' && ascii_digit(version.p[7]);
}

static fallible cut_request_line(str line, struct h1_head *out) /* RFC 9112 3 */
{
    size_t one = str_find(line, ' ');
    str rest = one < line.n ? (str){line.p + one + 1, line.n - one - 1} : STR("");
    size_t two = str_find(rest, ' ');
    if (one == 0 || one > H1_METHOD_MAX || two == 0 || two == rest.n)
        FAIL(INVALID_REQUEST, "h1: the request line is not method, space, target, space, version");
    str version = {rest.p + two + 1, rest.n - two - 1};
    out->method = (str){line.p, one};
    out->target = (str){rest.p, two};
    if (digit_pair(version, '1') && version.p[7] <= '1') {
        out->minor = (unsigned)(version.p[7] - '0');
        return OK;
    }
    if (version.n == 8 && ascii_digit(version.p[5]) && version.p[5] != '1' && digit_pair(version, version.p[5])) /* RFC 9110 15.6.6 */
        FAIL(VERSION_NOT_SUPPORTED, "h1: another major version");
    FAIL(INVALID_REQUEST, "h1: another version");
}

static fallible cut_field(str line, struct http_header *out) /* RFC 9112 5; a folded line has no name (5.2) */
{
    size_t colon = str_find(line, ':');
    if (colon == line.n)
        FAIL(INVALID_REQUEST, "h1: a header line without a colon");
    *out = (struct http_header){{line.p, colon}, str_trim((str){line.p + colon + 1, line.n - colon - 1})};
    return OK;
}

/* The line of that number, which begins at `at`; then the next one does. */
static str next_line(const struct h1_scan *s, str bytes, size_t number, uint32_t *at)
{
    size_t lf = number < H1_ENDS ? s->ends[number] : (size_t)(line_end(bytes, *at) - bytes.p);
    str line = {bytes.p + *at, lf - *at - 1};
    *at = (uint32_t)lf + 1;
    return line;
}

static fallible coded_in_old(const struct h1_head *h)
{
    for (size_t i = 0; h->minor == 0 && i < h->header_count; i++)
        if (str_equal_nocase(h->headers[i].name, STR("Transfer-Encoding"))) /* RFC 9112 6.1 */
            FAIL(INVALID_REQUEST, "h1: a transfer coding in HTTP/1.0");
    return OK;
}

fallible h1_head(struct arena *a, const struct h1_scan *s, str bytes, struct h1_head *out)
{
    uint32_t at = s->begin;
    *out = (struct h1_head){.method = STR(""), .target = STR("")};
    TRY(cut_request_line(next_line(s, bytes, 0, &at), out));
    size_t count = s->lines - 1;
    if (count > HTTP_HEADER_COUNT_MAX + 1)
        count = HTTP_HEADER_COUNT_MAX + 1;
    if (count == 0)
        return OK;
    out->headers = arena_array(a, count, sizeof *out->headers);
    if (out->headers == NULL)
        FAIL(UNAVAILABLE, "h1: no memory");
    for (; out->header_count < count; out->header_count++)
        TRY(cut_field(next_line(s, bytes, out->header_count + 1, &at), &out->headers[out->header_count]));
    return coded_in_old(out);
}

static bool has_option(str list, str wanted) /* RFC 9110 7.6.1 */
{
    str word;
    while (str_filled(list) && str_next(&list, ',', &word))
        if (str_equal_nocase(str_trim(word), wanted))
            return true;
    return false;
}

bool h1_persists(const struct request *r, unsigned minor)
{
    bool close = false, keep = false;
    if (!str_present(request_field(r, HTTP_FIELD_CONNECTION)))
        return minor > 0;
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        if (h->name.n != sizeof "Connection" - 1 || !str_equal_nocase(h->name, STR("Connection")))
            continue;
        close = close || has_option(h->value, STR("close"));
        keep = keep || has_option(h->value, STR("keep-alive"));
    }
    return !close && (minor > 0 || keep);
}

/* ---- chunks ---- */

static fallible take_size(struct h1_chunks *c, char byte)
{
    int digit = ascii_hex(byte);
    if (digit < 0 && c->line == 1)
        FAIL(INVALID_REQUEST, "h1: a chunk without a size");
    if (digit < 0) {
        if (byte != ';' && byte != '\r')
            FAIL(INVALID_REQUEST, "h1: a chunk size that is no number");
        c->state = byte == ';' ? H1_CHUNK_EXTENSION : H1_CHUNK_SIZE_LF;
        return OK;
    }
    if (c->left > UINT32_MAX)
        FAIL(TOO_LARGE, "h1: a chunk larger than any body");
    c->left = c->left * 16 + (unsigned)digit;
    return OK;
}

static fallible take_extension(struct h1_chunks *c, char byte)
{
    if (byte == '\r')
        c->state = H1_CHUNK_SIZE_LF;
    else if (!ascii_field_char(byte))
        FAIL(INVALID_REQUEST, "h1: a control byte in a chunk extension");
    return OK;
}

static fallible take_trailer(struct h1_chunks *c, char byte)
{
    bool named = c->state == H1_TRAILER_NAME, begins = c->state == H1_TRAILER;
    if (begins && byte == '\r')
        c->state = H1_CHUNKS_LF;
    else if (named && byte == ':')
        c->state = H1_TRAILER_VALUE;
    else if ((begins || named) && ascii_token_char(byte))
        c->state = H1_TRAILER_NAME;
    else if (begins || named)
        FAIL(INVALID_REQUEST, "h1: a trailer name that is no token");
    else if (byte == '\r')
        c->state = H1_TRAILER_LF;
    else if (!ascii_field_char(byte))
        FAIL(INVALID_REQUEST, "h1: a control byte in a trailer");
    return OK;
}

static fallible take_end(struct h1_chunks *c, char byte, char wanted, enum h1_chunk_state next)
{
    if (byte != wanted)
        FAIL(INVALID_REQUEST, "h1: a chunk that does not end with CR and LF");
    c->state = next;
    if (next == H1_CHUNK_SIZE) {
        c->line = 0;
        c->left = 0;
    }
    return OK;
}

static fallible take_byte(struct h1_chunks *c, char byte)
{
    switch (c->state) {
    case H1_CHUNK_SIZE:
        return take_size(c, byte);
    case H1_CHUNK_EXTENSION:
        return take_extension(c, byte);
    case H1_CHUNK_SIZE_LF:
        c->line = 0;
        return take_end(c, byte, '\n', c->left > 0 ? H1_CHUNK_DATA : H1_TRAILER);
    case H1_CHUNK_DATA_CR:
        return take_end(c, byte, '\r', H1_CHUNK_DATA_LF);
    case H1_CHUNK_DATA_LF:
        return take_end(c, byte, '\n', H1_CHUNK_SIZE);
    case H1_TRAILER_LF:
        return take_end(c, byte, '\n', H1_TRAILER);
    case H1_CHUNKS_LF:
        return take_end(c, byte, '\n', H1_CHUNKS_END);
    case H1_TRAILER:
    case H1_TRAILER_NAME:
    case H1_TRAILER_VALUE:
        return take_trailer(c, byte);
    case H1_CHUNK_DATA:
    case H1_CHUNKS_END:
    default:
        FAIL(SERVER_ERROR, "h1: no byte is awaited");
    }
}

static fallible judge_line(struct h1_chunks *c)
{
    bool size = c->state == H1_CHUNK_SIZE || c->state == H1_CHUNK_EXTENSION;
    c->line++;
    if (size && c->line > H1_CHUNK_LINE_MAX)
        FAIL(INVALID_REQUEST, "h1: a chunk's size line does not end");
    if (c->line > HTTP_HEADERS_MAX)
        FAIL(HEADERS_TOO_LARGE, "h1: the trailers do not end");
    return OK;
}

fallible h1_chunks(struct h1_chunks *c, str *rest, str *data)
{
    *data = STR("");
    while (rest->n > 0 && c->state != H1_CHUNKS_END) {
        if (c->state == H1_CHUNK_DATA) {
            size_t n = rest->n < c->left ? rest->n : (size_t)c->left;
            *data = (str){rest->p, n};
            *rest = (str){rest->p + n, rest->n - n};
            c->left -= n;
            if (c->left == 0)
                c->state = H1_CHUNK_DATA_CR;
            return OK;
        }
        char byte = rest->p[0];
        *rest = (str){rest->p + 1, rest->n - 1};
        TRY(judge_line(c));
        TRY(take_byte(c, byte));
    }
    return OK;
}

/* ---- answers ---- */

enum { WHOLE_MAX = 16 * 1024 - 1024 }; /* a body up to this goes with its head, as one piece (and one TLS record) */

static str reason_phrase(int status) /* RFC 9110 15 */
{
    static const struct {
        int status;
        str phrase;
    } rows[] = {
        {200, {"200 OK", 6}},
        {201, {"201 Created", 11}},
        {204, {"204 No Content", 14}},
        {302, {"302 Found", 9}},
        {303, {"303 See Other", 13}},
        {304, {"304 Not Modified", 16}},
        {400, {"400 Bad Request", 15}},
        {401, {"401 Unauthorized", 16}},
        {403, {"403 Forbidden", 13}},
        {404, {"404 Not Found", 13}},
        {405, {"405 Method Not Allowed", 22}},
        {409, {"409 Conflict", 12}},
        {413, {"413 Content Too Large", 21}},
        {414, {"414 URI Too Long", 16}},
        {415, {"415 Unsupported Media Type", 26}},
        {421, {"421 Misdirected Request", 23}},
        {422, {"422 Unprocessable Content", 25}},
        {429, {"429 Too Many Requests", 21}},
        {431, {"431 Request Header Fields Too Large", 35}},
        {500, {"500 Internal Server Error", 25}},
        {503, {"503 Service Unavailable", 23}},
        {505, {"505 HTTP Version Not Supported", 30}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].phrase;
    return STR_ABSENT;
}

static char *put_text(char *at, str text)
{
    memcpy(at, text.p, text.n);
    return at + text.n;
}

static char *put_number(char *at, uint64_t v)
{
    char digits[ASCII_DECIMAL_MAX];
    size_t n = ascii_decimal(digits, v);
    return put_text(at, (str){digits + sizeof digits - n, n});
}

static char *put_field(char *at, str name, str value)
{
    at = put_text(put_text(at, name), STR(": "));
    return put_text(put_text(at, value), STR("\r\n"));
}

/* At least what put_head writes. */
static size_t room_for(const struct response *r, const char *date)
{
    enum { REST = sizeof "HTTP/1.1  \r\nDate: \r\nContent-Type: \r\nContent-Length: \r\nConnection: keep-alive\r\n\r\n" + 40 + 20 };
    size_t n = REST + strlen(date) + r->content_type.n;
    for (size_t i = 0; i < r->header_count; i++)
        n += r->headers[i].name.n + r->headers[i].value.n + 4;
    return n;
}

static char *put_status(char *at, int status)
{
    str phrase = reason_phrase(status);
    at = put_text(at, STR("HTTP/1.1 "));
    at = str_present(phrase) ? put_text(at, phrase) : put_text(put_number(at, (uint64_t)status), STR(" "));
    return put_text(at, STR("\r\n"));
}

static char *put_head(char *at, const struct response *r, const struct h1_answer *how)
{
    at = put_status(at, response_status(r));
    at = put_field(at, STR("Date"), str_of(how->date)); /* RFC 9110 6.6.1 */
    if (str_present(r->content_type))
        at = put_field(at, STR("Content-Type"), r->content_type);
    if (!response_bare(r))
        at = put_text(put_number(put_text(at, STR("Content-Length: ")), r->body.n), STR("\r\n"));
    for (size_t i = 0; i < r->header_count; i++)
        at = put_field(at, r->headers[i].name, r->headers[i].value);
    if (how->close)
        at = put_text(at, STR("Connection: close\r\n"));
    else if (how->keep_alive)
        at = put_text(at, STR("Connection: keep-alive\r\n"));
    return put_text(at, STR("\r\n"));
}

str h1_write(const struct response *r, const struct h1_answer *how, str *split)
{
    bool silent = how->head_only || response_bare(r) || r->body.n == 0;
    bool whole = !silent && (split == NULL || r->body.n <= WHOLE_MAX);
    size_t room = room_for(r, how->date), size;
    if (split != NULL)
        *split = silent || whole ? STR_ABSENT : r->body;
    if (__builtin_add_overflow(room, whole ? r->body.n : 0, &size))
        return STR_ABSENT;
    char *bytes = arena_take(r->arena, size);
    if (bytes == NULL)
        return STR_ABSENT;
    char *end = put_head(bytes, r, how);
    INVARIANT((size_t)(end - bytes) <= room);
    if (whole)
        end = put_text(end, r->body);
    return (str){bytes, (size_t)(end - bytes)};
}
