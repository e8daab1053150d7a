/* SPDX-License-Identifier: MIT
 * profile: what a client is held to beyond the rules that hold for all: nothing more, OAuth 2.1, FAPI 2.0 Security Profile, FAPI 2.0
 * Message Signing. The stricter of the server's setting and the client's own registration counts. One table says which profile
 * demands what; whoever enforces a demand asks here, and nobody knows profiles by name. */
#ifndef JETON_CLIENT_PROFILE_H
#define JETON_CLIENT_PROFILE_H
#include "context/authority.h"
/* X(NAME, least profile, what it demands, in words for `jeton client show`) */
#define PROFILE_RULES(X)                                                                                                   \
    X(PKCE, OAUTH21, "PKCE with S256 in every authorization request")                                                      \
    X(NO_PASSWORD, OAUTH21, "no password grant")                                                                           \
    X(REDIRECT_NAMED, OAUTH21, "redirect_uri in every authorization request")                                              \
    X(REDIRECT_FIT, OAUTH21, "redirect URIs with https, on this machine, or with a scheme that is a reversed domain name") \
    X(CONFIDENTIAL, FAPI2_SECURITY, "a confidential client")                                                               \
    X(ASYMMETRIC_AUTH, FAPI2_SECURITY, "client authentication by private_key_jwt or mutual TLS")                           \
    X(STRONG_ALGS, FAPI2_SECURITY, "signatures only with PS256, ES256 or EdDSA (Ed25519)")                                 \
    X(PUSHED, FAPI2_SECURITY, "authorization requests only by PAR")                                                        \
    X(SENDER_CONSTRAINED, FAPI2_SECURITY, "access tokens bound to a key by DPoP or mutual TLS")                            \
    X(STEADY_REFRESH, FAPI2_SECURITY, "refresh tokens that are not rotated")                                               \
    X(ASKED, FAPI2_SECURITY, "users are asked at every authorization")                                                     \
    X(CODE_MINUTE, FAPI2_SECURITY, "authorization codes that are valid for at most 60 seconds")                            \
    X(NO_FRAGMENT, FAPI2_SECURITY, "no authorization response in a fragment")                                              \
    X(ISSUER_AUDIENCE, FAPI2_SECURITY, "the issuer as the only audience of client assertions")                             \
    X(SIGNED_REQUEST, FAPI2_MESSAGE_SIGNING, "signed request objects")                                                     \
    X(SIGNED_RESPONSE, FAPI2_MESSAGE_SIGNING, "signed authorization responses (JARM)")                                     \
    X(SIGNED_INTROSPECTION, FAPI2_MESSAGE_SIGNING, "signed introspection responses")
#define PROFILE_ALGS_STRONG "PS256 ES256 EdDSA Ed25519" /* FAPI 2.0 Security Profile 5.4; the last two are one (RFC 9864) */
enum profile_rule {
#define X(name, least, words) PROFILE_RULE_##name,
    PROFILE_RULES(X)
#undef X
        PROFILE_RULE_COUNT
};
const char *profile_name(enum profile p);          /* oauth2.1 … ; "none" */
bool profile_of_name(str name, enum profile *out); /* absent and empty: PROFILE_NONE */
enum profile profile_of(const struct context *ctx, const struct db_client *client);
bool profile_demands(const struct context *ctx, const struct db_client *client, enum profile_rule rule);
bool profile_includes(enum profile p, enum profile_rule rule);
const char *profile_words(enum profile_rule rule);
/* The algorithms that a client's signatures may have, as words: its profile's, and of these the one registered (absent: any). */
str profile_algs(const struct context *ctx, const struct db_client *client, str registered);
#endif
