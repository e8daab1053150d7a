/* SPDX-License-Identifier: MIT
 * deferred_page: what the pages share on which a person decides for another device (RFC 8628) or application (CIBA). */
#ifndef JETON_ENDPOINT_DEFERRED_PAGE_H
#define JETON_ENDPOINT_DEFERRED_PAGE_H
#include "endpoint/call.h"
#include "grant/deferred.h"
/* client_name first_party scopes details unscoped created lifetime: what deferred_scopes.html and its pages show (CO-02). */
fallible deferred_page_put(struct call *c, struct page_fields *f, const struct db_deferred *row);
/* The form's `request` and `decision`: INVALID_REQUEST when one is missing or stale. */
fallible deferred_page_decision(struct call *c, struct db_deferred **row, bool *allow);
#endif
