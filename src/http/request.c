/* SPDX-License-Identifier: MIT
 * request: what handlers ask of a message: a header, a cookie, its fields. It relies on guard and h1 having refused
 * whatever can be read in two ways, and on stream having filled the struct. It promises that no answer depends on anything
 * but bytes of the one header (or body) that was asked for, and that a repeated or malformed value is an error, never a
 * choice. */
#include "http/request.h"
#include "base/ascii.h"

#include "base/banned.h"

static const str field_names[HTTP_FIELD_COUNT] = {
    [HTTP_FIELD_HOST] = {"host", 4},
    [HTTP_FIELD_DPOP] = {"dpop", 4},
    [HTTP_FIELD_COOKIE] = {"cookie", 6},
    [HTTP_FIELD_ACCEPT] = {"accept", 6},
    [HTTP_FIELD_ORIGIN] = {"origin", 6},
    [HTTP_FIELD_EXPECT] = {"expect", 6},
    [HTTP_FIELD_CONNECTION] = {"connection", 10},
    [HTTP_FIELD_USER_AGENT] = {"user-agent", 10},
    [HTTP_FIELD_CONTENT_TYPE] = {"content-type", 12},
    [HTTP_FIELD_AUTHORIZATION] = {"authorization", 13},
    [HTTP_FIELD_CONTENT_LENGTH] = {"content-length", 14},
    [HTTP_FIELD_TRANSFER_ENCODING] = {"transfer-encoding", 17},
};

/* The first with a name of that length; HTTP_FIELD_COUNT: there is none. */
static enum http_field first_field_of_length(size_t n)
{
    switch (n) {
    case 4:
        return HTTP_FIELD_HOST;
    case 6:
        return HTTP_FIELD_COOKIE;
    case 10:
        return HTTP_FIELD_CONNECTION;
    case 12:
        return HTTP_FIELD_CONTENT_TYPE;
    case 13:
        return HTTP_FIELD_AUTHORIZATION;
    case 14:
        return HTTP_FIELD_CONTENT_LENGTH;
    case 17:
        return HTTP_FIELD_TRANSFER_ENCODING;
    default:
        return HTTP_FIELD_COUNT;
    }
}

/* In any letter case, one of the names above, which is as long. */
static bool is_field(str name, str lower)
{
    size_t n = lower.n;
    if (n < 8)
        return ascii_eight_lower(ascii_eight_rest(name.p, n)) == ascii_eight_rest(lower.p, n);
    for (size_t i = 0; i + 8 < n; i += 8)
        if (ascii_eight_lower(ascii_eight(name.p + i)) != ascii_eight(lower.p + i))
            return false;
    return ascii_eight_lower(ascii_eight(name.p + n - 8)) == ascii_eight(lower.p + n - 8);
}

enum http_field request_field_of(str name)
{
    for (size_t which = first_field_of_length(name.n); which < HTTP_FIELD_COUNT && field_names[which].n == name.n; which++)
        if (is_field(name, field_names[which]))
            return (enum http_field)which;
    return HTTP_FIELD_COUNT;
}

str request_field(const struct request *r, enum http_field which)
{
    return r->sorted ? r->fields[which] : request_header_named(r, field_names[which]);
}

enum http_method request_method(str name)
{
    static const struct {
        str name;
        enum http_method method;
    } methods[] = {
        {{"GET", 3}, HTTP_GET}, {{"POST", 4}, HTTP_POST},     {{"HEAD", 4}, HTTP_HEAD},
        {{"PUT", 3}, HTTP_PUT}, {{"DELETE", 6}, HTTP_DELETE}, {{"OPTIONS", 7}, HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (str_equal(name, methods[i].name))
            return methods[i].method;
    return HTTP_OTHER;
}

enum http_body request_body_kind(const struct request *r)
{
    str type = request_field(r, HTTP_FIELD_CONTENT_TYPE);
    if (!str_filled(type))
        return r->body.n > 0 ? HTTP_BODY_FORM : HTTP_BODY_NONE; /* widely used clients send a form without its type */
    type.n = str_find(type, ';');
    type = str_trim(type);
    if (str_equal_nocase(type, STR("application/x-www-form-urlencoded")))
        return HTTP_BODY_FORM;
    return str_equal_nocase(type, STR("application/json")) ? HTTP_BODY_JSON : HTTP_BODY_OTHER;
}

str request_header_named(const struct request *r, str wanted)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (r->headers[i].name.n == wanted.n && str_equal_nocase(r->headers[i].name, wanted))
            return r->headers[i].value;
    return STR_ABSENT;
}

/* RFC 6265 4.1.1 cookie-octet; asked of the value that is used, for other cookies of the same host are not ours to judge. */
static bool cookie_octets(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_visible(s.p[i]) || s.p[i] == '"' || s.p[i] == ',' || s.p[i] == '\\')
            return false;
    return true;
}

fallible request_cookie(const struct request *r, const char *name, str *value)
{
    str found = STR_ABSENT, pair;
    str rest = request_field(r, HTTP_FIELD_COOKIE);
    while (str_present(rest) && str_next(&rest, ';', &pair)) {
        pair = str_trim(pair);
        size_t cut = str_find(pair, '=');
        str key = {pair.p, cut};
        if (cut == pair.n || !str_is_token(key)) /* LS-20 */
            FAIL(INVALID_REQUEST, "cookie: a pair without a name or `=`");
        if (!str_is(key, name)) /* the exact name, letter case included */
            continue;
        if (str_present(found)) /* LS-20 */
            FAIL(INVALID_REQUEST, "cookie: the same name twice");
        found = (str){pair.p + cut + 1, pair.n - cut - 1};
        if (!cookie_octets(found))
            FAIL(INVALID_REQUEST, "cookie: a byte that no cookie value may hold");
    }
    *value = found;
    return OK;
}

fallible request_form(const struct request *r, bool json_allowed, struct form *out)
{
    switch (r->body_kind) {
    case HTTP_BODY_NONE:
        *out = (struct form){NULL, 0};
        return OK;
    case HTTP_BODY_FORM:
        return form_parse(r->arena, r->body, out);
    case HTTP_BODY_JSON:
        if (json_allowed)
            return form_from_json(r->arena, r->body, out);
        FAIL(UNSUPPORTED_MEDIA, "form: JSON is not taken here");
    case HTTP_BODY_OTHER:
    default:
        FAIL(UNSUPPORTED_MEDIA, "form: a content type that is neither form nor JSON");
    }
}

fallible request_query(const struct request *r, struct form *out)
{
    if (!str_present(r->query)) {
        *out = (struct form){NULL, 0};
        return OK;
    }
    return form_parse(r->arena, r->query, out);
}

fallible request_repeating(const struct request *r, struct form *out)
{
    bool body = r->method == HTTP_POST;
    if (body && r->body_kind != HTTP_BODY_FORM)
        return request_form(r, false, out);
    str text = body ? r->body : r->query;
    return form_parse_repeating(r->arena, str_present(text) ? text : STR(""), out);
}

static bool holds_nocase(str text, str word)
{
    for (size_t i = 0; i + word.n <= text.n; i++)
        if (str_equal_nocase((str){text.p + i, word.n}, word))
            return true;
    return false;
}

bool request_wants_json(const struct request *r)
{
    return str_starts(r->path, STR("/api/")) || !holds_nocase(request_field(r, HTTP_FIELD_ACCEPT), STR("html"));
}
