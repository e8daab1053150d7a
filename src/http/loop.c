/* SPDX-License-Identifier: MIT
 * loop: a turn takes what epoll tells, then who had to wait for a turn, then the answers that came from elsewhere, then what is overdue; so a
 * connection is freed by its own event or when no event is left. Events are edges: a connection costs one epoll_ctl in its life. All deadlines of one list are
 * equally far away, so the list is in their order, and a sign of life is a move to its end.
 *
 * Request ids name log lines; they are spread from a random start by a bijection (Steele, Lea, Flood: SplitMix), so that they do not repeat
 * and tell nobody how many requests there are. They are no credential, and cost no system call. */
#include "http/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "http/connection.h"
#include "http/crowd.h"
#include "http/h2.h"
#include "http/stream.h"

#include "base/banned.h"

enum {
    EVENTS = 256,      /* of one turn */
    ACCEPTS = 64,      /* of one turn and door */
    AWAIT_FACTOR = 2,  /* a head may take one idle span of keep-alive and one of its own */
    PAUSE_US = 100000, /* without descriptors or places: until somebody is let in again */
};

/* ---- lists in the order of time ---- */

static void list_begin(struct loop_link *list)
{
    list->next = list->previous = list;
}

void loop_forget(struct loop_link *link)
{
    if (link->next == NULL)
        return;
    link->next->previous = link->previous;
    link->previous->next = link->next;
    link->next = link->previous = NULL;
}

void loop_touch(struct loop *l, struct loop_link *list, struct loop_link *link)
{
    link->since_us = l->now_us;
    if (list->previous == link)
        return;
    loop_forget(link);
    link->next = list;
    link->previous = list->previous;
    list->previous->next = link;
    list->previous = link;
}

/* ---- what is kept ---- */

struct arena *loop_arena(struct loop *l)
{
    return l->arena_count > 0 ? l->arenas[--l->arena_count] : arena_new(HTTP_ARENA_MAX);
}

void loop_arena_back(struct loop *l, struct arena *a)
{
    if (l->arena_count == LOOP_ARENAS) {
        arena_release(a);
        return;
    }
    arena_reset(a);
    l->arenas[l->arena_count++] = a;
}

char *loop_buffer(struct loop *l)
{
    return l->buffer_count > 0 ? l->buffers[--l->buffer_count] : malloc(LOOP_BUFFER_SIZE);
}

void loop_buffer_back(struct loop *l, char *buffer)
{
    if (l->buffer_count == LOOP_BUFFERS)
        free(buffer);
    else
        l->buffers[l->buffer_count++] = buffer;
}

void loop_id(struct loop *l, char id[17])
{
    uint8_t bytes[8];
    uint64_t v = l->id += 0x9e3779b97f4a7c15U;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9U;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebU;
    v ^= v >> 31;
    memcpy(bytes, &v, sizeof bytes);
    ascii_hex_write(id, bytes);
    ascii_hex_write(id + 8, bytes + 4);
    id[16] = '\0';
}

const char *loop_date(struct loop *l)
{
    static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    unix_time now = clock_now();
    char t[CLOCK_TEXT_SIZE]; /* 2026-11-22T03:00:00Z */
    if (now == l->date_of)
        return l->date;
    clock_write(now, t);
    size_t day = (size_t)(now / 86400 % 7) * 3, month = (size_t)((t[5] - '0') * 10 + t[6] - '0' - 1) * 3;
    if (t[0] == '\0' || now < 0 || month > sizeof months - 4)
        return "Thu, 01 Jan 1970 00:00:00 GMT"; /* a clock beyond all calendars */
    char *p = l->date;
    memcpy(p, days + day, 3);
    memcpy(p + 3, ", ", 2);
    memcpy(p + 5, t + 8, 2);
    p[7] = ' ';
    memcpy(p + 8, months + month, 3);
    p[11] = ' ';
    memcpy(p + 12, t, 4);
    p[16] = ' ';
    memcpy(p + 17, t + 11, 8);
    memcpy(p + 25, " GMT", 5);
    l->date_of = now;
    return l->date;
}

int64_t loop_idle_us(const struct loop *l)
{
    return (int64_t)l->listener->options.idle_seconds * 1000000;
}

/* ---- events ---- */

bool loop_watch(struct loop *l, struct loop_mark *mark, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = mark};
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, mark->fd, &e) == 0 || errno == EEXIST;
}

