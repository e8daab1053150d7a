/* SPDX-License-Identifier: MIT
 * device: is this a browser where the person logged in before? Private to session/. */
#ifndef JETON_SESSION_DEVICE_H
#define JETON_SESSION_DEVICE_H
#include "session/session.h"
/* Is ctx->device a cookie that was made for this very person, since the password was last changed? */
fallible device_known(struct context *ctx, const struct db_user *user, bool *known);
/* A short name of the device for counters; absent when the arena fails. */
str device_name(struct arena *a, str text);
#endif
