/* SPDX-License-Identifier: MIT
 * db_consent: what a person has agreed to, per client: remembered scopes (CO-01, CO-06). Withdrawn with db_consent_forget. */
#ifndef JETON_STORE_TABLE_DB_CONSENT_H
#define JETON_STORE_TABLE_DB_CONSENT_H
#include "store/store.h"
fallible db_consent_get(struct tx *tx, struct arena *a, int64_t user_number, int64_t client_number, str *scope);   /* absent: none */
fallible db_consent_remember(struct tx *tx, int64_t user_number, int64_t client_number, str scope, unix_time now); /* adds to it */
fallible db_consent_forget(struct tx *tx, int64_t user_number, int64_t client_number);
#endif
