/* SPDX-License-Identifier: MIT
 * client_keys: the public keys of a client or of a trusted issuer: registered by value (jwks) or where they are published (jwks_uri).
 * Published ones are fetched with the server's manners and kept in memory: 10 minutes, 256 addresses, one fetch at a time for each; for a
 * kid that is not there again after 30 seconds at the earliest; a failure is remembered for 30 seconds (CA-11, CVE-2026-1180). */
#ifndef JETON_GRANT_CLIENT_KEYS_H
#define JETON_GRANT_CLIENT_KEYS_H
#include "directory/authority.h"
#include "token/jwt.h"
/* wanting: the token that is to be checked: when no key fits it, published keys may be fetched anew; NULL: what is there will do.
 * ELSEWHERE on an event thread when a fetch is due; never call it on the store's writer. INVALID_REQUEST: none are registered, or they are
 * malformed, or their address does not give them; UNAVAILABLE: this server cannot do more right now. *out belongs to g's arena. */
fallible client_keys_get(struct ground *g, const struct db_client *client, const struct jwt *wanting, struct jwk_set **out);
/* The same for a pair that is registered elsewhere; jwks goes before jwks_uri. */
fallible client_keys_of(struct ground *g, str jwks, str jwks_uri, const struct jwt *wanting, struct jwk_set **out);
#endif
