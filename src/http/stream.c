/* SPDX-License-Identifier: MIT
 * stream: what is done with a request between its bytes and its handler. It relies on guard and target for verdicts, and promises that memory
 * follows what has arrived, never what was announced: a body's block grows by doubling, a promise of 64 KiB costs nothing.
 *
 *   stream_begin ─ stream_judge ─ stream_body… ─ stream_arrive ─ [ answered by anybody ] ─ sent, or the peer left ─ stream_end
 *        └──────────────┴─ at any time: stream_refuse ─────────────────────────────────────────▲ */
#include "http/stream.h"

#include <string.h>

#include "http/certificate.h"
#include "http/connection.h"
#include "http/loop.h"
#include "http/request.h"
#include "http/target.h"

#include "base/banned.h"

enum { BODY_FIRST = 2048 };
static _Thread_local const struct stream *arriving;

struct stream *stream_begin(struct connection *c)
{
    struct arena *a = loop_arena(c->loop);
    struct stream *s = a == NULL ? NULL : ARENA_NEW(a, struct stream);
    if (s == NULL) {
        if (a != NULL)
            loop_arena_back(c->loop, a);
        return NULL;
    }
    struct request *r = &s->x.request;
    s->connection = c;
    s->names = atomic_load(&c->loop->listener->names);
    s->x.response.arena = r->arena = a;
    r->target = r->method_name = STR("");
    r->peer = str_of(c->peer);
    r->secure = c->loop->listener->options.secure;
    r->begun_us = c->loop->now_us;
    loop_id(c->loop, r->id);
    return s;
}

/* Behind a trusted proxy its header alone speaks for the client, and silence means none: what the proxy shows of its own is not the
 * client's (CA-12). Without such a proxy the peer of this connection is the client. */
static fallible take_certificate(struct stream *s)
{
    const struct connection *c = s->connection;
    const struct listen_options *o = &c->loop->listener->options;
    struct request *r = &s->x.request;
    if (connection_trusted(c, s->names) && str_filled(o->certificate_header))
        return certificate_of_header(r, o->certificate_header, &r->certificate);
    if (o->ask_certificate && c->secure != NULL)
        return secure_peer(c->secure, r->arena, &r->certificate);
    return OK;
}

static fallible judge_host(const struct stream *s)
{
    const struct request *r = &s->x.request;
    const struct listener *l = s->connection->loop->listener;
    const struct guard_rules *rules = &s->names->rules;
    err verdict = guard_host(r, rules, GUARD_OWN_NAMES);
    if (FAILED(verdict) && l->options.names != NULL)
        verdict = guard_host(r, rules, l->options.names(r, l->options.context));
    return verdict;
}

/* RL-04. A proxy that was struck from the list while its connection was open is believed no more, whomever that connection began with. */
static fallible take_peer(struct stream *s)
{
    const struct connection *c = s->connection;
    struct request *r = &s->x.request;
    str hop = connection_trusted(c, s->names) ? peer_forwarded(r) : STR_ABSENT;
    if (str_present(hop))
        r->peer = hop;
    if (!c->loop->listener->options.proxied || peer_listed(&s->names->proxies, &c->sender))
        return OK;
    char sender[PEER_TEXT];
    peer_write(&c->sender, sender);
    str text = str_dup(r->arena, str_of(sender));
    r->peer = str_present(text) ? text : STR("");
    REFUSE(MISDIRECTED, "This connection came by a proxy that is not trusted any more.", "stream: the proxy of this connection is not trusted any more");
}

fallible stream_judge(struct stream *s)
{
    struct request *r = &s->x.request;
    const struct listen_options *o = &s->connection->loop->listener->options;
    r->method = request_method(r->method_name);
    err verdict = guard_check(r);
    if (FAILED(verdict) && verdict.kind != ERR_TOO_LARGE) /* which is told only of heads that are right in all else */
        return verdict;
    if (!str_present(request_field(r, HTTP_FIELD_HOST)) && s->minor > 0) /* RFC 9112 3.2 */
        FAIL(INVALID_REQUEST, "guard: no Host");
    TRY(target_parse(r->arena, r->target, &r->path, &r->query));
    if (o->locate != NULL)
        o->locate(r, o->context);
    TRY(judge_host(s));
    TRY(take_peer(s));
    TRY(verdict);
    return take_certificate(s);
}

static fallible grow_stream_body(struct stream *s, size_t kept)
{
    size_t room = s->body_room * 2 < BODY_FIRST ? BODY_FIRST : s->body_room * 2;
    while (room < s->received)
        room *= 2;
    char *grown = arena_take(s->x.request.arena, room);
    if (grown == NULL)
        FAIL(UNAVAILABLE, "stream: no memory");
    if (kept > 0)
        memcpy(grown, s->body, kept);
    s->body = grown;
    s->body_room = room;
    return OK;
}

fallible stream_body(struct stream *s, str part)
{
    size_t kept = s->received;
    if (part.n > HTTP_BODY_MAX - kept) /* IN-01, TE-11 */
        FAIL(TOO_LARGE, "stream: body too large");
    s->received += part.n;
    if (s->received > s->body_room)
        TRY(grow_stream_body(s, kept));
    if (part.n > 0)
        memcpy(s->body + kept, part.p, part.n);
    return OK;
}

bool stream_late(const struct stream *s)
{
    const struct loop *l = s->connection->loop;
    return l->now_us - s->x.request.begun_us > loop_idle_us(l);
}

static const struct listen_options *hand_over_stream(struct stream *s)
{
    struct listener *l = s->connection->loop->listener;
    s->given = true;
    atomic_fetch_add_explicit(&l->inside, 1, memory_order_relaxed);
    return &l->options;
}

void stream_arrive(struct stream *s)
{
    struct request *r = &s->x.request;
    if (!str_present(r->body))
        r->body = s->body == NULL ? STR("") : (str){s->body, s->received};
    r->body_kind = request_body_kind(r);
    const struct listen_options *o = hand_over_stream(s);
    arriving = s;
    o->arrive(&s->x, o->context);
    arriving = NULL;
}

void stream_refuse(struct stream *s, err why)
{
    const struct listen_options *o = hand_over_stream(s);
    s->x.response.refused = why;
    o->refused(&s->x, why, o->context);
    s->answered = s->last = true;
}

void stream_end(struct stream *s)
{
    struct loop *loop = s->connection->loop;
    struct listener *l = loop->listener;
    bool given = s->given;
    if (given)
        l->options.gone(&s->x, l->options.context);
    loop_arena_back(loop, s->x.request.arena);
    if (given)
        atomic_fetch_sub(&l->inside, 1);
}

const struct stream *stream_arriving(void)
{
    return arriving;
}
