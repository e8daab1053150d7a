/* SPDX-License-Identifier: MIT
 * console_static: style, script and icon, from the program itself. Relies on page_asset. Promises: a file asked for by its hash
 * may be kept for a year, for the next build asks for another; any other is asked for again after five minutes, with its ETag.
 * Touches nothing but memory: inline. */
#include "endpoint/console/console.h"
#include "base/banned.h"

static bool etag_matches(str header, str etag)
{
    str one;
    while (str_filled(header) && str_next(&header, ',', &one)) {
        one = str_trim(one);
        if (str_starts(one, STR("W/")))
            one = (str){one.p + 2, one.n - 2};
        if (str_equal(one, etag) || str_is(one, "*"))
            return true;
    }
    return false;
}

static fallible answer_static_asset(struct call *c, str name)
{
    const struct page_asset *asset = page_asset(name);
    if (!asset)
        FAIL(NOT_FOUND, "static: no such file");
    str hash = {asset->etag.p + 1, asset->etag.n - 2}, version = form_get(&c->form, "v");
    bool lasting = str_present(version) && str_equal(version, hash);
    TRY(response_header(c->response, "ETag", asset->etag));
    TRY(response_header(c->response, "Cache-Control", lasting ? STR("public, max-age=31536000, immutable") : STR("public, max-age=300")));
    if (etag_matches(request_header(c->request, "If-None-Match"), asset->etag)) /* RFC 9110 13.1.2 */
        return call_empty(c, 304);
    response_body(c->response, 200, asset->content_type, asset->bytes);
    return OK;
}

err console_static_get(struct call *c)
{
    return answer_static_asset(c, c->parameters[0]);
}

err console_static_favicon_get(struct call *c)
{
    return answer_static_asset(c, STR("icon.svg"));
}
