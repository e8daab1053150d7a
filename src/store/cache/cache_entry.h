/* SPDX-License-Identifier: MIT
 * cache_entry: a row in one block of memory, its texts behind it. Never changed; shared by whoever holds a reference; wiped and freed with the
 * last one. Safe for many threads. */
#ifndef JETON_STORE_CACHE_CACHE_ENTRY_H
#define JETON_STORE_CACHE_CACHE_ENTRY_H
#include "store/driver.h"
#include <stdatomic.h>
struct cache_entry {
    _Atomic int64_t holders;
    size_t size; /* bytes of row[]: the struct and its texts */
    _Alignas(max_align_t) char row[];
};
/* `shape` says how large the row is and which members are texts; other members are copied as they are. One reference, the caller's. NULL:
 * no memory. */
struct cache_entry *cache_entry_new(const struct db_columns *columns, const void *row);
struct cache_entry *cache_entry_hold(struct cache_entry *e);
void cache_entry_let_go(struct cache_entry *e); /* NULL is allowed */
/* A copy in arena memory: NULL when the arena is full. */
void *cache_entry_copy(const struct cache_entry *e, const struct db_columns *columns, struct arena *a);
#endif
