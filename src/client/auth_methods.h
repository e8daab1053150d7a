/* SPDX-License-Identifier: MIT
 * auth_methods: the words for the ways in which a client may authenticate (RFC 7591 2, OpenID Connect Core 9, RFC 8705 2) and what each
 * needs to be registered beside it. How each is judged: clientauth/client_auth. */
#ifndef JETON_CLIENT_AUTH_METHODS_H
#define JETON_CLIENT_AUTH_METHODS_H
#include "base/str.h"
struct auth_method {
    const char *name;
    bool secret; /* the client has a secret */
    bool keys;   /* jwks or jwks_uri must be registered */
    bool tls;    /* works only where certificates reach this server: listen_mtls or client_cert_header */
    bool listed; /* offered in metadata (tls rows: where they work) */
};
extern const struct auth_method auth_methods[];        /* ended by name NULL */
const struct auth_method *auth_methods_find(str name); /* NULL: no such way */
#endif
