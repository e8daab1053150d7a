/* SPDX-License-Identifier: MIT
 * hot: facts in memory, so that the hot path touches no disk: every client, scope and resource as an immutable snapshot whose successors
 * share all but the rows that changed; revocations as a set; users and personal access tokens as bounded caches. Nobody tells it of
 * changes: it follows the change feed (db_change), which the store's statements write. A change of this process is in memory before the
 * store function that made it returns; a command's before the next request is answered (hot_refresh, at the start of each). When the feed
 * cannot be followed, UNAVAILABLE: the old facts are not used to say yes. Pointers into a snapshot live as long as it is held. */
#ifndef JETON_STORE_CACHE_HOT_H
#define JETON_STORE_CACHE_HOT_H
#include "crypto/sign.h"
#include "store/store.h"
#include "store/table/db_client.h"
#include "store/table/db_details.h"
#include "store/table/db_password.h"
#include "store/table/db_pat.h"
#include "store/table/db_scope.h"
#include "store/table/db_user.h"

struct hot;
struct hot_facts; /* one snapshot; immutable; held for the length of one request */

/* user_cache: people at the least. db outlives it. UNAVAILABLE: no memory, or the store cannot be read. */
fallible hot_open(struct store *store, int64_t user_cache, struct hot **out);
void hot_close(struct hot *hot);
fallible hot_refresh(struct hot *hot); /* ELSEWHERE on an event thread (hot_inline) when something must be read; UNAVAILABLE */
/* Reads the feed whatever the counters say: the net below them, for changes whose command died before it could tell. UNAVAILABLE. */
fallible hot_poll(struct hot *hot);
uint64_t hot_keys(struct hot *hot); /* differs when keys (db_key) may have changed */

const struct hot_facts *hot_hold(struct hot *hot); /* never NULL after hot_open */
void hot_let_go(struct hot *hot, const struct hot_facts *facts);
const struct db_client *hot_client(const struct hot_facts *facts, str client_id); /* NULL: none */
const struct db_client *hot_client_by_number(const struct hot_facts *facts, int64_t number);
const struct db_client *hot_client_by_secret(const struct hot_facts *facts, const struct token_hash *hash); /* compat clients alone */
bool hot_secret_taken(const struct hot_facts *facts, const struct token_hash *hash, int64_t client_number); /* by another client */
/* Is the name of this client (by its number, name and origin) that of another client, one that an administrator made? The same but for case,
 * width and blanks; for software that registered itself also one that looks like it (UTS 39). UNAVAILABLE: names cannot be compared. */
fallible hot_name_taken(struct hot *hot, struct arena *a, const struct db_client *client, bool *taken);
fallible hot_keep_names(struct hot *hot, bool looks); /* hot_name_taken's own: names are counted from now on */
/* Clients that registered themselves, and how many bytes they registered. */
size_t hot_registered(const struct hot_facts *facts, size_t *bytes);
/* Lists, in arena memory: clients and resources by number, scopes by name, types by type. Arena full: none, and the arena has failed. */
const struct db_client **hot_clients(const struct hot_facts *facts, struct arena *a, size_t *count);
const struct db_scope **hot_scopes(const struct hot_facts *facts, struct arena *a, size_t *count);
const struct db_resource **hot_resources(const struct hot_facts *facts, struct arena *a, size_t *count);
const struct db_details_type **hot_details_types(const struct hot_facts *facts, struct arena *a, size_t *count);
const struct db_scope *hot_scope(const struct hot_facts *facts, str name);
const struct db_resource *hot_resource(const struct hot_facts *facts, str uri);
const struct db_resource *hot_resource_by_number(const struct hot_facts *facts, int64_t number);

bool hot_details_any(const struct hot_facts *facts);
const struct db_details_type *hot_details_type(const struct hot_facts *facts, str type); /* NULL: none */
/* Is a client or resource registered to be signed for with it? ES256 also where a client is held to FAPI. An own algorithm (sign.h). */
bool hot_sign_alg(const struct hot_facts *facts, enum sign_alg alg);
const str *hot_password_settings(const struct hot_facts *facts, size_t *count); /* of hashes from elsewhere */

/* The set is durable (db_revocation_*) and in memory; adding is in memory first, then in the store. What the store revokes by itself, with the
 * end of a grant, comes into memory like other changes. */
fallible hot_revoke(struct hot *hot, struct tx *tx, const char *kind, str id, unix_time expires_at);
fallible hot_revocations(struct hot *hot, size_t *count); /* how many lie in memory: 24 bytes each, twice that at the most */
bool hot_revoked(struct hot *hot, const char *kind, str id);

/* From the cache, or as the open transaction of tx has it; ELSEWHERE on an event thread (hot_inline) when the row must be read from disk. *out NULL: no such user. Copies into a. */
fallible hot_user(struct hot *hot, struct tx *tx, struct arena *a, int64_t number, struct db_user **out);
fallible hot_pat(struct hot *hot, struct tx *tx, struct arena *a, const struct token_hash *hash, struct db_pat **out);
/* This thread must not touch the disk from now on (event threads call it once). */
void hot_inline(bool on);
bool hot_is_inline(void);
#endif
