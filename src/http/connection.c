/* SPDX-License-Identifier: MIT
 * connection: one socket, plain or TLS, and whatever speaks on it: connection_h1 or connection_h2.
 *
 *   PROXY ─▶ HANDSHAKE ─┬─ HTTP/1.1 ─▶ HEAD ⇄ BODY ⇄ WAITING ⇄ WRITING ─┬─▶ LINGER ─▶ closed
 *                       └─ HTTP/2 ───▶ H2 ──────────────────────────────┘
 *                                       └─ peer gone, answers awaited ─▶ DEAD ─ the last is there ─▶ closed
 *
 * It begins with PROXY where the listener demands such a header (connection_proxy), without TLS with HEAD.
 *
 * 1. LINGER says that we are done and reads what the peer still sends, for a while: a close with bytes unread would be a reset, and the answer
 * lost (RFC 9112 9.6). 2. Silence ends a connection without a word in every state but WAITING; so does a head that does not end, and a body
 * (IN-10, TE-11). 3. A connection that waits for an answer is never freed. */
#include "http/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "http/connection_h1.h"
#include "http/connection_h2.h"
#include "http/connection_proxy.h"
#include "http/crowd.h"
#include "http/h2.h"
#include "http/stream.h"

#include "base/banned.h"

enum {
    INPUT_MAX = 32768, /* more than H1_HEAD_MAX, so that a head that is too large is seen to be */
    LINGER_MAX = 16 * HTTP_BODY_MAX,
    SHARE = 64, /* steps of one connection in one turn, so that others have theirs */
};
_Static_assert(INPUT_MAX > H1_HEAD_MAX + CONNECTION_BODY_ROOM, "a head that is read must fit");

/* ---- bytes ---- */

str connection_input(const struct connection *c)
{
    return (str){c->in, c->in_n};
}

void connection_wipe_input(struct connection *c)
{
    if (c->in != NULL)
        explicit_bzero(c->in, c->in_n);
    c->in_n = c->in_at = 0;
}

void connection_drop_input(struct connection *c)
{
    connection_wipe_input(c);
    if (c->in_room == LOOP_BUFFER_SIZE)
        loop_buffer_back(c->loop, c->in);
    else
        free(c->in);
    c->in = NULL;
    c->in_room = 0;
}

bool connection_grow_input(struct connection *c)
{
    uint32_t room = c->in == NULL ? (uint32_t)LOOP_BUFFER_SIZE : c->in_room * 2;
    INVARIANT(room <= INPUT_MAX);
    char *grown = c->in == NULL ? loop_buffer(c->loop) : malloc(room);
    if (grown == NULL)
        return false;
    uint32_t n = c->in_n, at = c->in_at;
    if (c->in != NULL) {
        memcpy(grown, c->in, n);
        connection_drop_input(c);
    }
    c->in = grown;
    c->in_room = room;
    c->in_n = n;
    c->in_at = at;
    return true;
}

enum connection_next connection_fill(struct connection *c)
{
    if (!c->readable && !c->peer_ended)
        return CONNECTION_WAIT;
    if (c->in_n == c->in_room && !connection_grow_input(c))
        return CONNECTION_CLOSE;
    size_t room = c->in_room - c->in_n;
    ssize_t n = c->secure != NULL ? secure_read(c->secure, c->in + c->in_n, room) : recv(c->mark.fd, c->in + c->in_n, room, 0);
    if (n > 0) {
        c->in_n += (uint32_t)n;
        c->readable = c->secure != NULL || (size_t)n == room;
        loop_touch(c->loop, &c->loop->quiet, &c->quiet);
        return CONNECTION_GO_ON;
    }
    c->readable = false;
    bool again = c->secure != NULL ? n == SECURE_AGAIN : n < 0 && (errno == EAGAIN || errno == EINTR);
    return again && !c->peer_ended ? CONNECTION_WAIT : CONNECTION_CLOSE;
}

