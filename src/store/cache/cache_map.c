/* SPDX-License-Identifier: MIT
 * cache_map: nodes of up to 32 slots, five bits of the key's hash a level. A slot is a leaf (an entry) or a branch (a node); two bitmaps say
 * which slots there are. Relies on a keyed hash (SipHash-1-3), so that nobody who chooses keys chooses their places; when all bits of a
 * hash are used up the next levels take those of another one, so that no two keys share a place for ever.
 *
 * Invariant: a node that one map alone reaches has one holder, and so have all nodes above it. Only such nodes are written; others are
 * copied first, which gives what they hold a holder more (own). */
#include "store/cache/cache_map.h"

#include "crypto/random.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { BITS = 5, WIDTH = 1 << BITS, LEVELS_A_HASH = 12 };

union slot {
    struct cache_entry *leaf;
    struct cache_node *branch;
};
struct cache_node {
    _Atomic int64_t holders;
    uint32_t leaves, branches; /* no bit is in both */
    union slot slots[];        /* in the order of bits */
};

/* ---- the hash ---- */

static uint64_t seed[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
    random_bytes(seed, sizeof(seed));
}

static uint64_t rotate_left_bits(uint64_t v, unsigned bits)
{
    return (v << bits) | (v >> (64 - bits));
}

/* Always inline, as take_word: so that the four words stay in registers. */
static inline __attribute__((always_inline)) void mix_siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate_left_bits(v[1], 13) ^ v[0];
    v[3] = rotate_left_bits(v[3], 16) ^ v[2];
    v[0] = rotate_left_bits(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate_left_bits(v[1], 17) ^ v[2];
    v[3] = rotate_left_bits(v[3], 21) ^ v[0];
    v[2] = rotate_left_bits(v[2], 32);
}

static inline __attribute__((always_inline)) void take_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix_siphash_round(v);
    v[0] ^= word;
}

/* `which`: another hash of the same key. */
static uint64_t hash_of(str key, uint64_t which)
{
    uint64_t k0 = seed[0] ^ which, k1 = seed[1], word = 0;
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
    size_t i = 0;
    for (; i + sizeof(word) <= key.n; i += sizeof(word)) {
        memcpy(&word, key.p + i, sizeof(word));
        take_word(v, word);
    }
    word = (uint64_t)key.n << 56;
    for (size_t left = 0; i + left < key.n; left++)
        word |= (uint64_t)(uint8_t)key.p[i + left] << (8 * left);
    take_word(v, word);
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++)
        mix_siphash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The bit of the key's slot on that level; *hash is kept from one level to the next. */
static uint32_t bit_at(str key, unsigned level, uint64_t *hash)
{
    if (level % LEVELS_A_HASH == 0)
        *hash = hash_of(key, level / LEVELS_A_HASH);
    return UINT32_C(1) << ((*hash >> (level % LEVELS_A_HASH * BITS)) & (WIDTH - 1));
}

/* ---- nodes ---- */

static unsigned slots_of(const struct cache_node *n)
{
    return (unsigned)__builtin_popcount(n->leaves | n->branches);
}

static unsigned place_of(const struct cache_node *n, uint32_t bit)
{
    return (unsigned)__builtin_popcount((n->leaves | n->branches) & (bit - 1));
}

static struct cache_node *node_new(unsigned slots)
{
    struct cache_node *n = malloc(sizeof(*n) + slots * sizeof(n->slots[0]));
    if (n == NULL)
        return NULL;
    atomic_init(&n->holders, 1);
    n->leaves = n->branches = 0;
    return n;
}

static void node_drop(struct cache_node *n)
{
    if (n == NULL || atomic_fetch_sub_explicit(&n->holders, 1, memory_order_acq_rel) != 1)
        return;
    uint32_t all = n->leaves | n->branches;
    for (unsigned i = 0; all != 0; i++, all &= all - 1) {
        if ((n->leaves & all & -all) != 0)
            cache_entry_let_go(n->slots[i].leaf);
        else
            node_drop(n->slots[i].branch);
    }
    free(n);
}

