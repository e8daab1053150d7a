/* SPDX-License-Identifier: MIT
 * access: access tokens, sealed (jtn_at_…, self-contained, for this server alone) or signed JWTs (RFC 9068) for a registered
 * resource. Minting needs a permit. Reading says only what the token says; whether it still holds (revocation, client, user) is asked by
 * resource/bearer. */
#ifndef JETON_TOKEN_ACCESS_H
#define JETON_TOKEN_ACCESS_H
#include "keys/keyring.h"
#include "token/permit.h"
struct access_facts {
    struct permit permit; /* copied out of the token: not a yes, and no mint function takes it from here */
    str token_id;         /* jti */
    bool is_jwt;
};
struct access_jwt {
    enum sign_alg alg;
    str issuer;
};
/* token_id: NULL when nobody asks for it. */
fallible access_seal(struct arena *a, const struct keyring *k, const struct permit *permit, str *token, str *token_id);
fallible access_sign(struct arena *a, const struct keyring *k, const struct permit *permit, const struct access_jwt *how, str *token);
/* Sealed tokens alone: INVALID_TOKEN when forged, of another kind, or expired at `now` (AT-09: no skew for our own clock).
 * permit.audience is absent when resource_number is 0 (jeton itself). Texts are not NUL-terminated. */
fallible access_open(struct arena *a, const struct keyring *k, str token, unix_time now, struct access_facts *out);
struct access_reader {
    str issuer;
    unix_time now;
};
/* JWTs of our own (AT-02), typ at+jwt, iss as given, not expired: INVALID_TOKEN otherwise. Claims beyond RFC 9068: `authorization_id`,
 * `client_epoch` (so that revocation can be told). user_number, client_number and resource_number are left 0: row numbers do not
 * leave the house; the caller finds them by subject, client_id and audience. A person's token is told by its subject (TE-08). With a
 * pairwise subject (permit.subject and .pairwise are that one then) user_number is filled: it travelled sealed. */
fallible access_check(struct arena *a, const struct keyring *k, str token, const struct access_reader *reader, struct access_facts *out);
#endif
