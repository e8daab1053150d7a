/* SPDX-License-Identifier: MIT
 * connection_h2: what happens next on a connection that speaks HTTP/2. Private to http. */
#ifndef JETON_HTTP_CONNECTION_H2_H
#define JETON_HTTP_CONNECTION_H2_H
#include "http/connection.h"
enum connection_next connection_h2_step(struct connection *c); /* in H2 */
void connection_h2_drop(struct connection *c);                 /* frames that will not be sent */
#endif
