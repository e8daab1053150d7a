/* SPDX-License-Identifier: MIT
 * target: from the request target to a path and a query. A path has exactly one spelling of its structure: what a router, a
 * proxy in front and a log could cut into segments differently is refused, not repaired. The path is decoded once; nobody
 * decodes again. */
#include "http/target.h"
#include "base/ascii.h"
#include "codec/percent.h"

#include "base/banned.h"

static fallible bytes_check(str raw)
{
    if (!str_filled(raw) || raw.p[0] != '/') /* absolute-form, authority-form, `*`: RFC 9112 3.2 */
        FAIL(INVALID_REQUEST, "target: not in origin form");
    for (size_t i = 0; i < raw.n; i++)
        if (!ascii_visible(raw.p[i]) || raw.p[i] == '#') /* RFC 3986 2; IN-03 */
            FAIL(INVALID_REQUEST, "target: a byte that no target may hold");
    return OK;
}

/* Escapes that would hide structure: %2f, %5c. */
static fallible escapes_check(str path)
{
    for (size_t i = 0; i + 2 < path.n; i++) {
        if (path.p[i] != '%')
            continue;
        int value = ascii_hex(path.p[i + 1]) * 16 + ascii_hex(path.p[i + 2]);
        if (value == '/' || value == '\\') /* IN-05 */
            FAIL(INVALID_REQUEST, "target: an escaped slash");
    }
    return OK;
}

static fallible segments_check(str path) /* IN-05, RFC 3986 5.2.4 */
{
    str rest = {path.p + 1, path.n - 1}, segment;
    while (str_next(&rest, '/', &segment)) {
        bool last = segment.p + segment.n == path.p + path.n;
        if (segment.n == 0 && !last)
            FAIL(INVALID_REQUEST, "target: an empty segment");
        if (str_is(segment, ".") || str_is(segment, ".."))
            FAIL(INVALID_REQUEST, "target: a dot segment");
        for (size_t i = 0; i < segment.n; i++) {
            unsigned char c = (unsigned char)segment.p[i];
            if (c == ';' || c == '\\' || c < 0x20 || c == 0x7f)
                FAIL(INVALID_REQUEST, "target: a byte that no segment may hold");
        }
    }
    return OK;
}

/* Most targets: a path in which nothing can be read in two ways. No segment begins with a dot, and none but the last is empty. */
static bool plain_path(str raw)
{
    char before = '\0';
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        if (c == '/' ? before == '/' : before == '\0' || (c == '.' && before == '/') || !ascii_unreserved(c))
            return false;
        before = c;
    }
    return raw.n > 0;
}

fallible target_parse(struct arena *a, str raw, str *path, str *query)
{
    if (plain_path(raw)) {
        *path = raw;
        *query = STR_ABSENT;
        return OK;
    }
    TRY(bytes_check(raw));
    size_t mark = str_find(raw, '?');
    str decoded = {raw.p, mark};
    TRY(escapes_check(decoded));
    if (str_find(decoded, '%') < decoded.n)
        TRY(percent_decode(a, decoded, PERCENT_PLUS_LITERAL, &decoded));
    TRY(segments_check(decoded));
    *path = decoded;
    *query = mark < raw.n ? (str){raw.p + mark + 1, raw.n - mark - 1} : STR_ABSENT;
    return OK;
}
