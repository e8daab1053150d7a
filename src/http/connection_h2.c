/* SPDX-License-Identifier: MIT
 * connection_h2: HTTP/2 on a connection: bytes to h2 and frames from it. Who does not read is not read: nothing is taken while frames wait to be
 * sent, so that what waits is bounded. */
#include "http/connection_h2.h"

#include <string.h>

#include "http/h2.h"

#include "base/banned.h"

void connection_h2_drop(struct connection *c)
{
    if (c->gathered == NULL)
        return;
    explicit_bzero(c->gathered, LOOP_BUFFER_SIZE);
    loop_buffer_back(c->loop, c->gathered);
    c->gathered = NULL;
}

/* The frames that are due, small ones in one piece. */
static enum connection_next gather_h2_frames(struct connection *c)
{
    size_t n = 0;
    str frame = STR("");
    if (c->gathered == NULL && (c->gathered = loop_buffer(c->loop)) == NULL)
        return CONNECTION_CLOSE;
    do {
        if (!h2_write(c->h2, &frame))
            return CONNECTION_CLOSE;
        bool fits = frame.n <= LOOP_BUFFER_SIZE - n;
        if (fits && frame.n > 0)
            memcpy(c->gathered + n, frame.p, frame.n);
        n += fits ? frame.n : 0;
        if (!fits)
            break; /* its bytes stay until the next h2_write */
    } while (frame.n > 0);
    c->out[0] = n > 0 ? (str){c->gathered, n} : frame;
    c->out[1] = n > 0 ? frame : STR("");
    if (n == 0)
        connection_h2_drop(c);
    return CONNECTION_GO_ON;
}

static enum connection_next flush_frames(struct connection *c)
{
    for (;;) {
        enum connection_next n = connection_flush(c);
        if (n != CONNECTION_GO_ON)
            return n;
        n = gather_h2_frames(c);
        if (n != CONNECTION_GO_ON || c->out[0].n == 0)
            return n;
    }
}

/* What takes its time is ours while answers are awaited; all else is the peer's, and judged stream by stream when it is due (loop): signs of
 * life do not help then. */
static void set_deadlines(struct connection *c)
{
    if (h2_working(c->h2))
        loop_forget(&c->quiet);
    else if (c->quiet.next == NULL)
        loop_touch(c->loop, &c->loop->quiet, &c->quiet);
    if (c->awaited.next == NULL)
        loop_touch(c->loop, &c->loop->awaited, &c->awaited);
}

enum connection_next connection_h2_step(struct connection *c)
{
    enum connection_next n = flush_frames(c); /* who does not read is not read */
    if (n == CONNECTION_GO_ON && (c->close_after || h2_over(c->h2)))
        return h2_working(c->h2) ? CONNECTION_CLOSE : connection_linger(c);
    if (n == CONNECTION_GO_ON)
        n = connection_fill(c);
    if (n == CONNECTION_GO_ON)
        c->close_after = !h2_read(c->h2, connection_input(c)); /* what nghttp2 has to say is still sent */
    connection_wipe_input(c);
    if (n == CONNECTION_WAIT && c->in != NULL)
        connection_drop_input(c);
    if (n != CONNECTION_CLOSE)
        set_deadlines(c);
    return n;
}
