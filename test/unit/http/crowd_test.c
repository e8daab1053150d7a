/* SPDX-License-Identifier: MIT */
#include "http/crowd.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/banned.h"

static struct in6_addr at(const char *text)
{
    struct in6_addr a;
    cr_assert(inet_pton(AF_INET6, text, &a) == 1, "%s", text);
    return a;
}

static int filled(const char *text)
{
    struct in6_addr a = at(text);
    int n = 0;
    for (; n < HTTP_CONNECTIONS_MAX && crowd_admits(&a); n++)
        crowd_enter(&a);
    return n;
}

Test(crowd, RL_06_one_address_has_a_third_and_leaves_room)
{
    struct in6_addr same = at("2001:db8:1:2:ffff::9"), other = at("2001:db8:1:3::1"), four = at("::ffff:198.51.100.7");
    int n = filled("2001:db8:1:2::1");
    cr_expect(n > 5000 && n <= HTTP_CONNECTIONS_MAX / 3 + 1, "%d", n);
    cr_expect_not(crowd_admits(&same)); /* the same /64 */
    cr_expect(crowd_admits(&other) && crowd_admits(&four));
    crowd_leave(&same);
    cr_expect(crowd_admits(&same));
}

Test(crowd, RL_06_twenty_addresses_leave_a_twentieth)
{
    struct in6_addr late = at("::ffff:203.0.113.9");
    for (int i = 0; i < 20; i++) {
        char text[INET6_ADDRSTRLEN];
        (void)snprintf(text, sizeof text, "::ffff:198.51.100.%d", i + 1);
        cr_expect_gt(filled(text), 0);
    }
    cr_expect(crowd_admits(&late));
}

Test(crowd, this_machine_is_not_counted)
{
    struct in6_addr one = at("::1"), two = at("::ffff:127.0.0.2");
    for (int i = 0; i < 2 * HTTP_CONNECTIONS_MAX; i++) {
        crowd_enter(&one);
        crowd_enter(&two);
    }
    cr_expect(crowd_admits(&one) && crowd_admits(&two));
    crowd_leave(&one);
}
