/* SPDX-License-Identifier: MIT
 * token_exchange: RFC 8693: a token for another one, for another service or with an actor, under the policy of the asking client. READ pool. */
#ifndef JETON_GRANT_TOKEN_EXCHANGE_H
#define JETON_GRANT_TOKEN_EXCHANGE_H
#include "grant/token_request.h"
fallible token_exchange_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
