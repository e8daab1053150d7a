/* SPDX-License-Identifier: MIT
 * hot_facts: one snapshot of what is kept in memory, private to store/. A snapshot that requests may hold is never changed: the next one
 * shares everything with it and is changed, row by row, before it is shown to anybody. */
#ifndef JETON_STORE_CACHE_HOT_FACTS_H
#define JETON_STORE_CACHE_HOT_FACTS_H
#include "crypto/sign.h"
#include "store/store_internal.h"
#include "store/cache/hot.h"
#include "store/cache/hot_map.h"

enum { HOT_FACTS_BYTES_MAX = 256 << 20 }; /* what all rows may take */
struct hot_facts {
    int64_t holders;                       /* requests that look at it; under hot.lock; the first member, for the others are copied */
    struct hot_map clients, clients_by_id; /* struct db_client, by number and by id */
    struct hot_map secrets;                /* struct hot_secret, by hash */
    struct hot_map scopes, resources, resources_by_uri, details;
    struct hot_map folds, looks;  /* struct hot_name: names of clients that administrators made, as they are the same and as they look */
    bool folds_kept, looks_kept;  /* they are from the first question on (hot_names) */
    struct hot_entry *settings;   /* struct hot_settings */
    int64_t algs[SIGN_OWN_COUNT]; /* how many registrations want a signature of that algorithm */
    size_t registered;            /* clients that registered themselves */
    size_t registered_bytes;
    size_t bytes; /* of all rows */
};
struct hot_secret {
    struct token_hash hash;
    int64_t client_number;
    unix_time expires_at;
};
struct hot_name {
    str text;
    int64_t count;
};
struct hot_settings {
    str words[DB_PASSWORD_SETTINGS_MAX];
    size_t count;
};

/* An empty one; one that shares all with `from`. UNAVAILABLE: no memory. */
fallible hot_facts_new(struct hot_facts **out);
fallible hot_facts_next(const struct hot_facts *from, struct hot_facts **out);
void hot_facts_free(struct hot_facts *f); /* NULL is allowed */
/* What stands under that number or name now; row NULL: nothing any more. UNAVAILABLE: no memory, and the snapshot is not to be shown. */
fallible hot_facts_client(struct hot_facts *f, int64_t number, const struct db_client *row);
fallible hot_facts_scope(struct hot_facts *f, str name, const struct db_scope *row);
fallible hot_facts_resource(struct hot_facts *f, int64_t number, const struct db_resource *row);
fallible hot_facts_details(struct hot_facts *f, str type, const struct db_details_type *row);
fallible hot_facts_settings(struct hot_facts *f, const struct db_rows *words);
str hot_facts_number(const int64_t *number); /* as a key */

/* Counts the client's name in (by 1) or out (by -1) of the names that are kept (hot_names). */
fallible hot_names_count(struct hot_facts *f, const struct db_client *client, int64_t by);
/* From now on they are kept; looks: how they look too. UNAVAILABLE: ICU is missing. */
fallible hot_names_keep(struct hot_facts *f, bool looks);
bool hot_names_kept(const struct hot_facts *f, bool looks);
#endif
