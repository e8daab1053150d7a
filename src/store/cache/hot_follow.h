/* SPDX-License-Identifier: MIT
 * hot_follow: brings what is kept in memory up to the change feed (db_change), private to store/. */
#ifndef JETON_STORE_CACHE_HOT_FOLLOW_H
#define JETON_STORE_CACHE_HOT_FOLLOW_H
#include "store/cache/hot_cache.h"
#include "store/cache/hot_facts.h"
#include "store/cache/hot_set.h"
struct hot {
    struct store *store;
    pthread_mutex_t lock; /* facts and their holders */
    struct hot_facts *facts;
    pthread_mutex_t following;        /* one follows: guards seq and last_revocation */
    int64_t seq, last_revocation;     /* how far it has come */
    _Atomic bool behind;              /* the last try failed: nothing may be decided by what is kept */
    _Atomic uint64_t seen_generation; /* store_generation before the last try that did not fail */
    _Atomic uint64_t keys;            /* changes of keys that were seen */
    struct hot_set *revoked;
    struct hot_cache *users, *pats;
};
/* Under hot.following; on this connection, which has no transaction open, or (NULL) on a reader's: reads what has come since, or everything (at the start, or after a gap), and shows the next snapshot. On failure
 * (UNAVAILABLE, SERVER_ERROR: damaged) the old one stays, and the next try begins where this one did. */
fallible hot_follow(struct hot *hot, struct db_conn *c);
void hot_show(struct hot *hot, struct hot_facts *next); /* under hot.following: in place of the present snapshot */
#endif
