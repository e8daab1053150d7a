/* SPDX-License-Identifier: MIT
 * authorization_code: RFC 6749 4.1.3: a code becomes tokens, once; used twice it ends all that came from it. WRITE pool. */
#ifndef JETON_GRANT_AUTHORIZATION_CODE_H
#define JETON_GRANT_AUTHORIZATION_CODE_H
#include "grant/token_request.h"
fallible authorization_code_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
