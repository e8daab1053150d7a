/* SPDX-License-Identifier: MIT
 * hot_set: which grants and tokens are revoked, in memory: 16 bytes of a SHA-256 each, with the time after which nobody asks
 * any more. Safe for many threads. Grows as it must; forgets what has ended when it does, or when it is counted.
 * It never forgets what has not ended: how many there may be is judged by who adds (resource/introspect). */
#ifndef JETON_STORE_CACHE_HOT_SET_H
#define JETON_STORE_CACHE_HOT_SET_H
#include "base/clock.h"
struct hot_set;
fallible hot_set_new(struct hot_set **out);
void hot_set_free(struct hot_set *s);
fallible hot_set_add(struct hot_set *s, str kind, str id, unix_time expires_at);
/* Entries that have not ended, or ended less than a minute ago. */
fallible hot_set_count(struct hot_set *s, size_t *count);
bool hot_set_has(struct hot_set *s, str kind, str id);
#endif
