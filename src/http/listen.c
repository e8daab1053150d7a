/* SPDX-License-Identifier: MIT
 * listen: the only file that knows libmicrohttpd. It relies on that library for sockets, TLS and the parsing of messages,
 * and on guard, frame and target for not believing it. It promises `arrive` whole, unambiguous requests, and each one answer.
 *
 * A passage is one request on its way; all calls of the library about it come from one event thread:
 *
 *   target_arrived ─► BORN ─head_arrived─► body awaited ─passage_body…─► hand_over ─► ARRIVED ─┬─► ANSWERED ─send─► gone
 *                      │                    │ too large: read, forgotten                       │    ▲ listen_answer
 *                      └─ refuse ─► gone    └─ refuse ─► gone                                  └─► ASLEEP
 *
 * 1. A passage is put to sleep only by its event thread, and only after `arrive` returned without an answer: an inline
 *    answer never sleeps. 2. ARRIVED → ASLEEP and → ANSWERED are atomic exchanges; whoever comes second wakes the
 *    connection. 3. After its exchange, listen_answer touches the passage only if it was ASLEEP, for then nobody else runs it;
 *    the listener lives, because listen_close waits for `waking` and `asleep`. 4. The library never ends a sleeping passage
 *    (it watches no sleeping socket). 5. A passage that the library forgets (it does, when cookies do not fit its pool) is
 *    found again through its line.
 *
 * The library's strict mode stays off: it would close silently on a space in the target, and send the head of its page twice
 * when Host is missing; frame, target and guard refuse both, and more, in our own shape. What the library still answers by
 * itself before anybody is asked, in a bare HTML sentence without name or version, closing the connection: a line without a
 * colon, a major version other than 1, a malformed or absurd Content-Length (its head comes twice then), bad chunks, and
 * heads that do not fit HEAD_ROOM (414, 431). A list of thousands of cookies that does not fit is closed without words.
 *
 * Chunked bodies end their connection: the library's reading of chunk lines is lenient (a bare LF passes) and invisible to
 * us, so no second message may follow where a proxy could have seen another end of the first (IN-02). */
#include "http/listen.h"
#include "http/certificate.h"
#include "http/crowd.h"
#include "http/doors.h"
#include "http/passage.h"
#include "http/request.h"
#include "http/seat.h"
#include "http/secure.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

enum {
    HEAD_ROOM = 64 * 1024, /* the library's memory of a connection: target, headers, 64 bytes for each header and cookie */
    REAP_FACTOR = 2,       /* a head may take one idle span of keep-alive and one of its own */
};

enum state { BORN, ARRIVED, ASLEEP, ANSWERED };

/* What may be changed while listening, and is read whole. */
struct names {
    struct guard_rules rules;
    struct peer_list proxies;
};

struct listener {
    struct listen_options options;
    struct arena *arena; /* the listener's own lifetime */
    struct doors doors;
    const struct names *_Atomic names;
    struct secure *secure; /* NULL: plain */
    struct reaper *reaper;
    struct MHD_Daemon *daemons[DOORS_MAX];
    atomic_bool closing;
    atomic_size_t asleep; /* put to sleep and not yet run again */
    atomic_size_t waking; /* inside listen_answer */
    atomic_size_t inside; /* arrived or refused and not yet gone */
};

static _Thread_local struct passage *arriving;

static void passage_end(struct passage *p)
{
    struct listener *l = p->line->listener;
    INVARIANT(atomic_load(&p->x.state) != ASLEEP);
    if (p->slept)
        atomic_fetch_sub(&l->asleep, 1);
    p->line->passage = NULL;
    bool given = p->given;
    if (given)
        l->options.gone(&p->x, l->options.context);
    seat_give(p->x.request.arena);
    if (given)
        atomic_fetch_sub(&l->inside, 1);
}

static void *target_arrived(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct listener *l = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct line *line = info == NULL ? NULL : info->socket_context;
    if (line == NULL)
        return NULL;
    if (line->passage != NULL)
        passage_end(line->passage);
    line->passage = passage_begin(line, str_of(uri), l->options.secure);
    if (line->passage != NULL)
        line->passage->x.connection = connection;
    return line->passage;
}

/* The library looks for escapes in what we never use. */
static size_t nothing_unescaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static bool headers_add(struct MHD_Response *m, const struct passage *p)
{
    const struct response *r = &p->x.response;
    bool good = true;
    if (str_present(r->content_type))
        good = MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE, r->content_type.p) == MHD_YES;
    for (size_t i = 0; good && i < r->header_count; i++)
        good = MHD_add_response_header(m, r->headers[i].name.p, r->headers[i].value.p) == MHD_YES;
    if (good && (p->last || atomic_load_explicit(&p->line->listener->closing, memory_order_relaxed)))
        good = MHD_add_response_header(m, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
    return good;
}

