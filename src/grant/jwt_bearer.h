/* SPDX-License-Identifier: MIT
 * jwt_bearer: RFC 7523 2.1: the assertion of a trusted issuer for an access token. READ pool: its keys may have to be fetched. */
#ifndef JETON_GRANT_JWT_BEARER_H
#define JETON_GRANT_JWT_BEARER_H
#include "grant/token_request.h"
fallible jwt_bearer_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
