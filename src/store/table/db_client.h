/* SPDX-License-Identifier: MIT
 * db_client: client applications and their secrets. All of them are also kept in memory (store/cache). Lists are words separated by
 * one space (grants, scopes) or lines separated by \n (URIs). `epoch` grows when a client is disabled or removed: tokens carry it,
 * so what that ended stays ended. Row numbers and ids are never used twice: a removed client leaves a tombstone. */
#ifndef JETON_STORE_DB_CLIENT_H
#define JETON_STORE_DB_CLIENT_H
#include "store/store.h"
#include "store/table/db_client_metadata.h"
enum { DB_CLIENT_SECRETS = 2 }; /* live secrets at most, for rotation with overlap (CA-05) */
struct db_client_secret {
    struct token_hash hash;
    unix_time created_at, expires_at; /* expires_at 0: never */
};
struct db_client {
    int64_t number;
    str id, name, description;
    str auth_method;                              /* client_secret_basic client_secret_post any none */
    str grants;                                   /* words: authorization_code password client_credentials refresh_token personal_access */
    str redirect_uris, post_logout_redirect_uris; /* lines */
    str scopes;                                   /* words: what it may ask for */
    str owner_id;                                 /* public user id; absent: none */
    bool is_public, first_party, require_pkce, compat_processmaker, disabled;
    int64_t access_lifetime, refresh_lifetime; /* seconds; 0: the server's setting */
    int64_t epoch, version;
    unix_time created_at, updated_at;
    struct db_client_secret secrets[DB_CLIENT_SECRETS];
    size_t secret_count;
    struct db_client_metadata metadata;
    struct token_hash registration; /* of the registration access token (RFC 7592); zero: none */
    str metadata_text;              /* the store's own: `metadata` as it lies there */
};
/* In the open transaction, first: whoever adds a client, or changes what is judged of all of them together (names that look alike, how many registered themselves),
 * is alone from here to its end. *current false: since the line `seq` of the feed, as of which it was judged, another client was changed: judge again. */
fallible db_client_hold(struct tx *tx, int64_t seq, bool *current);
fallible db_client_add(struct tx *tx, struct db_client *client);        /* number is filled in; CONFLICT: id taken (now or ever) */
fallible db_client_save(struct tx *tx, const struct db_client *client); /* all but id, number, secrets, registration, epoch; CONFLICT: version */
/* The new secret is live at once; others end at overlap_until (0: at once); at most DB_CLIENT_SECRETS live. */
fallible db_client_secret_add(struct tx *tx, int64_t number, const struct token_hash *hash, unix_time overlap_until);
fallible db_client_set_disabled(struct tx *tx, int64_t number, bool disabled); /* true: epoch grows */
/* The hash of the registration access token, anew. NOT_FOUND. */
fallible db_client_remove(struct tx *tx, int64_t number); /* tombstone: epoch grows, secrets gone, disabled */
/* Every client that was not removed, secrets included, ordered by number: for store/cache. */
fallible db_client_all(struct store *store, struct arena *a, struct db_client **rows, size_t *count);
#endif
