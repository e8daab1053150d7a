/* SPDX-License-Identifier: MIT
 * guard: refuses every message that two parsers could read differently, before anything else looks at it (IN-02..IN-04): two
 * Content-Length, length with chunked, two Authorization, Host, Content-Type, Cookie or Transfer-Encoding headers, any
 * Transfer-Encoding but chunked, obs-fold, NUL or control bytes, names that are no token, missing or foreign Host.
 * Pure: a list of headers in, an err out; a fuzz target. */
#ifndef JETON_HTTP_GUARD_H
#define JETON_HTTP_GUARD_H
#include "http/http.h"
struct guard_rules {
    const str *hosts; /* host[:port] values that name this server, lower case */
    size_t host_count;
    bool any_host;    /* health checks by address */
};
/* INVALID_REQUEST (400 and close), MISDIRECTED, HEADERS_TOO_LARGE, URI_TOO_LONG, TOO_LARGE (the last check of all). */
fallible guard_check(const struct request *r, const struct guard_rules *rules);
#endif
