/* SPDX-License-Identifier: MIT
 * crowd: how many connections each address has, so that one address does not take the places of all (RL-06). Private to http. */
#ifndef JETON_HTTP_CROWD_H
#define JETON_HTTP_CROWD_H
#include "base/err.h"
#include <netinet/in.h>
void crowd_places(int64_t places); /* how many there are for all; HTTP_CONNECTIONS_MAX at first */
/* May this address have one more? A third of all places when it is alone, less as they fill (base/share). IPv6 counts by its /64; this
 * machine's own addresses are not counted: what stands in front of us lies there. */
bool crowd_admits(const struct in6_addr *address);
void crowd_enter(const struct in6_addr *address);
void crowd_leave(const struct in6_addr *address); /* once for each crowd_enter */
#endif
