/* SPDX-License-Identifier: MIT */
#include "http/frame.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

static char head[] = "GET /a HTTP/1.1\0\0Host\0x\0\0A\0b\0\0\0\0";
static struct http_header headers[2];
static struct frame f;

static void as_parsed(void)
{
    headers[0] = (struct http_header){{head + 17, 4}, {head + 22, 1}};
    headers[1] = (struct http_header){{head + 25, 1}, {head + 27, 1}};
    f = (struct frame){{head, 32}, {head, 3}, {head + 4, 2}, {head + 7, 8}, headers, 2};
}

Test(frame, a_head_without_gaps_passes, .init = as_parsed)
{
    cr_expect_eq(frame_check(&f).kind, ERR_OK);
}

Test(frame, any_byte_more_or_less_is_refused, .init = as_parsed)
{
    str *const pieces[] = {&f.method,         &f.target,        &f.version,       &headers[0].name,
                           &headers[0].value, &headers[1].name, &headers[1].value};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        str kept = *pieces[i];
        pieces[i]->n--;
        cr_expect_eq(frame_check(&f).kind, ERR_INVALID_REQUEST, "shorter %zu", i);
        *pieces[i] = (str){kept.p, kept.n + 1};
        cr_expect_eq(frame_check(&f).kind, ERR_INVALID_REQUEST, "longer %zu", i);
        *pieces[i] = (str){kept.p + 1, kept.n};
        cr_expect_eq(frame_check(&f).kind, ERR_INVALID_REQUEST, "moved %zu", i);
        *pieces[i] = STR_ABSENT;
        cr_expect_eq(frame_check(&f).kind, ERR_INVALID_REQUEST, "absent %zu", i);
        *pieces[i] = kept;
    }
    f.head.n--;
    cr_expect_eq(frame_check(&f).kind, ERR_INVALID_REQUEST);
    f.head.n += 2;
    cr_expect_eq(frame_check(&f).kind, ERR_INVALID_REQUEST);
}

Test(frame, blanks_around_a_value_belong_to_the_line)
{
    static char text[] = "GET / HTTP/1.1\0\0A\0\t x \t\0\0\0\0";
    struct http_header field[] = {{{text + 16, 1}, {text + 20, 1}}};
    struct frame g = {{text, 27}, {text, 3}, {text + 4, 1}, {text + 6, 8}, field, 1};
    cr_expect_eq(frame_check(&g).kind, ERR_OK);
    text[18] = 'y';
    cr_expect_eq(frame_check(&g).kind, ERR_INVALID_REQUEST);
}

Test(frame, a_value_that_lies_elsewhere_is_a_folded_one, .init = as_parsed)
{
    headers[0].value = STR("x");
    cr_expect_eq(frame_check(&f).kind, ERR_INVALID_REQUEST);
}

Test(frame, only_two_versions)
{
    static const char *const versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "http/1.1", "HTTP/0.9"};
    for (size_t i = 0; i < 5; i++) {
        as_parsed();
        memcpy(head + 7, versions[i], 8);
        cr_expect_eq(frame_check(&f).kind, i < 2 ? ERR_OK : ERR_INVALID_REQUEST);
    }
}

Test(frame, no_transfer_coding_in_http_1_0)
{
    static char old[] = "GET / HTTP/1.0\0\0Transfer-Encoding\0c\0\0\0\0";
    struct http_header coding[] = {{{old + 16, 17}, {old + 34, 1}}};
    struct frame g = {{old, 39}, {old, 3}, {old + 4, 1}, {old + 6, 8}, coding, 1};
    cr_expect_eq(frame_check(&g).kind, ERR_INVALID_REQUEST);
    memcpy(old + 6, "HTTP/1.1", 8);
    cr_expect_eq(frame_check(&g).kind, ERR_OK);
}
