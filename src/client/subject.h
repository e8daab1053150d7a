/* SPDX-License-Identifier: MIT
 * subject: the name under which a client knows a person (OpenID Connect Core 8): the person's id, or for a client registered as pairwise one
 * that differs from sector to sector, is always the same, and tells nothing (AT-14). */
#ifndef JETON_CLIENT_SUBJECT_H
#define JETON_CLIENT_SUBJECT_H
#include "context/authority.h"
/* UNAVAILABLE when memory ends. client NULL: the id itself. */
fallible subject_of(struct context *ctx, const struct db_client *client, const struct db_user *user, str *sub);
/* Is `sub` what this client calls this person? False when memory ends. */
bool subject_matches(struct context *ctx, const struct db_client *client, const struct db_user *user, str sub);
bool subject_pairwise(const struct db_client *client);
/* Names a session in the ID tokens of one client, to this server alone: other clients' differ, and nobody finds the session by it. */
fallible subject_session_hint(struct context *ctx, const struct db_client *client, str session_id, str *hint);
#endif
