/* SPDX-License-Identifier: MIT
 * password_grant: RFC 6749 4.3, where the administrator turned it on for the client; every rule of the login page holds. HASH pool. */
#ifndef JETON_GRANT_PASSWORD_GRANT_H
#define JETON_GRANT_PASSWORD_GRANT_H
#include "grant/token_request.h"
fallible password_grant_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
