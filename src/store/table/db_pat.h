/* SPDX-License-Identifier: MIT
 * db_pat: personal access tokens; few and long-lived, found by hash. */
#ifndef JETON_STORE_TABLE_DB_PAT_H
#define JETON_STORE_TABLE_DB_PAT_H
#include "store/store.h"
struct db_pat {
    int64_t number;
    str id; /* UUID text */
    int64_t user_number;
    struct token_hash hash;
    str name, scope;
    unix_time created_at, expires_at, last_used_at, revoked_at; /* expires_at 0: never; last_used_at 0: not yet */
    str last_used_address;
    str jkt; /* thumbprint of the key it is bound to (RFC 9449); absent: none */
};
fallible db_pat_add(struct tx *tx, struct arena *a, struct db_pat *pat);                                     /* number and id (arena memory) are filled in */
fallible db_pat_by_hash(struct tx *tx, struct arena *a, const struct token_hash *hash, struct db_pat **out); /* revoked ones too */
fallible db_pat_by_id(struct tx *tx, struct arena *a, str id, struct db_pat **out);
fallible db_pat_revoke(struct tx *tx, str id, int64_t user_number, unix_time now, bool *revoked); /* user_number 0: any owner */
fallible db_pat_used(struct tx *tx, int64_t number, unix_time at, str address); /* queued, not waited for; the caller limits it to once a minute */
/* Live ones (not revoked, not expired). Columns: created_at expires_at name last_used_at. user_number 0: everybody's. */
struct db_pat_rows {
    struct db_pat *rows;
    size_t count;
    int64_t total;
};
fallible db_pat_list(struct tx *tx, struct arena *a, int64_t user_number, const struct db_page *page, struct db_pat_rows *out);
#endif
