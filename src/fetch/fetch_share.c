/* SPDX-License-Identifier: MIT
 * fetch_share: slots for calls under way, and the bench. Relies on base/share for what is fair. Promises: whoever holds most is refused
 * first; a host that hung twice in a row is not called again for the same caller for 30 seconds, then twice as long each time, 15 minutes at the
 * most; when the pause is over one call tries it, and a success ends everything. What fails at once is not benched. Both
 * tables are bounded; a host that is pushed off the bench by 256 others costs one call more.
 *
 *   [good] ──hung twice in a row──▶ [benched] ──pause──▶ [tried by one] ──good──▶ [good]
 *                                              ▲──────────────failed────┘ */
#include "fetch/fetch_share.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/share.h"

#include "base/banned.h"

enum { SECOND = 1000000, PATIENCE = 1 /* hangs without a pause */, DOUBLINGS = 5 };

struct name {
    char text[FETCH_SHARE_NAME];
    size_t n;
};
struct place {
    struct name host, caller; /* host.n 0: free */
};
struct bench {
    struct place place;
    int64_t failures; /* hangs in a row: what fails at once costs nobody's time */
    int64_t until_us; /* not called before */
};
static struct {
    pthread_mutex_t lock;
    struct place slots[FETCH_AT_ONCE];
    struct bench bench[FETCH_BENCH_ROWS];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static str cut_share_name(str text)
{
    return !str_present(text) ? STR("") : text.n > FETCH_SHARE_NAME ? (str){text.p, FETCH_SHARE_NAME} : text;
}

static bool is_share_name(const struct name *name, str text)
{
    return str_equal((str){name->text, name->n}, cut_share_name(text));
}

static void set_share_name(struct name *name, str text)
{
    text = cut_share_name(text);
    name->n = text.n;
    memcpy(name->text, text.p, text.n);
}

static void put_place(struct place *to, const struct fetch_place *place)
{
    set_share_name(&to->host, place->host);
    set_share_name(&to->caller, place->caller);
}

static bool is_place(const struct place *one, const struct fetch_place *place)
{
    return one->host.n > 0 && is_share_name(&one->host, place->host) && is_share_name(&one->caller, place->caller);
}

static struct bench *bench_of(const struct fetch_place *place)
{
    for (size_t i = 0; i < FETCH_BENCH_ROWS; i++)
        if (is_place(&table.bench[i].place, place))
            return &table.bench[i];
    return NULL;
}

/* Its row, a free one, or that whose pause ends first. */
static struct bench *bench_claim(const struct fetch_place *place)
{
    struct bench *b = bench_of(place), *first = table.bench;
    if (b != NULL)
        return b;
    for (size_t i = 0; i < FETCH_BENCH_ROWS && first->place.host.n > 0; i++)
        if (table.bench[i].place.host.n == 0 || table.bench[i].until_us < first->until_us)
            first = &table.bench[i];
    *first = (struct bench){.failures = 0};
    put_place(&first->place, place);
    return first;
}

static int64_t pause_after(int64_t failures)
{
    int64_t doublings = failures - PATIENCE - 1, pause = FETCH_PAUSE << (doublings > DOUBLINGS ? DOUBLINGS : doublings);
    return pause > FETCH_PAUSE_MOST ? FETCH_PAUSE_MOST : pause;
}

static void note_fetch_end(const struct fetch_place *place, enum fetch_end how)
{
    if (how == FETCH_ENDED_WELL) {
        struct bench *b = bench_of(place);
        if (b != NULL)
            *b = (struct bench){.failures = 0};
        return;
    }
    if (how != FETCH_HUNG)
        return;
    struct bench *b = bench_claim(place);
    b->failures++;
    if (b->failures > PATIENCE)
        b->until_us = clock_monotonic_us() + pause_after(b->failures) * SECOND;
}

struct held {
    int64_t all, host, caller;
    size_t free;
};

static struct held count_held_slots(const struct fetch_place *place)
{
    struct held h = {.free = FETCH_AT_ONCE};
    for (size_t i = 0; i < FETCH_AT_ONCE; i++) {
        const struct place *s = &table.slots[i];
        if (s->host.n == 0) {
            h.free = i;
            continue;
        }
        h.all++;
        h.host += is_share_name(&s->host, place->host);
        h.caller += s->caller.n > 0 && is_share_name(&s->caller, place->caller);
    }
    return h;
}

static bool room_for(const struct held *h)
{
    return h->free < FETCH_AT_ONCE && h->host < FETCH_PER_HOST && h->caller < FETCH_PER_CALLER && share_allows(h->host, h->all, FETCH_AT_ONCE) &&
           share_allows(h->caller, h->all, FETCH_AT_ONCE);
}

/* With the lock. After the pause one call goes first: the next ones wait for its end, or for the time that it may take. */
static bool open_to(const struct fetch_place *place, int64_t seconds)
{
    struct bench *b = bench_of(place);
    int64_t now = clock_monotonic_us();
    if (b == NULL || b->failures <= PATIENCE)
        return true;
    if (now < b->until_us)
        return false;
    b->until_us = now + (seconds + 1) * SECOND;
    return true;
}

fallible fetch_share_begin(const struct fetch_place *place, int64_t seconds, size_t *slot, const char **trouble)
{
    (void)pthread_mutex_lock(&table.lock);
    struct held held = count_held_slots(place);
    bool room = room_for(&held), open = room && open_to(place, seconds);
    if (open) {
        put_place(&table.slots[held.free], place);
        *slot = held.free;
    }
    (void)pthread_mutex_unlock(&table.lock);
    if (open)
        return OK;
    *trouble = room ? "the host did not answer lately and is left alone for a while" : "too many calls are under way: in all, to this host, or for this caller";
    if (room)
        FAIL(THROTTLED, "fetch: the host is benched");
    FAIL(THROTTLED, "fetch: too many calls are under way");
}

void fetch_share_end(size_t slot, enum fetch_end how)
{
    (void)pthread_mutex_lock(&table.lock);
    struct place *s = &table.slots[slot];
    note_fetch_end(&(struct fetch_place){{s->host.text, s->host.n}, {s->caller.text, s->caller.n}}, how);
    s->host.n = 0;
    (void)pthread_mutex_unlock(&table.lock);
}

bool fetch_share_benched(const struct fetch_place *place)
{
    (void)pthread_mutex_lock(&table.lock);
    const struct bench *b = bench_of(place);
    bool benched = b != NULL && b->failures > PATIENCE && clock_monotonic_us() < b->until_us;
    (void)pthread_mutex_unlock(&table.lock);
    return benched;
}

void fetch_share_note(const struct fetch_place *place, enum fetch_end how)
{
    (void)pthread_mutex_lock(&table.lock);
    note_fetch_end(place, how);
    (void)pthread_mutex_unlock(&table.lock);
}

void fetch_share_forget_all(void)
{
    (void)pthread_mutex_lock(&table.lock);
    memset(table.bench, 0, sizeof table.bench);
    (void)pthread_mutex_unlock(&table.lock);
}
