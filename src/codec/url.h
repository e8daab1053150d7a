/* SPDX-License-Identifier: MIT
 * url: absolute URLs, taken apart once, at registration (RFC 3986); afterwards they are opaque text. Refuses control bytes,
 * space, backslash, non-ASCII, bad escapes, userinfo, an empty host for http(s), a port out of 1..65535. */
#ifndef JETON_CODEC_URL_H
#define JETON_CODEC_URL_H
#include "base/buf.h"
/* Also refused: what RFC 3986 has outside its grammar, host labels that are empty, numbers as hosts other than a.b.c.d, and
 * texts over BUF_URL_MAX. Brackets may stand in a query (`a[]=1`), where the RFC would have them escaped. */
struct url {
    str scheme;   /* as written; compare with str_equal_nocase */
    str host;     /* IPv6 with its brackets; absent for schemes without authority */
    str port;     /* absent when none */
    str path;     /* with its leading slash, may be empty */
    str query;    /* without `?`; absent when none */
    str fragment; /* without `#`; absent when none */
};
/* The pieces borrow from text; INVALID_REQUEST with a `say` that tells what is wrong. */
fallible url_parse(str text, struct url *out);
bool url_loopback_ip(const struct url *u); /* host literal 127.0.0.1 or [::1] (RFC 8252 7.3), not `localhost` */
bool url_loopback(const struct url *u);    /* that, or `localhost` */
/* scheme://host[:port], lower case, without the usual port of http(s) (RFC 6454 6.2); `scheme:` when there is no host (a CSP
 * source both ways); absent when the arena fails. */
str url_origin(struct arena *a, const struct url *u);
/* Appends name=value to a URL that may have a query (RFC 6749 4.1.2): `?` or `&` first, percent-encoded. */
void url_add_parameter(struct buf *b, str name, str value);
#endif
