/* SPDX-License-Identifier: MIT
 * keys: the keyring in force and the keeper, opened from a store and its DIR/master.key, and how they follow the store. */
#ifndef JETON_KEYS_KEYS_H
#define JETON_KEYS_KEYS_H
#include "keys/keeper.h"
#include "keys/keyring.h"
#include "store/cache/cache.h"
struct keys;
struct keys_place { /* both outlive the keys */
    struct store *store;
    struct cache *cache;
    const char *directory; /* of master.key; asked for at the opening alone */
};
/* master.key is made when it is missing and the store is empty. It is read once and wiped before this returns: the keeper has what was derived
 * from it. Keys are made where there are none (each algorithm active and next; sealing). SERVER_ERROR with a telling `say`: a store with keys
 * but without its master.key. The caller closes. */
fallible keys_open(const struct keys_place *place, struct keys **out);
void keys_close(struct keys *keys); /* wipes; NULL: nothing */
/* As long as the keys are open. */
const struct keeper *keys_keeper(const struct keys *keys);
/* Loads again when the change feed told of keys. Cheap when it did not. ELSEWHERE on an event thread; UNAVAILABLE, SERVER_ERROR: an old ring is
 * not used on a guess. */
fallible keys_follow(struct keys *keys);
/* The ring in force, unchanged until it is let go. */
const struct keyring *keys_hold(struct keys *keys);
void keys_let_go(struct keys *keys, const struct keyring *ring);
#endif
