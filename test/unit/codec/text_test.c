/* SPDX-License-Identifier: MIT */
#include "codec/text.h"
#include <criterion/criterion.h>
#include <string.h>

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
    cr_expect(str_is(done(text_password, "foo\xe1\x9a\x80"
                                         "bar"),
                     "foo bar")); /* OGHAM SPACE MARK */
    cr_expect(str_equal(done(text_password, "pa\xcc\x8a"), done(text_password, "p\xc3\xa5")));
    cr_expect(str_is(done(text_password, "  ends stay "), "  ends stay "));
}

Test(text, folding_forgets_case_width_and_what_nobody_sees)
{
    cr_expect(str_is(done(text_fold, "House"), "house"));
    cr_expect(str_is(done(text_fold, "  House   of Cards "), "house of cards"));
    cr_expect(str_is(done(text_fold, "\xef\xbc\xa8\xef\xbd\x8fuse"), "house")); /* full-width */
    cr_expect(str_is(done(text_fold, "Ho\xe2\x80\x8bu\xc2\xadse"), "house"));   /* U+200B, U+00AD */
    cr_expect(str_is(done(text_fold, "STRASSE"), "strasse") && str_is(done(text_fold, "Stra\xc3\x9f"
                                                                                      "e"),
                                                                      "strasse"));
    cr_expect(str_is(done(text_fold, "House\xc2\xa0of"), "house of"));
}

Test(text, look_alikes_have_one_skeleton) /* UTS 39 4 */
{
    static const char *const houses[] = {"house",
                                         "HOUSE",
                                         "Ho\xe2\x80\x8buse",
                                         "Ho\xc2\xaduse",
                                         "\xef\xbc\xa8\xef\xbd\x8f\xef\xbd\x95\xef\xbd\x93\xef\xbd\x85",
                                         "H\xd0\xbeuse" /* Cyrillic o */,
                                         "Hous\xd0\xb5" /* Cyrillic e */,
                                         "H0use",
                                         " House ",
                                         "\xe2\x80\xaeHouse",
                                         "Ηouse" /* Greek Eta */};
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

Test(text, what_can_be_read)
{
    static const char *const good[] = {"ada",
                                       "Ada Lovelace",
                                       "\xd0\x9b\xd0\xb5\xd0\xb2",
                                       "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99",
                                       "\xd7\x93\xd7\x95\xd7\x93 1",
                                       "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb" /* woman, joiner, laptop */,
                                       "\xe2\x9d\xa4\xef\xb8\x8f" /* heart, selector */,
                                       "\xd9\x86\xd8\xa7\xd9\x85\xe2\x80\x8c\xd9\x87\xd8\xa7" /* Persian with a non-joiner */};
    /* clang-format off */
    static const char *const bad[] = {
        "a\xc2\xad" "b", "a\xe2\x80\x8b" "b", "a\xe2\x80\xae" "b", "a\xe2\x81\xa6" "b", "a\xe2\x80\x8f" "b", "\xef\xbb\xbf" "a", "a\xe2\x80\xa8" "b", "a\xd8\x9c" "b",
        "a\xcd\x8f" "b" /* U+034F */, "\xe3\x85\xa4" /* U+3164 */, "a\xe3\x85\xa4", "\xe1\x85\x9f" /* U+115F */, "\xef\xbe\xa0" /* U+FFA0 */, "\xe2\xa0\x80" /* U+2800 */,
        "\xf0\x9d\x85\xb3" /* U+1D173 */, "\xf0\x9b\xb2\xa0" /* U+1BCA0 */, "\xf3\xa0\x81\xa1" /* tag */, "\xee\x80\x80" /* private */, "\xcd\xb8" /* unassigned */,
        "\xe2\x80\x8d" "a" /* a joiner that joins nothing */, "\xe3\x80\x80" /* a blank alone */, "", " ", "a\x7f", "a\nb", "a\xc2\x85"};
    /* clang-format on */
    bool readable = false;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert(!FAILED(text_readable(a, str_of(good[i]), &readable)));
        cr_expect(readable, "%zu", i);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert(!FAILED(text_readable(a, str_of(bad[i]), &readable)));
        cr_expect_not(readable, "%zu", i);
    }
}

static str key_of(const char *typed, str *shown)
{
    str key;
    err e = text_username(a, str_of(typed), shown, &key);
    cr_assert(!FAILED(e), "%s: %s", typed, err_say(e));
    return key;
}

