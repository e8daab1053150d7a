/* SPDX-License-Identifier: MIT
 * connection_h1: what happens next on a connection that speaks HTTP/1.1. Private to http. */
#ifndef JETON_HTTP_CONNECTION_H1_H
#define JETON_HTTP_CONNECTION_H1_H
#include "http/connection.h"
enum connection_next connection_h1_step(struct connection *c);     /* in HEAD, BODY and WRITING */
enum connection_next connection_h1_answered(struct connection *c); /* in WAITING: the answer is there */
#endif
