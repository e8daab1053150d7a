/* SPDX-License-Identifier: MIT
 * hot_cache: buckets of eight places, each bucket group under one of a few locks. Relies on hot_entry for the rows; promises that
 * forgetting wins over every read that began before it: `ticket` grows with each forgetting, and a row whose ticket is old is not put in. */
#include "store/cache/hot_cache.h"

#include "store/cache/hot_entry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { WAYS = 8, LOCKS = 16, KEY_MAX = 32 };

struct entry {
    struct hot_entry *row;
    size_t key_length;
    char key[KEY_MAX];
};
struct bucket {
    struct entry *ways[WAYS]; /* most lately used first */
};
struct hot_cache {
    const struct db_shape *shape;
    struct bucket *buckets;
    size_t count; /* a power of two */
    _Atomic uint64_t ticket;
    pthread_mutex_t locks[LOCKS];
};

err hot_cache_new(int64_t entries, const struct db_shape *shape, struct hot_cache **out)
{
    struct hot_cache *c = calloc(1, sizeof(*c));
    size_t count = LOCKS;
    while (count * WAYS < (size_t)(entries > 0 ? entries : 0))
        count *= 2;
    struct bucket *buckets = calloc(count, sizeof(*buckets));
    if (c == NULL || buckets == NULL) {
        free(c);
        free(buckets);
        FAIL(UNAVAILABLE, "hot: out of memory");
    }
    c->shape = shape;
    c->buckets = buckets;
    c->count = count;
    for (size_t i = 0; i < LOCKS; i++)
        (void)pthread_mutex_init(&c->locks[i], NULL);
    *out = c;
    return OK;
}

static void drop(struct entry *e)
{
    if (e == NULL)
        return;
    hot_entry_let_go(e->row);
    free(e);
}

void hot_cache_free(struct hot_cache *c)
{
    if (c == NULL)
        return;
    hot_cache_clear(c);
    for (size_t i = 0; i < LOCKS; i++)
        (void)pthread_mutex_destroy(&c->locks[i]);
    free(c->buckets);
    free(c);
}

static size_t bucket_of(const struct hot_cache *c, str key)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a: keys are row numbers and hashes, never chosen by a client */
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (uint8_t)key.p[i]) * 1099511628211u;
    return (size_t)(h ^ (h >> 32)) & (c->count - 1);
}

/* The place of the key, or WAYS. */
static size_t find(const struct bucket *b, str key)
{
    for (size_t i = 0; i < WAYS; i++)
        if (b->ways[i] != NULL && str_equal((str){b->ways[i]->key, b->ways[i]->key_length}, key))
            return i;
    return WAYS;
}

/* Brings ways[i] to the front. */
static void freshen(struct bucket *b, size_t i)
{
    struct entry *e = b->ways[i];
    memmove(&b->ways[1], &b->ways[0], i * sizeof(b->ways[0]));
    b->ways[0] = e;
}

static struct entry *entry_new(const struct hot_cache *c, str key, const void *row)
{
    struct entry *e = malloc(sizeof(*e));
    if (e == NULL)
        return NULL;
    e->row = hot_entry_new(c->shape, row);
    e->key_length = key.n;
    memcpy(e->key, key.p, key.n);
    if (e->row != NULL)
        return e;
    free(e);
    return NULL;
}

uint64_t hot_cache_ticket(const struct hot_cache *c)
{
    return atomic_load_explicit(&c->ticket, memory_order_acquire);
}

void hot_cache_put(struct hot_cache *c, uint64_t ticket, str key, const void *row)
{
    INVARIANT(key.n <= KEY_MAX);
    struct entry *fresh = entry_new(c, key, row), *gone = fresh;
    size_t n = bucket_of(c, key);
    struct bucket *b = &c->buckets[n];
    (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
    if (fresh != NULL && hot_cache_ticket(c) == ticket) {
        size_t i = find(b, key);
        if (i == WAYS)
            i = WAYS - 1;
        gone = b->ways[i];
        b->ways[i] = fresh;
        freshen(b, i);
    }
    (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    drop(gone);
}

err hot_cache_get(struct hot_cache *c, struct arena *a, str key, void **row)
{
    size_t n = bucket_of(c, key);
    struct bucket *b = &c->buckets[n];
    void *found = NULL;
    (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
    size_t i = find(b, key);
    if (i < WAYS) {
        freshen(b, i);
        found = hot_entry_copy(b->ways[0]->row, c->shape, a);
    }
    (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    if (i < WAYS && found == NULL)
        FAIL(UNAVAILABLE, "hot: the arena is full");
    *row = found;
    return OK;
}

void hot_cache_forget(struct hot_cache *c, str key)
{
    size_t n = bucket_of(c, key);
    struct bucket *b = &c->buckets[n];
    struct entry *gone = NULL;
    (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
    (void)atomic_fetch_add_explicit(&c->ticket, 1, memory_order_acq_rel);
    size_t i = find(b, key);
    if (i < WAYS) {
        gone = b->ways[i];
        b->ways[i] = NULL;
    }
    (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    drop(gone);
}

void hot_cache_clear(struct hot_cache *c)
{
    (void)atomic_fetch_add_explicit(&c->ticket, 1, memory_order_acq_rel);
    for (size_t n = 0; n < c->count; n++) {
        (void)pthread_mutex_lock(&c->locks[n % LOCKS]);
        for (size_t i = 0; i < WAYS; i++) {
            drop(c->buckets[n].ways[i]);
            c->buckets[n].ways[i] = NULL;
        }
        (void)pthread_mutex_unlock(&c->locks[n % LOCKS]);
    }
}
