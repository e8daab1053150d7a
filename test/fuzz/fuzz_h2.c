/* SPDX-License-Identifier: MIT
 * Any doings of a peer on an HTTP/2 connection (h2_frames.h), over a socket, with the connection's own steps on this side; only the event thread
 * is played here. Whatever it sends: what arrives upstairs is a message that guard would pass, with a body of the length that it says; each
 * exchange is let go exactly once; streams and memory stay bounded; what is sent is whole frames, one answer a stream, as long as it says; and
 * at the end nothing is left. */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "h2_frames.h"
#include "http/connection.h"
#include "http/h2.h"
#include "http/stream.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* The sanitizer's; absent without it. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

enum {
    WORKING_MAX = 2 * H2_STREAMS_MAX - 1, /* 63 whose peer took them back, and as many as may be open that came when there were 63 */
    MEMORY_MAX = 40 << 20,                /* of all these: their arenas, and what waits to be sent */
    INPUT_MAX = 4096,
    TOLD_MAX = 1 << 13, /* streams that are watched: those with small numbers */
    SENT_MAX = 4 << 20, /* bytes of one peer */
};
static const char big[40000] = {'b'};

/* What the peer hears of one stream. */
struct told {
    bool headed, sized, ended;
    uint64_t length, came;
};
struct heard {
    unsigned char bytes[H2_HEAD + H2_FRAME_MAX]; /* a frame that is not whole yet */
    size_t n, answers;
    bool greeted;
    nghttp2_hd_inflater *inflater;
    struct told told[TOLD_MAX];
};
static struct {
    struct listener listener;
    struct loop loop;
    struct connection *connection;
    struct exchange *waiting[WORKING_MAX + 1];
    size_t waits, given, gone, sent, memory;
    int64_t ahead_us;
    int peer;
    struct heard heard;
    struct frames frames;
} world;

static void must(bool held)
{
    if (!held)
        abort();
}

/* ---- the upper floor ---- */

static size_t named(const struct request *r, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < r->header_count; i++)
        n += str_equal_nocase(r->headers[i].name, str_of(name)) ? 1 : 0;
    return n;
}

static void judge_request(const struct request *r)
{
    uint64_t length;
    str said = request_header(r, "content-length");
    must(named(r, "host") == 1 && named(r, "content-length") <= 1 && named(r, "authorization") <= 1 && named(r, "cookie") <= 1);
    must(named(r, "transfer-encoding") == 0 && named(r, "connection") == 0); /* RFC 9113 8.2.2 */
    must(r->header_count <= HTTP_HEADER_COUNT_MAX && r->body.n <= HTTP_BODY_MAX && r->target.n <= HTTP_TARGET_MAX);
    must(!str_present(said) || (!FAILED(str_u64(said, HTTP_BODY_MAX, &length)) && length == r->body.n)); /* RFC 9113 8.1.1 */
    must(r->method_name.n > 0 && r->path.n > 0 && r->path.p[0] == '/');
    for (size_t i = 0; i < r->header_count; i++) {
        str name = r->headers[i].name, value = r->headers[i].value;
        must(name.n > 0 && name.p[0] != ':' && str_find(name, '\0') == name.n);
        must(str_find(value, '\r') == value.n && str_find(value, '\n') == value.n && str_find(value, '\0') == value.n);
    }
}

static void fill_answer(struct exchange *x)
{
    if (str_is(x->request.path, "/none"))
        x->response.status = 204;
    else
        response_body(&x->response, 200, "text/plain", str_is(x->request.path, "/big") ? (str){big, sizeof big} : x->request.body);
}

static void arrive(struct exchange *x, void *ignored)
{
    (void)ignored;
    world.given++;
    judge_request(&x->request);
    x->upper = x;
    if (!str_is(x->request.path, "/wait")) {
        fill_answer(x);
        listen_answer(x);
        return;
    }
    must(world.waits < WORKING_MAX);
    world.waiting[world.waits++] = x;
}

static void refused(struct exchange *x, err why, void *ignored)
{
    (void)ignored;
    world.given++;
    must(x->upper == NULL && FAILED(why));
    x->upper = x;
    response_body(&x->response, err_status(why), "text/plain", STR("refused"));
}

static void gone(struct exchange *x, void *ignored)
{
    (void)ignored;
    must(x->upper == x);
    for (size_t i = 0; i < world.waits; i++)
        must(world.waiting[i] != x);
    x->upper = NULL;
    world.gone++;
}

static bool alive(void)
{
    return world.connection != NULL && world.connection->state != CONNECTION_DEAD;
}

