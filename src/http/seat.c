/* SPDX-License-Identifier: MIT
 * seat: a request costs no malloc of ours: its arena is one of those that the same thread has used before, wiped. The
 * threads belong to the library, so a seat is made at a thread's first connection and undone by the thread's own end.
 * Request ids name log lines; they are spread from a random start by a bijection (Steele, Lea, Flood: SplitMix), so that
 * they do not repeat and tell nobody how many requests there are. They are no credential, and cost no system call. */
#include "http/seat.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/banned.h"

enum { SEAT_ARENAS = 128 };

struct seat {
    uint64_t id;
    size_t count;
    struct arena *arenas[SEAT_ARENAS];
};

static _Thread_local struct seat *mine;
static pthread_key_t ending;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool ready;

static void seat_ends(void *object)
{
    struct seat *s = object;
    while (s->count > 0)
        arena_release(s->arenas[--s->count]);
    free(s);
    mine = NULL;
}

static void prepare(void)
{
    ready = pthread_key_create(&ending, seat_ends) == 0;
}

bool seat_here(void (*begins)(void))
{
    if (mine != NULL)
        return true;
    if (pthread_once(&once, prepare) != 0 || !ready)
        return false;
    struct seat *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return false;
    if (getrandom(&s->id, sizeof(s->id), 0) != (ssize_t)sizeof(s->id) || pthread_setspecific(ending, s) != 0) {
        free(s);
        return false;
    }
    mine = s;
    if (begins != NULL)
        begins();
    return true;
}

struct arena *seat_arena(size_t max)
{
    if (mine != NULL && mine->count > 0)
        return mine->arenas[--mine->count];
    return arena_new(max);
}

void seat_give(struct arena *a)
{
    if (mine == NULL || mine->count == SEAT_ARENAS) {
        arena_release(a);
        return;
    }
    arena_reset(a);
    mine->arenas[mine->count++] = a;
}

void seat_id(char id[17])
{
    static const char digits[] = "0123456789abcdef";
    INVARIANT(mine != NULL);
    uint64_t v = mine->id += 0x9e3779b97f4a7c15U;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9U;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebU;
    v ^= v >> 31;
    for (size_t i = 0; i < 16; i++, v >>= 4)
        id[i] = digits[v & 15];
    id[16] = '\0';
}
