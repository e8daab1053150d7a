/* SPDX-License-Identifier: MIT
 * guard: refuses every message that two parsers could read differently, before anything else looks at it (IN-02..IN-04): two
 * Content-Length, length with chunked, two Authorization, Host, Content-Type, Cookie or Transfer-Encoding headers, any
 * Transfer-Encoding but chunked, obs-fold, NUL or control bytes, names that are no token, a missing Host; then, once it is known what is
 * asked for, a foreign Host. Pure: a list of headers in, an err out; a fuzz target. */
#ifndef JETON_HTTP_GUARD_H
#define JETON_HTTP_GUARD_H
#include "http/http.h"
struct guard_rules {
    const str *hosts; /* host[:port] values that name this server, lower case */
    size_t host_count;
};
/* Names to which an address answers (IN-04). A plain address (not a name that somebody's DNS may turn to this machine) is for those who
 * read figures; probes name whatever they reach. */
enum guard_names { GUARD_OWN_NAMES = 0, GUARD_OWN_NAMES_OR_ADDRESS, GUARD_ANY_NAME };
/* INVALID_REQUEST (400 and close), HEADERS_TOO_LARGE, URI_TOO_LONG, TOO_LARGE (the last check of all). */
fallible guard_check(struct request *r); /* sorts its fields (request_field) */
/* MISDIRECTED: the Host names somebody else. INVALID_REQUEST: there is none. */
fallible guard_host(const struct request *r, const struct guard_rules *rules, enum guard_names which);
#endif
