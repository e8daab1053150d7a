/* SPDX-License-Identifier: MIT
 * sender_memory: which proofs this process has seen. Bounded, in memory, for all threads. Private to sender. */
#ifndef JETON_CLIENTAUTH_SENDER_MEMORY_H
#define JETON_CLIENTAUTH_SENDER_MEMORY_H
#include "base/clock.h"
/* *fresh: this key has not used this jti within the last `remember` seconds; now it has. UNAVAILABLE: there is no room to remember it. */
fallible sender_memory_take(str jkt, str jti, unix_time now, int64_t remember, bool *fresh);
enum { SENDER_MEMORY_SHARDS = 64, SENDER_MEMORY_SLOTS = 16384, SENDER_MEMORY_MOST = SENDER_MEMORY_SLOTS / 4 * 3 };
#endif
