/* SPDX-License-Identifier: MIT
 * headers: one list of protecting headers for all answers. Relies on http/response checking every value. */
#include "endpoint/headers.h"
#include "codec/url.h"
#include "http/http.h"
#include "base/banned.h"

#define CSP_BASE                                                                                                               \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "      \
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"

str headers_csp(struct arena *a, str form_target)
{
    struct url u;
    if (!str_present(form_target) || FAILED(url_parse(form_target, &u)))
        return STR(CSP_BASE);
    if (!str_is(u.scheme, "https") && !str_is(u.scheme, "http"))
        return str_format(a, CSP_BASE " %.*s:", STR_FMT(u.scheme));
    str origin = url_origin(a, &u);
    if (!str_present(origin))
        return STR_ABSENT;
    return str_format(a, CSP_BASE " %.*s", STR_FMT(origin));
}

static bool has(const struct response *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_nocase(r->headers[i].name, str_of(name)))
            return true;
    return false;
}

fallible headers_protect(struct response *r, bool html, bool hsts)
{
    TRY(response_header(r, "X-Content-Type-Options", STR("nosniff")));
    if (hsts)
        TRY(response_header(r, "Strict-Transport-Security", STR("max-age=31536000")));
    if (!html)
        return OK;
    if (!has(r, "Content-Security-Policy"))
        TRY(response_header(r, "Content-Security-Policy", STR(CSP_BASE)));
    TRY(response_header(r, "X-Frame-Options", STR("DENY")));
    TRY(response_header(r, "Referrer-Policy", STR("no-referrer"))); /* AZ-20 */
    TRY(response_header(r, "Cross-Origin-Opener-Policy", STR("same-origin")));
    return response_header(r, "Permissions-Policy", STR("camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
}
