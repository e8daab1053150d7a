/* SPDX-License-Identifier: MIT
 * person_hint: an e-mail address is nobody's name by itself: it must be one person's verified one, or exactly one's. Relies on the store. */
#include "grant/person_hint.h"
#include "base/banned.h"

fallible person_hint_email(struct ground *g, str email, struct db_user **user)
{
    return db_user_by_email(g->tx, g->arena, email, user);
}
