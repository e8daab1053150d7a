/* SPDX-License-Identifier: MIT
 * token_userinfo: asks a server about the person with the token that was just issued (OpenID Connect Core 5.3). */
#ifndef JETON_CLI_CLIENT_TOKEN_USERINFO_H
#define JETON_CLI_CLIENT_TOKEN_USERINFO_H
#include "cli/client/token_flow.h"
/* The claims, plain or signed; of the person whom the ID token names, when there is one. */
fallible token_userinfo_get(struct arena *a, struct token_flow *f, const struct token_flow_result *result, json **claims, const char **trouble);
#endif
