/* SPDX-License-Identifier: MIT
 * hot_entry: a row in one block of memory, its texts behind it. Never changed; shared by whoever holds a reference; wiped and freed with the
 * last one. Safe for many threads. */
#ifndef JETON_STORE_CACHE_HOT_ENTRY_H
#define JETON_STORE_CACHE_HOT_ENTRY_H
#include "store/driver.h"
#include <stdatomic.h>
struct hot_entry {
    _Atomic int64_t holders;
    size_t size; /* bytes of row[]: the struct and its texts */
    _Alignas(max_align_t) char row[];
};
/* `shape` says how large the row is and which members are texts; other members are copied as they are. One reference, the caller's. NULL:
 * no memory. */
struct hot_entry *hot_entry_new(const struct db_shape *shape, const void *row);
struct hot_entry *hot_entry_hold(struct hot_entry *e);
void hot_entry_let_go(struct hot_entry *e); /* NULL is allowed */
/* A copy in arena memory: NULL when the arena is full. */
void *hot_entry_copy(const struct hot_entry *e, const struct db_shape *shape, struct arena *a);
#endif