static void look(void)
{
    must(world.waits <= WORKING_MAX && world.given - world.gone <= WORKING_MAX + H2_STREAMS_MAX);
    must(atomic_load(&world.listener.inside) == world.given - world.gone);
    if (atomic_load(&world.loop.connections) == 0)
        world.connection = NULL;
    if (__sanitizer_get_current_allocated_bytes != NULL)
        must(__sanitizer_get_current_allocated_bytes() <= world.memory + MEMORY_MAX);
}

static void answer_one(size_t which)
{
    if (world.waits == 0)
        return;
    struct exchange *x = world.waiting[which % world.waits];
    world.waiting[which % world.waits] = world.waiting[world.waits - 1];
    world.waits--;
    fill_answer(x);
    connection_answered((struct stream *)x);
    look();
}

/* ---- the peer ---- */

static struct told *told_of(uint32_t id)
{
    static struct told many;
    many = (struct told){.headed = true};
    return id / 2 < TOLD_MAX ? &world.heard.told[id / 2] : &many;
}

static void hear_head(struct heard *h, struct told *t, str block)
{
    nghttp2_nv field;
    int flags = 0;
    bool status = false;
    while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
        ssize_t n = nghttp2_hd_inflate_hd2(h->inflater, &field, &flags, (const uint8_t *)block.p, block.n, 1);
        must(n >= 0);
        block = (str){block.p + n, block.n - (size_t)n};
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0)
            continue;
        str name = {(const char *)field.name, field.namelen}, value = {(const char *)field.value, field.valuelen};
        must(status || str_is(name, ":status"));
        status = true;
        if (str_is(name, "content-length"))
            t->sized = !FAILED(str_u64(value, UINT64_MAX, &t->length));
    }
    must(status && block.n == 0 && nghttp2_hd_inflate_end_headers(h->inflater) == 0);
}

static void hear_stream(struct heard *h, unsigned type, unsigned flags, uint32_t id, str payload)
{
    struct told *t = told_of(id);
    must(id % 2 == 1 && !t->ended);
    if (type == H2_HEADERS) {
        must((!t->headed || id / 2 >= TOLD_MAX) && (flags & 0x2c) == 0x04); /* END_HEADERS; neither PADDED nor PRIORITY */
        hear_head(h, t, payload);
        t->headed = true;
        must(++h->answers <= world.given);
    } else {
        t->came += payload.n;
        must(t->headed && (id / 2 >= TOLD_MAX || (t->sized && t->came <= t->length)));
        must((flags & 1) == 0 || id / 2 >= TOLD_MAX || t->came == t->length);
    }
    t->ended = (flags & 1) != 0;
}

static void hear_frame(struct heard *h, unsigned type, unsigned flags, uint32_t id, str payload)
{
    must(h->greeted || (type == H2_SETTINGS && flags == 0)); /* RFC 9113 3.4 */
    h->greeted = true;
    switch (type) {
    case H2_DATA:
    case H2_HEADERS:
        hear_stream(h, type, flags, id, payload);
        return;
    case H2_RST_STREAM:
        must(id % 2 == 1 && payload.n == 4);
        told_of(id)->ended = true;
        return;
    case H2_WINDOW_UPDATE:
        must(payload.n == 4);
        return;
    default:
        must((type == H2_SETTINGS || type == H2_PING || type == H2_GOAWAY) && id == 0);
    }
}

static void hear(struct heard *h)
{
    for (;;) {
        size_t due = H2_HEAD;
        const unsigned char *b = h->bytes;
        if (h->n >= H2_HEAD)
            due += (size_t)b[0] << 16 | (size_t)b[1] << 8 | b[2];
        must(due <= sizeof h->bytes); /* RFC 9113 4.2 */
        if (h->n >= H2_HEAD && h->n == due) {
            uint32_t id = ((uint32_t)b[5] << 24 | (uint32_t)b[6] << 16 | (uint32_t)b[7] << 8 | b[8]) & INT32_MAX;
            hear_frame(h, b[3], b[4], id, (str){(const char *)b + H2_HEAD, due - H2_HEAD});
            h->n = 0;
            continue;
        }
        ssize_t n = recv(world.peer, h->bytes + h->n, due - h->n, MSG_DONTWAIT);
        if (n <= 0)
            return;
        h->n += (size_t)n;
    }
}

/* ---- the event thread ---- */

static void event(uint32_t events)
{
    world.loop.now_us = clock_monotonic_us() + world.ahead_us;
    if (!alive())
        return;
    connection_event(world.connection, events);
    look();
    while (world.loop.again.next != &world.loop.again) {
        loop_forget(world.loop.again.next);
        connection_event(world.connection, 0);
        look();
    }
}

