/* SPDX-License-Identifier: MIT
 * pushed: pushed authorization requests (RFC 9126): the client hands its request in directly, and the browser carries only an address
 * that says nothing. */
#ifndef JETON_AUTHORIZE_PUSHED_H
#define JETON_AUTHORIZE_PUSHED_H
#include "codec/form.h"
#include "clientauth/client_auth.h"
enum { PUSHED_BYTES_MAX = 32768, PUSHED_A_MINUTE = 300 /* from one place, by clients that cannot authenticate */ };
struct pushed_answer {
    str request_uri;
    int64_t expires_in;
    int64_t retry_after; /* with THROTTLED: seconds */
};
/* Judges all that the authorization endpoint would (PR-02), binds to the client and to the key of a DPoP proof (RFC 9449 10.1), stores.
 * With a request object it may fetch: not on the store's writer then (pushed_waits). */
fallible pushed_accept(struct context *ctx, const struct client_proof *proof, const struct form *f, struct pushed_answer *out);
bool pushed_waits(const struct form *f);
bool pushed_uri(str request_uri); /* is it an address of this kind at all? */
struct pushed_request {
    int64_t number;
    struct form parameters;
    str jkt; /* absent: none */
};
/* For the authorization endpoint: alive, of this client, not used. begun: number of the pushed request that this browser began in time and
 * is back from the login page with; 0: none. INVALID_REQUEST_URI. */
fallible pushed_find(struct context *ctx, const struct db_client *client, str request_uri, int64_t begun, struct pushed_request *out);
#endif
