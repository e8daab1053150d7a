/* SPDX-License-Identifier: MIT
 * Tests of arena: ceilings, wiping, hooks and injected failure. */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

static char order[8];
static size_t released;

static void note(void *object)
{
    order[released++] = *(const char *)object;
}

Test(arena, memory_is_zeroed_and_aligned)
{
    struct arena *a = arena_new(1 << 20);
    for (size_t size = 0; size < 300; size++) {
        unsigned char *p = arena_take(a, size);
        cr_assert_not_null(p);
        cr_assert_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(p[i], 0);
        memset(p, 0xaa, size);
    }
    arena_release(a);
}

Test(arena, memory_after_a_reset_is_zeroed_again)
{
    struct arena *a = arena_new(1 << 20);
    memset(arena_take(a, 4000), 0xaa, 4000);
    memset(arena_take(a, 100000), 0xaa, 100000);
    arena_reset(a);
    cr_assert_eq(arena_used(a), 0);
    const unsigned char *p = arena_take(a, 8000);
    for (size_t i = 0; i < 8000; i++)
        cr_assert_eq(p[i], 0);
    arena_release(a);
}

Test(arena, the_ceiling_is_exact_and_failing_is_sticky)
{
    struct arena *a = arena_new(1024);
    cr_assert_not_null(arena_take(a, 1024));
    cr_assert_not(arena_failed(a));
    cr_assert_null(arena_take(a, 1));
    cr_assert(arena_failed(a));
    arena_reset(a);
    cr_assert_not(arena_failed(a));
    cr_assert_null(arena_take(a, 1025));
    cr_assert_not_null(arena_take(a, 16));
    cr_assert(arena_failed(a), "a later success does not heal it");
    arena_release(a);
}

Test(arena, sizes_that_would_wrap_are_refused)
{
    struct arena *a = arena_new(SIZE_MAX);
    cr_assert_null(arena_take(a, SIZE_MAX));
    cr_assert_null(arena_take(a, SIZE_MAX - 8));
    cr_assert_null(arena_array(a, SIZE_MAX / 2, 3));
    cr_assert_null(arena_array(a, (size_t)1 << 33, (size_t)1 << 33));
    cr_assert(arena_failed(a));
    arena_release(a);
}

Test(arena, hooks_run_last_first_on_reset_and_only_once)
{
    struct arena *a = arena_new(4096);
    char letters[] = "abc";
    for (int i = 0; i < 3; i++)
        cr_assert_not(FAILED(arena_on_release(a, note, &letters[i])));
    arena_reset(a);
    cr_assert_str_eq(order, "cba");
    arena_release(a);
    cr_assert_eq(released, 3);
}

Test(arena, a_hook_that_cannot_be_registered_runs_at_once)
{
    struct arena *a = arena_new(4096);
    char letter = 'x';
    arena_fail_after(1);
    cr_assert_eq(arena_on_release(a, note, &letter).kind, ERR_UNAVAILABLE);
    cr_assert_eq(released, 1);
    arena_release(a);
    cr_assert_eq(released, 1);
}

Test(arena, the_nth_take_fails_when_told)
{
    struct arena *a = arena_new(4096);
    arena_fail_after(3);
    cr_assert_not_null(arena_take(a, 1));
    cr_assert_not_null(arena_take(a, 1));
    cr_assert_null(arena_take(a, 1));
    cr_assert_not_null(arena_take(a, 1));
    arena_fail_after(1);
    arena_fail_after(0);
    cr_assert_not_null(arena_take(a, 1));
    arena_release(a);
}

Test(arena, releasing_nothing_is_allowed)
{
    arena_release(NULL);
    struct arena *a = arena_new(0);
    cr_assert_null(arena_take(a, 1));
    arena_release(a);
}
