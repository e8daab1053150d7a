/* SPDX-License-Identifier: MIT
 * cache_set: an open-addressed table of digests under a read-write lock. Relies on SHA-256 spreading well (the digest itself
 * is the hash); promises that what was added is found until it has expired, and that an empty set costs one atomic load. */
#include "store/cache/cache_set.h"

#include "crypto/digest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { TAKEN = 1, SETTLED = 2 }; /* in the lowest bits of `low` */
enum { TIDY_SECONDS = 60, FIRST_SIZE = 256, KIND_MAX = 16, ID_MAX = 256 };

struct entry {
    uint64_t high, low; /* the digest's first 16 bytes; both 0: free */
    unix_time expires_at;
};
struct cache_set {
    pthread_rwlock_t lock;
    struct entry *entries;
    size_t size, used; /* size is a power of two, at most three quarters used */
    _Atomic size_t count;
    unix_time tidied_at;
};

err cache_set_new(struct cache_set **out)
{
    struct cache_set *s = calloc(1, sizeof(*s));
    if (s == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    (void)pthread_rwlock_init(&s->lock, NULL);
    *out = s;
    return OK;
}

void cache_set_free(struct cache_set *s)
{
    if (s == NULL)
        return;
    (void)pthread_rwlock_destroy(&s->lock);
    free(s->entries);
    free(s);
}

/* kind, NUL, id: no two pairs are spelled alike. */
static struct entry entry_of(str kind, str id)
{
    char text[KIND_MAX + 1 + ID_MAX];
    uint8_t digest[DIGEST_SIZE];
    size_t k = kind.n < KIND_MAX ? kind.n : KIND_MAX, n = id.n < ID_MAX ? id.n : ID_MAX;
    memcpy(text, kind.p, k);
    text[k] = '\0';
    if (n > 0)
        memcpy(text + k + 1, id.p, n);
    digest_sha256((str){text, k + 1 + n}, digest);
    struct entry e = {0, 0, 0};
    memcpy(&e.high, digest, sizeof(e.high));
    memcpy(&e.low, digest + sizeof(e.high), sizeof(e.low));
    e.low = (e.low & ~(uint64_t)SETTLED) | TAKEN; /* never the mark of a free place */
    return e;
}

static struct entry *find_set_place(struct entry *entries, size_t size, const struct entry *e)
{
    size_t i = (size_t)e->high & (size - 1);
    while (entries[i].low != 0 && (entries[i].high != e->high || (entries[i].low | SETTLED) != (e->low | SETTLED)))
        i = (i + 1) & (size - 1);
    return &entries[i];
}

/* A larger table, with those alone that have not ended. */
static err grow_set_table(struct cache_set *s)
{
    unix_time now = clock_now();
    size_t alive = 0, size = FIRST_SIZE;
    for (size_t i = 0; i < s->size; i++)
        alive += s->entries[i].low != 0 && s->entries[i].expires_at > now;
    while (size < alive * 2 + 2)
        size *= 2;
    struct entry *next = calloc(size, sizeof(*next));
    if (next == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    for (size_t i = 0; i < s->size; i++)
        if (s->entries[i].low != 0 && s->entries[i].expires_at > now)
            *find_set_place(next, size, &s->entries[i]) = s->entries[i];
    free(s->entries);
    s->entries = next;
    s->size = size;
    s->used = alive;
    return OK;
}

static err add_locked(struct cache_set *s, const struct entry *e)
{
    if ((s->used + 1) * 4 > s->size * 3)
        TRY(grow_set_table(s));
    struct entry *to = find_set_place(s->entries, s->size, e);
    if (to->low == 0) {
        *to = *e;
        s->used++;
    } else {
        to->low |= e->low; /* settled stays so */
        to->expires_at = to->expires_at < e->expires_at ? e->expires_at : to->expires_at;
    }
    atomic_store_explicit(&s->count, s->used, memory_order_release);
    return OK;
}

static err add_entry(struct cache_set *s, struct entry e, unix_time expires_at)
{
    e.expires_at = expires_at;
    (void)pthread_rwlock_wrlock(&s->lock);
    err failed = add_locked(s, &e);
    (void)pthread_rwlock_unlock(&s->lock);
    return failed;
}

err cache_set_add(struct cache_set *s, str kind, str id, unix_time expires_at)
{
    struct entry e = entry_of(kind, id);
    e.low |= SETTLED;
    return add_entry(s, e, expires_at);
}

err cache_set_add_early(struct cache_set *s, str kind, str id, unix_time expires_at)
{
    return add_entry(s, entry_of(kind, id), expires_at);
}

err cache_set_count(struct cache_set *s, size_t *count)
{
    unix_time now = clock_now();
    err e = OK;
    (void)pthread_rwlock_wrlock(&s->lock);
    if (s->used >= FIRST_SIZE && (now < s->tidied_at || now >= clock_add(s->tidied_at, TIDY_SECONDS))) {
        e = grow_set_table(s); /* without the ended ones */
        s->tidied_at = now;
        atomic_store_explicit(&s->count, s->used, memory_order_release);
    }
    *count = s->used;
    (void)pthread_rwlock_unlock(&s->lock);
    return e;
}

/* `low` of its entry; 0: there is none. */
static uint64_t find_entry_low(struct cache_set *s, str kind, str id)
{
    if (atomic_load_explicit(&s->count, memory_order_acquire) == 0)
        return 0;
    struct entry e = entry_of(kind, id);
    (void)pthread_rwlock_rdlock(&s->lock);
    uint64_t low = find_set_place(s->entries, s->size, &e)->low;
    (void)pthread_rwlock_unlock(&s->lock);
    return low;
}

bool cache_set_has(struct cache_set *s, str kind, str id)
{
    return find_entry_low(s, kind, id) != 0;
}

bool cache_set_settled(struct cache_set *s, str kind, str id)
{
    return (find_entry_low(s, kind, id) & SETTLED) != 0;
}

void cache_set_unsettle(struct cache_set *s)
{
    (void)pthread_rwlock_wrlock(&s->lock);
    for (size_t i = 0; i < s->size; i++)
        s->entries[i].low &= ~(uint64_t)SETTLED;
    (void)pthread_rwlock_unlock(&s->lock);
}