/* Most answers are one piece, which costs the kernel less than a list of pieces. */
static ssize_t send_plain(const struct connection *c)
{
    struct iovec parts[2];
    if (c->out[1].n == 0)
        return send(c->mark.fd, c->out[0].p, c->out[0].n, MSG_NOSIGNAL);
    for (size_t i = 0; i < 2; i++)
        parts[i] = (struct iovec){(void *)(uintptr_t)c->out[i].p, c->out[i].n};
    return sendmsg(c->mark.fd, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, MSG_NOSIGNAL);
}

static ssize_t send_some(struct connection *c)
{
    if (c->secure != NULL)
        return secure_write(c->secure, c->out[0]);
    ssize_t n = send_plain(c);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? SECURE_AGAIN : SECURE_FAILED;
}

enum connection_next connection_flush(struct connection *c)
{
    while (c->out[0].n > 0) {
        ssize_t n = send_some(c);
        if (n <= 0)
            return n == SECURE_AGAIN ? CONNECTION_WAIT : CONNECTION_CLOSE;
        loop_touch(c->loop, &c->loop->quiet, &c->quiet);
        for (size_t i = 0, sent = (size_t)n; i < 2; i++) {
            size_t part = sent < c->out[i].n ? sent : c->out[i].n;
            c->out[i] = (str){c->out[i].p + part, c->out[i].n - part};
            sent -= part;
        }
        if (c->out[0].n == 0) {
            c->out[0] = c->out[1];
            c->out[1] = STR("");
        }
    }
    return CONNECTION_GO_ON;
}

enum connection_next connection_linger(struct connection *c)
{
    secure_end(c->secure, c->greeted);
    c->secure = NULL;
    connection_drop_input(c);
    if (shutdown(c->mark.fd, SHUT_WR) != 0)
        return CONNECTION_CLOSE;
    c->readable = true;
    c->state = CONNECTION_LINGER;
    loop_touch(c->loop, &c->loop->quiet, &c->quiet);
    loop_touch(c->loop, &c->loop->awaited, &c->awaited);
    return CONNECTION_GO_ON;
}

static enum connection_next hear_out(struct connection *c)
{
    char unwanted[4096];
    while (c->lingered < LINGER_MAX) {
        ssize_t n = recv(c->mark.fd, unwanted, sizeof unwanted, 0);
        if (n <= 0)
            return n < 0 && (errno == EAGAIN || errno == EINTR) && !c->peer_ended ? CONNECTION_WAIT : CONNECTION_CLOSE;
        c->lingered += (size_t)n;
    }
    return CONNECTION_CLOSE;
}

static enum connection_next do_tls_handshake(struct connection *c)
{
    int done = secure_handshake(c->secure);
    if (done != 1)
        return done == SECURE_AGAIN && !c->peer_ended ? CONNECTION_WAIT : CONNECTION_CLOSE;
    c->greeted = c->readable = true;
    c->state = CONNECTION_HEAD;
    loop_touch(c->loop, &c->loop->quiet, &c->quiet);
    if (secure_h2(c->secure)) {
        c->state = CONNECTION_H2;
        c->h2 = h2_begin(c);
        return c->h2 != NULL ? CONNECTION_GO_ON : CONNECTION_CLOSE;
    }
    return CONNECTION_GO_ON;
}

static enum connection_next step_connection(struct connection *c)
{
    switch (c->state) {
    case CONNECTION_PROXY:
        return connection_proxy_step(c);
    case CONNECTION_HANDSHAKE:
        return do_tls_handshake(c);
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
    case CONNECTION_WRITING:
        return connection_h1_step(c);
    case CONNECTION_H2:
        return connection_h2_step(c);
    case CONNECTION_LINGER:
        return hear_out(c);
    case CONNECTION_DEAD:
    case CONNECTION_WAITING:
    default:
        return CONNECTION_WAIT;
    }
}

