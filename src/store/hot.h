/* SPDX-License-Identifier: MIT
 * hot: facts in memory, so that the hot path touches no disk: every client, scope and resource as one immutable snapshot that is
 * replaced whole; revocations as a set; users and personal access tokens as bounded caches. A reader never waits for the disk.
 * hot_refresh is called at the start of each request: when another process changed the store (db_generation), or this one called
 * hot_changed, everything is loaded anew before the request is answered, so a change holds from the moment it was acknowledged.
 * When loading fails, UNAVAILABLE: the old facts are not used to say yes. */
#ifndef JETON_STORE_HOT_H
#define JETON_STORE_HOT_H
#include "store/db.h"
#include "store/db_client.h"
#include "store/db_details.h"
#include "store/db_password.h"
#include "store/db_pat.h"
#include "store/db_scope.h"
#include "store/db_user.h"

struct hot;
struct hot_facts; /* one snapshot; immutable; held for the length of one request */

/* revocation_horizon: seconds a revocation must be remembered (the longest access token lifetime). */
fallible hot_open(struct db *db, int64_t user_cache, struct hot **out);
void hot_close(struct hot *hot);
fallible hot_refresh(struct hot *hot);
void hot_changed(struct hot *hot); /* after a change of clients, scopes, resources, users or tokens by this process */

const struct hot_facts *hot_hold(struct hot *hot); /* never NULL after hot_open */
void hot_let_go(struct hot *hot, const struct hot_facts *facts);
const struct db_client *hot_client(const struct hot_facts *facts, str client_id);        /* NULL: none */
const struct db_client *hot_client_by_number(const struct hot_facts *facts, int64_t number);
const struct db_client *hot_client_by_secret(const struct hot_facts *facts, const struct token_hash *hash); /* compat clients alone */
const struct db_client *hot_clients(const struct hot_facts *facts, size_t *count);
const struct db_scope *hot_scope(const struct hot_facts *facts, str name);
const struct db_scope *hot_scopes(const struct hot_facts *facts, size_t *count);
const struct db_resource *hot_resource(const struct hot_facts *facts, str uri);
const struct db_resource *hot_resource_by_number(const struct hot_facts *facts, int64_t number);
const struct db_resource *hot_resources(const struct hot_facts *facts, size_t *count);

const struct db_details_type *hot_details_type(const struct hot_facts *facts, str type); /* NULL: none */
/* Algorithms, as words, that a client or resource is registered to be signed for with; ES256 also where a client is held to FAPI. */
str hot_sign_algs(const struct hot_facts *facts);
const str *hot_password_settings(const struct hot_facts *facts, size_t *count); /* of hashes from elsewhere */
const struct db_details_type *hot_details_types(const struct hot_facts *facts, size_t *count);

/* The set is durable (db_revocation_*) and in memory; adding is in memory first, then in the store. */
fallible hot_revoke(struct hot *hot, const char *kind, str id, unix_time expires_at);
fallible hot_revocations(struct hot *hot, size_t *count); /* how many lie in memory: 24 bytes each, twice that at the most */
fallible hot_revoke_ended(struct hot *hot, const struct db_ended *ended, unix_time expires_at); /* in memory: the store has
                                                                                            written them with the end itself */
bool hot_revoked(struct hot *hot, const char *kind, str id);

/* From the cache; ELSEWHERE on an event thread (hot_inline) when the row must be read from disk. *out NULL: no such user. Copies into a. */
fallible hot_user(struct hot *hot, struct arena *a, int64_t number, struct db_user **out);
fallible hot_pat(struct hot *hot, struct arena *a, const struct token_hash *hash, struct db_pat **out);
void hot_user_forget(struct hot *hot, int64_t number);
void hot_pat_forget(struct hot *hot);
/* This thread must not touch the disk from now on (event threads call it once). */
void hot_inline(bool on);
bool hot_is_inline(void);
#endif
