/* SPDX-License-Identifier: MIT
 * qr: a picture that holds nothing but squares. */
#include "page/qr.h"
#include <criterion/criterion.h>
#include <string.h>

Test(qr, a_text_becomes_squares_and_never_markup)
{
    struct arena *a = arena_new(1 << 22);
    str svg, again;
    cr_assert_eq(qr_svg(a, STR("https://x.example/?a=\"><script>"), &svg).kind, ERR_OK);
    cr_expect(str_starts(svg, STR("<svg ")) && strstr(svg.p, "script") == NULL && strstr(svg.p, "x.example") == NULL);
    cr_assert_eq(qr_svg(a, STR("https://y.example/"), &again).kind, ERR_OK);
    cr_expect(!str_equal(svg, again));
    arena_release(a);
}

Test(qr, empty_and_endless_texts_are_refused)
{
    static char long_text[QR_TEXT_MAX + 2];
    struct arena *a = arena_new(1 << 22);
    str svg;
    memset(long_text, 'a', sizeof long_text);
    cr_expect_eq(qr_svg(a, STR(""), &svg).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(qr_svg(a, (str){long_text, QR_TEXT_MAX + 1}, &svg).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(qr_svg(a, (str){long_text, QR_TEXT_MAX}, &svg).kind, ERR_OK);
    arena_release(a);
}