static enum MHD_Result send_response(struct passage *p)
{
    const struct response *r = &p->x.response;
    void *bytes = (void *)(uintptr_t)r->body.p; /* the library takes it for writable, and only reads */
    struct MHD_Response *m = MHD_create_response_from_buffer(r->body.n, bytes, MHD_RESPMEM_PERSISTENT);
    if (m == NULL)
        return MHD_NO;
    unsigned status = r->status >= 200 && r->status <= 599 ? (unsigned)r->status : MHD_HTTP_INTERNAL_SERVER_ERROR;
    enum MHD_Result sent = headers_add(m, p) ? MHD_queue_response(p->x.connection, status, m) : MHD_NO;
    MHD_destroy_response(m);
    return sent;
}

static enum MHD_Result refuse(struct passage *p, err why)
{
    struct listener *l = p->line->listener;
    p->given = p->last = true;
    atomic_fetch_add(&l->inside, 1);
    p->x.response.refused = why;
    l->options.refused(&p->x, why, l->options.context);
    atomic_store(&p->x.state, ANSWERED);
    return send_response(p);
}

static enum MHD_Result hand_over(struct passage *p)
{
    struct listener *l = p->line->listener;
    p->given = true;
    atomic_fetch_add_explicit(&l->inside, 1, memory_order_relaxed);
    atomic_store_explicit(&p->x.state, ARRIVED, memory_order_relaxed); /* whoever passes it to a thread orders it */
    arriving = p;
    l->options.arrive(&p->x, l->options.context);
    arriving = NULL;
    if (atomic_load_explicit(&p->x.state, memory_order_acquire) == ANSWERED)
        return send_response(p);
    p->slept = true;
    atomic_fetch_add(&l->asleep, 1);
    MHD_suspend_connection(p->x.connection);
    int expected = ARRIVED;
    if (!atomic_compare_exchange_strong(&p->x.state, &expected, ASLEEP))
        MHD_resume_connection(p->x.connection); /* answered meanwhile */
    return MHD_YES;
}

void listen_answer(struct exchange *x)
{
    struct passage *p = (struct passage *)x;
    if (p == arriving) {
        atomic_store_explicit(&x->state, ANSWERED, memory_order_relaxed);
        return;
    }
    struct listener *l = p->line->listener;
    struct MHD_Connection *connection = x->connection;
    atomic_fetch_add(&l->waking, 1);
    if (atomic_exchange(&x->state, ANSWERED) == ASLEEP)
        MHD_resume_connection(connection);
    atomic_fetch_sub(&l->waking, 1); /* the last touch: listen_close may be waiting for it */
}

struct fields {
    struct http_header *headers;
    size_t count, room;
};

static enum MHD_Result field_taken(void *context, enum MHD_ValueKind kind, const char *name, size_t name_n, const char *value,
                                   size_t value_n)
{
    struct fields *f = context;
    (void)kind;
    if (f->count == f->room)
        return MHD_NO;
    str trimmed = str_trim((str){value, value == NULL ? 0 : value_n}); /* RFC 9112 5.1 */
    f->headers[f->count++] = (struct http_header){{name, name_n}, trimmed};
    return MHD_YES;
}

/* Borrows the library's bytes: they stay until the request is completed. One header too many is kept, for guard to see. */
static fallible fields_take(struct passage *p)
{
    struct request *r = &p->x.request;
    int all = MHD_get_connection_values_n(p->x.connection, MHD_HEADER_KIND, NULL, NULL);
    struct fields f = {NULL, 0, all < 0 ? 0 : (size_t)all};
    if (f.room > HTTP_HEADER_COUNT_MAX + 1)
        f.room = HTTP_HEADER_COUNT_MAX + 1;
    if (f.room > 0 && (f.headers = arena_array(r->arena, f.room, sizeof(*f.headers))) == NULL)
        FAIL(UNAVAILABLE, "listen: no memory");
    if (f.room > 0)
        MHD_get_connection_values_n(p->x.connection, MHD_HEADER_KIND, field_taken, &f);
    r->headers = f.headers;
    r->header_count = f.count;
    return OK;
}

/* The library's TLS session of a connection; NULL: plain. */
static void *session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == NULL ? NULL : info->tls_session;
}

/* Behind a trusted proxy its header alone speaks for the client, and silence means none: what the proxy shows of its own is not the
 * client's (CA-12). Without such a proxy the peer of this connection is the client. */
