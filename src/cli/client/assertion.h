/* SPDX-License-Identifier: MIT
 * assertion: the JWTs that a client signs: who it is (RFC 7523), what it asks (RFC 9101), that it holds a key (RFC 9449). */
#ifndef JETON_CLI_CLIENT_ASSERTION_H
#define JETON_CLI_CLIENT_ASSERTION_H
#include "cli/client/token_flow.h"
/* Whom our assertions address: the issuer alone, else the token endpoint of a server without a name. */
str assertion_audience(const struct token_flow *f);
/* Client authentication: with the secret (client_secret_jwt) or the key. */
fallible assertion_client(struct arena *a, const struct token_flow *f, bool with_secret, str *jwt);
/* The assertion that is the grant. */
fallible assertion_grant(struct arena *a, const struct token_flow *f, str *jwt);
/* A request object; takes `parameters` over and adds the claims of the token itself. `backchannel`: of CIBA 7.1.1. */
fallible assertion_request(struct arena *a, const struct token_flow *f, json *parameters, bool backchannel, str *jwt);
struct assertion_proof {
    const char *method;
    str address, token, nonce; /* token: the access token that is shown with it; absent: none */
};
fallible assertion_proof(struct arena *a, const struct token_flow *f, const struct assertion_proof *about, str *jwt);
#endif
