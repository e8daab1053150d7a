/* SPDX-License-Identifier: MIT
 * db_details: the types of authorization details that the administrator defined (RFC 9396 2). Few; all of them are kept in memory
 * (store/cache). */
#ifndef JETON_STORE_TABLE_DB_DETAILS_H
#define JETON_STORE_TABLE_DB_DETAILS_H
#include "store/store.h"
struct db_details_type {
    str type, description; /* description: what people read when they are asked to agree */
    str fields;            /* lines `name:words`: members beyond the common ones; absent: none */
    unix_time created_at;
};
fallible db_details_add(struct tx *tx, const struct db_details_type *type); /* CONFLICT: there already */
fallible db_details_remove(struct tx *tx, str type, bool *removed);
#endif
