/* SPDX-License-Identifier: MIT
 * Tests of html. */
#include "codec/html.h"

#include <criterion/criterion.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(html, .init = open_arena, .fini = close_arena);

Test(html, escapes_the_five_characters)
{
    struct buf b = buf_new(a, 1000);
    html_add(&b, STR("<a href=\"x\" id='y'>R&amp;D</a>\xc3\xa9"));
    str s;
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_str_eq(s.p, "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;R&amp;amp;D&lt;/a&gt;\xc3\xa9");
}

Test(html, plain_text_and_nothing_pass_through)
{
    struct buf b = buf_new(a, 1000);
    html_add(&b, STR_ABSENT);
    html_add(&b, STR(""));
    html_add(&b, STR("plain"));
    str s;
    cr_assert_not(FAILED(buf_done(&b, &s)));
    cr_assert_str_eq(s.p, "plain");
}