Test(text, usernames_that_are_the_same)
{
    static const struct {
        const char *typed, *shown, *key;
    } names[] = {
        {"Ada", "Ada", "ada"},
        {"  ada ", "ada", "ada"},
        {"Ada  Lovelace", "Ada Lovelace", "ada lovelace"},
        {"\xef\xbc\xa1\xef\xbd\x84\xef\xbd\x81", "\xef\xbc\xa1\xef\xbd\x84\xef\xbd\x81", "ada"},            /* full width */
        {"\xe6\x9d\x8e\xe3\x80\x80\xe9\xbe\x99", "\xe6\x9d\x8e \xe9\xbe\x99", "\xe6\x9d\x8e \xe9\xbe\x99"}, /* an ideographic blank */
        {"\xef\xbd\xb6\xef\xbe\x9e", "\xef\xbd\xb6\xef\xbe\x9e", "\xe3\x82\xac"},                           /* half width katakana with its mark */
        {"Nguye\xcc\x82\xcc\x83n", "Nguy\xe1\xbb\x85n", "nguy\xe1\xbb\x85n"},                               /* from a Mac */
        {"STRA\xc3\x9f"
         "E",
         "STRA\xc3\x9f"
         "E",
         "stra\xc3\x9f"
         "e"},
        {"\xce\xa3\xce\x9f\xce\xa6\xce\x9f\xce\xa3", "\xce\xa3\xce\x9f\xce\xa6\xce\x9f\xce\xa3", "\xcf\x83\xce\xbf\xcf\x86\xce\xbf\xcf\x82"}, /* final sigma */
        {"\xd7\x93\xd7\x95\xd7\x93 \xd7\x91\xd7\x9f", "\xd7\x93\xd7\x95\xd7\x93 \xd7\x91\xd7\x9f", "\xd7\x93\xd7\x95\xd7\x93 \xd7\x91\xd7\x9f"},
        {"\xd9\x85\xd8\xad\xd9\x85\xd8\xaf\xd9\xa1", "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf\xd9\xa1",
         "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf\xd9\xa1"}, /* Arabic with its digit */
        {"l\xc2\xb7l", "l\xc2\xb7l", "l\xc2\xb7l"},   /* Catalan */
        {"\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7", "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7",
         "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7"}, /* joiner behind a virama */
        {"a.b!c#d$e*f+g=h^i_j`k|l~m@n-", "a.b!c#d$e*f+g=h^i_j`k|l~m@n-", "a.b!c#d$e*f+g=h^i_j`k|l~m@n-"},
        {"M\xc3\xbcller@firma.de", "M\xc3\xbcller@firma.de", "m\xc3\xbcller@firma.de"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        str shown = STR_ABSENT, key = STR_ABSENT, again;
        key = key_of(names[i].typed, &shown);
        cr_expect(str_is(shown, names[i].shown), "%zu: %.*s", i, STR_FMT(shown));
        cr_expect(str_is(key, names[i].key), "%zu: %.*s", i, STR_FMT(key));
        cr_expect(str_equal(key_of(str_z(a, key), &again), key), "%zu: not the same twice", i);
        cr_expect(str_equal(key_of(str_z(a, shown), &again), key), "%zu", i);
    }
}

Test(text, usernames_that_are_none)
{
    /* clang-format off */
    static const char *const bad[] = {
        "a%b", "a/b", "a\\b", "a\"b", "a<b", "a:b", "a,b", "a\tb", "a\nb", "a\x7f" "b", "a\x1f",
        "a\xc2\xa0" "b" /* no-break space */, "a\xe2\x80\x8b" "b", "a\xc2\xad" "b", "\xe2\x82\xac" /* a symbol */, "\xc2\xbd" /* one half */, "\xef\xac\x81" /* a ligature */, "\xef\xbc\x8f" "a" /* a full width slash */,
        "\xe2\x85\xa7" /* a Roman number */, "\xf0\x9f\x98\x80" /* a face */, "\xd9\x80\xd9\x85" /* tatweel */, "\xe1\x84\x80" /* old Hangul */, "\xcd\xb8" /* unassigned */,
        "\xd7\x93" "a" /* both directions */, "1\xd7\x93" /* begins with a digit */, "a\xe2\x80\x8d" "b" /* a joiner with nothing to join */, "\xc2\xb7" "a" /* a dot with no l beside it */,
        "\xd9\xa1\xdb\xb1\xd9\x85" /* digits of two kinds */, "\xe2\x80\xae" "a",
        "xn--a\xd7\x90" "b", "XN--bob\xe2\x80\x8d", "xn__\xd9\xa0\xdb\xb1" /* no door for Punycode */};
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        str shown = STR("untouched"), key = STR("untouched");
        err e = text_username(a, str_of(bad[i]), &shown, &key);
        cr_expect_eq(e.kind, ERR_INVALID_REQUEST, "%zu", i);
        cr_expect(strncmp(err_say(e), "A username", 10) == 0 || strncmp(err_say(e), "Each word of a username", 23) == 0, "%zu: %s", i, err_say(e));
    }
}
