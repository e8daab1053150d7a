/* SPDX-License-Identifier: MIT
 * reply: the form of an answer: errors as the address promises them (page, OAuth JSON, API JSON), the headers that every
 * answer carries, the line in the access log. */
#ifndef JETON_SERVER_REPLY_H
#define JETON_SERVER_REPLY_H
#include "server/pipeline.h"
void reply_error(struct pipeline *w, err why);              /* replaces whatever the response held; cannot fail: at the worst a bare 500 or 503 */
fallible reply_allow(struct pipeline *w);                   /* Allow: what the address takes */
void reply_finish(struct pipeline *w);                      /* common headers, CORS, cache rules; then the response may go */
void reply_log(struct pipeline *w);                         /* one line, one count */
enum route_answers reply_answers(const struct pipeline *w); /* of the row, or what suits an address without one */
#endif
