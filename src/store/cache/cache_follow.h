/* SPDX-License-Identifier: MIT
 * cache_follow: brings what is kept in memory up to the change feed (db_change), private to store/. */
#ifndef JETON_STORE_CACHE_CACHE_FOLLOW_H
#define JETON_STORE_CACHE_CACHE_FOLLOW_H
#include "store/cache/cache_recent.h"
#include "store/cache/snapshot.h"
#include "store/cache/cache_set.h"
struct cache {
    struct store *store;
    pthread_mutex_t lock; /* facts and their holders; place */
    struct snapshot *snapshot;
    pthread_mutex_t following;        /* one follows: who has it is the only one that moves place */
    struct store_place place;         /* how far memory has followed */
    _Atomic bool behind;              /* the last try failed: nothing may be decided by what is kept */
    _Atomic uint64_t seen_generation; /* store_generation before the last try that did not fail */
    _Atomic uint64_t keys;            /* changes of keys that were seen */
    struct cache_set *revoked;
    struct cache_recent *users, *pats;
};
/* Under cache.following; on this connection, which has no transaction open, or (NULL) on a reader's: reads what has come since, or everything (at the start, or after a gap), and shows the next snapshot. On failure
 * (UNAVAILABLE: the store cannot be read; SERVER_ERROR: it is damaged, or this process has no memory for it) the old one stays, and the next try begins where this one did. */
fallible cache_follow(struct cache *cache, struct db_conn *c);
void cache_show(struct cache *cache, struct snapshot *next); /* under cache.following: in place of the present snapshot */
#endif
