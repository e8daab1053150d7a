/* SPDX-License-Identifier: MIT
 * source: one place has one key, however its address is spelled (RL-01, RL-05). */
#include "context/source.h"
#include "fixture.h"

#include <criterion/criterion.h>

static bool key_is(const char *address, const char *key)
{
    str made = source_key(fixture_arena(), "login", str_of(address));
    return str_is(made, key);
}

Test(source, IPv4_counts_whole)
{
    cr_expect(key_is("192.0.2.7", "login:192.0.2.7"));
    cr_expect(key_is("192.0.2.8", "login:192.0.2.8"));
    cr_expect(key_is("::ffff:192.0.2.7", "login:192.0.2.7"));
    cr_expect(key_is("::FFFF:C000:207", "login:192.0.2.7"));
}

Test(source, IPv6_counts_by_its_64)
{
    cr_expect(key_is("2001:db8::1", "login:2001:db8::/64"));
    cr_expect(key_is("2001:DB8:0:0:ffff:ffff:ffff:ffff", "login:2001:db8::/64"));
    cr_expect(key_is("2001:db8:0:1::1", "login:2001:db8:0:1::/64"));
}

Test(source, doors_count_apart_and_nobody_has_no_key)
{
    struct arena *a = fixture_arena();
    cr_expect(!str_equal(source_key(a, "login", STR("192.0.2.7")), source_key(a, "token", STR("192.0.2.7"))));
    cr_expect_not(str_present(source_key(a, "login", STR(""))));
    cr_expect_not(str_present(source_key(a, "login", STR_ABSENT)));
    arena_fail_after(1);
    cr_expect_not(str_present(source_key(a, "login", STR("192.0.2.7"))));
    arena_fail_after(0);
}
