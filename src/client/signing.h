/* SPDX-License-Identifier: MIT
 * signing: which algorithm signs what a client is told (ID tokens, userinfo, introspection): the registered one, within its profile. */
#ifndef JETON_CLIENT_SIGNING_H
#define JETON_CLIENT_SIGNING_H
#include "context/authority.h"
/* registered absent: RS256, or ES256 where the profile wants strong ones. SERVER_ERROR for a word that is no algorithm of ours. */
fallible signing_alg(const struct context *ctx, const struct db_client *client, str registered, enum sign_alg *alg);
bool signing_is_slow(enum sign_alg alg); /* a millisecond: not on an event thread */
#endif
