/* SPDX-License-Identifier: MIT
 * received: what a server signed for us: ID tokens, authorization answers (JARM), userinfo. Checked against the keys of its
 * jwks_uri, always and whole, or refused. */
#ifndef JETON_CLI_CLIENT_RECEIVED_H
#define JETON_CLI_CLIENT_RECEIVED_H
#include "cli/client/token_flow.h"
/* What received_id_token and received_answer check, in one sentence for people. */
extern const char received_checks[];
/* The id_token of a token response (OpenID Connect Core 3.1.3.7). */
fallible received_id_token(struct arena *a, struct token_flow *f, const json *response, const json **claims, const char **trouble);
/* The `response` of an authorization answer (JARM 2.4). */
fallible received_answer(struct arena *a, struct token_flow *f, str token, const json **claims, const char **trouble);
/* A signed userinfo answer (OpenID Connect Core 5.3.2). */
fallible received_userinfo(struct arena *a, struct token_flow *f, str token, const json **claims, const char **trouble);
#endif
