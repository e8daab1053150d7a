/* SPDX-License-Identifier: MIT
 * proxy_header: the first bytes of a connection that a proxy passes on: whose it is (HAProxy's PROXY protocol, version 2). Private to http. Whether
 * the sender is a trusted proxy is the caller's to judge. */
#ifndef JETON_HTTP_PROXY_HEADER_H
#define JETON_HTTP_PROXY_HEADER_H
#include "base/err.h"
#include "base/str.h"
#include <netinet/in.h>
enum { PROXY_HEADER_MAX = 4096 }; /* bytes, all told */
struct proxy_header {
    bool named; /* it says whose connection this is; else it is the sender's own */
    struct in6_addr address;
};
/* `so_far`: all that has come, and never more than was wanted. *wants: how many of its bytes are known to be missing, 0: it is whole, and *out is what it
 * says. INVALID_REQUEST: it is none that can be believed. */
fallible proxy_header_read(str so_far, size_t *wants, struct proxy_header *out);
#endif
