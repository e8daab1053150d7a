/* SPDX-License-Identifier: MIT
 * cache_map: entries (cache_entry) found by a key that each holds in its row; a hash trie whose nodes are shared. cache_map_share gives a second
 * map in no time, whatever the size; changing one afterwards copies the few nodes on the way to the entry and nothing else, and never
 * changes what others see. Reading needs no lock; a map that is being changed belongs to one thread. */
#ifndef JETON_STORE_CACHE_CACHE_MAP_H
#define JETON_STORE_CACHE_CACHE_MAP_H
#include "store/cache/cache_entry.h"
struct cache_node;
typedef str cache_key(const void *row); /* never absent; the same for as long as the row lives */
struct cache_map {
    cache_key *key;
    struct cache_node *root; /* NULL: empty */
    size_t count;
};
struct cache_map cache_map_share(const struct cache_map *m); /* to be dropped by whoever asked for it */
void cache_map_drop(struct cache_map *m);                    /* what nobody else holds is freed; the map is empty */
/* UNAVAILABLE: no memory; the map is whole, but what it holds is not known: drop it. */
fallible cache_map_put(struct cache_map *m, struct cache_entry *e);    /* holds e by itself; whatever had its key goes */
fallible cache_map_remove(struct cache_map *m, str key);               /* not there: OK */
struct cache_entry *cache_map_get(const struct cache_map *m, str key); /* NULL: none; as long as the map lives and is not changed */
void cache_map_each(const struct cache_map *m, void (*visit)(void *context, struct cache_entry *e), void *context); /* in no order */
#endif
