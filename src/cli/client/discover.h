/* SPDX-License-Identifier: MIT
 * discover: what a server says about itself (RFC 8414, OpenID Connect Discovery). */
#ifndef JETON_CLI_CLIENT_DISCOVER_H
#define JETON_CLI_CLIENT_DISCOVER_H
#include "codec/json.h"
struct discover_facts {
    str issuer;        /* absent: unknown, the endpoints were told by hand */
    json *metadata;    /* the document; NULL: none */
    bool iss_promised; /* RFC 9207: its authorization answers carry `iss` */
};
/* Where the metadata of an issuer stands: RFC 8414 3.1 (`oauth`) puts the well-known part before the path, OpenID behind it. */
str discover_address(struct arena *a, str issuer, bool oauth);
/* Reads a metadata document; INVALID_REQUEST when it is malformed or speaks for another issuer (RFC 8414 3.3). */
fallible discover_read(struct arena *a, str issuer, str document, struct discover_facts *out);
/* Asks both addresses. `authority`: as in fetch. */
fallible discover_run(struct arena *a, str issuer, str authority, struct discover_facts *out, const char **trouble);
/* An address of the metadata: of its mtls_endpoint_aliases when `mtls` and there (RFC 8705 5). Absent when the server has none.
 */
str discover_endpoint(const struct discover_facts *facts, const char *name, bool mtls);
bool discover_flag(const struct discover_facts *facts, const char *name); /* false when it is missing */
/* Does the list `name` hold `word`? `fallback` when there is no such list. */
bool discover_lists(const struct discover_facts *facts, const char *name, const char *word, bool fallback);
#endif
