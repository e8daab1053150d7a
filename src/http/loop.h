/* SPDX-License-Identifier: MIT
 * loop: one event thread: its epoll set, its connections in the order of their deadlines, the answers that other threads left for it, and
 * what it keeps for itself: arenas and buffers that wait for the next request, and the source of request ids. But for the list of
 * answers nothing here is shared, so nothing here is locked. Private to http. */
#ifndef JETON_HTTP_LOOP_H
#define JETON_HTTP_LOOP_H
#include "http/doors.h"
#include "http/listen.h"
#include "http/peer.h"
#include "http/secure.h"
#include <pthread.h>

struct connection;
struct loop;
struct stream;

/* What may be changed while listening, and is read whole. */
struct listener_names {
    struct guard_rules rules;
    struct peer_list proxies;
};
struct listener {
    struct listen_options options;
    struct arena *arena; /* the listener's own lifetime */
    struct doors doors;
    const struct listener_names *_Atomic names;
    struct secure *secure; /* NULL: plain */
    struct loop *loops;
    size_t loop_count, places; /* connections at once */
    atomic_bool closing;
    atomic_bool admitting; /* listen_admit was called */
    atomic_size_t inside;  /* arrived or refused and not yet gone */
    atomic_size_t waking;  /* inside listen_answer */
};

enum loop_kind { LOOP_DOOR, LOOP_WAKE, LOOP_CONNECTION };
struct loop_mark { /* what an event is about; the first member of it */
    enum loop_kind kind;
    int fd;
};
struct loop_link {                     /* a place in a list that is in the order of time */
    struct loop_link *next, *previous; /* both NULL: in no list */
    int64_t since_us;
};
enum { LOOP_ARENAS = 128, LOOP_BUFFERS = 128, LOOP_BUFFER_SIZE = 4096 };
struct loop {
    struct listener *listener;
    pthread_t thread;
    int epoll;
    struct loop_mark wake, doors[DOORS_MAX];
    struct stream *_Atomic answered;
    atomic_bool stopping;
    atomic_size_t connections;
    int64_t now_us;           /* of this turn */
    struct loop_link quiet;   /* connections by their last sign of life … */
    struct loop_link awaited; /* … and by since when a head, or a last word, is awaited */
    struct loop_link again;   /* those that had their share of their turn */
    int64_t paused_us;        /* since when nobody is accepted; 0: everybody is */
    uint64_t id;
    size_t arena_count, buffer_count;
    struct arena *arenas[LOOP_ARENAS];
    char *buffers[LOOP_BUFFERS];
    unix_time date_of;
    char date[32]; /* RFC 9110 5.6.7 */
    bool running;
};

fallible loop_open(struct loop *l, struct listener *listener); /* starts the thread */
void loop_close(struct loop *l);                               /* ends all connections, which wait for no answer, and the thread */
/* From any thread: these answers are there, linked from the newest to the oldest. */
void loop_answer(struct loop *l, struct stream *newest, struct stream *oldest);

struct arena *loop_arena(struct loop *l);              /* an empty one; NULL when there is no memory */
void loop_arena_back(struct loop *l, struct arena *a); /* wiped and kept, or released */
char *loop_buffer(struct loop *l);                     /* LOOP_BUFFER_SIZE bytes; NULL when there is no memory */
void loop_buffer_back(struct loop *l, char *buffer);   /* which the caller wiped */
void loop_id(struct loop *l, char id[17]);             /* 16 hex digits, unlike any other of this process; not a secret */
const char *loop_date(struct loop *l);
int64_t loop_idle_us(const struct loop *l); /* how long silence may last */

void loop_touch(struct loop *l, struct loop_link *list, struct loop_link *link); /* to the end of the list, as of now */
void loop_forget(struct loop_link *link);
void loop_turned_away(const struct loop *l, const char *peer, err why); /* tells the upper floor */
bool loop_watch(struct loop *l, struct loop_mark *mark, uint32_t events);
#endif
