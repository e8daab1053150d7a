/* SPDX-License-Identifier: MIT
 * token_flow: the client's side of OAuth 2.0: what to send, and what to make of the answer. */
#ifndef JETON_CLI_TOKEN_FLOW_H
#define JETON_CLI_TOKEN_FLOW_H
#include "cli/discover.h"
struct token_flow {
    str grant, client_id, client_secret; /* secret absent: none */
    str auth_method;                     /* client_secret_basic client_secret_post none; absent: what the server likes */
    str scope, resource;                 /* words; absent: not sent */
    str username, password, refresh_token;
    str redirect_uri; /* loopback URI; absent: 127.0.0.1 and /callback */
    uint16_t redirect_port;
    str authority;
    struct discover_facts server;
    void (*show)(str address); /* the address that a person must open */
};
/* What comes back from the authorization endpoint, judged: state, iss (RFC 9207), error. */
struct token_flow_answer {
    str state; /* what we sent */
    str query;
};
fallible token_flow_judge(struct arena *a, const struct token_flow *f, const struct token_flow_answer *answer, str *code,
                          const char **trouble);
/* The address of the authorization endpoint with its parameters. */
struct token_flow_secrets {
    str state, verifier;
};
fallible token_flow_address(struct arena *a, const struct token_flow *f, const struct token_flow_secrets *secrets,
                            str redirect_uri, str *address);
/* The whole way to a token response (a JSON object with an access_token). *trouble says what failed. */
fallible token_flow_run(struct arena *a, const struct token_flow *f, json **response, const char **trouble);
/* Header and claims of a JWT, unchecked: {"header":{…},"claims":{…}}. INVALID_REQUEST when it is not one. */
fallible token_flow_decode(struct arena *a, str token, json **decoded);
#endif