void connection_event(struct connection *c, uint32_t events)
{
    enum connection_next n = CONNECTION_GO_ON;
    int share = SHARE;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        c->readable = true;
        if (c->secure != NULL)
            secure_wake(c->secure);
    }
    c->readable = c->readable || (events != 0 && c->greeted); /* TLS may have to read when it can write */
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->peer_ended = true;
    if (c->state == CONNECTION_HANDSHAKE && !c->readable) /* the client begins */
        return;
    while (n == CONNECTION_GO_ON) {
        n = step_connection(c);
        if (n == CONNECTION_GO_ON && --share == 0) {
            loop_touch(c->loop, &c->loop->again, &c->again);
            return;
        }
    }
    if (n == CONNECTION_CLOSE)
        connection_close(c);
}

void connection_answered(struct stream *s)
{
    struct connection *c = s->connection;
    s->answered = true;
    if (c->h2 != NULL) {
        h2_answered(c->h2, s);
        if (c->state != CONNECTION_DEAD)
            connection_event(c, 0);
        else if (!h2_working(c->h2))
            connection_close(c);
        return;
    }
    if (connection_h1_answered(c) == CONNECTION_CLOSE)
        connection_close(c);
    else
        connection_event(c, 0);
}

/* ---- begin and end ---- */

bool connection_trusted(const struct connection *c, const struct listener_names *names)
{
    return !c->unnamed && peer_listed(&names->proxies, &c->address);
}

bool connection_speak(struct connection *c)
{
    struct secure *secure = c->loop->listener->secure;
    c->state = secure != NULL ? CONNECTION_HANDSHAKE : CONNECTION_HEAD;
    if (secure != NULL)
        c->secure = secure_begin(secure, c->mark.fd);
    return secure == NULL || c->secure != NULL;
}

bool connection_begin(struct loop *l, int fd, const struct in6_addr *address)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        return false;
    c->mark = (struct loop_mark){LOOP_CONNECTION, fd};
    c->state = CONNECTION_PROXY;
    c->loop = l;
    c->sender = c->address = *address;
    peer_write(address, c->peer);
    if (!l->listener->options.proxied && !connection_speak(c)) {
        free(c);
        return false;
    }
    if (!loop_watch(l, &c->mark, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        secure_end(c->secure, false);
        free(c);
        return false;
    }
    c->counted = !connection_trusted(c, atomic_load(&l->listener->names));
    if (c->counted)
        crowd_enter(address);
    atomic_fetch_add_explicit(&l->connections, 1, memory_order_relaxed);
    loop_touch(l, &l->quiet, &c->quiet);
    loop_touch(l, &l->awaited, &c->awaited);
    return true;
}

/* Nobody is there any more, but answers are owed to streams: it stays for these. */
static void mark_connection_dead(struct connection *c)
{
    if (c->state == CONNECTION_DEAD)
        return;
    h2_abandon(c->h2);
    c->state = CONNECTION_DEAD;
    (void)epoll_ctl(c->loop->epoll, EPOLL_CTL_DEL, c->mark.fd, NULL);
    (void)shutdown(c->mark.fd, SHUT_RDWR);
}

void connection_close(struct connection *c)
{
    INVARIANT(c->state != CONNECTION_WAITING || c->stream->answered);
    loop_forget(&c->quiet);
    loop_forget(&c->awaited);
    loop_forget(&c->again);
    if (c->h2 != NULL && h2_working(c->h2)) {
        mark_connection_dead(c);
        return;
    }
    if (c->stream != NULL)
        stream_end(c->stream);
    h2_end(c->h2);
    connection_h2_drop(c);
    if (c->counted)
        crowd_leave(&c->address);
    secure_end(c->secure, c->greeted && !c->peer_ended);
    if (c->in != NULL)
        connection_drop_input(c);
    close(c->mark.fd);
    atomic_fetch_sub_explicit(&c->loop->connections, 1, memory_order_relaxed);
    free(c);
}

#define CONNECTION_OF(link_, member_) ((struct connection *)(void *)((char *)(link_)-offsetof(struct connection, member_)))

struct connection *connection_of_quiet(struct loop_link *link)
{
    return CONNECTION_OF(link, quiet);
}

struct connection *connection_of_awaited(struct loop_link *link)
{
    return CONNECTION_OF(link, awaited);
}

struct connection *connection_of_again(struct loop_link *link)
{
    return CONNECTION_OF(link, again);
}
