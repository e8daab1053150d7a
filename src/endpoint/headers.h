/* SPDX-License-Identifier: MIT
 * headers: the response headers that protect people's browsers, in one place. */
#ifndef JETON_ENDPOINT_HEADERS_H
#define JETON_ENDPOINT_HEADERS_H
#include "base/buf.h"
/* Content-Security-Policy for a page (LS-08). form_targets: further places where the page's form may end, a line each (the client's
 * redirect URI: its origin, or its scheme for a private-use one); absent: only here. Absent when the arena fails. */
str headers_csp(struct arena *a, str form_targets);
/* Adds to a page's or an API's answer what every one carries (LS-07, LS-10). html: frames, CSP unless one is there already. */
struct response;
fallible headers_protect(struct response *r, bool html, bool hsts);
#endif
