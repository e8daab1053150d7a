/* SPDX-License-Identifier: MIT
 * grant_types: THE table of grants: what each is called on the wire and in a client's list, who may have it, where its code runs, which
 * function takes it. Registration, metadata, console, token endpoint and audit trail read this one. */
#ifndef JETON_CLIENT_GRANT_TYPES_H
#define JETON_CLIENT_GRANT_TYPES_H
#include "base/message.h"
#include "base/str.h"
enum grant_pool { GRANT_NOWHERE = 0, GRANT_INLINE, GRANT_WRITE, GRANT_HASH, GRANT_READ }; /* where its code may run; NOWHERE: not at the token endpoint */

/* X(word, wire, redirects, refreshes, public_may, as_itself, audited, pool, redeem, label, about). Columns: struct grant_type; redeem: the
 * function of src/grant/ that takes it (NULL: none). */
/* clang-format off */
#define GRANT_TYPES(X) \
    X(authorization_code, "authorization_code",                           true,  true,  true,  false, true,  GRANT_WRITE,   authorization_code_redeem, \
      SAY("Authorization code"), SAY("A user logs in with their browser and allows access. The usual choice.")) \
    X(refresh_token,      "refresh_token",                                false, false, true,  false, false, GRANT_WRITE,   refresh_token_redeem, \
      SAY("Refresh token"), SAY("Gets new access tokens without asking the user again.")) \
    X(client_credentials, "client_credentials",                           false, false, false, true,  false, GRANT_INLINE,  client_credentials_redeem, \
      SAY("Client credentials"), SAY("For the application itself, with no user involved.")) \
    X(password,           "password",                                     false, true,  true,  false, true,  GRANT_HASH,    password_grant_redeem, \
      SAY("Password"), SAY("The application handles the user’s username and password itself. Only for your own old applications.")) \
    X(personal_access,    "personal_access",                              false, false, true,  false, false, GRANT_NOWHERE, NULL, \
      SAY("Personal access"), SAY("For tokens that users create themselves.")) \
    X(device_code,        "urn:ietf:params:oauth:grant-type:device_code", false, true,  true,  false, true,  GRANT_WRITE,   device_code_redeem, \
      SAY("Device code"), SAY("For devices without a browser. The user allows access on another device.")) \
    X(ciba,               "urn:openid:params:grant-type:ciba",            false, true,  false, false, true,  GRANT_WRITE,   ciba_redeem, \
      SAY("Backchannel (CIBA)"), SAY("Asks a user for approval on their account pages, without redirecting their browser.")) \
    X(token_exchange,     "urn:ietf:params:oauth:grant-type:token-exchange", false, false, false, false, false, GRANT_READ,  token_exchange_redeem, \
      SAY("Token exchange"), SAY("Exchanges one token for another, under the policy below.")) \
    X(jwt_bearer,         "urn:ietf:params:oauth:grant-type:jwt-bearer",  false, false, false, false, true,  GRANT_READ,    jwt_bearer_redeem, \
      SAY("JWT bearer"), SAY("Presents assertions from an issuer that this server trusts."))
/* clang-format on */

enum grant_type_index {
#define X(word_, ...) GRANT_TYPE_##word_,
    GRANT_TYPES(X)
#undef X
        GRANT_TYPE_COUNT
};
struct grant_type {
    const char *word; /* in a client's list */
    const char *wire; /* grant_type (RFC 6749 and its family) */
    bool redirects;   /* needs a redirect URI */
    bool refreshes;   /* comes with the grant refresh_token */
    bool public_may;  /* a client that cannot keep a secret may have it */
    bool as_itself;   /* acts with the client's own scopes, without a person */
    bool audited;     /* each token is an event in the audit trail: a person was there */
    enum grant_pool pool;
    const char *label, *about; /* for people; keys of the catalogue */
};
extern const struct grant_type grant_types[GRANT_TYPE_COUNT];

const struct grant_type *grant_types_find(str word);          /* NULL: no such grant */
const struct grant_type *grant_types_offered(str grant_type); /* by its name on the wire, those that the token endpoint takes; NULL: none */
#endif
