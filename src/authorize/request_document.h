/* SPDX-License-Identifier: MIT
 * request_document: request objects that lie at a registered address, fetched and kept for a moment: a person's way over the login page
 * asks for the same one several times. */
#ifndef JETON_AUTHORIZE_REQUEST_DOCUMENT_H
#define JETON_AUTHORIZE_REQUEST_DOCUMENT_H
#include "context/authority.h"
enum { REQUEST_DOCUMENT_SECONDS = 60, REQUEST_DOCUMENT_KEPT = 32, REQUEST_DOCUMENT_BYTES = 32768 };
/* uri: registered; its fragment tells versions apart and is not sent. INVALID_REQUEST_URI when it cannot be had. May wait. */
fallible request_document_get(struct context *ctx, const struct db_client *client, str uri, str *text);
#endif
