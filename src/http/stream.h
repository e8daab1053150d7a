/* SPDX-License-Identifier: MIT
 * stream: one request and its answer, whatever the version of HTTP that carries them (RFC 9113 5): its birth, the verdict over its head, the
 * collecting of its body, its end. Private to http. */
#ifndef JETON_HTTP_STREAM_H
#define JETON_HTTP_STREAM_H
#include "http/listen.h"

struct connection;
struct listener_names;
struct stream {
    struct exchange x; /* first: an exchange is its stream */
    struct connection *connection;
    const struct listener_names *names; /* in force when it began: it is judged by one set of settings */
    struct stream *next;                /* among those that were answered and not yet sent */
    char *body;
    size_t body_room, received;
    unsigned minor; /* HTTP/1.minor */
    bool given;     /* arrive or refused was called: gone is owed */
    bool answered;
    bool last; /* its answer closes the connection */
    /* h2's own */
    int32_t id;
    struct stream *following, *preceding; /* among those of its connection */
    size_t sent;                          /* bytes of the answer's body */
    int64_t since_us;                     /* when it began, or its answer was queued */
    char *cookie;                         /* of several fields; HTTP_COOKIE_MAX and a little; NULL: there were none */
    size_t cookie_at;                     /* which header it is, from 1; 0: none */
    size_t header_room, header_bytes;
    bool receiving; /* its end has not come */
    bool ended;     /* its last frame was a head */
    bool unread;    /* its end is not waited for */
    bool queued;    /* its answer waits to be read */
    bool too_much;  /* header fields were dropped */
    bool orphan;    /* arrived, and its peer waits no more */
};
/* With an arena and an id of the connection's loop; NULL: no memory. */
struct stream *stream_begin(struct connection *c);
/* Judges the head: method, target and headers are filled in and lie where they stay. */
fallible stream_judge(struct stream *s);
/* One more part of the body; TOO_LARGE, UNAVAILABLE. */
fallible stream_body(struct stream *s, str part);
bool stream_late(const struct stream *s); /* has it been on its way for longer than a request may be (TE-11)? */
/* Hands the whole request over; s->answered tells whether the answer is there already. */
void stream_arrive(struct stream *s);
/* Has it refused in the address's own shape; it is answered then, and the last of its connection. */
void stream_refuse(struct stream *s, err why);
/* The answer is on its way, or nobody waits for it: tells the upper floor and gives the arena back. */
void stream_end(struct stream *s);
/* The stream whose `arrive` runs on this thread; NULL: none. */
const struct stream *stream_arriving(void);
#endif
