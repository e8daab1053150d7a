/* SPDX-License-Identifier: MIT
 * snapshot: one snapshot of what is kept in memory, private to store/. A snapshot that requests may hold is never changed: the next one
 * shares everything with it and is changed, row by row, before it is shown to anybody. */
#ifndef JETON_STORE_CACHE_SNAPSHOT_H
#define JETON_STORE_CACHE_SNAPSHOT_H
#include "crypto/sign.h"
#include "store/store_internal.h"
#include "store/cache/cache.h"
#include "store/cache/cache_map.h"

enum { SNAPSHOT_BYTES_MAX = 256 << 20 }; /* what all rows may take */
struct snapshot {
    int64_t holders;                         /* requests that look at it; under cache.lock; the first member, for the others are copied */
    struct cache_map clients, clients_by_id; /* struct db_client, by number and by id */
    struct cache_map secrets;                /* struct cache_secret, by hash */
    struct cache_map scopes, resources, resources_by_uri, details;
    struct cache_map folds, looks; /* struct cache_name: names of clients that administrators made, as they are the same and as they look */
    bool folds_kept, looks_kept;   /* they are from the first question on (cache_names) */
    struct cache_entry *settings;  /* struct cache_settings */
    int64_t algs[SIGN_OWN_COUNT];  /* how many registrations want a signature of that algorithm */
    size_t registered;             /* clients that registered themselves */
    size_t registered_bytes;
    size_t bytes; /* of all rows */
    int64_t seq;  /* the last line of the feed that is in them */
};
struct cache_secret {
    struct token_hash hash;
    int64_t client_number;
    unix_time expires_at;
};
struct cache_name {
    str text;
    int64_t count;
};
struct cache_settings {
    str words[DB_PASSWORD_SETTINGS_MAX];
    size_t count;
};

/* An empty one; one that shares all with `from`. UNAVAILABLE: no memory. */
fallible snapshot_new(struct snapshot **out);
fallible snapshot_next(const struct snapshot *from, struct snapshot **out);
void snapshot_free(struct snapshot *f); /* NULL is allowed */
/* What stands under that number or name now; row NULL: nothing any more. UNAVAILABLE: no memory, and the snapshot is not to be shown. */
fallible snapshot_client(struct snapshot *f, int64_t number, const struct db_client *row);
fallible snapshot_scope(struct snapshot *f, str name, const struct db_scope *row);
fallible snapshot_resource(struct snapshot *f, int64_t number, const struct db_resource *row);
fallible snapshot_details(struct snapshot *f, str type, const struct db_details_type *row);
fallible snapshot_settings(struct snapshot *f, const struct db_rows *words);
str snapshot_number(const int64_t *number); /* as a key */

/* Counts the client's name in (by 1) or out (by -1) of the names that are kept (cache_names). */
fallible cache_names_count(struct snapshot *f, const struct db_client *client, int64_t by);
/* From now on they are kept; looks: how they look too. UNAVAILABLE: ICU is missing. */
fallible cache_names_keep(struct snapshot *f, bool looks);
bool cache_names_kept(const struct snapshot *f, bool looks);
#endif
