/* SPDX-License-Identifier: MIT
 * profile_fit: does a client's registration meet a profile, and what is missing? A demand is met by what is registered, or by the
 * server itself once the client is held to the profile. */
#ifndef JETON_CLIENT_PROFILE_FIT_H
#define JETON_CLIENT_PROFILE_FIT_H
#include "codec/json.h"
#include "context/problem.h"
#include "client/profile.h"
bool profile_fit_misses(const struct context *ctx, const struct db_client *client, enum profile p, enum profile_rule rule);
bool profile_fit_meets(const struct context *ctx, const struct db_client *client, enum profile p);
/* {"held_to":"…","meets":["…"],"missing":{"fapi2-security":["…"]}}: missing for each profile that is not met. */
json *profile_fit_json(const struct context *ctx, const struct db_client *client);
/* What the registration has that the profile forbids to which it will be held: a problem each. */
void profile_fit_judge(const struct context *ctx, const struct db_client *next, struct problems *p);
#endif
