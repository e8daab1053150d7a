/* SPDX-License-Identifier: MIT
 * refresh_token: RFC 6749 6 with rotation; a retry within the grace gets the same successor; theft ends the family. WRITE pool. */
#ifndef JETON_GRANT_REFRESH_TOKEN_H
#define JETON_GRANT_REFRESH_TOKEN_H
#include "grant/token_request.h"
fallible refresh_token_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