static bool watch_doors(struct loop *l)
{
    bool good = true;
    for (size_t i = 0; i < l->listener->doors.count; i++) {
        l->doors[i] = (struct loop_mark){LOOP_DOOR, l->listener->doors.fds[i]};
        good = loop_watch(l, &l->doors[i], EPOLLIN | (l->listener->loop_count > 1 ? EPOLLEXCLUSIVE : 0U)) && good;
    }
    return good;
}

static void pause_accepting(struct loop *l)
{
    for (size_t i = 0; l->paused_us == 0 && i < l->listener->doors.count; i++)
        (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->doors[i].fd, NULL);
    l->paused_us = l->now_us;
}

static size_t count_loop_places(const struct loop *l)
{
    return l->listener->places / l->listener->loop_count;
}

static void resume_accepting(struct loop *l)
{
    if (l->paused_us == 0 || l->now_us - l->paused_us < PAUSE_US)
        return;
    l->paused_us = l->now_us;
    if (atomic_load_explicit(&l->connections, memory_order_relaxed) < count_loop_places(l) && watch_doors(l))
        l->paused_us = 0;
}

void loop_turned_away(const struct loop *l, const char *peer, err why)
{
    const struct listen_options *o = &l->listener->options;
    if (o->turned_away != NULL)
        o->turned_away(peer, why, o->context);
}

/* While closing nobody is let in: who waits at a door that stays open without us is left to the next who accepts there. */
static bool may_admit_address(const struct loop *l, const struct in6_addr *address)
{
    const struct listener *listener = l->listener;
    if (!listener->doors.kept && atomic_load_explicit(&listener->closing, memory_order_relaxed))
        return false;
    bool trusted = peer_listed(&atomic_load(&listener->names)->proxies, address);
    if (listener->options.proxied && !trusted) { /* what it would say of itself is worth nothing */
        char peer[PEER_TEXT];
        peer_write(address, peer);
        loop_turned_away(l, peer, ERR(INVALID_REQUEST, "listen: trusted proxies alone may connect here"));
        return false;
    }
    return trusted || crowd_admits(address); /* RL-06 */
}

static bool leaves_waiting(const struct listener *l)
{
    return l->doors.kept && (!atomic_load(&l->admitting) || atomic_load_explicit(&l->closing, memory_order_relaxed));
}

static void accept_some(struct loop *l, int door)
{
    for (int i = 0; i < ACCEPTS; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_in6 room;
        } from;
        socklen_t size = sizeof from;
        struct in6_addr address;
        if (atomic_load_explicit(&l->connections, memory_order_relaxed) >= count_loop_places(l) || leaves_waiting(l->listener)) {
            pause_accepting(l);
            return;
        }
        int fd = accept4(door, &from.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(l);
            return;
        }
        peer_of_socket(&from.any, &address);
        if (!may_admit_address(l, &address) || !connection_begin(l, fd, &address))
            close(fd);
    }
}

static void dispatch_loop_event(struct loop *l, const struct epoll_event *e)
{
    struct loop_mark *mark = e->data.ptr;
    uint64_t ignored;
    switch (mark->kind) {
    case LOOP_DOOR:
        if (l->paused_us == 0)
            accept_some(l, mark->fd);
        return;
    case LOOP_WAKE:
        (void)!read(mark->fd, &ignored, sizeof ignored);
        return;
    case LOOP_CONNECTION:
    default:
        connection_event((struct connection *)mark, e->events);
    }
}

static void deliver_answers(struct loop *l)
{
    struct stream *last = atomic_exchange(&l->answered, NULL), *first = NULL;
    while (last != NULL) { /* the first that was answered comes first */
        struct stream *next = last->next;
        last->next = first;
        first = last;
        last = next;
    }
    while (first != NULL) {
        struct stream *next = first->next;
        connection_answered(first);
        first = next;
    }
}

void loop_answer(struct loop *l, struct stream *newest, struct stream *oldest)
{
    struct stream *head = atomic_load(&l->answered);
    uint64_t one = 1;
    do
        oldest->next = head;
    while (!atomic_compare_exchange_weak(&l->answered, &head, newest));
    if (head == NULL) /* else somebody woke it, and it has not looked yet */
        (void)!write(l->wake.fd, &one, sizeof one);
}

