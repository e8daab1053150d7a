/* SPDX-License-Identifier: MIT
 * client_document: client ids that are https addresses of their own metadata (OAuth Client ID Metadata Document, as the MCP
 * authorization text wants them). A document becomes a client row of origin document, refreshed when it is stale. */
#ifndef JETON_REGISTRATION_CLIENT_DOCUMENT_H
#define JETON_REGISTRATION_CLIENT_DOCUMENT_H
#include "client/client.h"
enum { CLIENT_DOCUMENT_BYTES = 5120, CLIENT_DOCUMENT_FRESH_MIN = 60, CLIENT_DOCUMENT_FRESH_MAX = 86400 };
/* For the doors at which a client id comes first (authorize, PAR), when cache_client finds nothing or client_document_is(its row): the
 * client as its document says now (arena memory, or the facts'). *out NULL: no such id, or not offered. INVALID_CLIENT: there is no
 * valid document, by `say`; THROTTLED; UNAVAILABLE; ELSEWHERE on event threads. May wait for another server: WORKER alone. */
fallible client_document_get(struct context *ctx, str client_id, const struct db_client **out);
/* What authorize and PAR ask in place of cache_client: the facts' client, or the document's. *out NULL: neither. */
fallible client_document_find(struct context *ctx, str client_id, const struct db_client **out);
bool client_document_is(const struct db_client *client); /* came by a document: its host must be shown to people */
/* Is this the form of such an id: https, a path, no fragment, no user, no dot segments? */
bool client_document_form(str client_id);
str client_document_host(struct arena *a, const struct db_client *client); /* what people are shown; absent when it is not such a client */
#endif