/* *at becomes a node that this map alone reaches. */
static err unshare_map_node(struct cache_node **at)
{
    struct cache_node *n = *at;
    if (atomic_load_explicit(&n->holders, memory_order_acquire) == 1)
        return OK;
    struct cache_node *copy = node_new(slots_of(n));
    if (copy == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    copy->leaves = n->leaves;
    copy->branches = n->branches;
    uint32_t all = n->leaves | n->branches;
    for (unsigned i = 0; all != 0; i++, all &= all - 1) {
        copy->slots[i] = n->slots[i];
        if ((n->leaves & all & -all) != 0)
            (void)cache_entry_hold(n->slots[i].leaf);
        else
            (void)atomic_fetch_add_explicit(&n->slots[i].branch->holders, 1, memory_order_relaxed);
    }
    *at = copy;
    node_drop(n);
    return OK;
}

/* One leaf more in a node of this map's own. */
static err add_node_slot(struct cache_node **at, uint32_t bit, struct cache_entry *e)
{
    struct cache_node *n = *at;
    unsigned count = slots_of(n), place = place_of(n, bit);
    n = realloc(n, sizeof(*n) + (count + 1) * sizeof(n->slots[0]));
    if (n == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    memmove(&n->slots[place + 1], &n->slots[place], (count - place) * sizeof(n->slots[0]));
    n->slots[place].leaf = cache_entry_hold(e);
    n->leaves |= bit;
    *at = n;
    return OK;
}

/* One slot less, which holds nothing any more; the last one takes the node with it. */
static void remove_node_slot(struct cache_node **at, uint32_t bit)
{
    struct cache_node *n = *at;
    unsigned count = slots_of(n), place = place_of(n, bit);
    memmove(&n->slots[place], &n->slots[place + 1], (count - place - 1) * sizeof(n->slots[0]));
    n->leaves &= ~bit;
    n->branches &= ~bit;
    if (count > 1)
        return;
    free(n);
    *at = NULL;
}

/* ---- putting in, taking out ---- */

struct change {
    cache_key *key_of;
    str key;
    struct cache_entry *e; /* NULL: it goes */
    uint64_t hash;
    bool replaced;
};

static err put_map_leaf(struct cache_node **at, struct change *c, unsigned level);

/* A leaf of another key stands in the slot: it moves one level down. */
static err split_leaf_slot(union slot *slot, struct cache_node *parent, uint32_t bit, struct change *c, unsigned level)
{
    struct cache_entry *other = slot->leaf;
    uint64_t hash = hash_of(c->key_of(other->row), level / LEVELS_A_HASH);
    struct cache_node *below = node_new(1);
    if (below == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    below->leaves = bit_at(c->key_of(other->row), level, &hash);
    below->slots[0].leaf = other;
    slot->branch = below;
    parent->leaves &= ~bit;
    parent->branches |= bit;
    return put_map_leaf(&slot->branch, c, level);
}

static err put_map_leaf(struct cache_node **at, struct change *c, unsigned level)
{
    TRY(unshare_map_node(at));
    struct cache_node *n = *at;
    uint32_t bit = bit_at(c->key, level, &c->hash);
    union slot *slot = &n->slots[place_of(n, bit)];
    if ((n->branches & bit) != 0)
        return put_map_leaf(&slot->branch, c, level + 1);
    if ((n->leaves & bit) == 0)
        return add_node_slot(at, bit, c->e);
    if (!str_equal(c->key_of(slot->leaf->row), c->key))
        return split_leaf_slot(slot, n, bit, c, level + 1);
    struct cache_entry *before = slot->leaf;
    slot->leaf = cache_entry_hold(c->e);
    c->replaced = true;
    cache_entry_let_go(before);
    return OK;
}

/* Of what is there. A node that is left with one leaf gives it to the slot above. */
static err remove_map_leaf(struct cache_node **at, struct change *c, unsigned level)
{
    TRY(unshare_map_node(at));
    struct cache_node *n = *at;
    uint32_t bit = bit_at(c->key, level, &c->hash);
    union slot *slot = &n->slots[place_of(n, bit)];
    if ((n->leaves & bit) != 0) {
        struct cache_entry *gone = slot->leaf;
        remove_node_slot(at, bit);
        cache_entry_let_go(gone);
        return OK;
    }
    TRY(remove_map_leaf(&slot->branch, c, level + 1));
    struct cache_node *below = slot->branch;
    if (below == NULL) {
        remove_node_slot(at, bit);
    } else if (below->branches == 0 && slots_of(below) == 1) {
        slot->leaf = below->slots[0].leaf;
        n->branches &= ~bit;
        n->leaves |= bit;
        free(below);
    }
    return OK;
}

struct cache_map cache_map_share(const struct cache_map *m)
{
    if (m->root != NULL)
        (void)atomic_fetch_add_explicit(&m->root->holders, 1, memory_order_relaxed);
    return *m;
}

void cache_map_drop(struct cache_map *m)
{
    node_drop(m->root);
    m->root = NULL;
    m->count = 0;
}

err cache_map_put(struct cache_map *m, struct cache_entry *e)
{
    struct change c = {.key_of = m->key, .key = m->key(e->row), .e = e};
    (void)pthread_once(&once, make_seed);
    if (m->root == NULL && (m->root = node_new(0)) == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    TRY(put_map_leaf(&m->root, &c, 0));
    m->count += c.replaced ? 0 : 1;
    return OK;
}

err cache_map_remove(struct cache_map *m, str key)
{
    struct change c = {.key_of = m->key, .key = key};
    if (cache_map_get(m, key) == NULL)
        return OK;
    TRY(remove_map_leaf(&m->root, &c, 0));
    m->count--;
    return OK;
}

struct cache_entry *cache_map_get(const struct cache_map *m, str key)
{
    uint64_t hash = 0;
    const struct cache_node *n = m->root;
    for (unsigned level = 0; n != NULL; level++) {
        uint32_t bit = bit_at(key, level, &hash);
        const union slot *slot = &n->slots[place_of(n, bit)];
        if ((n->leaves & bit) != 0)
            return str_equal(m->key(slot->leaf->row), key) ? slot->leaf : NULL;
        n = (n->branches & bit) != 0 ? slot->branch : NULL;
    }
    return NULL;
}

static void visit_map_leaves(const struct cache_node *n, void (*visit)(void *context, struct cache_entry *e), void *context)
{
    uint32_t all = n->leaves | n->branches;
    for (unsigned i = 0; all != 0; i++, all &= all - 1) {
        if ((n->leaves & all & -all) != 0)
            visit(context, n->slots[i].leaf);
        else
            visit_map_leaves(n->slots[i].branch, visit, context);
    }
}

void cache_map_each(const struct cache_map *m, void (*visit)(void *context, struct cache_entry *e), void *context)
{
    if (m->root != NULL)
        visit_map_leaves(m->root, visit, context);
}
