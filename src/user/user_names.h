/* SPDX-License-Identifier: MIT
 * user_names: how people are called and reached: usernames and e-mail addresses as they are judged and kept (for user.c). */
#ifndef JETON_USER_USER_NAMES_H
#define JETON_USER_USER_NAMES_H
#include "context/actor.h"
#include "context/problem.h"
#include "user/user_claims.h"
/* Judges a username as typed; *name is what is kept: NFC, single blanks, none at its ends (RFC 8265). UNAVAILABLE: no ICU. */
fallible user_names_username(struct context *ctx, str typed, struct problems *p, str *name);
/* The same for an e-mail address; empty is none. */
fallible user_names_email(struct context *ctx, str typed, struct problems *p, str *email);
/* Sets next->email_verified from its claims. */
fallible user_names_verdict(struct context *ctx, struct db_user *next);
/* What the store said of the name or the address, as a problem at its field. Other errors as they are. */
fallible user_names_saved(struct context *ctx, err e, const struct db_user_clash *clash, struct problems *p);
#endif
