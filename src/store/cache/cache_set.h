/* SPDX-License-Identifier: MIT
 * cache_set: which grants and tokens are revoked, in memory: 16 bytes of a SHA-256 each, with the time after which nobody asks
 * any more. Safe for many threads. Grows as it must; forgets what has ended when it does, or when it is counted.
 * It never forgets what has not ended: how many there may be is judged by who adds (resource/introspect). */
#ifndef JETON_STORE_CACHE_CACHE_SET_H
#define JETON_STORE_CACHE_CACHE_SET_H
#include "base/clock.h"
struct cache_set;
fallible cache_set_new(struct cache_set **out);
void cache_set_free(struct cache_set *s);
fallible cache_set_add(struct cache_set *s, str kind, str id, unix_time expires_at);       /* what the store has: it is settled */
fallible cache_set_add_early(struct cache_set *s, str kind, str id, unix_time expires_at); /* what the store is yet to take */
/* Entries that have not ended, or ended less than a minute ago. */
fallible cache_set_count(struct cache_set *s, size_t *count);
bool cache_set_has(struct cache_set *s, str kind, str id);
bool cache_set_settled(struct cache_set *s, str kind, str id);
void cache_set_unsettle(struct cache_set *s); /* nothing is any more: the store may be another one */
#endif
