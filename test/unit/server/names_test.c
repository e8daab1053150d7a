/* SPDX-License-Identifier: MIT
 * names: the names that were given, in both ways of writing them, and no other (IN-04). */
#include "server/names.h"
#include "fixture.h"

#include <criterion/criterion.h>

#include "base/banned.h"

static struct guard_rules rules;

static void take(const char *issuer, const char *issuer_mtls, const char *hosts, uint16_t port)
{
    struct settings s = {.hosts = str_of(hosts)};
    struct authority authority = {.issuer = str_of(issuer), .issuer_mtls = str_of(issuer_mtls), .secure = str_starts(str_of(issuer), STR("https:"))};
    cr_assert_eq(names_of(fixture_arena(), &s, &authority, port, &rules).kind, ERR_OK);
}

static bool answers(const char *host)
{
    for (size_t i = 0; i < rules.host_count; i++)
        if (str_is(rules.hosts[i], host))
            return true;
    return false;
}

Test(names, the_issuer_with_and_without_the_usual_port)
{
    take("https://auth.example.com", NULL, NULL, 8443);
    cr_expect(answers("auth.example.com") && answers("auth.example.com:443"));
    cr_expect_not(answers("auth.example.com:80") || answers("auth.example.com:8443") || answers("example.com") || answers(""));
    take("https://auth.example.com:9000/base", NULL, NULL, 8443);
    cr_expect(answers("auth.example.com:9000") && !answers("auth.example.com") && !answers("auth.example.com:443"));
    take("http://auth.example.com", NULL, NULL, 8080);
    cr_expect(answers("auth.example.com:80") && !answers("auth.example.com:443"));
}

Test(names, the_door_that_asks_for_certificates_has_its_own)
{
    take("https://a.example", "https://mtls.a.example:8444", NULL, 8443);
    cr_expect(answers("a.example") && answers("mtls.a.example:8444") && !answers("mtls.a.example"));
}

Test(names, further_ones_as_they_were_given)
{
    take("https://a.example", NULL, "b.example  c.example:7000 d.example:443 [2001:db8::1]", 8443);
    cr_expect(answers("b.example") && answers("b.example:443") && answers("b.example:8443"));
    cr_expect(answers("c.example:7000") && !answers("c.example") && !answers("c.example:8443"));
    cr_expect(answers("[2001:db8::1]") && answers("[2001:db8::1]:443") && answers("[2001:db8::1]:8443"));
    cr_expect(answers("d.example:443") && answers("d.example"));
    cr_expect_not(answers("") || answers(":8443") || answers("c.example:7000:443"));
}

Test(names, loopback_only_with_the_port)
{
    take("https://a.example", NULL, NULL, 8443);
    cr_expect(answers("localhost:8443") && answers("127.0.0.1:8443") && answers("[::1]:8443"));
    cr_expect_not(answers("localhost") || answers("127.0.0.1") || answers("[::1]"));
    take("https://a.example", NULL, NULL, 0);
    cr_expect(answers("localhost") && !answers("127.0.0.1") && !answers("localhost:0"));
}