static struct connection *find_overdue_connection(const struct loop *l, const struct loop_link *list, int64_t span_us)
{
    struct loop_link *oldest = list->next;
    if (oldest == list || l->now_us - oldest->since_us <= span_us)
        return NULL;
    return list == &l->quiet ? connection_of_quiet(oldest) : connection_of_awaited(oldest);
}

static void close_overdue_connections(struct loop *l)
{
    int64_t idle_us = loop_idle_us(l);
    for (struct connection *c; (c = find_overdue_connection(l, &l->quiet, idle_us)) != NULL;)
        connection_close(c);
    for (struct connection *c; (c = find_overdue_connection(l, &l->awaited, idle_us * AWAIT_FACTOR)) != NULL;) {
        if (c->state == CONNECTION_H2 && !h2_stuck(c->h2, l->now_us - idle_us * AWAIT_FACTOR))
            loop_touch(l, &l->awaited, &c->awaited);
        else
            connection_close(c);
    }
}

/* Those of earlier turns: whoever comes again in this one waits for the next. */
static void run_again(struct loop *l)
{
    for (struct loop_link *link; (link = l->again.next) != &l->again && link->since_us != l->now_us;) {
        loop_forget(link);
        connection_event(connection_of_again(link), 0);
    }
}

/* Milliseconds until something is overdue; -1: nothing will be. */
static int compute_loop_timeout(const struct loop *l)
{
    int64_t idle_us = loop_idle_us(l), next = INT64_MAX, now = l->now_us; /* of this turn: nobody is hurt by what it took */
    if (l->again.next != &l->again)
        return 0;
    if (l->quiet.next != &l->quiet)
        next = l->quiet.next->since_us + idle_us;
    if (l->awaited.next != &l->awaited && l->awaited.next->since_us + idle_us * AWAIT_FACTOR < next)
        next = l->awaited.next->since_us + idle_us * AWAIT_FACTOR;
    if (l->paused_us != 0 && l->paused_us + PAUSE_US < next)
        next = l->paused_us + PAUSE_US;
    if (next == INT64_MAX)
        return -1;
    return next <= now ? 1 : (int)((next - now) / 1000 + 1);
}

static void *run_loop_thread(void *context)
{
    struct loop *l = context;
    struct epoll_event events[EVENTS];
    (void)pthread_setname_np(pthread_self(), "http");
    if (l->listener->options.thread_begins != NULL)
        l->listener->options.thread_begins();
    while (!atomic_load_explicit(&l->stopping, memory_order_relaxed)) {
        int n = epoll_wait(l->epoll, events, EVENTS, compute_loop_timeout(l));
        l->now_us = clock_monotonic_us();
        for (int i = 0; i < n; i++)
            dispatch_loop_event(l, &events[i]);
        run_again(l);
        deliver_answers(l);
        close_overdue_connections(l);
        resume_accepting(l);
    }
    deliver_answers(l);
    while (l->quiet.next != &l->quiet)
        connection_close(connection_of_quiet(l->quiet.next));
    return NULL;
}

static bool begin_thread(struct loop *l)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    l->running = pthread_create(&l->thread, NULL, run_loop_thread, l) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return l->running;
}

fallible loop_open(struct loop *l, struct listener *listener)
{
    l->listener = listener;
    l->now_us = clock_monotonic_us();
    list_begin(&l->quiet);
    list_begin(&l->awaited);
    list_begin(&l->again);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = (struct loop_mark){LOOP_WAKE, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (l->epoll < 0 || l->wake.fd < 0 || getrandom(&l->id, sizeof l->id, 0) != (ssize_t)sizeof l->id)
        FAIL(UNAVAILABLE, "listen: no descriptors for an event thread");
    if (!loop_watch(l, &l->wake, EPOLLIN) || !watch_doors(l) || !begin_thread(l))
        FAIL(UNAVAILABLE, "listen: no event thread");
    return OK;
}

void loop_close(struct loop *l)
{
    const uint64_t one = 1;
    if (l->listener == NULL)
        return;
    atomic_store(&l->stopping, true);
    if (l->running) {
        (void)!write(l->wake.fd, &one, sizeof one);
        (void)pthread_join(l->thread, NULL);
    }
    while (l->arena_count > 0)
        arena_release(l->arenas[--l->arena_count]);
    while (l->buffer_count > 0)
        free(l->buffers[--l->buffer_count]);
    if (l->epoll >= 0)
        close(l->epoll);
    if (l->wake.fd >= 0)
        close(l->wake.fd);
}
