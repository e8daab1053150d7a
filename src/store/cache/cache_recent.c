/* SPDX-License-Identifier: MIT
 * cache_recent: buckets of eight places, each bucket group under one of a few locks. Relies on cache_entry for the rows; promises that
 * forgetting wins over every read that began before it: `ticket` grows with each forgetting, and a row whose ticket is old is not put in. */
#include "store/cache/cache_recent.h"

#include "store/cache/cache_entry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { WAYS = 8, LOCKS = 16, KEY_MAX = 32 };

struct entry {
    struct cache_entry *row;
    size_t key_length;
    char key[KEY_MAX];
};
struct bucket {
    struct entry *ways[WAYS]; /* most lately used first */
};
struct cache_recent {
    const struct db_columns *columns;
    struct bucket *buckets;
    size_t count; /* a power of two */
    _Atomic uint64_t ticket;
    pthread_mutex_t locks[LOCKS];
};

err cache_recent_new(int64_t entries, const struct db_columns *columns, struct cache_recent **out)
{
    struct cache_recent *c = calloc(1, sizeof(*c));
    size_t count = LOCKS;
    while (count * WAYS < (size_t)(entries > 0 ? entries : 0))
        count *= 2;
    struct bucket *buckets = calloc(count, sizeof(*buckets));
    if (c == NULL || buckets == NULL) {
        free(c);
        free(buckets);
        FAIL(UNAVAILABLE, "hot: out of memory");
    }
    c->columns = columns;
    c->buckets = buckets;
    c->count = count;
    for (size_t i = 0; i < LOCKS; i++)
        (void)pthread_mutex_init(&c->locks[i], NULL);
    *out = c;
    return OK;
}

static void drop_recent_entry(struct entry *e)
{
    if (e == NULL)
        return;
    cache_entry_let_go(e->row);
    free(e);
}

void cache_recent_free(struct cache_recent *c)
{
    if (c == NULL)
        return;
    cache_recent_clear(c);
    for (size_t i = 0; i < LOCKS; i++)
        (void)pthread_mutex_destroy(&c->locks[i]);
    free(c->buckets);
    free(c);
}

static size_t bucket_of(const struct cache_recent *c, str key)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a: keys are row numbers and hashes, never chosen by a client */
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (uint8_t)key.p[i]) * 1099511628211u;
    return (size_t)(h ^ (h >> 32)) & (c->count - 1);
}

/* The place of the key, or WAYS. */
static size_t find_recent_way(const struct bucket *b, str key)
{
    for (size_t i = 0; i < WAYS; i++)
        if (b->ways[i] != NULL && str_equal((str){b->ways[i]->key, b->ways[i]->key_length}, key))
            return i;
    return WAYS;
}

/* Brings ways[i] to the front. */
static void move_entry_to_front(struct bucket *b, size_t i)
{
    struct entry *e = b->ways[i];
    memmove(&b->ways[1], &b->ways[0], i * sizeof(b->ways[0]));
    b->ways[0] = e;
}

static struct entry *entry_new(const struct cache_recent *c, str key, const void *row)
{
    struct entry *e = malloc(sizeof(*e));
    if (e == NULL)
        return NULL;
    e->row = cache_entry_new(c->columns, row);
    e->key_length = key.n;
    memcpy(e->key, key.p, key.n);
    if (e->row != NULL)
        return e;
    free(e);
    return NULL;
}

uint64_t cache_recent_ticket(const struct cache_recent *c)
{
    return atomic_load_explicit(&c->ticket, memory_order_acquire);
}

void cache_recent_put(struct cache_recent *c, uint64_t ticket, str key, const void *row)
{
    INVARIANT(key.n <= KEY_MAX);
    struct entry *fresh = entry_new(c, key, row), *gone = fresh;
    size_t n = bucket_of(c, key);
    struct bucket *b = &c->buckets[n];
    (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
    if (fresh != NULL && cache_recent_ticket(c) == ticket) {
        size_t i = find_recent_way(b, key);
        if (i == WAYS)
            i = WAYS - 1;
        gone = b->ways[i];
        b->ways[i] = fresh;
        move_entry_to_front(b, i);
    }
    (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    drop_recent_entry(gone);
}

err cache_recent_get(struct cache_recent *c, struct arena *a, str key, void **row)
{
    size_t n = bucket_of(c, key);
    struct bucket *b = &c->buckets[n];
    void *found = NULL;
    (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
    size_t i = find_recent_way(b, key);
    if (i < WAYS) {
        move_entry_to_front(b, i);
        found = cache_entry_copy(b->ways[0]->row, c->columns, a);
    }
    (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    if (i < WAYS && found == NULL)
        FAIL(UNAVAILABLE, "hot: the arena is full");
    *row = found;
    return OK;
}

void cache_recent_forget(struct cache_recent *c, str key)
{
    size_t n = bucket_of(c, key);
    struct bucket *b = &c->buckets[n];
    struct entry *gone = NULL;
    (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
    (void)atomic_fetch_add_explicit(&c->ticket, 1, memory_order_acq_rel);
    size_t i = find_recent_way(b, key);
    if (i < WAYS) {
        gone = b->ways[i];
        b->ways[i] = NULL;
    }
    (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    drop_recent_entry(gone);
}

void cache_recent_clear(struct cache_recent *c)
{
    (void)atomic_fetch_add_explicit(&c->ticket, 1, memory_order_acq_rel);
    for (size_t n = 0; n < c->count; n++) {
        (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
        for (size_t i = 0; i < WAYS; i++) {
            drop_recent_entry(c->buckets[n].ways[i]);
            c->buckets[n].ways[i] = NULL;
        }
        (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    }
}
