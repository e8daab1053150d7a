/* SPDX-License-Identifier: MIT
 * doors: the listening sockets. Private to http. */
#ifndef JETON_HTTP_DOORS_H
#define JETON_HTTP_DOORS_H
#include "base/str.h"
enum { DOORS_MAX = 2 };
struct doors {
    int fds[DOORS_MAX];
    size_t count;
    uint16_t port; /* the same for all */
};
/* host: an IPv4 or IPv6 literal (brackets allowed), or "localhost": 127.0.0.1 and, where the machine has IPv6, ::1.
 * port 0: a free one, the same on both. UNAVAILABLE when it cannot be had. */
fallible doors_open(str host, uint16_t port, struct doors *out);
void doors_close(struct doors *d);
#endif
