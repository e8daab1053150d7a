/* SPDX-License-Identifier: MIT
 * listen: a listener's life, and the way in for answers. What happens between is the matter of loop (one thread), connection (one peer) and
 * stream (one request).
 *
 * An answer that comes while `arrive` runs on this very thread needs no waking. Any other is put on its loop's list, after which the caller
 * touches the stream no more; the loop lives, for listen_close waits until nobody is inside listen_answer. */
#include "http/listen.h"

#include <sys/resource.h>
#include <time.h>

#include "http/connection.h"
#include "http/crowd.h"
#include "http/stream.h"

#include "base/banned.h"

enum { TOGETHER_MAX = 32 };
static _Thread_local struct {
    bool on;
    size_t count;
    struct stream *newest;
} gathered;

/* As many connections as there are descriptors for, less those that the rest of the process needs: else the last ones would be taken from the
 * database, and an address's share would be reckoned of places that are not there (RL-06). */
static size_t count_places(void)
{
    enum { REST = 256, LEAST = 64 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return LEAST;
    const struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur - REST > HTTP_CONNECTIONS_MAX)
        return HTTP_CONNECTIONS_MAX;
    return limit.rlim_cur > REST + LEAST ? (size_t)limit.rlim_cur - REST : LEAST;
}

static fallible fill_listener(struct listener *l, const struct listen_options *options)
{
    l->options = *options;
    if (options->idle_seconds == 0)
        l->options.idle_seconds = HTTP_IDLE_SECONDS;
    if (options->pairs.count > 0)
        TRY(secure_open(&options->pairs, options->ask_certificate, &l->secure));
    TRY(listen_names(l, l->arena, &options->rules, options->trusted_proxies));
    TRY(doors_open(&(struct doors_wish){options->host, options->port, options->mode, options->group}, &l->doors));
    size_t count = options->threads == 0 ? 1 : options->threads;
    l->places = count_places();
    crowd_places((int64_t)l->places);
    l->loops = arena_array(l->arena, count, sizeof *l->loops);
    if (l->loops == NULL)
        FAIL(UNAVAILABLE, "listen: no memory");
    l->loop_count = count;
    for (size_t i = 0; i < count; i++)
        TRY(loop_open(&l->loops[i], l));
    return OK;
}

fallible listen_names(struct listener *l, struct arena *a, const struct guard_rules *rules, str trusted_proxies)
{
    struct listener_names *fresh = ARENA_NEW(a, struct listener_names);
    if (fresh == NULL)
        FAIL(UNAVAILABLE, "listen: no memory");
    fresh->rules = *rules;
    TRY(peer_list_parse(a, trusted_proxies, &fresh->proxies));
    atomic_store(&l->names, fresh);
    return OK;
}

fallible listen_judge(const struct listen_pairs *pairs)
{
    struct secure *s = NULL;
    TRY(secure_open(pairs, false, &s));
    secure_close(s);
    return OK;
}

fallible listen_certificates(struct listener *l, const struct listen_pairs *pairs)
{
    return l->secure == NULL ? OK : secure_change(l->secure, pairs);
}

fallible listen_open(const struct listen_options *options, struct listener **out)
{
    struct arena *a = arena_new(4 << 20);
    struct listener *l = a == NULL ? NULL : ARENA_NEW(a, struct listener);
    if (l == NULL) {
        arena_release(a);
        FAIL(UNAVAILABLE, "listen: no memory");
    }
    l->arena = a;
    err e = fill_listener(l, options);
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

static void answer_on_loop(struct loop *loop, struct stream *newest, struct stream *oldest)
{
    struct listener *l = loop->listener;
    atomic_fetch_add(&l->waking, 1);
    loop_answer(loop, newest, oldest);
    atomic_fetch_sub(&l->waking, 1); /* the last touch: listen_close may be waiting for it */
}

/* Of the newest's loop; the others are left. */
static void hand_over_gathered(void)
{
    struct loop *loop = gathered.newest->connection->loop;
    struct stream *newest = NULL, *left = NULL, **mine = &newest, **other = &left, *oldest = NULL;
    for (struct stream *s = gathered.newest; s != NULL; s = s->next) {
        bool here = s->connection->loop == loop;
        struct stream ***end = here ? &mine : &other;
        **end = s;
        *end = &s->next;
        oldest = here ? s : oldest;
    }
    *other = NULL;
    gathered.newest = left;
    answer_on_loop(loop, newest, oldest);
}

void listen_answer_together(bool begins)
{
    gathered.on = begins;
    gathered.count = 0;
    while (gathered.newest != NULL)
        hand_over_gathered();
}

void listen_answer(struct exchange *x)
{
    struct stream *s = (struct stream *)x;
    if (s == stream_arriving()) {
        s->answered = true;
        return;
    }
    if (!gathered.on) {
        answer_on_loop(s->connection->loop, s, s);
        return;
    }
    s->next = gathered.newest;
    gathered.newest = s;
    if (++gathered.count == TOGETHER_MAX) /* the first of them have waited long enough */
        listen_answer_together(true);
}

void listen_admit(struct listener *l)
{
    atomic_store(&l->admitting, true);
}

void listen_quiesce(struct listener *l)
{
    atomic_store(&l->closing, true);
}

size_t listen_connections(const struct listener *l)
{
    size_t sum = 0;
    for (size_t i = 0; i < l->loop_count; i++)
        sum += atomic_load(&l->loops[i].connections);
    return sum;
}

/* Once, at the end of the process's life: looking every millisecond keeps all locks out of the way of requests. */
static void wait_for_none(const atomic_size_t *count)
{
    while (atomic_load(count) > 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
}

void listen_close(struct listener *l)
{
    if (l == NULL)
        return;
    listen_quiesce(l);
    wait_for_none(&l->inside); /* whoever reads its answer too slowly is ended by the deadline of its connection */
    wait_for_none(&l->waking);
    for (size_t i = 0; i < l->loop_count; i++)
        loop_close(&l->loops[i]);
    secure_close(l->secure);
    doors_close(&l->doors);
    arena_release(l->arena);
}
