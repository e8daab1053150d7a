/* SPDX-License-Identifier: MIT */
#include "codec/text.h"
#include <criterion/criterion.h>

static struct arena *a;

static void begin(void)
{
    a = arena_new(1 << 20);
}

static void end(void)
{
    arena_release(a);
}

TestSuite(text, .init = begin, .fini = end);

typedef fallible function(struct arena *a, str text, str *out);

static str done(function *f, const char *text)
{
    str out;
    cr_assert(!FAILED(f(a, str_of(text), &out)), "%s", text);
    return out;
}

static bool alike(const char *one, const char *other)
{
    return str_equal(done(text_skeleton, one), done(text_skeleton, other));
}

static err nfc(struct arena *x, str text, str *out)
{
    return text_nfc(x, text, out);
}

Test(text, nfc_makes_one_spelling_of_one_text)
{
    cr_expect(str_equal(done(nfc, "Zoe\xcc\x88"), done(nfc, "Zo\xc3\xab")));
    cr_expect(str_is(done(nfc, "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), "\xed\x95\x9c")); /* Hangul */
    cr_expect(str_is(done(nfc, "plain ASCII  as it is"), "plain ASCII  as it is"));
    cr_expect(str_is(done(nfc, ""), ""));
}

Test(text, passwords_are_opaque_strings) /* RFC 8265 4.2 and its examples 4.3 */
{
    cr_expect(str_is(done(text_password, "correct horse battery staple"), "correct horse battery staple"));
    cr_expect(str_is(done(text_password, "Correct Horse Battery Staple"), "Correct Horse Battery Staple"));
    cr_expect(str_is(done(text_password, "\xcf\x80\xc3\x9f\xc3\xa5"), "\xcf\x80\xc3\x9f\xc3\xa5"));
    cr_expect(str_is(done(text_password, "foo\xe1\x9a\x80" "bar"), "foo bar")); /* OGHAM SPACE MARK */
    cr_expect(str_equal(done(text_password, "pa\xcc\x8a"), done(text_password, "p\xc3\xa5")));
    cr_expect(str_is(done(text_password, "  ends stay "), "  ends stay "));
}

Test(text, folding_forgets_case_width_and_what_nobody_sees)
{
    cr_expect(str_is(done(text_fold, "House"), "house"));
    cr_expect(str_is(done(text_fold, "  House   of Cards "), "house of cards"));
    cr_expect(str_is(done(text_fold, "\xef\xbc\xa8\xef\xbd\x8fuse"), "house"));                 /* full-width */
    cr_expect(str_is(done(text_fold, "Ho\xe2\x80\x8bu\xc2\xadse"), "house"));                   /* U+200B, U+00AD */
    cr_expect(str_is(done(text_fold, "STRASSE"), "strasse") && str_is(done(text_fold, "Stra\xc3\x9f" "e"), "strasse"));
    cr_expect(str_is(done(text_fold, "House\xc2\xa0of"), "house of"));
}

Test(text, look_alikes_have_one_skeleton) /* UTS 39 4 */
{
    static const char *const houses[] = {"house", "HOUSE", "Ho\xe2\x80\x8buse", "Ho\xc2\xaduse", "\xef\xbc\xa8\xef\xbd\x8f\xef\xbd\x95\xef\xbd\x93\xef\xbd\x85",
                                         "H\xd0\xbeuse" /* Cyrillic o */, "Hous\xd0\xb5" /* Cyrillic e */, "H0use", " House ", "\xe2\x80\xaeHouse", "Ηouse" /* Greek Eta */};
    for (size_t i = 0; i < sizeof houses / sizeof *houses; i++)
        cr_expect(alike("House", houses[i]), "%s", houses[i]);
    cr_expect(alike("paypal", "\xd1\x80\xd0\xb0\xd1\x83\xd1\x80\xd0\xb0l"));
    cr_expect(alike("Mail", "mail") && alike("Mail", "rnail"));
    cr_expect_not(alike("House", "Mouse"));
    cr_expect_not(alike("House", "Houses"));
    cr_expect_not(alike("\xe5\xae\xb6", "\xe5\xb1\x8b"));
}

Test(text, what_is_no_text_or_too_long_is_refused)
{
    str out;
    char *big = arena_take(a, 20000);
    for (size_t i = 0; i < 20000; i += 2)
        big[i] = (char)0xc3, big[i + 1] = (char)0xa5;
    cr_expect(text_nfc(a, (str){big, 20000}, &out).kind == ERR_INVALID_REQUEST);
    cr_expect(text_nfc(a, STR("\xff\xfe"), &out).kind == ERR_INVALID_REQUEST);
    cr_expect(text_nfc(arena_new(64), (str){big, 4000}, &out).kind == ERR_UNAVAILABLE);
}
