/* SPDX-License-Identifier: MIT
 * h2: nghttp2's callbacks. A stream is in one list from its first header to its end:
 *
 *   begin_headers ─▶ receiving ─ END_STREAM ─▶ arrived ─┬─ answered at once ────────▶ answering ─ all sent, or reset ─▶ stream_end
 *                     └─ refused: answered before its end, the rest is not read ────▲
 *                                                       └─ h2_answered ────────────▲ (or stream_end, when it was reset meanwhile)
 *
 * 1. A stream that arrived is never freed before it is answered: a reset makes it an orphan. 2. What is done inside a callback never frees
 * what nghttp2 is about to use: streams end in stream_closed alone, or as orphans. */
#include "http/h2.h"

#include <malloc.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "http/connection.h"
#include "http/response.h"
#include "http/stream.h"

#include "base/banned.h"

enum { HEADERS_FIRST = 16 };

struct h2 {
    struct connection *connection;
    nghttp2_session *session;
    struct stream *streams; /* all that nghttp2 has not closed */
    size_t working;         /* arrived and not answered, orphans too */
    size_t held;            /* bytes of bodies whose end has not come */
    int64_t idle_since_us;  /* when the last stream ended, or the session began */
    bool leaving, left;
};

static struct stream *stream_of(nghttp2_session *session, int32_t id)
{
    return id == 0 ? NULL : nghttp2_session_get_stream_user_data(session, id);
}

static void link_stream(struct h2 *h, struct stream *s)
{
    s->following = h->streams;
    if (h->streams != NULL)
        h->streams->preceding = s;
    h->streams = s;
}

static void unlink_stream(struct h2 *h, struct stream *s)
{
    if (s->preceding != NULL)
        s->preceding->following = s->following;
    else
        h->streams = s->following;
    if (s->following != NULL)
        s->following->preceding = s->preceding;
}

static void end_stream_receiving(struct h2 *h, struct stream *s)
{
    if (s->receiving)
        h->held -= s->received;
    s->receiving = false;
}

static void end_stream(struct h2 *h, struct stream *s)
{
    unlink_stream(h, s);
    stream_end(s);
    if (h->streams == NULL)
        h->idle_since_us = h->connection->loop->now_us;
}

/* ---- answers ---- */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t room, uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct stream *s = source->ptr;
    str rest = {s->x.response.body.p + s->sent, s->x.response.body.n - s->sent};
    size_t n = rest.n < room ? rest.n : room;
    (void)session;
    (void)id;
    (void)context;
    memcpy(out, rest.p, n);
    s->sent += n;
    if (n == rest.n)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static nghttp2_nv make_nv_field(str name, str value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)value.p, name.n, value.n, NGHTTP2_NV_FLAG_NONE};
}

static int submit_h2_response(struct h2 *h, struct stream *s)
{
    enum { OWN = 4 };
    const struct response *r = &s->x.response;
    nghttp2_nv fields[sizeof r->headers / sizeof r->headers[0] + OWN];
    size_t n = 0;
    str status = str_format(r->arena, "%d", response_status(r));
    str length = str_format(r->arena, "%zu", r->body.n);
    bool bare = response_bare(r), silent = bare || s->x.request.method == HTTP_HEAD || r->body.n == 0;
    if (!str_present(status) || !str_present(length))
        return NGHTTP2_ERR_NOMEM;
    fields[n++] = make_nv_field(STR(":status"), status);
    fields[n++] = make_nv_field(STR("date"), str_of(loop_date(h->connection->loop)));
    if (str_present(r->content_type))
        fields[n++] = make_nv_field(STR("content-type"), r->content_type);
    if (!bare)
        fields[n++] = make_nv_field(STR("content-length"), length);
    for (size_t i = 0; i < r->header_count; i++)
        fields[n++] = make_nv_field(r->headers[i].name, r->headers[i].value);
    nghttp2_data_provider body = {.source.ptr = s, .read_callback = read_body};
    return nghttp2_submit_response(h->session, s->id, fields, n, silent ? NULL : &body);
}

