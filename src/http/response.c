/* SPDX-License-Identifier: MIT
 * response: the writer's side of a message. It promises that no header leaves this server with a name that is no token, with a
 * control byte in its value, or beyond the fixed number: whatever a handler was talked into, it cannot split a response. Literals are
 * their author's word. */
#include "http/response.h"

#include "base/ascii.h"

#include "base/banned.h"

enum { HEADERS_MAX = sizeof(((struct response *)0)->headers) / sizeof(struct http_header) };

int response_status(const struct response *r)
{
    return r->status >= 200 && r->status <= 599 ? r->status : 500;
}

bool response_bare(const struct response *r)
{
    return r->status == 204 || r->status == 304;
}

static bool value_safe(str value)
{
    size_t i = 0;
    while (value.n - i >= 8 && ascii_eight_printable(ascii_eight(value.p + i)))
        i += 8;
    size_t rest = value.n - i;
    if (rest > 0 && rest < 8 && ascii_eight_printable(ascii_eight_rest(value.p + i, rest)))
        return true;
    for (; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return false;
    return str_present(value);
}

fallible response_put_own(struct response *r, struct http_header own)
{
    if (r->header_count >= HEADERS_MAX)
        FAIL(SERVER_ERROR, "response: too many headers");
    r->headers[r->header_count++] = own;
    return OK;
}

fallible response_header(struct response *r, const char *name, str value)
{
    if (!str_is_token(str_of(name))) /* RFC 9110 5.1 */
        FAIL(SERVER_ERROR, "response: a header name that is no token");
    if (!value_safe(value)) /* RFC 9110 5.5; RU-11 */
        FAIL(SERVER_ERROR, "response: a control byte in a header value");
    /* What is lent may be gone before it is sent. */
    str copy = str_dup(r->arena, value);
    if (!str_present(copy))
        FAIL(UNAVAILABLE, "response: no memory");
    return response_put_own(r, (struct http_header){str_of(name), copy});
}

static bool cookie_safe(str value) /* RFC 6265 4.1.1 cookie-octet */
{
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (!ascii_visible(c) || c == '"' || c == ',' || c == ';' || c == '\\')
            return false;
    }
    return str_present(value);
}

fallible response_cookie(struct response *r, str name, str value, const struct response_cookie_rule *rule)
{
    if (!str_is_token(name) || !cookie_safe(value))
        FAIL(SERVER_ERROR, "response: a cookie that cannot be spelled");
    str path = str_filled(rule->path) ? rule->path : STR("/");
    bool host = str_starts(name, STR("__Host-"));
    if ((host || str_starts(name, STR("__Secure-"))) && !rule->secure)
        FAIL(SERVER_ERROR, "response: a __Host- or __Secure- cookie without Secure");
    if ((host && path.n > 1) || path.p[0] != '/' || !cookie_safe(path))
        FAIL(SERVER_ERROR, "response: a cookie with a path that it cannot have");
    struct buf b = buf_new(r->arena, BUF_TOKEN_MAX);
    buf_add(&b, name);
    buf_char(&b, '=');
    buf_add(&b, value);
    buf_add_z(&b, "; Path=");
    buf_add(&b, path);
    buf_add_z(&b, "; HttpOnly; SameSite=Lax"); /* LS-02 */
    if (rule->secure)
        buf_add_z(&b, "; Secure");
    if (rule->max_age != 0) {
        buf_add_z(&b, "; Max-Age=");
        buf_i64(&b, rule->max_age > 0 ? rule->max_age : 0);
    }
    str line;
    TRY(buf_done(&b, &line));
    return response_header(r, "Set-Cookie", line);
}

void response_body(struct response *r, int status, const char *content_type, str body)
{
    r->status = status;
    r->content_type = str_of(content_type);
    r->body = body;
}

fallible response_redirect(struct response *r, str location)
{
    TRY(response_header(r, "Location", location));
    r->status = 303; /* AZ-19: never 307, which would repeat a POST with its password */
    r->content_type = STR_ABSENT;
    r->body = STR_ABSENT;
    return OK;
}
