/* SPDX-License-Identifier: MIT
 * sender_memory: a set of fingerprints in two halves, young and old. New ones go into the young half; when that has lasted as long as a
 * fingerprint must be remembered, the old half is forgotten and the young one becomes old: so each is known for at least that long and
 * at most twice. Cut into shards, each under its own lock, held for a few comparisons. A fingerprint is 64 bits of a hash over a key that
 * only this process knows and the two texts, so nobody can aim at another's. Promises: no second take within the time, never more memory than the tables
 * below, and no yes when a shard is full (RL-06): about 780,000 proofs within the time, more than two cores can check. */
#include "clientauth/sender_memory.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include <pthread.h>
#include <string.h>
#include "base/banned.h"

enum { FINGERPRINT_TEXT = 320 /* a thumbprint and the longest jti */ };
struct half {
    uint64_t slots[SENDER_MEMORY_SLOTS]; /* 0: free */
    size_t used;
    int64_t begun; /* second of the first one */
};
struct shard {
    pthread_mutex_t lock;
    struct half halves[2];
    unsigned young;
};
static struct shard shards[SENDER_MEMORY_SHARDS]; /* pages that were never touched cost nothing */
static uint8_t key[DIGEST_SIZE];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_memory_shards(void)
{
    random_bytes(key, sizeof key);
    for (size_t i = 0; i < SENDER_MEMORY_SHARDS; i++)
        INVARIANT(pthread_mutex_init(&shards[i].lock, NULL) == 0);
}

/* Thumbprints have one length, so the two texts cannot run into each other. */
static uint64_t fingerprint_proof(str jkt, str jti)
{
    uint8_t text[DIGEST_SIZE + FINGERPRINT_TEXT], digest[DIGEST_SIZE];
    uint64_t v = 0;
    INVARIANT(jkt.n + jti.n <= FINGERPRINT_TEXT); /* dpop_check bounds both */
    memcpy(text, key, DIGEST_SIZE);
    memcpy(text + DIGEST_SIZE, jkt.p, jkt.n);
    memcpy(text + DIGEST_SIZE + jkt.n, jti.p, jti.n);
    digest_sha256((str){(char *)text, DIGEST_SIZE + jkt.n + jti.n}, digest);
    memcpy(&v, digest, sizeof v);
    return v ? v : 1;
}

/* The slot that holds v, or the free one where it belongs. */
static size_t find_proof_slot(const struct half *h, uint64_t v)
{
    size_t i = (size_t)(v / SENDER_MEMORY_SHARDS) % SENDER_MEMORY_SLOTS;
    while (h->slots[i] != 0 && h->slots[i] != v)
        i = (i + 1) % SENDER_MEMORY_SLOTS;
    return i;
}

static void clear_memory_half(struct half *h)
{
    if (h->used > 0)
        memset(h->slots, 0, sizeof h->slots);
    h->used = 0;
    h->begun = 0;
}

/* The clock is the one that judges iat: what it makes us forget early it has made too old as well. */
static void rotate_shard_halves(struct shard *s, int64_t second, int64_t remember)
{
    struct half *young = &s->halves[s->young], *old = &s->halves[!s->young];
    if (young->used > 0 && second - young->begun <= remember)
        return;
    if (young->used > 0 && second - young->begun > 2 * remember)
        clear_memory_half(young); /* the youngest of them came at most `remember` after the first */
    if (young->used == 0) {
        if (old->used > 0 && second - old->begun > 2 * remember)
            clear_memory_half(old);
        return;
    }
    clear_memory_half(old);
    s->young = !s->young;
}

fallible sender_memory_take(str jkt, str jti, unix_time now, int64_t remember, bool *fresh)
{
    (void)pthread_once(&once, init_memory_shards);
    uint64_t v = fingerprint_proof(jkt, jti);
    struct shard *s = &shards[v % SENDER_MEMORY_SHARDS];
    bool known, room;
    pthread_mutex_lock(&s->lock);
    rotate_shard_halves(s, now, remember);
    struct half *young = &s->halves[s->young], *old = &s->halves[!s->young];
    size_t at = find_proof_slot(young, v);
    known = young->slots[at] == v || old->slots[find_proof_slot(old, v)] == v;
    room = young->used < SENDER_MEMORY_MOST;
    if (!known && room) {
        if (young->used++ == 0)
            young->begun = now;
        young->slots[at] = v;
    }
    pthread_mutex_unlock(&s->lock);
    if (!known && !room)
        FAIL(UNAVAILABLE, "sender: too many proofs to remember");
    *fresh = !known;
    return OK;
}
