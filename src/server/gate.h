/* SPDX-License-Identifier: MIT
 * gate: what a row's `who` and `takes` demand, checked in one order for every row: content type and body, session, CSRF, client, bearer. */
#ifndef JETON_SERVER_GATE_H
#define JETON_SERVER_GATE_H
#include "server/way.h"
fallible gate_read(struct way *w);  /* on the event thread: the body or query as fields, by the row's `takes` */
fallible gate_admit(struct way *w); /* on the row's lane: who is it? fills call.session, call.client, call.actor */
#endif
