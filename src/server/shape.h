/* SPDX-License-Identifier: MIT
 * shape: the form of an answer: errors in the shape that the address promises (page, OAuth JSON, API JSON), the headers that every
 * answer carries, the line in the access log. */
#ifndef JETON_SERVER_SHAPE_H
#define JETON_SERVER_SHAPE_H
#include "server/way.h"
void shape_error(struct way *w, err why);   /* replaces whatever the response held; cannot fail: at the worst a bare 500 */
fallible shape_allow(struct way *w);          /* Allow: what the address takes */
void shape_finish(struct way *w);           /* common headers, CORS, cache rules; then the response may go */
void shape_log(struct way *w);        /* one line, one count */
enum route_answers shape_answers(const struct way *w); /* of the row, or what suits an address without one */
#endif
