/* SPDX-License-Identifier: MIT
 * connection_h1: HTTP/1.1 on a connection, one request after the other.
 *
 *   HEAD ─ whole ─▶ BODY ─ whole ─▶ handed over ─┬─ answered at once ──────────────────────▶ WRITING ─┬─▶ HEAD
 *    │  └ no body ────────────────────▲           └─▶ WAITING ─ connection_h1_answered ──────▲       └─▶ LINGER, or closed
 *    └ refused, as BODY may be ──────────────────────────────────────────────────────────────┘
 *
 * 1. Nothing is read while WAITING or WRITING: who pipelines waits. 2. A refused message closes its connection, and so does what is asked for
 * with `close`; no byte behind it is read as a request. */
#include "http/connection_h1.h"

#include <string.h>

#include "http/request.h"
#include "http/stream.h"

#include "base/banned.h"

static enum connection_next begin_answer(struct connection *c)
{
    const struct stream *s = c->stream;
    str split;
    c->close_after = s->last || /* AV-01: while closing, the next request goes to somebody else */
                     atomic_load_explicit(&c->loop->listener->closing, memory_order_relaxed);
    struct h1_answer how = {loop_date(c->loop), s->x.request.method == HTTP_HEAD, c->close_after, s->minor == 0};
    c->out[0] = h1_write(&s->x.response, &how, &split);
    if (!str_present(c->out[0]))
        return CONNECTION_CLOSE; /* no memory for a word of excuse either */
    c->out[1] = str_present(split) ? split : STR("");
    c->state = CONNECTION_WRITING;
    return CONNECTION_GO_ON;
}

static enum connection_next refuse_h1_request(struct connection *c, err why)
{
    stream_refuse(c->stream, why);
    return begin_answer(c);
}

/* The answer is sent: what came behind its request moves to the front. */
static enum connection_next finish_h1_answer(struct connection *c)
{
    bool whole = c->stream->x.response.refused.kind == ERR_OK || !c->stream->last;
    uint32_t rest = c->in_n - c->in_at;
    bool more = rest > 0 || (c->secure == NULL && c->readable);
    stream_end(c->stream);
    c->stream = NULL;
    if (c->close_after)
        return whole && !more ? CONNECTION_CLOSE : connection_linger(c);
    if (rest > 0)
        memmove(c->in, c->in + c->in_at, rest);
    explicit_bzero(c->in + rest, c->in_n - rest);
    c->in_n = rest;
    c->in_at = 0;
    c->scan = (struct h1_scan){0};
    c->state = CONNECTION_HEAD;
    loop_touch(c->loop, &c->loop->awaited, &c->awaited);
    return CONNECTION_GO_ON;
}

static enum connection_next write_answer(struct connection *c)
{
    enum connection_next n = connection_flush(c);
    if (n == CONNECTION_WAIT && c->awaited.next == NULL) /* who reads by drops has no longer than who writes by drops */
        loop_touch(c->loop, &c->loop->awaited, &c->awaited);
    return n == CONNECTION_GO_ON ? finish_h1_answer(c) : n;
}

static enum connection_next hand_over(struct connection *c)
{
    loop_forget(&c->quiet); /* what takes its time now is ours */
    c->state = CONNECTION_WAITING;
    stream_arrive(c->stream);
    if (!c->stream->answered)
        return CONNECTION_WAIT;
    loop_touch(c->loop, &c->loop->quiet, &c->quiet);
    return begin_answer(c);
}

/* RFC 9110 10.1.1: who waits for a word before the body gets it, once the head was found good. */
static enum connection_next send_continue(struct connection *c)
{
    const struct stream *s = c->stream;
    if (s->minor == 0 || c->in_n > c->in_at || !str_equal_nocase(request_field(&s->x.request, HTTP_FIELD_EXPECT), STR("100-continue")))
        return CONNECTION_GO_ON;
    c->out[0] = STR("HTTP/1.1 100 Continue\r\n\r\n");
    c->out[1] = STR("");
    return connection_flush(c) == CONNECTION_GO_ON ? CONNECTION_GO_ON : CONNECTION_CLOSE; /* no room for 25 bytes: it does not read */
}

