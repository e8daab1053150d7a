/* SPDX-License-Identifier: MIT
 * person_hint: who is meant by what another party calls them. */
#ifndef JETON_GRANT_USER_HINT_H
#define JETON_GRANT_USER_HINT_H
#include "context/authority.h"
/* The one person with this e-mail address, in any letter case; NULL: none, or several. */
fallible user_hint_email(struct context *ctx, str email, struct db_user **user);
#endif
