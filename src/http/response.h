/* SPDX-License-Identifier: MIT
 * response: what both versions of HTTP ask of an answer that is to be written. Private to http. */
#ifndef JETON_HTTP_RESPONSE_H
#define JETON_HTTP_RESPONSE_H
#include "http/http.h"
int response_status(const struct response *r); /* 500 for what is no final status */
bool response_bare(const struct response *r);  /* its status has neither body nor length (RFC 9110 8.6, 15.3.5, 15.4.5) */
#endif
