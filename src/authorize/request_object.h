/* SPDX-License-Identifier: MIT
 * request_object: authorization requests as signed JWTs, by value and by registered reference (RFC 9101; OpenID Connect Core 6). */
#ifndef JETON_AUTHORIZE_REQUEST_OBJECT_H
#define JETON_AUTHORIZE_REQUEST_OBJECT_H
#include "codec/form.h"
#include "client/client.h"
enum { REQUEST_OBJECT_SECONDS = 3600 /* the longest life (AZ-17) */, REQUEST_OBJECT_SKEW = 30 };
enum request_object_way { REQUEST_OBJECT_FRONT, REQUEST_OBJECT_PUSHED };
/* `request` or `request_uri` of the outer form; *parameters are the object's alone (RFC 9101 6.3; AZ-17). INVALID_REQUEST_OBJECT,
 * INVALID_REQUEST_URI, REQUEST_NOT_SUPPORTED (not signed at all, on the front channel), UNAVAILABLE. May fetch: never inline, never on the
 * store's writer. */
fallible request_object_read(struct context *ctx, const struct db_client *client, const struct form *outer, enum request_object_way way,
                             struct form *parameters);
#endif
