/* SPDX-License-Identifier: MIT
 * passage: one request on its way through the door, as far as no library is concerned: its birth, the verdict
 * over its head, the collecting of its body. Private to http; listen.c draws its states. */
#ifndef JETON_HTTP_PASSAGE_H
#define JETON_HTTP_PASSAGE_H
#include "http/frame.h"
#include "http/listen.h"
#include "http/peer.h"
#include "http/reaper.h"

struct passage;
struct line { /* a connection */
    struct reaper_mark mark;
    struct listener *listener;
    struct passage *passage; /* NULL between requests */
    struct in6_addr address;
    bool proxy; /* its X-Forwarded-For is believed */
    bool counted; /* among the connections of its address */
    char peer[PEER_TEXT];
};

struct passage {
    struct exchange x; /* first: an exchange is its passage */
    struct line *line;
    str target; /* where the library has it; x.request.target is our copy of the raw bytes */
    char *body;
    size_t body_room, received;
    err refusal;
    bool head_seen; /* the head was judged */
    bool given;     /* arrive or refused was called: gone is owed */
    bool discard;   /* the body is read and forgotten, then `refusal` answered */
    bool slept;     /* was put to sleep and has not run since */
    bool last;      /* its answer closes the connection */
};

/* On this thread's next arena; NULL when there is no memory. */
struct passage *passage_begin(struct line *line, str target, bool secure);
/* Judges the head (method, headers and frame are filled in); TOO_LARGE is told only of heads that are right in all else. */
fallible passage_head(struct passage *p, const struct frame *f, const struct listen_options *o, const struct guard_rules *rules);
/* After TOO_LARGE: is the body small enough to be read to its end, so that the answer is not lost in a reset? */
bool passage_drainable(const struct passage *p);
/* One more part of the body; false: end the connection without an answer (far too much, or still not ended after `seconds`). */
bool passage_body(struct passage *p, str part, unsigned seconds);
/* The body is complete: it becomes the request's. */
void passage_whole(struct passage *p);
#endif
