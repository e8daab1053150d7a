/* SPDX-License-Identifier: MIT
 * db_key: signing and sealing keys, private halves sealed by the caller with what is not in the database (ST-02). */
#ifndef JETON_STORE_TABLE_DB_KEY_H
#define JETON_STORE_TABLE_DB_KEY_H
#include "store/store.h"
struct db_key {
    int64_t number;
    str kid;                                                    /* signing: RFC 7638 thumbprint; sealing: decimal number 1..255 */
    str use;                                                    /* "sig", "seal" or "pub" */
    str alg;                                                    /* ES256 RS256 EdDSA A256GCM */
    str sealed;                                                 /* b64url */
    str state;                                                  /* next active old: published before use; signs; only checks */
    unix_time created_at, active_at, retired_at, destroy_after; /* 0: not yet */
};
/* Inside a transaction: until its end no other process adds or rotates keys, and db_key_all tells what they have left. */
fallible db_key_hold(struct tx *tx);
fallible db_key_add(struct tx *tx, const struct db_key *key);
fallible db_key_all(struct tx *tx, struct arena *a, struct db_key **rows, size_t *count);
/* Rotation in one transaction: the active key of this use+alg becomes old (private half wiped, destroy_after set), next becomes
 * active, and `fresh` is added as the new next. Sealing keys have no next: fresh becomes active. */
fallible db_key_rotate(struct tx *tx, const struct db_key *fresh, unix_time now, unix_time destroy_after);
/* Puts key->sealed in the place of `was`. CONFLICT: it is something else by now, or gone. */
fallible db_key_reseal(struct tx *tx, const struct db_key *key, str was);
#endif
