/* SPDX-License-Identifier: MIT
 * call_path: is a place to go back to really a place here? Pure: text in, text out. Promises: what it lets through begins with
 * one slash and a segment of this server, whatever a browser does to it (backslashes, control bytes, dot segments, double
 * slashes and their escapes are refused, not mended), so that login never leads away (RU-10). */
#include "endpoint/call.h"

#include "base/ascii.h"
#include "base/banned.h"

/* An escape in the path that could turn into a slash, a backslash, a dot or a control byte for somebody. */
static bool escape_fits(str rest)
{
    if (rest.n < 3)
        return false;
    int high = ascii_hex(rest.p[1]), low = ascii_hex(rest.p[2]);
    if (high < 0 || low < 0)
        return false;
    int byte = high * 16 + low;
    return byte > 0x20 && byte != 0x7f && byte != '/' && byte != '\\' && byte != '.' && byte != '%';
}

static bool path_fits(str path)
{
    for (size_t i = 0; i < path.n; i++) {
        str rest = {path.p + i, path.n - i};
        if (path.p[i] == '%' && !escape_fits(rest))
            return false;
        if (str_starts(rest, STR("//")) || str_starts(rest, STR("/.")))
            return false;
    }
    return true;
}

str call_local_path(str wanted, str fallback)
{
    if (!str_filled(wanted) || wanted.n > HTTP_TARGET_MAX || wanted.p[0] != '/')
        return fallback;
    for (size_t i = 0; i < wanted.n; i++)
        if (!ascii_visible(wanted.p[i]) || wanted.p[i] == '\\')
            return fallback;
    str path = {wanted.p, str_find(wanted, '?')};
    path.n = str_find(path, '#');
    return path_fits(path) ? wanted : fallback;
}
