/* SPDX-License-Identifier: MIT
 * jarm: authorization responses as signed JWTs (JWT Secured Authorization Response Mode 2.1). */
#ifndef JETON_AUTHORIZE_JARM_H
#define JETON_AUTHORIZE_JARM_H
#include "authorize/redirect.h"
enum { JARM_SECONDS = 600 }; /* 2.1: short lived */
/* The plain response's fields, with iss, aud and exp, signed as the client registered (authorization_signed_response_alg; RS256, or what its
 * profile allows, without). SERVER_ERROR: there is no key of that algorithm. */
fallible jarm_response(struct context *ctx, const struct db_client *client, const struct redirect_sent *plain, str *jwt);
#endif
