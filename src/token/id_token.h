/* SPDX-License-Identifier: MIT
 * id_token: OpenID Connect Core 2: who logged in, when and how, signed for one client. Never an access token: its typ is another (AT-04). */
#ifndef JETON_TOKEN_ID_TOKEN_H
#define JETON_TOKEN_ID_TOKEN_H
#include "base/clock.h"
#include "codec/json.h"
#include "keys/keyring.h"
struct id_token {
    str issuer, subject, client_id;
    str nonce, acr, amr, session_id; /* absent: no such claim; amr: words */
    str session_hint;                /* names the session to this server alone, for RP-Initiated Logout; absent: no such claim */
    str access_token;                /* for at_hash; absent: none */
    unix_time auth_time, issued_at, expires_at;
    const json *more; /* further claims of the person, an object; NULL: none. None may have the name of one of the above */
};
/* SERVER_ERROR when there is no active key of that algorithm. */
fallible id_token_sign(struct arena *a, const struct keyring *k, enum sign_alg alg, const struct id_token *what, str *token);
/* For id_token_hint: one that this server signed, expired or not (OpenID Connect RP-Initiated Logout 2). The texts live in a; nonce,
 * access_token and more stay absent. INVALID_TOKEN when it is none of ours. */
fallible id_token_read(struct arena *a, const struct keyring *k, str token, str issuer, struct id_token *out);
#endif
