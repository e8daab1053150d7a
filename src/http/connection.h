/* SPDX-License-Identifier: MIT
 * connection: one peer at one socket, from accept to close. Private to http; connection.c draws its states. */
#ifndef JETON_HTTP_CONNECTION_H
#define JETON_HTTP_CONNECTION_H
#include "http/h1.h"
#include "http/loop.h"

enum connection_state {
    CONNECTION_PROXY,
    CONNECTION_HANDSHAKE,
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_WAITING,
    CONNECTION_WRITING,
    CONNECTION_LINGER,
    CONNECTION_H2,
    CONNECTION_DEAD
};
struct connection {
    struct loop_mark mark; /* first: an event is about it */
    enum connection_state state;
    struct loop *loop;
    struct loop_link quiet, awaited, again;
    struct secure_session *secure; /* NULL: plain */
    struct h2 *h2;                 /* NULL: HTTP/1.1 */
    struct stream *stream;         /* HTTP/1.1's; NULL between requests */
    char *in;                      /* NULL: nothing has come; a request's head stays here until its answer is sent */
    uint32_t in_n, in_room, in_at; /* bytes here, room for them, those that belong to the present request */
    struct h1_scan scan;
    struct h1_chunks chunks;
    uint64_t body_left;
    str out[2];     /* what is still to be sent; in the stream's arena, or in `gathered` and with h2 */
    char *gathered; /* frames that go together; NULL: none */
    size_t lingered;
    bool chunked, readable, peer_ended, close_after, greeted /* TLS stands */;
    bool counted;            /* among the connections of its address */
    bool unnamed;            /* its PROXY header did not say whose it is: nothing that is said over HTTP about that is believed */
    struct in6_addr sender;  /* at the socket */
    struct in6_addr address; /* whose connection it is: the sender's, or whom its PROXY header names */
    char peer[PEER_TEXT];    /* the address */
};
/* Takes the socket; false: it stays the caller's. */
bool connection_begin(struct loop *l, int fd, const struct in6_addr *address);
void connection_event(struct connection *c, uint32_t events); /* of epoll, or 0: it goes on; may end the connection */
void connection_answered(struct stream *s);                   /* on its loop: the answer that was waited for is there */
void connection_close(struct connection *c);                  /* now; it waits for no answer */

/* May it say in headers whom it speaks for? `names`: those in force now. */
bool connection_trusted(const struct connection *c, const struct listener_names *names);
bool connection_speak(struct connection *c); /* TLS or HTTP begins; false: no memory */

enum connection_next { CONNECTION_GO_ON, CONNECTION_WAIT, CONNECTION_CLOSE };
enum { CONNECTION_BODY_ROOM = 1024 }; /* bytes free behind a head whose body is still to come */
str connection_input(const struct connection *c);
bool connection_grow_input(struct connection *c); /* twice the room; false: no memory */
void connection_wipe_input(struct connection *c);
void connection_drop_input(struct connection *c);             /* and the room with it */
enum connection_next connection_fill(struct connection *c);   /* another part of what the peer sends; WAIT: nothing is there now */
enum connection_next connection_flush(struct connection *c);  /* sends c->out; WAIT: the rest later */
enum connection_next connection_linger(struct connection *c); /* it has said its last word, and hears the peer's */

struct connection *connection_of_quiet(struct loop_link *link);
struct connection *connection_of_awaited(struct loop_link *link);
struct connection *connection_of_again(struct loop_link *link);
#endif
