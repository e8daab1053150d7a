/* SPDX-License-Identifier: MIT
 * user_end: what follows when a change put an end to a person's grants and sessions. Private to directory. */
#ifndef JETON_DIRECTORY_USER_END_H
#define JETON_DIRECTORY_USER_END_H
#include "directory/actor.h"
/* Tells the facts in memory: the ended grants' access tokens are revoked, the cached person (and personal tokens) forgotten. */
fallible user_end_tell(const struct ground *g, int64_t user_number, const struct db_ended *ended);
#endif
