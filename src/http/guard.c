/* SPDX-License-Identifier: MIT
 * guard: one reading or none. Every check here answers a message that some proxy in front of this server and this server could
 * understand differently (request smuggling), or that is larger than the door. Pure: headers in, verdict out; how lines end is
 * h1's matter. Sizes come first, for they bound the rest. */
#include "http/guard.h"
#include "base/ascii.h"
#include "http/peer.h"
#include "http/request.h"

#include "base/banned.h"

static const bool once[HTTP_FIELD_COUNT] = {
    [HTTP_FIELD_AUTHORIZATION] = true, [HTTP_FIELD_HOST] = true,           [HTTP_FIELD_CONTENT_TYPE] = true,
    [HTTP_FIELD_COOKIE] = true,        [HTTP_FIELD_CONTENT_LENGTH] = true, [HTTP_FIELD_TRANSFER_ENCODING] = true,
    [HTTP_FIELD_DPOP] = true, /* RFC 9449 4.3 */
};

static fallible sizes_check(const struct request *r) /* IN-01 */
{
    if (r->target.n > HTTP_TARGET_MAX)
        FAIL(URI_TOO_LONG, "guard: target too long");
    if (r->header_count > HTTP_HEADER_COUNT_MAX)
        FAIL(HEADERS_TOO_LARGE, "guard: too many headers");
    size_t sum = 0;
    for (size_t i = 0; i < r->header_count; i++) {
        size_t size;
        if (__builtin_add_overflow(r->headers[i].name.n, r->headers[i].value.n, &size) || __builtin_add_overflow(sum, size, &sum) || sum > HTTP_HEADERS_MAX)
            FAIL(HEADERS_TOO_LARGE, "guard: headers too large");
    }
    return OK;
}

static bool field_bytes(str s) /* RFC 9110 5.5: HTAB, SP, VCHAR, obs-text */
{
    size_t i = 0;
    while (s.n - i >= 8 && ascii_eight_printable(ascii_eight(s.p + i)))
        i += 8;
    size_t rest = s.n - i;
    if (rest > 0 && rest < 8 && ascii_eight_printable(ascii_eight_rest(s.p + i, rest)))
        return true;
    for (; i < s.n; i++)
        if (!ascii_field_char(s.p[i]))
            return false;
    return str_present(s);
}

/* Checks each line by itself and sorts the known fields, whose names are tokens. */
static fallible lines_check(struct request *r)
{
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        enum http_field which = request_field_of(h->name);
        if (which == HTTP_FIELD_COUNT && !str_is_token(h->name)) /* RFC 9112 5.1: also a space before the colon */
            FAIL(INVALID_REQUEST, "guard: a header name that is no token");
        if (!field_bytes(h->value)) /* IN-02 */
            FAIL(INVALID_REQUEST, "guard: a control byte in a header");
        if (which == HTTP_FIELD_COUNT)
            continue;
        if (!str_present(r->fields[which]))
            r->fields[which] = h->value;
        else if (once[which]) /* IN-02; RFC 9112 3.2, 6.3; RFC 6265 5.4 */
            FAIL(INVALID_REQUEST, "guard: a header that may come once came twice");
    }
    r->sorted = true;
    return OK;
}

/* A number of bytes that no counter holds: too large, and not malformed. */
static bool beyond_counting(str digits)
{
    enum { MOST = 19 }; /* digits that 64 bits hold always */
    for (size_t i = 0; i < digits.n; i++)
        if (!ascii_digit(digits.p[i]))
            return false;
    return digits.n > MOST && digits.p[0] != '0';
}

static fallible framing_check(const struct request *r)
{
    str coding = r->fields[HTTP_FIELD_TRANSFER_ENCODING], length = r->fields[HTTP_FIELD_CONTENT_LENGTH];
    if (str_present(coding) && !str_equal_nocase(coding, STR("chunked"))) /* RFC 9112 6.1 */
        FAIL(INVALID_REQUEST, "guard: a transfer coding other than chunked");
    if (str_present(coding) && str_present(length)) /* RFC 9112 6.1 */
        FAIL(INVALID_REQUEST, "guard: both a length and a transfer coding");
    if (!str_present(length))
        return OK;
    uint64_t bytes;
    if (beyond_counting(length))
        FAIL(TOO_LARGE, "guard: body too large");
    TRY(str_u64(length, UINT64_MAX, &bytes)); /* RFC 9110 8.6: digits, one value; IN-06 */
    if (bytes > HTTP_BODY_MAX)                /* IN-01 */
        FAIL(TOO_LARGE, "guard: body too large");
    return OK;
}

static fallible host_check(str host) /* RFC 9112 3.2 */
{
    if (!str_present(host)) /* guard_host says who may do without */
        return OK;
    if (host.n == 0)
        FAIL(INVALID_REQUEST, "guard: an empty Host");
    for (size_t i = 0; i < host.n; i++)
        if (!ascii_unreserved(host.p[i]) && host.p[i] != ':' && host.p[i] != '[' && host.p[i] != ']')
            FAIL(INVALID_REQUEST, "guard: a Host that names no host");
    return OK;
}

/* An IPv4 address, or an IPv6 address in brackets, with or without a port. */
static bool plain_address(str host)
{
    struct in6_addr ignored;
    uint64_t port;
    bool six = host.p[0] == '[';
    size_t end = six ? str_find(host, ']') : str_find(host, ':'), after = end + (six ? 1 : 0);
    str address = six ? (str){host.p + 1, end - 1} : (str){host.p, end};
    if ((six && end == host.n) || !peer_parse(address, &ignored) || six != (str_find(address, ':') < address.n))
        return false;
    str rest = {host.p + after, host.n - after};
    return rest.n == 0 || (rest.p[0] == ':' && !FAILED(str_u64((str){rest.p + 1, rest.n - 1}, UINT16_MAX, &port)));
}

fallible guard_host(const struct request *r, const struct guard_rules *rules, enum guard_names which) /* IN-04 */
{
    str host = request_field(r, HTTP_FIELD_HOST);
    if (which == GUARD_ANY_NAME) /* HTTP/1.0 knows no Host, and there are probes that speak it */
        return OK;
    if (!str_present(host))
        FAIL(INVALID_REQUEST, "guard: no Host");
    for (size_t i = 0; i < rules->host_count; i++)
        if (str_equal_nocase(host, rules->hosts[i]))
            return OK;
    if (which == GUARD_OWN_NAMES_OR_ADDRESS && str_filled(host) && plain_address(host))
        return OK;
    FAIL(MISDIRECTED, "guard: a foreign Host");
}

fallible guard_check(struct request *r)
{
    for (size_t i = 0; i < HTTP_FIELD_COUNT; i++)
        r->fields[i] = STR_ABSENT;
    r->sorted = false;
    TRY(sizes_check(r));
    if (!str_is_token(r->method_name)) /* RFC 9112 3.1 */
        FAIL(INVALID_REQUEST, "guard: a method that is no token");
    TRY(lines_check(r));
    if (r->fields[HTTP_FIELD_COOKIE].n > HTTP_COOKIE_MAX) /* LS-20 */
        FAIL(HEADERS_TOO_LARGE, "guard: cookies too large");
    TRY(host_check(r->fields[HTTP_FIELD_HOST]));
    return framing_check(r);
}
