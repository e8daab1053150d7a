/* SPDX-License-Identifier: MIT
 * logout_token: the signed notice that a session has ended (OpenID Connect Back-Channel Logout 1.0, 2.4). */
#ifndef JETON_LOGOUT_LOGOUT_TOKEN_H
#define JETON_LOGOUT_LOGOUT_TOKEN_H
#include "context/authority.h"
enum { LOGOUT_TOKEN_SECONDS = 120 };
/* From the facts that the store posted with the end of the session ({"sub","sid","user"}), for this client, good from now on.
 * SERVER_ERROR: the facts are damaged, or no key signs in the client's algorithm. */
fallible logout_token_make(struct context *ctx, const struct db_client *client, str facts, str *token);
#endif
