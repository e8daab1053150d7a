/* SPDX-License-Identifier: MIT
 * client_keys: the public keys of a client or of a trusted issuer: registered by value (jwks) or where they are published (jwks_uri).
 * Published ones are fetched with the server's manners and kept in memory: 10 minutes, 256 addresses, one fetch at a time for each. While
 * one is under way, or the host cannot be reached, what is at most an hour old serves. A kid that was never seen is worth one fetch at once,
 * a few of them for each client, then again after 30 seconds at the earliest; a failure is remembered for 30 seconds (CA-11,
 * CVE-2026-1180). */
#ifndef JETON_CLIENTAUTH_CLIENT_KEYS_H
#define JETON_CLIENTAUTH_CLIENT_KEYS_H
#include "context/authority.h"
#include "token/jwt.h"
enum { CLIENT_KEYS_WAITING = 64 /* threads that wait for another one's fetch, at the most */ };
struct client_keys_source {
    str caller;         /* whose keys: a client's id, an issuer */
    str jwks, jwks_uri; /* the first goes before the second */
};
/* wanting: the token that is to be checked: when no key fits it, published keys may be fetched anew; NULL: what is there will do.
 * ELSEWHERE on an event thread when a fetch is due; never call it on the store's writer. INVALID_REQUEST: none are registered, or they are
 * malformed, or their address does not give them; UNAVAILABLE: this server cannot do more right now. *out belongs to g's arena. */
fallible client_keys_get(struct context *ctx, const struct db_client *client, const struct jwt *wanting, struct jwk_set **out);
/* The same for a pair that is registered elsewhere. */
fallible client_keys_of(struct context *ctx, const struct client_keys_source *source, const struct jwt *wanting, struct jwk_set **out);
#endif