static void expire(void)
{
    struct connection *c = world.connection;
    int64_t idle_us = loop_idle_us(&world.loop), long_us = idle_us * 2;
    world.loop.now_us = clock_monotonic_us() + world.ahead_us;
    if (!alive())
        return;
    bool quiet = c->quiet.next != NULL && world.loop.now_us - c->quiet.since_us > idle_us;
    bool awaited = c->awaited.next != NULL && world.loop.now_us - c->awaited.since_us > long_us;
    if (quiet || (awaited && (c->state != CONNECTION_H2 || h2_stuck(c->h2, world.loop.now_us - long_us))))
        connection_close(c);
    look();
}

/* A peer that sends more than is read reads, too. */
static void send_all(const unsigned char *bytes, size_t n)
{
    for (int stuck = 0; n > 0 && alive() && stuck < 2 && world.sent < SENT_MAX;) {
        ssize_t sent = send(world.peer, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
            world.sent += (size_t)sent;
            stuck = 0;
        } else {
            hear(&world.heard);
            stuck++;
        }
        event(EPOLLIN | EPOLLOUT);
    }
}

/* As after a handshake that chose h2. */
static void begin(void)
{
    static const str host = {"localhost", 9};
    static struct listener_names names = {.rules = {&host, 1}};
    static const struct in6_addr own = {.s6_addr = {[15] = 1}};
    int pair[2];
    world.listener = (struct listener){.options = {.idle_seconds = HTTP_IDLE_SECONDS, .secure = true, .arrive = arrive, .refused = refused, .gone = gone},
                                       .loops = &world.loop,
                                       .loop_count = 1,
                                       .names = &names};
    struct loop *l = &world.loop;
    if (l->epoll == 0)
        l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->listener = &world.listener;
    l->quiet.next = l->quiet.previous = &l->quiet;
    l->awaited.next = l->awaited.previous = &l->awaited;
    l->again.next = l->again.previous = &l->again;
    world.ahead_us = 0;
    l->now_us = clock_monotonic_us();
    world.waits = world.given = world.gone = world.sent = 0;
    memset(&world.heard, 0, sizeof world.heard);
    must(l->epoll > 0 && nghttp2_hd_inflate_new(&world.heard.inflater) == 0);
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0 && connection_begin(l, pair[0], &own));
    world.peer = pair[1];
    struct connection *c = connection_of_quiet(l->quiet.next);
    c->state = CONNECTION_H2;
    c->h2 = h2_begin(c);
    must(c->h2 != NULL);
    world.connection = c;
    if (__sanitizer_get_current_allocated_bytes != NULL)
        world.memory = __sanitizer_get_current_allocated_bytes();
    event(EPOLLOUT);
}

/* The peer leaves, and the last answers come for nobody. */
static void end(void)
{
    hear(&world.heard);
    event(EPOLLOUT);
    hear(&world.heard);
    close(world.peer);
    event(EPOLLIN | EPOLLRDHUP | EPOLLHUP);
    while (world.waits > 0)
        answer_one(0);
    must(world.connection == NULL && world.given == world.gone && atomic_load(&world.listener.inside) == 0);
    while (world.loop.arena_count > 0)
        arena_release(world.loop.arenas[--world.loop.arena_count]);
    while (world.loop.buffer_count > 0)
        free(world.loop.buffers[--world.loop.buffer_count]);
    nghttp2_hd_inflate_del(world.heard.inflater);
}

static void play(struct frames *f)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    if ((frames_byte(f) & 1) == 0)
        frames_put(f, (str){preface, sizeof preface - 1});
    for (enum h2_deed deed; (deed = frames_next(f)) != H2_DEEDS;) {
        if (deed <= H2_AGAIN && f->n < sizeof f->bytes / 2)
            continue; /* several at once */
        send_all(f->bytes, f->n);
        f->n = f->last_n = 0;
        if (deed == H2_ANSWER)
            answer_one(frames_byte(f));
        if (deed == H2_LISTEN)
            hear(&world.heard);
        if (deed == H2_LATER)
            world.ahead_us += (int64_t)(frames_byte(f) & 31) * 1000000;
        if (deed == H2_QUIESCE)
            listen_quiesce(&world.listener);
        if (deed == H2_HALF_CLOSE)
            (void)shutdown(world.peer, SHUT_WR);
        event(deed == H2_HALF_CLOSE ? EPOLLIN | EPOLLRDHUP : EPOLLOUT);
        expire();
    }
    send_all(f->bytes, f->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > INPUT_MAX)
        return 0;
    begin();
    struct frames *f = &world.frames;
    *f = (struct frames){.rest = {(const char *)data, size}, .next_id = 1};
    play(f);
    end();
    return 0;
}
