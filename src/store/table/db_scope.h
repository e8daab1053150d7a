/* SPDX-License-Identifier: MIT
 * db_scope: scopes that the administrator defined, and resources (RFC 8707): services that tokens can be made for. */
#ifndef JETON_STORE_TABLE_DB_SCOPE_H
#define JETON_STORE_TABLE_DB_SCOPE_H
#include "store/store.h"
struct db_scope {
    str name, description;
    bool builtin;  /* jeton's own: cannot be removed */
    bool identity; /* openid, profile … offline_access: what a person lets be known of themself */
    bool own;      /* view-own-profile …: what a person may do with their own account. The other built-in ones are permissions */
    unix_time created_at;
};
struct db_resource {
    int64_t number; /* 1…; 0 is jeton's own API */
    str uri, name;
    str token_format; /* jwt or sealed */
    str alg;          /* ES256 RS256 EdDSA; for jwt */
    str client_id;    /* the client that may introspect its tokens; absent: none */
    str scopes;       /* words: the service's own; absent: none */
    unix_time created_at;
};
fallible db_scope_add(struct tx *tx, str name, str description); /* CONFLICT: there already */
fallible db_scope_remove(struct tx *tx, str name, bool *removed);
fallible db_scope_all(struct tx *tx, struct arena *a, struct db_scope **rows, size_t *count); /* by name */
fallible db_resource_add(struct tx *tx, struct db_resource *resource);                        /* CONFLICT: uri there already */
fallible db_resource_edit(struct tx *tx, const struct db_resource *resource, bool *found);    /* name and scopes, by uri */
fallible db_resource_remove(struct tx *tx, str uri, bool *removed);
fallible db_resource_all(struct tx *tx, struct arena *a, struct db_resource **rows, size_t *count);
#endif
