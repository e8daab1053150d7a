/* SPDX-License-Identifier: MIT
 * request: how the raw pieces of a message are classified, once, on arrival; the questions that handlers ask are in http.h.
 * Private to http. */
#ifndef JETON_HTTP_REQUEST_H
#define JETON_HTTP_REQUEST_H
#include "http/http.h"
/* Which of the known fields this is, in any letter case; HTTP_FIELD_COUNT: none. */
enum http_field request_field_of(str name);
enum http_method request_method(str name);                 /* case-sensitive (RFC 9110 9.1); HTTP_OTHER for unknown ones */
enum http_body request_body_kind(const struct request *r); /* by Content-Type alone; NONE when there is neither type nor body */
#endif
