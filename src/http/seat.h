/* SPDX-License-Identifier: MIT
 * seat: what one event thread keeps for itself: arenas that wait for the next request, and the source of request ids.
 * Nothing here is shared, so nothing here is locked. Private to http. */
#ifndef JETON_HTTP_SEAT_H
#define JETON_HTTP_SEAT_H
#include "base/arena.h"
/* The first call on a thread runs `begins` (may be NULL). False when there is no memory. */
bool seat_here(void (*begins)(void));
struct arena *seat_arena(size_t max); /* an empty one; NULL when there is no memory */
void seat_give(struct arena *a);      /* on the thread that took it: wiped and kept, or released */
void seat_id(char id[17]);            /* 16 hex digits, unlike any other of this process; not a secret */
#endif
