/* SPDX-License-Identifier: MIT
 * cache: facts in memory, so that the hot path touches no disk: every client, scope and resource as an immutable snapshot whose successors
 * share all but the rows that changed; revocations as a set; users and personal access tokens as bounded caches. Nobody tells it of
 * changes: it follows the change feed (db_change), which the store's statements write. A change of this process is in memory before the
 * store function that made it returns; a command's before the next request is answered (cache_refresh, at the start of each). When the feed
 * cannot be followed, UNAVAILABLE: the old facts are not used to say yes. Pointers into a snapshot live as long as it is held. */
#ifndef JETON_STORE_CACHE_CACHE_H
#define JETON_STORE_CACHE_CACHE_H
#include "crypto/sign.h"
#include "store/store.h"
#include "store/table/db_client.h"
#include "store/table/db_details.h"
#include "store/table/db_password.h"
#include "store/table/db_pat.h"
#include "store/table/db_scope.h"
#include "store/table/db_user.h"

struct cache;
struct snapshot; /* one snapshot; immutable; held for the length of one request */

/* user_cache: people at the least. db outlives it. UNAVAILABLE: no memory, or the store cannot be read. */
fallible cache_open(struct store *store, int64_t user_cache, struct cache **out);
void cache_close(struct cache *cache);
fallible cache_refresh(struct cache *cache); /* ELSEWHERE on an event thread (cache_inline) when something must be read; UNAVAILABLE */
/* Reads the feed whatever the counters say: the net below them, for changes whose command died before it could tell. UNAVAILABLE. */
fallible cache_poll(struct cache *cache);
/* How far memory has followed the feeds, and then how far they have come: for /metrics. UNAVAILABLE: the store cannot be read. */
fallible cache_places(struct cache *cache, struct arena *a, struct store_place *followed, struct store_place *newest);
uint64_t cache_keys(struct cache *cache); /* differs when keys (db_key) may have changed */

const struct snapshot *cache_hold(struct cache *cache); /* never NULL after cache_open */
void cache_let_go(struct cache *cache, const struct snapshot *snapshot);
const struct db_client *cache_client(const struct snapshot *snapshot, str client_id); /* NULL: none */
const struct db_client *cache_client_by_number(const struct snapshot *snapshot, int64_t number);
const struct db_client *cache_client_by_secret(const struct snapshot *snapshot, const struct token_hash *hash); /* compat clients alone */
bool cache_secret_taken(const struct snapshot *snapshot, const struct token_hash *hash, int64_t client_number); /* by another client */
/* Is the name of this client (by its number, name and origin) that of another client, one that an administrator made? The same but for case,
 * width and blanks; for software that registered itself also one that looks like it (UTS 39). UNAVAILABLE: names cannot be compared. */
fallible cache_name_taken(struct cache *cache, struct arena *a, const struct db_client *client, bool *taken);
fallible cache_keep_names(struct cache *cache, bool looks); /* cache_name_taken's own: names are counted from now on */
/* Clients that registered themselves, and how many bytes they registered. */
int64_t cache_seq(const struct snapshot *snapshot); /* number of the last change that they know: for db_client_hold */
size_t cache_registered(const struct snapshot *snapshot, size_t *bytes);
/* Lists, in arena memory: clients and resources by number, scopes by name, types by type. Arena full: none, and the arena has failed. */
const struct db_client **cache_clients(const struct snapshot *snapshot, struct arena *a, size_t *count);
const struct db_scope **cache_scopes(const struct snapshot *snapshot, struct arena *a, size_t *count);
const struct db_resource **cache_resources(const struct snapshot *snapshot, struct arena *a, size_t *count);
const struct db_details_type **cache_details_types(const struct snapshot *snapshot, struct arena *a, size_t *count);
const struct db_scope *cache_scope(const struct snapshot *snapshot, str name);
const struct db_resource *cache_resource(const struct snapshot *snapshot, str uri);
const struct db_resource *cache_resource_by_number(const struct snapshot *snapshot, int64_t number);

bool cache_details_any(const struct snapshot *snapshot);
const struct db_details_type *cache_details_type(const struct snapshot *snapshot, str type); /* NULL: none */
/* Is a client or resource registered to be signed for with it? ES256 also where a client is held to FAPI. An own algorithm (sign.h). */
bool cache_sign_alg(const struct snapshot *snapshot, enum sign_alg alg);
const str *cache_password_settings(const struct snapshot *snapshot, size_t *count); /* of hashes from elsewhere */

/* The set is durable (db_revocation_*) and in memory; adding is in memory first, then in the store. What the store revokes by itself, with the
 * end of a grant, comes into memory like other changes. */
fallible cache_revoke(struct cache *cache, struct tx *tx, const char *kind, str id, unix_time expires_at);
fallible cache_revocations(struct cache *cache, size_t *count); /* how many lie in memory: 24 bytes each, twice that at the most */
bool cache_revoked(struct cache *cache, const char *kind, str id);
bool cache_revoked_settled(struct cache *cache, const char *kind, str id); /* and the store is known to have it */

/* From the cache, or as the open transaction of tx has it; ELSEWHERE on an event thread (cache_inline) when the row must be read from disk. *out NULL: no such user. Copies into a. */
fallible cache_user(struct cache *cache, struct tx *tx, struct arena *a, int64_t number, struct db_user **out);
fallible cache_pat(struct cache *cache, struct tx *tx, struct arena *a, const struct token_hash *hash, struct db_pat **out);
/* This thread must not touch the disk from now on (event threads call it once). */
void cache_inline(bool on);
bool cache_is_inline(void);
#endif
