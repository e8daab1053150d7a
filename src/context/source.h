/* SPDX-License-Identifier: MIT
 * source: the key under which attempts from one place are counted (RL-01, RL-05). */
#ifndef JETON_CONTEXT_SOURCE_H
#define JETON_CONTEXT_SOURCE_H
#include "base/str.h"
/* One household or host is one source: IPv4 whole, IPv6 its /64. prefix keeps the counters of several doors apart. Absent when there is
 * no address, or the arena fails. */
str source_key(struct arena *a, const char *prefix, str address);
#endif
