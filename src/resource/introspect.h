/* SPDX-License-Identifier: MIT
 * introspect: RFC 7662; revoke: RFC 7009. */
#ifndef JETON_RESOURCE_INTROSPECT_H
#define JETON_RESOURCE_INTROSPECT_H
#include "codec/json_writer.h"
#include "resource/bearer.h"
#include "clientauth/client_auth.h"
/* *active false: say nothing else (IR-02, IR-03). A storage failure is an error, never "inactive". Refresh tokens of the asking client are told
 * too (RFC 7662 2.1), which may be ELSEWHERE. */
struct introspect_answer {
    bool active;
    str scope, client_id, username, token_type, sub, aud, iss, jti;
    str jkt, x5t;                  /* cnf (RFC 9449 6.2, RFC 8705 3.2) */
    str details, act;              /* JSON texts (RFC 9396 9.2, RFC 8693 4.1); absent: none */
    str acr;                       /* of the login that the token came from; absent: unknown (RFC 9470 6.2) */
    unix_time exp, iat, auth_time; /* auth_time 0: there was none */
};
fallible introspect_token(struct context *ctx, const struct client_proof *proof, str token, struct introspect_answer *out);
struct introspect_signed {
    bool is_signed;
    enum sign_alg alg;
};
/* Is the answer a JWT for this caller (RFC 9701 5)? When it asks for one (accept: its Accept header), is registered for it, or its profile
 * demands it. ELSEWHERE: the signature takes long. */
fallible introspect_signs(struct context *ctx, const struct client_proof *proof, str accept, struct introspect_signed *how);
/* In the claims' object: what stands around the answer, whose object is left open; introspect_sign closes both and signs. */
void introspect_begin(const struct context *ctx, const struct client_proof *proof, struct json_writer *claims);
fallible introspect_sign(struct context *ctx, const struct introspect_signed *how, struct json_writer *claims, str *jwt);
/* Own tokens only (IR-06); unknown or foreign ones: OK without effect. An access token ends alone, a refresh token ends its grant. WRITE pool. */
fallible introspect_revoke(struct context *ctx, const struct client_proof *proof, str token, int64_t *retry_after);
#endif
