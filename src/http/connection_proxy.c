/* SPDX-License-Identifier: MIT
 * connection_proxy: relies on loop having let a trusted proxy in, and nobody else. Whose connection it is then stands in c->address, as if that one had
 * come by itself: limits, log, throttle and trust in headers go by it (RL-04). The deadline of a head is that of a PROXY header too, and goes on. */
#include "http/connection_proxy.h"

#include <errno.h>
#include <sys/socket.h>

#include "http/crowd.h"
#include "http/proxy_header.h"

#include "base/banned.h"

/* Not one byte more: what follows is for TLS, which reads by itself. */
static enum connection_next fill_proxy_header(struct connection *c, size_t wants)
{
    if (!c->readable)
        return c->peer_ended ? CONNECTION_CLOSE : CONNECTION_WAIT;
    if (c->in_room < PROXY_HEADER_MAX && !connection_grow_input(c))
        return CONNECTION_CLOSE;
    ssize_t n = recv(c->mark.fd, c->in + c->in_n, wants, 0);
    if (n > 0) {
        c->in_n += (uint32_t)n;
        loop_touch(c->loop, &c->loop->quiet, &c->quiet);
        return CONNECTION_GO_ON;
    }
    c->readable = false;
    return n < 0 && (errno == EAGAIN || errno == EINTR) && !c->peer_ended ? CONNECTION_WAIT : CONNECTION_CLOSE;
}

static enum connection_next take_proxy_header(struct connection *c, const struct proxy_header *said)
{
    connection_drop_input(c);
    c->unnamed = !said->named;
    if (said->named) {
        c->address = said->address;
        peer_write(&c->address, c->peer);
        c->counted = !connection_trusted(c, atomic_load(&c->loop->listener->names));
        if (c->counted && !crowd_admits(&c->address)) { /* RL-06 */
            c->counted = false;
            return CONNECTION_CLOSE;
        }
        if (c->counted)
            crowd_enter(&c->address);
    }
    return connection_speak(c) ? CONNECTION_GO_ON : CONNECTION_CLOSE;
}

enum connection_next connection_proxy_step(struct connection *c)
{
    struct proxy_header said;
    size_t wants = 0;
    err e = proxy_header_read(connection_input(c), &wants, &said);
    if (FAILED(e)) {
        loop_turned_away(c->loop, c->peer, e);
        return CONNECTION_CLOSE;
    }
    return wants > 0 ? fill_proxy_header(c, wants) : take_proxy_header(c, &said);
}
