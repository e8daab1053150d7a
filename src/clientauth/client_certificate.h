/* SPDX-License-Identifier: MIT
 * client_certificate: mutual TLS as a way to authenticate (RFC 8705 2). Private to client_auth. */
#ifndef JETON_CLIENTAUTH_CLIENT_CERTIFICATE_H
#define JETON_CLIENTAUTH_CLIENT_CERTIFICATE_H
#include "context/authority.h"
/* RFC 8705 2.1: issued by an authority in client_ca, and named as registered. INVALID_CLIENT. */
fallible client_certificate_pki(struct context *ctx, const struct db_client *client);
/* RFC 8705 2.2: valid now, and its key is one of the client's registered keys. INVALID_CLIENT; ELSEWHERE: its keys must be fetched. */
fallible client_certificate_self_signed(struct context *ctx, const struct db_client *client);
/* The same failure as INVALID_CLIENT, with the kind's own public sentence: which check it was is for the log alone (TE-12). */
err client_certificate_refusal(struct context *ctx, err e);
#endif
