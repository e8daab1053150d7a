/* SPDX-License-Identifier: MIT
 * factors: the second factors of people, as others may see and take them away; what a person does for themself is in session/second_factor. */
#ifndef JETON_USER_FACTORS_H
#define JETON_USER_FACTORS_H
#include "context/actor.h"
#include "context/problem.h"
#include "store/table/db_authenticator.h"
enum { FACTORS_REASON_MAX = 500 };
struct factors {
    struct db_authenticator *rows; /* oldest first; secret is absent */
    size_t count;
    int64_t recovery_codes; /* that are left */
};
/* Seen by the person themself and by who may edit people. INSUFFICIENT_SCOPE; NOT_FOUND. `id`: as user_find. */
fallible factors_list(struct context *ctx, const struct actor *by, str id, struct factors *out);
/* Of somebody who lost them: all go, with their recovery codes and sessions, and the reason stands in the audit trail. By who may edit that person, never for oneself.
 * UNPROCESSABLE: what p says. */
fallible factors_reset(struct context *ctx, const struct actor *by, str id, str reason, struct problems *p);
#endif
