/* SPDX-License-Identifier: MIT
 * admission: what a row's `who` and `takes` demand, checked in one order for every row: content type and body, session, CSRF, client, bearer. */
#ifndef JETON_SERVER_ADMISSION_H
#define JETON_SERVER_ADMISSION_H
#include "server/pipeline.h"
fallible admission_read(struct pipeline *w);  /* on the event thread: the body or query as fields, by the row's `takes` */
/* The ground learns of the request: who called, from where, with which proofs. INVALID_DPOP_PROOF: two of them. */
fallible admission_ground(struct pipeline *w);
/* CLIENT rows: must the client, or its DPoP proof, be judged on a worker, before the request goes on to the lane of its row? */
bool admission_waits(const struct pipeline *w);
/* The DPoP proof of an admitted client, judged ahead: rules that ask for it later find the answer. */
fallible admission_proof(struct pipeline *w);
/* Once more under newer facts, for a request whose client was admitted on a worker: only whether it is still there. */
fallible admission_again(struct pipeline *w);
fallible admission_admit(struct pipeline *w); /* on the row's lane: who is it? fills call.session, call.client, call.actor */
#endif
