/* SPDX-License-Identifier: MIT
 * sender: who holds the key that a token is bound to (RFC 9449, RFC 8705 3). The one place that judges DPoP proofs in a request: form
 * (token/dpop), our nonce, single use of the jti, and the thumbprint of the TLS client certificate. Memory only: any thread may ask. */
#ifndef JETON_CLIENTAUTH_SENDER_H
#define JETON_CLIENTAUTH_SENDER_H
#include "clientauth/client_auth.h"
struct sender {
    str jkt, x5t; /* thumbprints; absent: that was not shown */
    str alg;      /* of the proof for jkt */
};
/* What this request proves. access_token: at resources, the proof must be made for it; absent: at the token endpoint and at PAR. Asked
 * twice in one request it answers the same. No proof and no certificate: both absent. INVALID_DPOP_PROOF, USE_DPOP_NONCE, UNAVAILABLE. */
fallible sender_proof(struct context *ctx, str access_token, struct sender *out);
/* The proof was made with an algorithm that the client's profile leaves. INVALID_DPOP_PROOF. */
fallible sender_alg(const struct context *ctx, const struct db_client *client, const struct sender *shown);
/* A token that is bound to keeps (absent: not bound to such a thing), client's, is used by its holder. INVALID_TOKEN when another key or
 * certificate, or none, was shown; and what sender_proof and sender_alg say. client NULL: nobody's, such as a personal access token. */
fallible sender_fits(struct context *ctx, const struct sender *keeps, const struct db_client *client, str access_token);
/* At the token endpoint, before anything is spent: judges the proof, and fills ctx->bind: what the tokens of this answer are bound to. What
 * registration or profile demand and the request lacks is refused (INVALID_REQUEST), and so is a proof that does not do (INVALID_DPOP_PROOF). */
fallible sender_bind(struct context *ctx, const struct client_proof *proof);
/* What the refresh tokens of this client must be bound to (RFC 9449 5, RFC 8705 4; DP-04): for public clients ctx->bind; for those that
 * authenticate nothing. For db_authorization.jkt and .x5t when a grant begins. */
struct sender sender_keeps(const struct context *ctx, const struct db_client *client);
/* A fresh nonce (RFC 9449 8); good for SENDER_NONCE_SECONDS; absent when the arena fails. */
enum { SENDER_NONCE_SECONDS = 300 };
str sender_nonce(struct context *ctx);
/* Should the answer to this request carry a fresh nonce? */
bool sender_wants_nonce(const struct context *ctx);
#endif
