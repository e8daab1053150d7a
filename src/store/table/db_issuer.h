/* SPDX-License-Identifier: MIT
 * db_issuer: issuers whose assertions are taken as grants (RFC 7523 2.1), as the administrator named them. Few; read from the store. */
#ifndef JETON_STORE_TABLE_DB_ISSUER_H
#define JETON_STORE_TABLE_DB_ISSUER_H
#include "store/store.h"
struct db_issuer {
    int64_t number;
    str issuer;         /* its `iss`, byte for byte */
    str jwks, jwks_uri; /* its keys: one of them */
    str subject_is;     /* user_id, username, email or client */
    str client_ids;     /* lines: the clients that may bring its assertions */
    str scopes;         /* words: never more than these */
    int64_t life_max;   /* seconds that its assertions may live */
    unix_time created_at;
};
fallible db_issuer_add(struct tx *tx, struct db_issuer *issuer); /* number is filled in; CONFLICT: there already */
fallible db_issuer_get(struct tx *tx, struct arena *a, str issuer, struct db_issuer **out);
fallible db_issuer_all(struct tx *tx, struct arena *a, struct db_issuer **rows, size_t *count); /* by name */
fallible db_issuer_remove(struct tx *tx, str issuer, bool *removed);
#endif
