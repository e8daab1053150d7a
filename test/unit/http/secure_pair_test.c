/* SPDX-License-Identifier: MIT */
#include "http/secure_pair.h"

#include "live_pair.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static struct arena *a;

static void begin(void)
{
    a = arena_new(1 << 20);
}

static void end(void)
{
    arena_release(a);
}

TestSuite(secure_pair, .init = begin, .fini = end);

static struct secure_names names_of(const char *names)
{
    struct listen_pair pem = live_pair(a, "EC", names);
    struct secure_pair p;
    struct secure_names out;
    cr_assert_eq(secure_pair_read(pem.certificate, pem.key, &p).kind, ERR_OK);
    cr_assert_eq(secure_pair_names(a, &p, &out).kind, ERR_OK);
    secure_pair_free(&p);
    return out;
}

static bool bears(const struct secure_names *n, const char *name)
{
    return secure_names_bear(n, str_of(name), false) || secure_names_bear(n, str_of(name), true);
}

Test(secure_pair, a_star_stands_for_one_whole_label) /* RFC 6125 6.4.3 */
{
    struct secure_names n = names_of("DNS:One.Example,DNS:*.two.example,IP:127.0.0.1");
    cr_assert_eq(n.count, 2);
    cr_expect(secure_names_bear(&n, STR("oNE.example"), false) && !secure_names_bear(&n, STR("one.example"), true));
    cr_expect(secure_names_bear(&n, STR("a.TWO.example"), true) && !secure_names_bear(&n, STR("a.two.example"), false));
    static const char *const foreign[] = {"two.example", ".two.example", "a.b.two.example", "xone.example", "one.example.", "", "a", "127.0.0.1", "*"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        cr_expect_not(bears(&n, foreign[i]), "%s", foreign[i]);
}

Test(secure_pair, names_cover_what_they_bear_all_of)
{
    struct secure_names one = names_of("DNS:a.example,DNS:b.example"), part = names_of("DNS:b.example"), star = names_of("DNS:*.example"),
                        none = names_of(NULL);
    cr_expect(secure_names_cover(&one, &part, false) && !secure_names_cover(&part, &one, true));
    cr_expect(secure_names_cover(&star, &one, true) && !secure_names_cover(&star, &one, false) && !secure_names_cover(&one, &star, true));
    cr_expect(secure_names_cover(&star, &star, false) && secure_names_cover(&part, &none, false) && !secure_names_cover(&none, &part, true));
}

Test(secure_pair, kinds_of_keys_are_told_apart_and_foreign_keys_refused)
{
    struct listen_pair ec = live_pair(a, "EC", "DNS:a"), rsa = live_pair(a, "RSA", "DNS:a"), other = live_pair(a, "EC", "DNS:a");
    struct secure_pair one, two, three;
    cr_assert(!FAILED(secure_pair_read(ec.certificate, ec.key, &one)) && !FAILED(secure_pair_read(rsa.certificate, rsa.key, &two)));
    cr_assert(!FAILED(secure_pair_read(other.certificate, other.key, &three)));
    cr_expect(secure_pair_alike(&one, &three) && !secure_pair_alike(&one, &two));
    secure_pair_free(&one);
    secure_pair_free(&two);
    secure_pair_free(&three);
    cr_expect_eq(secure_pair_read(ec.certificate, other.key, &one).kind, ERR_INVALID_REQUEST);
    secure_pair_free(&one);
    cr_expect_eq(secure_pair_read(ec.key, ec.key, &one).kind, ERR_INVALID_REQUEST);
    secure_pair_free(&one);
    cr_expect_eq(secure_pair_read(ec.certificate, ec.certificate, &one).kind, ERR_INVALID_REQUEST);
    secure_pair_free(&one);
}
