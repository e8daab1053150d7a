/* SPDX-License-Identifier: MIT
 * Claims about the opening of keys: the master key is gone from this process once the store is open. */
#include "keys/keys_internal.h"
#include "fixture.h"
#include "keys/keeper_build.h"
#include "memory.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "base/banned.h"

static uint8_t planted[MEMORY_SECRET];

static void assert_gone(const char *when)
{
    size_t looked;
    char path[256];
    snprintf(path, sizeof path, "%s/master.key", fixture_authority_directory());
    memory_want_file(path);
    cr_assert_eq(memory_copies(&looked), 0, "%s: the master key stands in memory", when);
    cr_assert(looked > 1 << 20, "%zu", looked);
    memory_plant(planted);
    cr_assert_geq(memory_copies(&looked), 2, "the search does not find what is there");
    memset(planted, 0, sizeof planted);
}

Test(keys, no_copy_of_the_master_key_is_left_after_the_first_start)
{
    struct arena *a = fixture_arena();
    struct authority *authority = fixture_authority(a);
    assert_gone("after the opening");
    struct context *ctx = fixture_context(authority, a);
    cr_assert(!FAILED(authority_keys_rotate(ctx, ROTATION_NOW)));
    authority_leave(ctx);
    assert_gone("after a rotation");
}

Test(keys, no_copy_of_the_master_key_is_left_after_the_next_start)
{
    struct arena *a = fixture_arena();
    fixture_authority(a);
    fixture_authority_again(a);
    assert_gone("after the second opening");
}

/* Deep below the frames of the search, which would overwrite what was left there. */
static struct keeper *taken_deep(struct store *store)
{
    volatile uint8_t below[1 << 16];
    struct keeper *keeper = NULL;
    below[0] = 0;
    err e = keys_take_master(store, fixture_authority_directory(), &keeper);
    cr_assert(!FAILED(e) && below[0] == 0, "%s", err_why(e));
    return keeper;
}

Test(keys, whoever_takes_the_master_key_leaves_nothing_of_it_on_the_stack)
{
    struct authority *authority = fixture_authority(fixture_arena());
    struct keeper *keeper = taken_deep(authority->store);
    assert_gone("at once");
    keeper_free(keeper);
}
