/* SPDX-License-Identifier: MIT
 * ciba: OpenID Connect Client-Initiated Backchannel Authentication (Core 1.0), modes poll and ping: an application asks for a person who is
 * not at its browser; they decide in their account pages. */
#ifndef JETON_GRANT_CIBA_H
#define JETON_GRANT_CIBA_H
#include "grant/deferred.h"
enum { CIBA_BINDING_MAX = 64, CIBA_NOTIFICATION_MAX = 1024 };
struct ciba_answer {
    str auth_req_id;
    int64_t expires_in, interval;
    int64_t retry_after; /* set with THROTTLED */
};
/* The request as it came, or signed (`request`). Errors of CIBA Core 13. May fetch the client's keys: READ pool. */
fallible ciba_request(struct context *ctx, const struct client_proof *proof, const struct form *f, struct ciba_answer *out);
/* What waits for this person, newest first. */
fallible ciba_waiting(struct context *ctx, const struct session *s, struct db_deferred **rows, size_t *count);
/* deferred_decide, and the client that wants it is told in the same transaction (CIBA Core 10.2). */
fallible ciba_decide(struct context *ctx, const struct db_deferred *row, const struct session *s, bool allow);
/* The body of a waiting message, opened: what is posted and the bearer that goes with it. */
fallible ciba_ping_open(struct context *ctx, str sealed, str *body, str *bearer);
fallible ciba_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
#endif
