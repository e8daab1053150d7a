/* SPDX-License-Identifier: MIT
 * client_credentials: RFC 6749 4.4: the client for itself; no refresh token. Touches no disk: inline. */
#ifndef JETON_GRANT_CLIENT_CREDENTIALS_H
#define JETON_GRANT_CLIENT_CREDENTIALS_H
#include "grant/token_request.h"
fallible client_credentials_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