static fallible read_head(struct connection *c)
{
    struct stream *s = c->stream;
    struct request *r = &s->x.request;
    struct h1_head head;
    err e = h1_head(r->arena, &c->scan, connection_input(c), &head);
    r->method_name = head.method;
    r->target = head.target;
    s->minor = head.minor;
    TRY(e);
    r->headers = head.headers;
    r->header_count = head.header_count;
    return stream_judge(s);
}

static void await_body(struct connection *c)
{
    const struct request *r = &c->stream->x.request;
    str length = request_field(r, HTTP_FIELD_CONTENT_LENGTH);
    c->body_left = 0;
    c->chunks = (struct h1_chunks){0};
    c->chunked = str_present(request_field(r, HTTP_FIELD_TRANSFER_ENCODING));
    if (str_present(length) && FAILED(str_u64(length, HTTP_BODY_MAX, &c->body_left)))
        c->body_left = 0; /* guard has read it */
}

static enum connection_next take_head(struct connection *c)
{
    if (c->in_room - c->scan.end < CONNECTION_BODY_ROOM && !connection_grow_input(c)) /* once pieces of it are known, the head stays where it is */
        return CONNECTION_CLOSE;
    c->stream = stream_begin(c);
    if (c->stream == NULL)
        return CONNECTION_CLOSE;
    c->in_at = c->scan.end;
    loop_forget(&c->awaited);
    err e = read_head(c);
    if (FAILED(e))
        return refuse_h1_request(c, e);
    c->stream->last = !h1_persists(&c->stream->x.request, c->stream->minor);
    await_body(c);
    if (!c->chunked && c->body_left <= c->in_n - c->in_at) { /* all is here */
        c->stream->x.request.body = (str){c->in + c->in_at, c->body_left};
        c->in_at += (uint32_t)c->body_left;
        return hand_over(c);
    }
    c->state = CONNECTION_BODY;
    return send_continue(c);
}

static enum connection_next read_request(struct connection *c)
{
    if (c->in_n > c->scan.at) {
        err e = h1_scan(&c->scan, connection_input(c));
        if (FAILED(e)) {
            c->stream = stream_begin(c);
            return c->stream == NULL ? CONNECTION_CLOSE : refuse_h1_request(c, e);
        }
        if (c->scan.end > 0)
            return take_head(c);
    }
    enum connection_next n = connection_fill(c);
    if (n == CONNECTION_WAIT && c->in_n == 0 && c->in != NULL)
        connection_drop_input(c);
    return n;
}

static fallible take_chunks(struct connection *c, bool *whole)
{
    str rest = {c->in + c->in_at, c->in_n - c->in_at}, data;
    while (rest.n > 0 && c->chunks.state != H1_CHUNKS_END) {
        TRY(h1_chunks(&c->chunks, &rest, &data));
        TRY(stream_body(c->stream, data));
    }
    c->in_at = c->in_n - (uint32_t)rest.n;
    *whole = c->chunks.state == H1_CHUNKS_END;
    return OK;
}

static fallible take_length(struct connection *c, bool *whole)
{
    uint32_t here = c->in_n - c->in_at;
    uint32_t n = here < c->body_left ? here : (uint32_t)c->body_left;
    TRY(stream_body(c->stream, (str){c->in + c->in_at, n}));
    c->in_at += n;
    c->body_left -= n;
    *whole = c->body_left == 0;
    return OK;
}

static enum connection_next read_body(struct connection *c)
{
    bool whole = false;
    if (c->in_n > c->in_at) {
        err e = c->chunked ? take_chunks(c, &whole) : take_length(c, &whole);
        if (FAILED(e))
            return refuse_h1_request(c, e);
    }
    if (whole)
        return hand_over(c);
    if (c->in_at == c->in_n) { /* the head stays, its body was taken out */
        explicit_bzero(c->in + c->scan.end, c->in_n - c->scan.end);
        c->in_n = c->in_at = c->scan.end;
    }
    if (stream_late(c->stream))
        return CONNECTION_CLOSE;
    return connection_fill(c);
}

enum connection_next connection_h1_answered(struct connection *c)
{
    loop_touch(c->loop, &c->loop->quiet, &c->quiet);
    return begin_answer(c);
}

enum connection_next connection_h1_step(struct connection *c)
{
    switch ((int)c->state) {
    case CONNECTION_HEAD:
        return read_request(c);
    case CONNECTION_BODY:
        return read_body(c);
    case CONNECTION_WRITING:
        return write_answer(c);
    default:
        return CONNECTION_WAIT;
    }
}
