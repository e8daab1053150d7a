/* SPDX-License-Identifier: MIT
 * asked: what an application asks for, in words: the parts that the consent page and the pages of devices and CIBA share. */
#ifndef JETON_ENDPOINT_ASKED_H
#define JETON_ENDPOINT_ASKED_H
#include "endpoint/call.h"
/* The list `scopes` (name, description). */
void asked_scopes(struct call *c, struct page_fields *f, str scopes);
/* The list `services` (name, uri) of words of scope/resource, and for a request without scopes by a client that may ask for any: unscoped where
 * this server is among them, unscoped_service where it is not. */
fallible asked_services(struct call *c, struct page_fields *f, str resources, bool unscoped);
/* The list `details` (what, facts of label and value): authorization details (RFC 9396). */
fallible asked_details(struct call *c, struct page_fields *f, str details);
struct message asked_lifetime(int64_t seconds); /* "1 hour", "15 minutes" */
#endif
