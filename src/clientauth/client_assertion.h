/* SPDX-License-Identifier: MIT
 * client_assertion: a signed statement by which a client authenticates (RFC 7521 4.2, RFC 7523 3, OpenID Connect Core 9). Private to
 * client_auth. */
#ifndef JETON_CLIENTAUTH_CLIENT_ASSERTION_H
#define JETON_CLIENTAUTH_CLIENT_ASSERTION_H
#include "codec/form.h"
#include "clientauth/client_keys.h"
struct client_assertion {
    struct jwt token;
    str client_id; /* iss and sub; a claim of nobody until one of the judges below has said yes */
};
bool client_assertion_sent(const struct form *f);
/* Form alone: type, three parts, iss = sub = client_id of the body when that is there. INVALID_CLIENT, INVALID_REQUEST. */
fallible client_assertion_read(struct arena *a, const struct form *f, struct client_assertion *out);
/* Signature by one of the client's keys, or by its secret; then the claims; then the jti is taken, once for ever. INVALID_CLIENT;
 * ELSEWHERE on an event thread, for taking waits. */
fallible client_assertion_by_key(struct context *ctx, const struct db_client *client, const struct client_assertion *assertion);
fallible client_assertion_by_secret(struct context *ctx, const struct db_client *client, const struct client_assertion *assertion);
#endif
