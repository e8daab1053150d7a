/* SPDX-License-Identifier: MIT
 * arena: memory with one owner and one end. Everything that a request (a command, a test) allocates comes from its arena;
 * nobody frees. Releasing overwrites every byte that was handed out (explicit_bzero), so that passwords and tokens vanish. */
#ifndef JETON_BASE_ARENA_H
#define JETON_BASE_ARENA_H
#include "base/err.h"

struct arena;

/* An arena that hands out at most `max` bytes in all. NULL when the machine has no memory. Not safe for two threads at once. */
struct arena *arena_new(size_t max);
/* Zeroed memory, aligned for any type; NULL when `max` is reached or the machine has no memory: arena_failed is true then. */
void *arena_take(struct arena *a, size_t size);
/* count * size, checked for overflow. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* Runs release(object) when the arena is released or reset, last registered first: the door for foreign handles.
 * When it cannot be registered, `release` is called at once and an error returned. */
fallible arena_on_release(struct arena *a, void (*release)(void *object), void *object);
bool arena_failed(const struct arena *a);
void arena_fail(struct arena *a); /* marks it failed: a builder that lost a part says so here; sticky */
size_t arena_used(const struct arena *a);
void arena_reset(struct arena *a);   /* wipes and keeps one block for the next request */
void arena_release(struct arena *a); /* wipes and frees; NULL is allowed */
/* For torture tests: the n-th take from now on fails (1 = the next); 0 switches it off. Per thread. */
void arena_fail_after(size_t n);

#define ARENA_NEW(a_, type_) ((type_ *)arena_take((a_), sizeof(type_)))
#endif
