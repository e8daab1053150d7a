/* SPDX-License-Identifier: MIT
 * headers: one list of protecting headers for all answers. Relies on http/response checking every value. */
#include "endpoint/headers.h"
#include "codec/url.h"
#include "http/http.h"
#include "base/banned.h"

#define CSP_BASE                                                                                                           \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " \
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"

/* The place of one address as CSP knows it: its origin, or its scheme for a private-use one. */
static void add_target(struct arena *a, struct buf *b, str target)
{
    struct url u;
    if (!str_filled(target) || FAILED(url_parse(target, &u)))
        return;
    bool web = str_is(u.scheme, "https") || str_is(u.scheme, "http");
    buf_char(b, ' ');
    buf_add(b, web ? url_origin(a, &u) : u.scheme);
    if (!web)
        buf_char(b, ':');
}

str headers_csp(struct arena *a, str form_targets)
{
    str target, csp;
    struct buf b = buf_new(a, BUF_URL_MAX);
    buf_add(&b, STR(CSP_BASE));
    for (str rest = form_targets; str_filled(rest) && str_next(&rest, '\n', &target);)
        add_target(a, &b, target);
    return FAILED(buf_done(&b, &csp)) ? STR_ABSENT : csp;
}

static bool has_response_header(const struct response *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_nocase(r->headers[i].name, str_of(name)))
            return true;
    return false;
}

fallible headers_protect(struct response *r, bool html, bool hsts)
{
    TRY(response_literal(r, "X-Content-Type-Options", "nosniff"));
    if (hsts)
        TRY(response_literal(r, "Strict-Transport-Security", "max-age=31536000"));
    if (!html)
        return OK;
    if (!has_response_header(r, "Content-Security-Policy"))
        TRY(response_literal(r, "Content-Security-Policy", CSP_BASE));
    TRY(response_literal(r, "X-Frame-Options", "DENY"));
    TRY(response_literal(r, "Referrer-Policy", "no-referrer")); /* AZ-20 */
    TRY(response_literal(r, "Cross-Origin-Opener-Policy", "same-origin"));
    return response_literal(r, "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
}
