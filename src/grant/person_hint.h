/* SPDX-License-Identifier: MIT
 * person_hint: who is meant by what another party calls them. */
#ifndef JETON_GRANT_PERSON_HINT_H
#define JETON_GRANT_PERSON_HINT_H
#include "context/authority.h"
/* The one person with this e-mail address, in any letter case; NULL: none, or several. */
fallible person_hint_email(struct ground *g, str email, struct db_user **user);
#endif
