/* SPDX-License-Identifier: MIT
 * gate: what a row's `who` and `takes` demand, checked in one order for every row: content type and body, session, CSRF, client, bearer. */
#ifndef JETON_SERVER_GATE_H
#define JETON_SERVER_GATE_H
#include "server/way.h"
fallible gate_read(struct way *w);  /* on the event thread: the body or query as fields, by the row's `takes` */
/* The ground learns of the request: who called, from where, with which proofs. INVALID_DPOP_PROOF: two of them. */
fallible gate_ground(struct way *w);
/* CLIENT rows: must the client, or its DPoP proof, be judged on a worker, before the request goes on to the lane of its row? */
bool gate_waits(const struct way *w);
/* The DPoP proof of an admitted client, judged ahead: rules that ask for it later find the answer. */
fallible gate_proof(struct way *w);
/* Once more under newer facts, for a request whose client was admitted on a worker: only whether it is still there. */
fallible gate_again(struct way *w);
fallible gate_admit(struct way *w); /* on the row's lane: who is it? fills call.session, call.client, call.actor */
#endif
