/* SPDX-License-Identifier: MIT
 * connection_proxy: the PROXY header with which a connection begins, where the listener demands one. Private to http. */
#ifndef JETON_HTTP_CONNECTION_PROXY_H
#define JETON_HTTP_CONNECTION_PROXY_H
#include "http/connection.h"
enum connection_next connection_proxy_step(struct connection *c);
#endif
