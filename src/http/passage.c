/* SPDX-License-Identifier: MIT
 * passage: what is done with a request between the library and the handler. It relies on guard, frame and target for
 * verdicts, and promises that memory follows what has arrived, never what was announced: a body's block grows by doubling, a
 * promise of 64 KiB costs nothing. A body beyond the limit is read on for a while and forgotten, so that its sender is still
 * there to read the 413. */
#include "http/passage.h"
#include "http/request.h"
#include "http/seat.h"
#include "http/target.h"

#include <string.h>

#include "base/banned.h"

enum {
    DRAIN_MAX = 16 * HTTP_BODY_MAX,
    BODY_FIRST = 2048,
};

struct passage *passage_begin(struct line *line, str target, bool secure)
{
    struct arena *a = seat_arena(HTTP_ARENA_MAX);
    if (a == NULL)
        return NULL;
    struct passage *p = ARENA_NEW(a, struct passage);
    str kept = {target.p, target.n > HTTP_TARGET_MAX ? HTTP_TARGET_MAX + 1 : target.n}; /* guard refuses the longer ones */
    if (p != NULL)
        kept = str_dup(a, kept);
    if (p == NULL || !str_present(kept)) {
        seat_give(a);
        return NULL;
    }
    struct request *r = &p->x.request;
    p->line = line;
    p->target = target;
    p->x.response.arena = r->arena = a;
    r->target = kept;
    r->peer = str_of(line->peer);
    r->secure = secure;
    r->begun_us = clock_monotonic_us();
    seat_id(r->id);
    return p;
}

fallible passage_head(struct passage *p, const struct frame *f, const struct listen_options *o, const struct guard_rules *rules)
{
    struct request *r = &p->x.request;
    err verdict = guard_check(r);
    if (FAILED(verdict) && verdict.kind != ERR_TOO_LARGE)
        return verdict;
    TRY(frame_check(f));
    if (!str_present(request_header(r, "Host")) && !str_is(f->version, "HTTP/1.0")) /* RFC 9112 3.2 */
        FAIL(INVALID_REQUEST, "guard: no Host");
    TRY(target_parse(r->arena, r->target, &r->path, &r->query));
    if (o->locate != NULL)
        o->locate(r, o->context);
    err host = guard_host(r, rules, GUARD_OWN_NAMES);
    if (FAILED(host) && o->names != NULL)
        host = guard_host(r, rules, o->names(r, o->context));
    TRY(host);
    str hop = p->line->proxy ? peer_forwarded(r) : STR_ABSENT; /* RL-04 */
    if (str_present(hop))
        r->peer = hop;
    p->last = str_present(request_header(r, "Transfer-Encoding"));
    return verdict;
}

bool passage_drainable(const struct passage *p)
{
    const struct request *r = &p->x.request;
    uint64_t length;
    if (str_present(request_header(r, "Expect"))) /* its sender waits for a word before the body: this is the word */
        return false;
    return !FAILED(str_u64(request_header(r, "Content-Length"), DRAIN_MAX, &length));
}

static bool body_grow(struct passage *p, size_t kept)
{
    size_t room = p->body_room * 2 < BODY_FIRST ? BODY_FIRST : p->body_room * 2;
    while (room < p->received)
        room *= 2;
    if (p->body == NULL) /* most bodies come in one part */
        room = p->received;
    char *grown = arena_take(p->x.request.arena, room);
    if (grown == NULL)
        return false;
    if (p->body != NULL)
        memcpy(grown, p->body, kept);
    p->body = grown;
    p->body_room = room;
    return true;
}

bool passage_body(struct passage *p, str part, unsigned seconds)
{
    size_t kept = p->received;
    p->received += part.n;
    if (p->received > DRAIN_MAX)
        return false;
    if (clock_monotonic_us() - p->x.request.begun_us > (int64_t)seconds * 1000000) /* IN-10, TE-11 */
        return false;
    if (!p->discard && p->received > HTTP_BODY_MAX) { /* IN-01, TE-11: only a chunked body comes so far */
        p->discard = true;
        p->refusal = ERR(TOO_LARGE, "listen: body too large");
    }
    if (p->discard)
        return true;
    if (p->received > p->body_room && !body_grow(p, kept))
        return false;
    memcpy(p->body + kept, part.p, part.n);
    return true;
}

void passage_whole(struct passage *p)
{
    struct request *r = &p->x.request;
    r->body = p->body == NULL ? STR("") : (str){p->body, p->received};
    r->body_kind = request_body_kind(r);
}
