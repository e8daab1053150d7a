/* SPDX-License-Identifier: MIT
 * client_secret: secrets that must be had again, for clients that sign with theirs (client_secret_jwt): sealed by the keeper, bound
 * to the client, in its metadata. No other client's secret is ever kept but as a hash (CA-14). */
#ifndef JETON_CLIENT_CLIENT_SECRET_H
#define JETON_CLIENT_CLIENT_SECRET_H
#include "context/authority.h"
/* Does the client's way of authenticating need it? */
bool client_secret_kept(const struct db_client *client);
/* Puts the raw secret before those that are kept already in metadata.sealed_secret (at most DB_CLIENT_SECRETS); for other clients the
 * member becomes absent. */
fallible client_secret_keep(struct context *ctx, str raw, struct db_client *client);
/* The kept secrets whose hash is a live secret of the client, newest first: raw[0..*count). SERVER_ERROR when one does not open. */
fallible client_secret_live(struct context *ctx, const struct db_client *client, str raw[DB_CLIENT_SECRETS], size_t *count);
#endif
