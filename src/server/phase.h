/* SPDX-License-Identifier: MIT
 * phase: the phases of a request between its row and its handler, each one function, the same for every route:
 *
 *   receive (http/) → route → limit → authenticate → authorize → handle → commit → finish → reply → log
 *
 * A phase reads the row and nothing else to know what to demand. What fails ends the request in the address's own form. */
#ifndef JETON_SERVER_PHASE_H
#define JETON_SERVER_PHASE_H
#include "server/pipeline.h"
/* The body or query as fields, by the row's `takes`; on the event thread. INVALID_REQUEST, UNSUPPORTED_MEDIA. */
fallible phase_limit(struct pipeline *w);
/* The context learns of the request: who called, from where, with which proofs. INVALID_DPOP_PROOF: two of them. */
fallible phase_describe(struct pipeline *w);
/* The language of what this request is told; pages are told in it from their beginning, everything else when it fails. */
void phase_language(struct pipeline *w);
/* Who is it? Fills call.session, call.client, call.actor. INVALID_CLIENT, INVALID_TOKEN and others; nobody at a browser is no failure yet. ELSEWHERE on
 * an event thread when something must be read. */
fallible phase_authenticate(struct pipeline *w);
/* May they? LOGIN_REQUIRED, PASSWORD_DUE, FACTOR_DUE, INSUFFICIENT_SCOPE, and what csrf_check says. */
fallible phase_authorize(struct pipeline *w);
/* Must the client, or its DPoP proof, be judged on a worker, before the request goes on to the pool of its row? So must the user where a
 * password is hashed. */
bool phase_waits(const struct pipeline *w);
/* The DPoP proof of an authenticated client, judged ahead: rules that ask for it later find the answer. */
fallible phase_proof(struct pipeline *w);
/* Once more under newer facts, for a request whose client was authenticated on a worker: only whether it is still there. */
fallible phase_again(struct pipeline *w);
#endif
