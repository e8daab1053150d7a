/* SPDX-License-Identifier: MIT
 * hot_cache: a bounded cache of rows: fixed places, eight a bucket, the least lately used of a bucket goes first. A row is
 * wiped when it goes. Safe for many threads. A row that was read before something was forgotten is
 * never put in after it: the reader takes a ticket first. */
#ifndef JETON_STORE_CACHE_HOT_CACHE_H
#define JETON_STORE_CACHE_HOT_CACHE_H
#include "base/str.h"
#include "store/driver.h"
struct hot_cache;
/* `shape` names the texts of a row; they are copied with it. At least `entries` places. */
fallible hot_cache_new(int64_t entries, const struct db_shape *shape, struct hot_cache **out);
void hot_cache_free(struct hot_cache *c);
uint64_t hot_cache_ticket(const struct hot_cache *c);
void hot_cache_put(struct hot_cache *c, uint64_t ticket, str key, const void *row);
/* A copy in arena memory; *row NULL when it is not there. */
fallible hot_cache_get(struct hot_cache *c, struct arena *a, str key, void **row);
void hot_cache_forget(struct hot_cache *c, str key);
void hot_cache_clear(struct hot_cache *c);
#endif