static fallible certificate_take(struct passage *p)
{
    const struct listen_options *o = &p->line->listener->options;
    struct request *r = &p->x.request;
    if (p->line->proxy && str_filled(o->certificate_header))
        return certificate_of_header(r, o->certificate_header, &r->certificate);
    void *session = o->ask_certificate ? session_of(p->x.connection) : NULL;
    str shown = session == NULL ? STR_ABSENT : secure_peer(session);
    if (!str_present(shown))
        return OK;
    r->certificate = str_dup(r->arena, shown);
    if (!str_present(r->certificate))
        FAIL(UNAVAILABLE, "listen: no memory");
    return OK;
}

static fallible head_check(struct passage *p, const char *method, const char *version)
{
    struct request *r = &p->x.request;
    r->method_name = str_of(method);
    r->method = request_method(r->method_name);
    TRY(fields_take(p));
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(p->x.connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info == NULL)
        FAIL(SERVER_ERROR, "listen: the library does not tell the size of the head");
    struct frame f = {{method, info->header_size}, r->method_name, p->target, str_of(version), r->headers, r->header_count};
    TRY(passage_head(p, &f, &p->line->listener->options, &atomic_load(&p->line->listener->names)->rules));
    return certificate_take(p);
}

static enum MHD_Result head_arrived(struct passage *p, const char *method, const char *version)
{
    p->head_seen = true;
    atomic_store_explicit(&p->line->mark.since_us, 0, memory_order_relaxed);
    err e = head_check(p, method, version);
    if (!FAILED(e))
        return MHD_YES;
    if (e.kind != ERR_TOO_LARGE || !passage_drainable(p))
        return refuse(p, e); /* an answer before the body closes the connection */
    p->discard = true;
    p->refusal = e;
    return MHD_YES;
}

/* Called when the head is there, for each part of a body, when the request is whole, and again after each waking. */
static enum MHD_Result handler(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *upload, size_t *upload_size, void **slot)
{
    struct passage *p = *slot;
    (void)context;
    (void)connection;
    (void)url;
    if (p == NULL)
        return MHD_NO;
    if (!p->head_seen)
        return head_arrived(p, method, version);
    if (*upload_size > 0) {
        str part = {upload, *upload_size};
        *upload_size = 0;
        return passage_body(p, part, p->line->listener->options.idle_seconds) ? MHD_YES : MHD_NO;
    }
    if (p->discard)
        return refuse(p, p->refusal);
    if (!p->slept) {
        passage_whole(p);
        return hand_over(p);
    }
    INVARIANT(atomic_load(&p->x.state) == ANSWERED);
    p->slept = false;
    atomic_fetch_sub(&p->line->listener->asleep, 1);
    return send_response(p);
}

static void completed(void *context, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode how)
{
    struct passage *p = *slot;
    (void)context;
    (void)connection;
    (void)how;
    *slot = NULL;
    if (p == NULL)
        return;
    atomic_store_explicit(&p->line->mark.since_us, clock_monotonic_us(), memory_order_relaxed);
    passage_end(p);
}

static struct line *line_taken(struct listener *l, struct MHD_Connection *connection)
{
    struct line *line = seat_here(l->options.thread_begins) ? calloc(1, sizeof(*line)) : NULL;
    if (line == NULL)
        return NULL;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    line->listener = l;
    peer_of_socket(info == NULL ? NULL : info->client_addr, &line->address);
    peer_write(&line->address, line->peer);
    line->proxy = peer_listed(&atomic_load(&l->names)->proxies, &line->address);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    line->mark.fd = info == NULL ? -1 : info->connect_fd;
    atomic_store_explicit(&line->mark.since_us, clock_monotonic_us(), memory_order_relaxed);
    reaper_watch(l->reaper, &line->mark);
    line->counted = !line->proxy;
    if (line->counted)
        crowd_enter(&line->address);
    return line;
}

static void line_changed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_ConnectionNotificationCode what)
{
    struct listener *l = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = line_taken(l, connection);
        void *session = l->secure == NULL ? NULL : session_of(connection);
        if (session != NULL)
            secure_begin(l->secure, session, l->options.ask_certificate);
        return;
    }
    struct line *line = *slot;
    if (line == NULL)
        return;
    *slot = NULL;
    reaper_forget(l->reaper, &line->mark);
    if (line->counted)
        crowd_leave(&line->address);
    if (line->passage != NULL)
        passage_end(line->passage);
    free(line);
}

/* While closing nobody is let in. MHD_quiesce_daemon would refuse them in the kernel, but in this library it races with the event threads
 * over the socket's place in their epoll sets, and the loser ends the process. */
static enum MHD_Result admit(void *context, const struct sockaddr *peer, socklen_t size)
{
    struct listener *l = context;
    struct in6_addr address;
    (void)size;
    peer_of_socket(peer, &address);
    if (atomic_load_explicit(&l->closing, memory_order_relaxed))
        return MHD_NO;
    return peer_listed(&atomic_load(&l->names)->proxies, &address) || crowd_admits(&address) ? MHD_YES : MHD_NO; /* RL-06 */
}

