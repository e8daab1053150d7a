/* SPDX-License-Identifier: MIT
 * url: an absolute URL taken apart from left to right (RFC 3986 3): scheme, authority, path, query, fragment. Relies on ascii
 * and on inet_pton for IP literals. Promises: every byte of the text belongs to one piece or is a delimiter, so that joining
 * the pieces gives the text again; two parsers cannot disagree about the host, because whatever they are known to read
 * differently (backslash, userinfo, control bytes, odd numbers as hosts) is refused with a sentence that tells what is wrong.
 */
#include "codec/url.h"

#include "base/ascii.h"
#include "codec/form.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

enum { PORT_MAX = 65535, HOST_MAX = 253 /* RFC 1035 2.3.4 */ };

static fallible check_bytes(str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((unsigned char)c >= 0x80)
            REFUSE(INVALID_REQUEST, "A URL may contain only ASCII; percent-encode other characters.", "url: non-ASCII");
        if (c == '\\')
            REFUSE(INVALID_REQUEST, "A URL may not contain a backslash.", "url: backslash");
        if (!ascii_visible(c))
            REFUSE(INVALID_REQUEST, "A URL may not contain spaces or control characters.", "url: control or space");
        if (strchr("\"<>^`{|}", c) != NULL) /* RFC 3986 2 */
            REFUSE(INVALID_REQUEST, "The URL contains a character that must be percent-encoded.", "url: character outside the grammar");
        if (c == '%' && (text.n - i < 3 || ascii_hex(text.p[i + 1]) < 0 || ascii_hex(text.p[i + 2]) < 0))
            REFUSE(INVALID_REQUEST, "The URL contains a malformed percent escape.", "url: bad escape");
    }
    return OK;
}

static fallible cut_scheme(str *rest, str *scheme)
{
    size_t n = str_find(*rest, ':');
    if (n == rest->n)
        REFUSE(INVALID_REQUEST, "The URL must be absolute: it has no scheme.", "url: no scheme");
    for (size_t i = 0; i < n; i++) { /* RFC 3986 3.1 */
        char c = rest->p[i];
        bool fits = ascii_letter(c) || (i > 0 && (ascii_digit(c) || c == '+' || c == '-' || c == '.'));
        if (!fits)
            REFUSE(INVALID_REQUEST, "The URL must be absolute: its scheme is malformed.", "url: bad scheme");
    }
    if (n == 0)
        REFUSE(INVALID_REQUEST, "The URL must be absolute: its scheme is empty.", "url: empty scheme");
    *scheme = (str){rest->p, n};
    *rest = (str){rest->p + n + 1, rest->n - n - 1};
    return OK;
}

static bool ip_literal(str host, int family)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[16];
    if (host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    return inet_pton(family, text, address) == 1;
}

/* WHATWG URL 3.5: a host whose last label is a number is an IPv4 address in some spelling; only the usual one is taken. */
static bool ends_in_number(str host)
{
    size_t at = host.n;
    while (at > 0 && host.p[at - 1] != '.')
        at--;
    str label = {host.p + at, host.n - at};
    if (str_starts(label, STR("0x")) || str_starts(label, STR("0X")))
        return true;
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_digit(label.p[i]))
            return false;
    return label.n > 0;
}

static fallible check_host(str host)
{
    if (host.n > HOST_MAX)
        REFUSE(INVALID_REQUEST, "The host name of the URL is too long.", "url: host too long");
    if (host.n > 0 && host.p[0] == '[') {
        if (!ip_literal((str){host.p + 1, host.n - 2}, AF_INET6))
            REFUSE(INVALID_REQUEST, "The IPv6 address in the URL is malformed.", "url: bad IPv6 literal");
        return OK;
    }
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '-' && c != '.' && c != '_')
            REFUSE(INVALID_REQUEST, "The host name of the URL contains a character that is not allowed in host names.", "url: bad host");
        if (c == '.' && (i == 0 || i + 1 == host.n || host.p[i - 1] == '.'))
            REFUSE(INVALID_REQUEST, "The host name of the URL has an empty label.", "url: empty label");
    }
    if (ends_in_number(host) && !ip_literal(host, AF_INET))
        REFUSE(INVALID_REQUEST, "The host of the URL ends in a number but is not an IPv4 address.", "url: odd IPv4");
    return OK;
}

