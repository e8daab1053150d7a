/* SPDX-License-Identifier: MIT
 * cache_recent: a bounded cache of rows: fixed places, eight a bucket, the least lately used of a bucket goes first. A row is
 * wiped when it goes. Safe for many threads. A row that was read before something was forgotten is
 * never put in after it: the reader takes a ticket first. */
#ifndef JETON_STORE_CACHE_CACHE_RECENT_H
#define JETON_STORE_CACHE_CACHE_RECENT_H
#include "base/str.h"
#include "store/driver.h"
struct cache_recent;
/* `shape` names the texts of a row; they are copied with it. At least `entries` places. */
fallible cache_recent_new(int64_t entries, const struct db_columns *columns, struct cache_recent **out);
void cache_recent_free(struct cache_recent *c);
uint64_t cache_recent_ticket(const struct cache_recent *c);
void cache_recent_put(struct cache_recent *c, uint64_t ticket, str key, const void *row);
/* A copy in arena memory; *row NULL when it is not there. */
fallible cache_recent_get(struct cache_recent *c, struct arena *a, str key, void **row);
void cache_recent_forget(struct cache_recent *c, str key);
void cache_recent_clear(struct cache_recent *c);
#endif