static void begin_h2_answer(struct h2 *h, struct stream *s)
{
    if (atomic_load_explicit(&h->connection->loop->listener->closing, memory_order_relaxed))
        h2_goodbye(h); /* AV-01 */
    s->since_us = h->connection->loop->now_us;
    s->queued = true;
    if (submit_h2_response(h, s) != 0)
        (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
}

void h2_answered(struct h2 *h, struct stream *s)
{
    h->working--;
    if (!s->orphan)
        begin_h2_answer(h, s);
    else
        end_stream(h, s);
}

static void refuse_h2_stream(struct h2 *h, struct stream *s, err why)
{
    end_stream_receiving(h, s);
    stream_refuse(s, why);
    begin_h2_answer(h, s);
    /* RFC 9113 8.1: the answer counts although the request is not read to its end */
    s->unread = !s->ended && nghttp2_session_get_stream_remote_close(h->session, s->id) == 0;
}

static void dispatch_h2_stream(struct h2 *h, struct stream *s)
{
    end_stream_receiving(h, s);
    h->working++;
    stream_arrive(s);
    if (s->answered)
        h2_answered(h, s);
}

/* ---- requests ---- */

static int begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct h2 *h = context;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (h->working >= H2_STREAMS_MAX) /* streams that were taken back, by whatever trick, still cost their work: RL-06 */
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
    struct stream *s = stream_begin(h->connection);
    if (s == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    s->since_us = h->connection->loop->now_us;
    s->id = frame->hd.stream_id;
    s->minor = 1; /* what HTTP/1.1 asks of a message */
    s->receiving = true;
    link_stream(h, s);
    return nghttp2_session_set_stream_user_data(session, s->id, s);
}

static bool keep_field(struct stream *s, str name, str value)
{
    struct request *r = &s->x.request;
    if (r->header_count > HTTP_HEADER_COUNT_MAX) /* one too many is kept, for guard to see */
        return true;
    if (r->header_count == s->header_room) {
        size_t room = s->header_room == 0 ? HEADERS_FIRST : s->header_room * 2;
        struct http_header *grown = arena_array(r->arena, room, sizeof *grown);
        if (grown == NULL)
            return false;
        if (r->header_count > 0)
            memcpy(grown, r->headers, r->header_count * sizeof *grown);
        r->headers = grown;
        s->header_room = room;
    }
    struct http_header *h = &r->headers[r->header_count];
    *h = (struct http_header){str_dup(r->arena, name), str_trim(str_dup(r->arena, value))};
    if (!str_present(h->name) || !str_present(h->value))
        return false;
    r->header_count++;
    return true;
}

/* RFC 9113 8.2.3: a browser may cut its cookies into several fields, which are one. */
static bool join_cookie(struct stream *s, str value)
{
    enum { ROOM = HTTP_COOKIE_MAX + 2 }; /* one byte more than guard lets pass is seen as too large */
    struct http_header *h = &s->x.request.headers[s->cookie_at - 1];
    if (h->value.n + 2 + value.n > ROOM) {
        s->too_much = true;
        return true;
    }
    if (s->cookie == NULL) {
        s->cookie = arena_take(s->x.request.arena, ROOM);
        if (s->cookie == NULL)
            return false;
        memcpy(s->cookie, h->value.p, h->value.n);
        h->value.p = s->cookie;
    }
    memcpy(s->cookie + h->value.n, "; ", 2);
    if (value.n > 0)
        memcpy(s->cookie + h->value.n + 2, value.p, value.n);
    h->value.n += 2 + value.n;
    return true;
}

static bool keep_cookie(struct stream *s, str value)
{
    if (s->cookie_at > 0)
        return join_cookie(s, value);
    if (value.n > HTTP_COOKIE_MAX) {
        s->too_much = true;
        return true;
    }
    size_t before = s->x.request.header_count;
    bool good = keep_field(s, STR("cookie"), value);
    if (s->x.request.header_count > before) /* else there are too many headers already */
        s->cookie_at = before + 1;
    return good;
}

/* RFC 9113 8.3.1: :authority is Host; who sends both must say the same. */
static bool keep_host(struct stream *s, str value)
{
    str here = request_header(&s->x.request, "host");
    return str_present(here) && str_equal(here, value) ? true : keep_field(s, STR("host"), value);
}

static bool keep_request_field(struct stream *s, str name, str value)
{
    struct request *r = &s->x.request;
    if (str_is(name, ":method"))
        return str_present(r->method_name = str_dup(r->arena, value));
    if (str_is(name, ":path"))
        return str_present(r->target = str_dup(r->arena, value));
    if (str_is(name, ":scheme"))
        return true;
    if (str_is(name, ":authority") || str_is(name, "host"))
        return keep_host(s, value);
    return str_is(name, "cookie") ? keep_cookie(s, value) : keep_field(s, name, value);
}

static int on_header_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_n, const uint8_t *value, size_t value_n,
                           uint8_t flags, void *context)
{
    struct stream *s = stream_of(session, frame->hd.stream_id);
    (void)flags;
    (void)context;
    if (s == NULL || !s->receiving || frame->headers.cat != NGHTTP2_HCAT_REQUEST) /* trailers are read and dropped */
        return 0;
    s->header_bytes += name_n + value_n;
    if (s->header_bytes > HTTP_HEADERS_MAX + HTTP_TARGET_MAX) {
        s->too_much = true;
        return 0;
    }
    str given = {(const char *)name, name_n}, said = {(const char *)value, value_n};
    return keep_request_field(s, given, said) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void judge_stream_head(struct h2 *h, struct stream *s)
{
    err e = s->too_much ? ERR(HEADERS_TOO_LARGE, "h2: headers too large") : stream_judge(s);
    if (FAILED(e))
        refuse_h2_stream(h, s, e);
}

static int frame_taken(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct h2 *h = context;
    struct stream *s = stream_of(session, frame->hd.stream_id);
    if (s == NULL || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    s->ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST && s->receiving)
        judge_stream_head(h, s);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && s->receiving)
        dispatch_h2_stream(h, s);
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t n, void *context)
{
    struct h2 *h = context;
    struct stream *s = stream_of(session, id);
    (void)flags;
    if (s == NULL || !s->receiving)
        return 0;
    if (h->held + n > H2_BODIES_MAX || stream_late(s))
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_ENHANCE_YOUR_CALM);
    size_t before = s->received;
    err e = stream_body(s, (str){(const char *)bytes, n});
    h->held += s->received - before;
    if (FAILED(e))
        refuse_h2_stream(h, s, e);
    return 0;
}

