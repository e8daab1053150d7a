/* SPDX-License-Identifier: MIT
 * arena: a chain of blocks from which memory is handed out by moving one mark. It relies on calloc alone.
 * Promises: 1. bytes beyond a block's mark are zero (fresh from calloc, or wiped by reset), so a take need not clear;
 * 2. every byte handed out is overwritten before it goes back; 3. `used` never exceeds `max`; 4. no size computation wraps.
 *
 *     arena_new -> OPEN --arena_take beyond a limit, arena_fail--> FAILED (sticky; later takes may still succeed)
 *     OPEN, FAILED --arena_reset--> OPEN (one block kept)   OPEN, FAILED --arena_release--> gone
 */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SANITIZED 1
#endif
#ifdef ARENA_SANITIZED
#include <sanitizer/asan_interface.h>
#define HIDE(p_, n_) ASAN_POISON_MEMORY_REGION((p_), (n_))
#define SHOW(p_, n_) ASAN_UNPOISON_MEMORY_REGION((p_), (n_))
#define GAP          ((size_t)16) /* between two takes, so that the sanitizer sees an overrun */
#else
#define HIDE(p_, n_) ((void)0)
#define SHOW(p_, n_) ((void)0)
#define GAP          ((size_t)0)
#endif

#include "base/banned.h"

enum { ALIGNMENT = _Alignof(max_align_t), BLOCK_FIRST = 8192, BLOCK_KEPT = 32768, BLOCK_LARGEST = 65536, WIPE_PIECE = 2048 };

struct block {
    struct block *older;
    size_t size, used;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct hook {
    struct hook *older;
    void (*release)(void *object);
    void *object;
};

struct arena {
    struct block *block;
    struct hook *hooks;
    size_t used, max;
    bool failed;
};

static _Thread_local size_t fail_after;

static struct block *block_new(size_t size)
{
    struct block *b = calloc(1, sizeof(struct block) + size); /* callers keep size far below SIZE_MAX */
    if (b == NULL)
        return NULL;
    b->size = size;
    HIDE(b->bytes, size);
    return b;
}

/* In pieces for which the C library uses its loop: to `rep stosb`, which it prefers from there on, a request's few KiB are twice the work. */
static void block_wipe(struct block *b)
{
    SHOW(b->bytes, b->size);
    for (size_t at = 0, n; at < b->used; at += n) {
        n = b->used - at < WIPE_PIECE ? b->used - at : WIPE_PIECE;
        explicit_bzero(b->bytes + at, n);
    }
    b->used = 0;
}

struct arena *arena_new(size_t max)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2;
    a->block = block_new(BLOCK_FIRST);
    if (a->block == NULL) {
        free(a);
        return NULL;
    }
    return a;
}

static void *fail_allocation(struct arena *a)
{
    a->failed = true;
    return NULL;
}

/* A newer block in front, at least `size` bytes; what is left of the old one stays unused. */
static bool add_larger_block(struct arena *a, size_t size)
{
    size_t next = a->block->size < BLOCK_LARGEST / 2 ? a->block->size * 2 : BLOCK_LARGEST;
    struct block *b = block_new(size > next ? size : next);
    if (b == NULL)
        return false;
    b->older = a->block;
    a->block = b;
    return true;
}

static void *take_slowly(struct arena *a, size_t size)
{
    if (fail_after != 0 && --fail_after == 0)
        return fail_allocation(a);
    if (size > a->max)
        return fail_allocation(a);
    /* max is at most SIZE_MAX / 2, so the rounding cannot wrap. */
    size_t whole = ((size == 0 ? 1 : size) + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1);
    if (whole > a->max - a->used)
        return fail_allocation(a);
    if (whole + GAP > a->block->size - a->block->used && !add_larger_block(a, whole + GAP))
        return fail_allocation(a);
    struct block *b = a->block;
    unsigned char *p = b->bytes + b->used;
    b->used += whole + GAP;
    a->used += whole;
    SHOW(p, size);
    return p;
}

/* Most takes are small and fit the block. */
void *arena_take(struct arena *a, size_t size)
{
    struct block *b = a->block;
    size_t whole = (size + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1);
    if (fail_after != 0 || size - 1 >= BLOCK_FIRST || whole + GAP > b->size - b->used || whole > a->max - a->used)
        return take_slowly(a, size);
    unsigned char *p = b->bytes + b->used;
    b->used += whole + GAP;
    a->used += whole;
    SHOW(p, size);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return fail_allocation(a);
    return arena_take(a, total);
}

fallible arena_on_release(struct arena *a, void (*release)(void *object), void *object)
{
    struct hook *hook = ARENA_NEW(a, struct hook);
    if (hook == NULL) {
        release(object);
        FAIL(UNAVAILABLE, "arena: no room for a release hook");
    }
    hook->release = release;
    hook->object = object;
    hook->older = a->hooks;
    a->hooks = hook;
    return OK;
}

bool arena_failed(const struct arena *a)
{
    return a->failed;
}

void arena_fail(struct arena *a)
{
    a->failed = true;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

static void run_hooks(struct arena *a)
{
    while (a->hooks != NULL) {
        struct hook *hook = a->hooks;
        a->hooks = hook->older; /* first, so that a hook which registers another is not lost */
        hook->release(hook->object);
    }
}

/* One block stays, the newest that is not too large: an arena that is used again and again soon takes no more. */
void arena_reset(struct arena *a)
{
    run_hooks(a);
    struct block *kept = NULL;
    for (struct block *b = a->block, *older; b != NULL; b = older) {
        older = b->older;
        block_wipe(b);
        if (kept == NULL && (b->size <= BLOCK_KEPT || older == NULL))
            kept = b;
        else
            free(b);
    }
    kept->older = NULL;
    a->block = kept;
    HIDE(kept->bytes, kept->size);
    a->used = 0;
    a->failed = false;
}

void arena_release(struct arena *a)
{
    if (a == NULL)
        return;
    arena_reset(a);
    SHOW(a->block->bytes, a->block->size);
    free(a->block);
    free(a);
}

void arena_fail_after(size_t n)
{
    fail_after = n;
}
