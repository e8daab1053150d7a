/* SPDX-License-Identifier: MIT
 * user_hint: who is meant by what another party calls them. */
#ifndef JETON_GRANT_USER_HINT_H
#define JETON_GRANT_USER_HINT_H
#include "context/authority.h"
/* The person whose verified e-mail address this is, in any letter case; NULL: nobody. */
fallible user_hint_email(struct context *ctx, str email, struct db_user **user);
#endif
