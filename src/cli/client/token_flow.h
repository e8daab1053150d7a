/* SPDX-License-Identifier: MIT
 * token_flow: the client's side of OAuth 2.0: what a person asks for, and the way through a grant to a checked token response.
 * A grant is one row of the table in token_flow.c and one function in a grant_*.c. */
#ifndef JETON_CLI_CLIENT_TOKEN_FLOW_H
#define JETON_CLI_CLIENT_TOKEN_FLOW_H
#include "base/clock.h"
#include "cli/client/client_key.h"
#include "cli/client/discover.h"
#include "token/jwk.h"

struct token_flow {
    const struct token_grant *grant;
    str client_id, client_secret; /* secret absent: none */
    str auth_method;              /* RFC 7591 2; absent: what the server likes */
    str scope, resource;          /* words; absent: not sent */
    str username, password, refresh_token;
    str redirect_uri; /* loopback URI; absent: 127.0.0.1 and /callback */
    uint16_t redirect_port;
    str response_mode, prompt, login_hint, acr_values;
    str claims, authorization_details;     /* JSON texts */
    int64_t max_age;                       /* negative: not sent */
    bool pushed, request_object;           /* RFC 9126, RFC 9101 */
    str subject_token, subject_token_type; /* RFC 8693 2.1; types as words or URIs */
    str actor_token, actor_token_type, requested_token_type, audience;
    str assertion, assertion_issuer, subject; /* RFC 7523 2.1; assertion absent: made with the key */
    str assertion_audience;                   /* of all our assertions; absent: the issuer */
    str binding_message;
    const struct client_key *key, *proof;        /* proof: DPoP, NULL: none */
    str authority, certificate, certificate_key; /* files, as in fetch */
    struct discover_facts server;
    const struct jwk_set *keys; /* of the server, fetched when first needed; NULL: not yet */
    void (*show)(str sentence); /* what a person must see or do */
    void (*wait)(int64_t seconds);
    str server_nonce;  /* the last DPoP nonce of the authorization server (RFC 9449 8) */
    str nonce;         /* of the authorization request; absent: none was sent */
    int64_t asked_age; /* the max_age that was sent; negative: none */
};
/* What a row says to the command line: the option without which the grant is nothing (NULL: none), and the secret that is asked
 * for on a terminal. */
struct token_grant {
    const char *word, *type; /* on the command line; `grant_type` on the wire */
    const char *endpoint;    /* metadata name of the endpoint that it begins at; NULL: the token endpoint alone */
    const char *needs, *secret, *question;
    bool anonymous; /* works without a client_id */
    /* Adds what the token request must say, after whatever leads there; NULL: nothing. */
    err (*prepare)(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble);
    /* Instead of one token request; NULL: one. */
    err (*redeem)(struct arena *a, struct token_flow *f, json **response, const char **trouble);
};
const struct token_grant *token_flow_grant(str word); /* NULL: unknown */

/* The whole way to a token response (a JSON object with an access_token), its ID token checked: the claims of that in *claims,
 * else NULL. *trouble says what failed. */
struct token_flow_result {
    json *response;
    const json *claims;
};
fallible token_flow_run(struct arena *a, struct token_flow *f, struct token_flow_result *out, const char **trouble);
/* Header and claims of a JWT, unchecked: {"header":{…},"claims":{…}}. INVALID_REQUEST when it is not one. */
fallible token_flow_decode(struct arena *a, str token, json **decoded);
/* name=word for each of the words. */
void token_flow_add_words(struct buf *b, const char *name, str words);
void token_flow_add_filled(struct buf *b, const char *name, str value);
str token_flow_random(struct arena *a); /* 256 bits as base64url; absent when the arena fails */
#endif
