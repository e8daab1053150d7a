/* SPDX-License-Identifier: MIT
 * live_pair: certificates that stand for themselves, of any kind of key and with any names, for tests. */
#ifndef JETON_TEST_LIVE_PAIR_H
#define JETON_TEST_LIVE_PAIR_H
#include "http/listen.h"
/* type: "EC", "RSA"; names: "DNS:a.example,DNS:*.b.example", or NULL for none; their common name is the first of them. */
struct listen_pair live_pair(struct arena *a, const char *type, const char *names);
#endif