static fallible daemon_start(struct listener *l, size_t door)
{
    const struct listen_options *o = &l->options;
    bool tls = l->secure != NULL, pool = o->threads > 1;
    int socket = fcntl(l->doors.fds[door], F_DUPFD_CLOEXEC, 0); /* the library closes the one that it is given */
    if (socket < 0)
        FAIL(UNAVAILABLE, "listen: no descriptor for the HTTP library");
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_LISTEN_SOCKET, socket, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_ROOM, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)o->idle_seconds, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 0, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)target_arrived, l},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)nothing_unescaped, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)line_changed, l},
        {pool ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, pool ? (intptr_t)o->threads : 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem secured[] = {
        {tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, secure_retriever()},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)secure_priorities},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0U);
    l->daemons[door] = MHD_start_daemon(flags, 0, admit, l, handler, NULL, MHD_OPTION_ARRAY, secured, MHD_OPTION_ARRAY, items,
                                        MHD_OPTION_END);
    if (l->daemons[door] == NULL) /* the library may have closed the socket: it is left to the end of the process */
        FAIL(UNAVAILABLE, "listen: the HTTP library does not start (descriptors or memory)");
    return OK;
}

static fallible listener_fill(struct listener *l, const struct listen_options *options)
{
    l->options = *options;
    if (options->idle_seconds == 0)
        l->options.idle_seconds = HTTP_IDLE_SECONDS;
    if (str_present(options->certificate_pem))
        TRY(secure_open(options->certificate_pem, options->key_pem, &l->secure));
    TRY(listen_names(l, l->arena, &options->rules, options->trusted_proxies));
    TRY(reaper_open(l->options.idle_seconds * REAP_FACTOR, &l->reaper));
    TRY(doors_open(options->host, options->port, &l->doors));
    for (size_t i = 0; i < l->doors.count; i++)
        TRY(daemon_start(l, i));
    return OK;
}

fallible listen_names(struct listener *l, struct arena *a, const struct guard_rules *rules, str trusted_proxies)
{
    struct names *fresh = ARENA_NEW(a, struct names);
    if (fresh == NULL)
        FAIL(UNAVAILABLE, "listen: no memory");
    fresh->rules = *rules;
    TRY(peer_list_parse(a, trusted_proxies, &fresh->proxies));
    atomic_store(&l->names, fresh);
    return OK;
}

fallible listen_judge(str certificate_pem, str key_pem)
{
    struct secure *s = NULL;
    TRY(secure_open(certificate_pem, key_pem, &s));
    secure_close(s);
    return OK;
}

fallible listen_certificate(struct listener *l, str certificate_pem, str key_pem)
{
    return l->secure == NULL ? OK : secure_change(l->secure, certificate_pem, key_pem);
}

fallible listen_open(const struct listen_options *options, struct listener **out)
{
    struct arena *a = arena_new(1 << 20);
    struct listener *l = a == NULL ? NULL : ARENA_NEW(a, struct listener);
    if (l == NULL) {
        arena_release(a);
        FAIL(UNAVAILABLE, "listen: no memory");
    }
    l->arena = a;
    err e = listener_fill(l, options);
    if (FAILED(e)) {
        listen_close(l);
        return e;
    }
    *out = l;
    return OK;
}

uint16_t listen_port(const struct listener *l)
{
    return l->doors.port;
}

void listen_quiesce(struct listener *l)
{
    atomic_store(&l->closing, true); /* admit */
}

size_t listen_connections(const struct listener *l)
{
    size_t sum = 0;
    for (size_t i = 0; i < l->doors.count; i++) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemons[i], MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        sum += info == NULL ? 0 : info->num_connections;
    }
    return sum;
}

/* Once, at the end of the process's life: looking every millisecond keeps all locks out of the way of requests. */
static void wait_for_none(atomic_size_t *count, int64_t until_us)
{
    while (atomic_load(count) > 0 && clock_monotonic_us() < until_us)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
}

void listen_close(struct listener *l)
{
    if (l == NULL)
        return;
    listen_quiesce(l);
    wait_for_none(&l->asleep, INT64_MAX); /* the library must not be stopped over sleeping connections */
    wait_for_none(&l->waking, INT64_MAX);
    wait_for_none(&l->inside, clock_monotonic_us() + (int64_t)l->options.idle_seconds * 1000000);
    for (size_t i = 0; i < l->doors.count; i++)
        if (l->daemons[i] != NULL)
            MHD_stop_daemon(l->daemons[i]);
    secure_close(l->secure);
    doors_close(&l->doors);
    reaper_close(l->reaper);
    arena_release(l->arena);
}