static fallible split_authority(str authority, str *host, str *port)
{
    if (str_find(authority, '@') < authority.n)
        REFUSE(INVALID_REQUEST, "A URL may not contain a username or password before the host.", "url: userinfo");
    size_t n = str_find(authority, ':');
    if (authority.n > 0 && authority.p[0] == '[') {
        n = str_find(authority, ']') + 1;
        if (n > authority.n)
            REFUSE(INVALID_REQUEST, "The IPv6 address in the URL lacks its closing bracket.", "url: open bracket");
    }
    *host = (str){authority.p, n};
    TRY(check_host(*host));
    *port = STR_ABSENT;
    if (n == authority.n)
        return OK;
    if (authority.p[n] != ':')
        REFUSE(INVALID_REQUEST, "Only a port may follow the IPv6 address in the URL.", "url: text after bracket");
    *port = (str){authority.p + n + 1, authority.n - n - 1};
    uint64_t number;
    if (FAILED(str_u64(*port, PORT_MAX, &number)) || number == 0)
        REFUSE(INVALID_REQUEST, "The port in the URL must be a number from 1 to 65535.", "url: bad port");
    return OK;
}

static fallible cut_authority(str *rest, struct url *u)
{
    bool web = str_equal_nocase(u->scheme, STR("https")) || str_equal_nocase(u->scheme, STR("http"));
    if (str_starts(*rest, STR("//"))) {
        str authority = {rest->p + 2, 0};
        while (authority.n < rest->n - 2 && authority.p[authority.n] != '/' && authority.p[authority.n] != '?' && authority.p[authority.n] != '#')
            authority.n++;
        TRY(split_authority(authority, &u->host, &u->port));
        *rest = (str){authority.p + authority.n, rest->n - 2 - authority.n};
        if (u->host.n == 0 && str_present(u->port))
            REFUSE(INVALID_REQUEST, "The URL has a port but no host.", "url: port without host");
    }
    if (web && u->host.n == 0) /* RFC 9110 4.2.1 */
        REFUSE(INVALID_REQUEST, "An http or https URL must name a host after two slashes.", "url: no host");
    return OK;
}

/* Takes what follows the first `mark` off *rest; absent when there is none. */
static str cut_tail(str *rest, char mark)
{
    size_t at = str_find(*rest, mark);
    if (at == rest->n)
        return STR_ABSENT;
    str tail = {rest->p + at + 1, rest->n - at - 1};
    rest->n = at;
    return tail;
}

fallible url_parse(str text, struct url *out)
{
    if (!str_filled(text))
        REFUSE(INVALID_REQUEST, "The URL is empty.", "url: empty");
    if (text.n > BUF_URL_MAX)
        REFUSE(INVALID_REQUEST, "The URL is too long.", "url: too long");
    TRY(check_bytes(text));
    struct url u = {0};
    TRY(cut_scheme(&text, &u.scheme));
    TRY(cut_authority(&text, &u));
    u.fragment = cut_tail(&text, '#');
    if (str_find(u.fragment, '#') < u.fragment.n)
        REFUSE(INVALID_REQUEST, "The URL has two fragments.", "url: second #");
    u.query = cut_tail(&text, '?');
    u.path = text;
    if (str_find(u.path, '[') < u.path.n || str_find(u.path, ']') < u.path.n)
        REFUSE(INVALID_REQUEST, "Brackets in the path of a URL must be percent-encoded.", "url: bracket in path");
    *out = u;
    return OK;
}

bool url_loopback_ip(const struct url *u)
{
    return str_is(u->host, "127.0.0.1") || str_is(u->host, "[::1]"); /* RFC 8252 7.3 */
}

bool url_loopback(const struct url *u)
{
    return url_loopback_ip(u) || str_equal_nocase(u->host, STR("localhost"));
}

static void add_lower(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_char(b, ascii_lower(s.p[i]));
}

str url_origin(struct arena *a, const struct url *u)
{
    struct buf b = buf_new(a, BUF_URL_MAX);
    add_lower(&b, u->scheme);
    buf_char(&b, ':');
    if (str_filled(u->host)) {
        buf_add_z(&b, "//");
        add_lower(&b, u->host);
        const char *usual = str_equal_nocase(u->scheme, STR("https")) ? "443" : "80";
        bool web = str_equal_nocase(u->scheme, STR("https")) || str_equal_nocase(u->scheme, STR("http"));
        if (str_present(u->port) && !(web && str_is(u->port, usual))) { /* RFC 6454 6.2 */
            buf_char(&b, ':');
            buf_add(&b, u->port);
        }
    }
    str origin;
    return FAILED(buf_done(&b, &origin)) ? STR_ABSENT : origin;
}

void url_add_parameter(struct buf *b, str name, str value)
{
    size_t mark = str_find((str){b->p, b->n}, '?');
    if (mark == b->n)
        buf_char(b, '?');
    else if (mark + 1 < b->n && b->p[b->n - 1] == '?') /* a query may end in a question mark of its own */
        buf_char(b, '&');
    form_add(b, name, value); /* adds `&` where one is due */
}
