/* SPDX-License-Identifier: MIT
 * h2: HTTP/2 (RFC 9113) on one connection; the only door to nghttp2, which reads frames and header blocks, and refuses what no HTTP message may
 * be. Requests become the same streams as those of HTTP/1.1 and pass the same checks. Private to http. */
#ifndef JETON_HTTP_H2_H
#define JETON_HTTP_H2_H
#include "base/str.h"

struct connection;
struct h2;
struct stream;
enum {
    H2_STREAMS_MAX = 64,       /* requests at once on one connection; more are refused by the protocol */
    H2_RESET_BURST = 200,      /* streams that a peer may take back at once, … */
    H2_RESET_RATE = 33,        /* … and a second from then on; past it the connection ends (rapid reset, CVE-2023-44487) */
    H2_CONTINUATIONS = 8,      /* frames that one header block may go on in */
    H2_BODIES_MAX = 8 * 65536, /* bytes of bodies whose end has not come, of all requests of a connection */
    H2_PING_BACKLOG = 100,     /* answers to settings and pings that a peer leaves unread */
};
/* NULL: no memory. */
struct h2 *h2_begin(struct connection *c);
/* Reads frames. False: the connection is to be closed. */
bool h2_read(struct h2 *h, str bytes);
/* The next bytes to be sent, which stay until the next call; empty: none now. False: the connection is to be closed. */
bool h2_write(struct h2 *h, str *bytes);
bool h2_over(const struct h2 *h);                 /* nothing will come or go any more */
void h2_answered(struct h2 *h, struct stream *s); /* queues its answer, or ends the stream when its peer took it back */
void h2_goodbye(struct h2 *h);                    /* no new requests after those that are here */
/* Has the peer let a request without its end, an answer unread, or the connection unused since before then (monotonic)? */
bool h2_stuck(const struct h2 *h, int64_t before_us);
bool h2_working(const struct h2 *h); /* is an answer awaited from the upper floor? */
void h2_abandon(struct h2 *h);       /* the peer is gone: only what is awaited from the upper floor stays, as an orphan */
void h2_end(struct h2 *h);           /* nothing is awaited; NULL is allowed */
#endif
