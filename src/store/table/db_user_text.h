/* SPDX-License-Identifier: MIT
 * db_user_text: names and addresses of people as they are compared, and what may not be alike (for db_user and db_migrate alone). */
#ifndef JETON_STORE_TABLE_DB_USER_TEXT_H
#define JETON_STORE_TABLE_DB_USER_TEXT_H
#include "store/store_internal.h"
#include "store/table/db_user.h"
enum { DB_USER_TEXT_VERSION = 12 }; /* the migration that made the columns */
struct db_user_text {
    str key, shown; /* of the username */
    str skeleton;   /* what it looks like; absent: not asked yet */
    str email;      /* absent: none */
    str email_name; /* the address as a username's key; absent: none could be so */
    str name_email; /* the username as an address's key */
};
/* All but the skeleton: what is ASCII needs no ICU. INVALID_REQUEST: no username. */
fallible db_user_text_of(struct arena *a, str username, str email, struct db_user_text *out);
/* Within the transaction that will write them: CONFLICT with *clash, when it clashes with another person (number 0: nobody yet) in what
 * differs from `before` (NULL: everything is new). Sets the skeleton of a name that is new; UNAVAILABLE without ICU. */
fallible db_user_text_free(struct db_conn *c, struct arena *a, const struct db_user *user, struct db_user_text *text, const struct db_user *before,
                           struct db_user_clash *clash);
/* For everybody who is there already. */
fallible db_user_text_fill(struct db_conn *c);
#endif
