/* SPDX-License-Identifier: MIT
 * turned_away: what the log says of connections that were closed before they could ask anything, because of how they began (listen_options.proxied). */
#ifndef JETON_SERVER_TURNED_AWAY_H
#define JETON_SERVER_TURNED_AWAY_H
#include "base/err.h"
/* A line at the most each TURNED_AWAY_SECONDS, with how many there were since the last one: whoever may connect could fill a disk. */
enum { TURNED_AWAY_SECONDS = 10 };
void turned_away(const char *peer, err why, void *context);
/* The pace, with the monotonic clock's now: may one be told? Then *untold is how many were not before it. From any thread, as above. */
bool turned_away_told(int64_t now_us, int64_t *untold);
#endif
