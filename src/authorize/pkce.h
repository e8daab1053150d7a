/* SPDX-License-Identifier: MIT
 * pkce: RFC 7636, S256 only. */
#ifndef JETON_AUTHORIZE_PKCE_H
#define JETON_AUTHORIZE_PKCE_H
#include "store/table/db_client.h"
/* At the authorization endpoint: is the challenge there where it must be, well-formed, S256? INVALID_REQUEST (PK-01, PK-03, PK-07). */
fallible pkce_request(const struct db_client *client, str challenge, str method);
/* At the token endpoint: challenge absent and verifier absent is fine; one without the other is not (PK-04, PK-05). INVALID_GRANT/INVALID_REQUEST. */
fallible pkce_check(str challenge, str verifier);
#endif
