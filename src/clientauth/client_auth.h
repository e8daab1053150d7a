/* SPDX-License-Identifier: MIT
 * client_auth: which client sent this (RFC 6749 2.3; RFC 7523 2.2, OpenID Connect Core 9, RFC 8705 2). One method a request, the
 * registered one; secrets compared as hashes in constant time; unknown client and wrong credential are told apart only in `why` (TE-12). */
#ifndef JETON_CLIENTAUTH_CLIENT_AUTH_H
#define JETON_CLIENTAUTH_CLIENT_AUTH_H
#include "codec/form.h"
#include "client/client.h"
struct client_claim {
    str authorization; /* header value; absent: none */
    const struct form *form;
    bool token_request; /* the token endpoint: the only place where client_id may be left out (contract 4) */
};
struct client_proof {
    const struct db_client *client; /* never NULL on OK */
    bool authenticated;             /* false: a public client that only named itself */
    bool header_tried;              /* answer 401 with WWW-Authenticate (RFC 6749 5.2) */
    const char *method;             /* the way that was used: client_secret_basic … none; never `any`; NULL for compat */
    bool by_secret_alone;           /* compat processmaker: found without client_id; token_request tells of it */
};
/* out->header_tried is set on failure too. INVALID_CLIENT, INVALID_REQUEST (two methods). ELSEWHERE on an event thread when keys must be
 * fetched or a jti be taken; for the same reason never to be called on the store's writer when client_auth_waits. */
fallible client_auth_check(struct context *ctx, const struct client_claim *claim, struct client_proof *out);
/* May judging this claim wait for the disk or another server? Then it is judged on a worker before the request goes on to its own pool. */
bool client_auth_waits(const struct context *ctx, const struct client_claim *claim);
/* The same request later, under newer facts: who was let in as client_id still exists? INVALID_CLIENT. */
fallible client_auth_again(struct context *ctx, str client_id, struct client_proof *proof);
/* For introspection and revocation: the client must be confidential and authenticated (CA-01, IR-01). */
fallible client_auth_confidential(const struct client_proof *proof);
/* Last words of a refused authentication for the administrator: event client.refused with id (when known) and why. */
void client_auth_report(struct context *ctx, const struct client_claim *claim, err why);
#endif
