/* SPDX-License-Identifier: MIT
 * at_rest: keys as rows of the store, their material sealed by the keeper. Private to keys/. */
#ifndef JETON_KEYS_AT_REST_H
#define JETON_KEYS_AT_REST_H
#include "keys/keeper_build.h"
#include "keys/keyring_build.h"
#include "store/table/db_key.h"
/* The row of a key, its material sealed, in a's memory. */
fallible at_rest_row(const struct keeper *k, struct arena *a, const struct keyring_entry *entry, struct db_key *out);
/* The material of a row, in a's memory. SERVER_ERROR with a telling `say` when the keeper does not open it. */
fallible at_rest_material(const struct keeper *k, struct arena *a, const struct db_key *row, str *out);
/* A store whose keys and client secrets are sealed under the master key itself gets them sealed under the keeper's keys, in one transaction;
 * any number of processes may ask. What the master key does not open is left as it is. UNAVAILABLE. */
fallible at_rest_renew(struct store *store, const struct keeper *k, const struct master *master);
#endif
