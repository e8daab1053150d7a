/* SPDX-License-Identifier: MIT
 * hot_map: entries (hot_entry) found by a key that each holds in its row; a hash trie whose nodes are shared. hot_map_share gives a second
 * map in no time, whatever the size; changing one afterwards copies the few nodes on the way to the entry and nothing else, and never
 * changes what others see. Reading needs no lock; a map that is being changed belongs to one thread. */
#ifndef JETON_STORE_CACHE_HOT_MAP_H
#define JETON_STORE_CACHE_HOT_MAP_H
#include "store/cache/hot_entry.h"
struct hot_node;
typedef str hot_key(const void *row); /* never absent; the same for as long as the row lives */
struct hot_map {
    hot_key *key;
    struct hot_node *root; /* NULL: empty */
    size_t count;
};
struct hot_map hot_map_share(const struct hot_map *m); /* to be dropped by whoever asked for it */
void hot_map_drop(struct hot_map *m);                  /* what nobody else holds is freed; the map is empty */
/* UNAVAILABLE: no memory; the map is whole, but what it holds is not known: drop it. */
fallible hot_map_put(struct hot_map *m, struct hot_entry *e);    /* holds e by itself; whatever had its key goes */
fallible hot_map_remove(struct hot_map *m, str key);             /* not there: OK */
struct hot_entry *hot_map_get(const struct hot_map *m, str key); /* NULL: none; as long as the map lives and is not changed */
void hot_map_each(const struct hot_map *m, void (*visit)(void *context, struct hot_entry *e), void *context); /* in no order */
#endif
