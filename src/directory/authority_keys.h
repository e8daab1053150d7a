/* SPDX-License-Identifier: MIT
 * authority_keys: the keyring in force and how it follows the store. Private to the authority. */
#ifndef JETON_DIRECTORY_AUTHORITY_KEYS_H
#define JETON_DIRECTORY_AUTHORITY_KEYS_H
#include "directory/authority.h"
#include "store/table/db_key.h"
/* Makes what is missing in the store, then loads. */
fallible authority_keys_open(struct arena *a, const struct authority *authority, struct authority_keys **out);
void authority_keys_close(struct authority_keys *keys);
/* Loads again when the change feed told of keys. Cheap when it did not. ELSEWHERE on an event thread. */
fallible authority_keys_follow(const struct authority *authority);
const struct keyring *authority_keys_hold(struct authority_keys *keys);
void authority_keys_let_go(struct authority_keys *keys, const struct keyring *ring);
/* A fresh key as a row for the store, its material sealed with the master key. */
fallible authority_keys_row(struct arena *a, const struct authority *authority, const struct keyring_entry *entry,
                            struct db_key *out);
/* Reads DIR/master.key; makes it when `make`. SERVER_ERROR when it is missing, damaged or open to others (ST-03). */
enum authority_master { MASTER_READ, MASTER_MAKE };
fallible authority_master_key(const char *directory, enum authority_master how, uint8_t key[32]);
#endif
