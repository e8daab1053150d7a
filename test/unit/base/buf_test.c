/* SPDX-License-Identifier: MIT
 * Tests of buf. */
#include "base/buf.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(buf, .init = open_arena, .fini = close_arena);

Test(buf, parts_are_joined)
{
    struct buf b = buf_new(a, 1000);
    buf_add(&b, STR("a\0b"));
    buf_add(&b, STR_ABSENT);
    buf_add_z(&b, "-");
    buf_char(&b, 'c');
    buf_u64(&b, UINT64_MAX);
    buf_char(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_i64(&b, 0);
    buf_format(&b, "%s/%d", "x", 5);
    str s;
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert(str_equal(s, STR("a\0b-c18446744073709551615 -92233720368547758080x/5")));
    cr_assert_eq(s.p[s.n], '\0');
}

Test(buf, a_place_is_part_of_the_text_and_room_is_not)
{
    struct buf b = buf_new(a, 5);
    str s;
    buf_reserve(&b, 100); /* as far as the ceiling goes */
    cr_assert(!b.over && b.n == 0);
    size_t used = arena_used(a);
    char *place = buf_place(&b, 3);
    cr_assert_not_null(place);
    memcpy(place, "abc", 3);
    buf_add(&b, STR("de"));
    cr_assert_eq(arena_used(a), used);
    cr_assert_null(buf_place(&b, 1));
    cr_assert(FAILED(buf_done(&b, &s)));
    b = buf_new(a, 5);
    memcpy(buf_place(&b, 5), "abcde", 5);
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_str_eq(s.p, "abcde");
}

Test(buf, an_empty_one_is_empty_text)
{
    struct buf b = buf_new(a, 0);
    str s;
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_str_eq(s.p, "");
    cr_assert_eq(s.n, 0);
}

Test(buf, the_ceiling_is_exact_and_overflow_is_sticky)
{
    struct buf b = buf_new(a, 3);
    str s = STR("untouched");
    buf_add_z(&b, "abc");
    cr_assert_not(b.over);
    buf_char(&b, 'd');
    cr_assert(b.over);
    cr_assert_eq(buf_done(&b, &s).kind, ERR_UNAVAILABLE);
    cr_assert(str_is(s, "untouched"));

    b = buf_new(a, 3);
    buf_add_z(&b, "abcd");
    buf_char(&b, 'e'); /* would fit, but the text has a hole already */
    cr_assert_eq(b.n, 0);
    cr_assert_eq(buf_done(&b, &s).kind, ERR_UNAVAILABLE);
}

Test(buf, every_kind_of_part_respects_the_ceiling)
{
    str s;
    struct buf b = buf_new(a, 5);
    buf_format(&b, "%d", 123456);
    cr_assert(FAILED(buf_done(&b, &s)));
    b = buf_new(a, 5);
    buf_i64(&b, -12345);
    cr_assert(FAILED(buf_done(&b, &s)));
}

Test(buf, growth_keeps_the_text_and_wipes_the_old_block)
{
    struct buf b = buf_new(a, 100000);
    buf_add_z(&b, "secret");
    const char *old = b.p;
    for (int i = 0; i < 5000; i++)
        buf_char(&b, (char)('a' + i % 26));
    cr_assert_neq(old, b.p);
    cr_assert_eq(memcmp(old, "\0\0\0\0\0\0", 6), 0);
    cr_assert_eq(memcmp(b.p, "secretabc", 9), 0);
    cr_assert_eq(b.n, 5006);
}

Test(buf, failing_memory_is_an_error_at_every_step)
{
    for (size_t n = 1;; n++) {
        arena_reset(a);
        arena_fail_after(n);
        struct buf b = buf_new(a, 10000);
        for (int i = 0; i < 1000; i++)
            buf_add_z(&b, "12345");
        str s;
        err e = buf_done(&b, &s);
        arena_fail_after(0);
        if (!FAILED(e)) {
            cr_assert_gt(n, 1);
            cr_assert_eq(s.n, 5000);
            break;
        }
        cr_assert(arena_failed(a));
    }
}
