/* SPDX-License-Identifier: MIT
 * live: a listener on a free port of 127.0.0.1 and a raw socket to talk to it, for tests. */
#ifndef JETON_TEST_LIVE_H
#define JETON_TEST_LIVE_H
#include "http/listen.h"

struct live {
    struct listener *listener;
    struct listen_options options;
    atomic_int arrived, refused, gone, again; /* again: requests for /again, which hostile messages try to smuggle */
};
void live_defaults(struct live *l); /* host, port, rules, handlers that echo: `METHOD path?query#kind:body` */
void live_start(struct live *l);
void live_stop(struct live *l);
int live_connect(const struct live *l);
void live_send(int fd, str bytes);                /* a peer that closed is no failure here */
size_t live_read(int fd, char *out, size_t room); /* until the end of the stream (5 s at most), NUL-terminated */
/* Sends, reads to the end, closes. */
size_t live_talk(const struct live *l, str bytes, char *out, size_t room);
/* prefix, `count` times `unit`, suffix; in static memory, for one use at a time. */
str live_stuffed(const char *prefix, const char *unit, size_t count, const char *suffix);
bool live_peer_is(const char *answer, const char *peer); /* whom the handler saw */
int live_status(const char *answer);                     /* of the first response; 0 when there is none */
#endif
