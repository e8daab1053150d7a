/* SPDX-License-Identifier: MIT
 * doors: the listening sockets. Private to http. */
#ifndef JETON_HTTP_DOORS_H
#define JETON_HTTP_DOORS_H
#include "base/str.h"
#include <sys/stat.h>
#include <sys/un.h>
enum { DOORS_MAX = 8 };
struct doors_wish {
    str host;      /* an IPv4 or IPv6 literal (brackets allowed); "localhost": 127.0.0.1 and, where the machine has IPv6, ::1;
                      "unix:/PATH", at most 107 bytes of path; "systemd:NAME" (doors_passed) */
    uint16_t port; /* 0: a free one, the same on all. Of a literal and localhost alone */
    unsigned mode; /* of a Unix socket: who may connect */
    str group;     /* its group, a name or a number; absent or empty: this process's */
};
struct doors {
    int fds[DOORS_MAX];
    size_t count;
    uint16_t port;           /* the same for all; 0: of no port */
    bool kept;               /* somebody else keeps them open: what waits there when we close is for whoever is given them next */
    struct sockaddr_un path; /* of the Unix socket that is ours to remove; sun_path empty: none */
    dev_t device;
    ino_t inode;
};
/* wish is borrowed. UNAVAILABLE, INVALID_REQUEST with a telling `say` when it cannot be had. */
fallible doors_open(const struct doors_wish *wish, struct doors *out);
void doors_close(struct doors *d);
#endif