/* The whole answer went: what is left of a request that was refused need not be sent. */
static int frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct stream *s = stream_of(session, frame->hd.stream_id);
    bool last = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    (void)context;
    if (s != NULL && last && s->unread)
        (void)nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    return 0;
}

static int stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    struct h2 *h = context;
    struct stream *s = stream_of(session, id);
    (void)code;
    if (s == NULL)
        return 0;
    end_stream_receiving(h, s);
    (void)nghttp2_session_set_stream_user_data(session, id, NULL);
    if (s->given && !s->answered) {
        s->orphan = true;
        return 0;
    }
    end_stream(h, s);
    return 0;
}

/* ---- a session ---- */

/* nghttp2's memory holds what was sent: authorization fields in its table, above all. What it gives back is wiped. */
static void *allocate_wiped(size_t size, void *ignored)
{
    (void)ignored;
    return malloc(size);
}

static void *take_zeroed(size_t count, size_t size, void *ignored)
{
    (void)ignored;
    return calloc(count, size);
}

static void give_back(void *p, void *ignored)
{
    (void)ignored;
    if (p != NULL)
        explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

static void *take_more(void *p, size_t size, void *ignored)
{
    void *grown = malloc(size);
    if (p == NULL || grown == NULL)
        return grown;
    size_t had = malloc_usable_size(p);
    memcpy(grown, p, had < size ? had : size);
    give_back(p, ignored);
    return grown;
}

static nghttp2_mem wiping = {NULL, allocate_wiped, give_back, take_zeroed, take_more};

static int open_session(struct h2 *h)
{
    static const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX},
                                                      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEADERS_MAX + HTTP_TARGET_MAX}};
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_option *options = NULL;
    int code = nghttp2_session_callbacks_new(&calls);
    if (code == 0 && (code = nghttp2_option_new(&options)) == 0) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(calls, begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(calls, on_header_field);
        nghttp2_session_callbacks_set_on_frame_recv_callback(calls, frame_taken);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data_chunk);
        nghttp2_session_callbacks_set_on_frame_send_callback(calls, frame_sent);
        nghttp2_session_callbacks_set_on_stream_close_callback(calls, stream_closed);
        nghttp2_option_set_stream_reset_rate_limit(options, H2_RESET_BURST, H2_RESET_RATE);
        nghttp2_option_set_max_continuations(options, H2_CONTINUATIONS);
        nghttp2_option_set_max_outbound_ack(options, H2_PING_BACKLOG);
        nghttp2_option_set_no_closed_streams(options, 1);
        code = nghttp2_session_server_new3(&h->session, calls, h, options, &wiping);
    }
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(calls);
    return code == 0 ? nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof settings[0]) : code;
}

struct h2 *h2_begin(struct connection *c)
{
    struct h2 *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->connection = c;
    h->idle_since_us = c->loop->now_us;
    if (open_session(h) == 0)
        return h;
    h2_end(h);
    return NULL;
}

bool h2_read(struct h2 *h, str bytes)
{
    return nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes.p, bytes.n) == (ssize_t)bytes.n;
}

bool h2_write(struct h2 *h, str *bytes)
{
    const uint8_t *p = NULL;
    ssize_t n = nghttp2_session_mem_send(h->session, &p);
    *bytes = n > 0 ? (str){(const char *)p, (size_t)n} : STR("");
    return n >= 0;
}

bool h2_over(const struct h2 *h)
{
    return nghttp2_session_want_read(h->session) == 0 && nghttp2_session_want_write(h->session) == 0 && h->working == 0;
}

void h2_goodbye(struct h2 *h)
{
    if (!h->leaving)
        (void)nghttp2_submit_shutdown_notice(h->session);
    else if (!h->left)
        (void)nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR, NULL, 0);
    h->left = h->leaving;
    h->leaving = true;
}

bool h2_stuck(const struct h2 *h, int64_t before_us)
{
    if (h->streams == NULL)
        return h->idle_since_us < before_us;
    for (const struct stream *s = h->streams; s != NULL; s = s->following)
        if ((s->receiving || s->queued) && s->since_us < before_us)
            return true;
    return false;
}

bool h2_working(const struct h2 *h)
{
    return h->working > 0;
}

void h2_abandon(struct h2 *h)
{
    nghttp2_session_del(h->session); /* calls nobody back */
    h->session = NULL;
    for (struct stream *s = h->streams, *next; s != NULL; s = next) {
        next = s->following;
        s->orphan = s->given && !s->answered;
        if (s->orphan)
            continue;
        unlink_stream(h, s);
        stream_end(s);
    }
}

void h2_end(struct h2 *h)
{
    if (h == NULL)
        return;
    INVARIANT(h->working == 0);
    h2_abandon(h);
    free(h);
}
