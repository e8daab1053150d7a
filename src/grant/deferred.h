/* SPDX-License-Identifier: MIT
 * deferred: what device authorization (RFC 8628) and CIBA share: a client asks, a person decides in another place, the client polls. What
 * is granted is fixed at the request (DV-04); the grant is made by the person's yes, its tokens are fetched once. */
#ifndef JETON_GRANT_DEFERRED_H
#define JETON_GRANT_DEFERRED_H
#include "grant/token_request.h"
#include "session/session.h"
#include "store/table/db_deferred.h"
/* In front of a sealed notification: see deferred_begin. */
#define DEFERRED_PING "ping "
enum { DEFERRED_AGAIN = 30 };
enum deferred_kind { DEFERRED_DEVICE, DEFERRED_CIBA };
/* Stores the request (everything but number, kind, hash, client, times) and makes its polled code. lifetime: seconds. CONFLICT: the user
 * code is taken; BUSY: too many wait (RL-06), ask again after DEFERRED_AGAIN seconds. row->notification, the client's token for pings in the clear, is replaced by the
 * polled code and the token sealed together, so that the store holds neither. */
struct deferred_begin {
    enum deferred_kind kind;
    const struct db_client *client;
    int64_t lifetime;
    struct db_deferred_caps caps;
};
fallible deferred_begin(struct context *ctx, const struct deferred_begin *how, struct db_deferred *row, struct token_raw *code);
/* The client that asks, when it is still the one that asked: NULL otherwise. */
const struct db_client *deferred_client(const struct context *ctx, const struct db_deferred *row);
/* For the page that shows the request: names it, sealed, bound to this browser's session, so that a decision is about what was shown. */
fallible deferred_pend(struct context *ctx, const struct db_deferred *row, const struct session *s, str *pending);
/* INVALID_REQUEST with a `say` for people: malformed, another session's, decided or expired meanwhile, client gone. */
fallible deferred_resume(struct context *ctx, str pending, const struct session *s, struct db_deferred **row);
/* The person of this session says yes or no; the first answer counts. */
fallible deferred_decide(struct context *ctx, const struct db_deferred *row, const struct session *s, bool allow);
/* At the token endpoint: the polled code for tokens. AUTHORIZATION_PENDING, SLOW_DOWN, EXPIRED_TOKEN, ACCESS_DENIED, INVALID_GRANT; INVALID_TARGET
 * for the form's `resource`. WRITE pool. */
fallible deferred_redeem(struct context *ctx, const struct client_proof *proof, enum deferred_kind kind, str code, const struct form *f,
                         struct token_answer *out);
#endif
