/* SPDX-License-Identifier: MIT
 * db_password: which settings (algorithm and cost, the beginning of a hash) the password hashes of people have that came from elsewhere. */
#ifndef JETON_STORE_TABLE_DB_PASSWORD_H
#define JETON_STORE_TABLE_DB_PASSWORD_H
#include "store/store.h"
enum { DB_PASSWORD_SETTINGS_MAX = 8 };
fallible db_password_setting_add(struct tx *tx, str setting); /* there already: OK */
/* Forgets a setting that nobody's hash has any more. Looks at people until it finds one: for now and then. */
fallible db_password_setting_forget(struct tx *tx, str setting, bool *gone);
#endif
