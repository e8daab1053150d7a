/* SPDX-License-Identifier: MIT */
#include "fetch/fetch_address.h"
#include <arpa/inet.h>
#include <sys/socket.h>
#include <criterion/criterion.h>

static bool open_to(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return fetch_address_public((const struct sockaddr *)&v4);
    cr_assert(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1, "%s", text);
    return fetch_address_public((const struct sockaddr *)&v6);
}

Test(fetch_address, internal_addresses_are_not_public)
{
    static const char *const closed[] = {
        "0.0.0.0",          "0.1.2.3",        "10.0.0.1",       "10.255.255.255", "100.64.0.1",      "100.127.255.255", "127.0.0.1",    "127.255.0.9",
        "169.254.169.254",  "172.16.0.1",     "172.31.255.255", "192.0.0.8",      "192.0.2.1",       "192.168.1.1",     "198.18.0.1",   "198.19.255.255",
        "198.51.100.7",     "203.0.113.9",    "224.0.0.1",      "239.1.1.1",      "240.0.0.1",       "255.255.255.255", "::",           "::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",    "fc00::1",        "fd12::1",         "fe80::1",         "fec0::1",      "ff02::1",
        "2001:db8::1",      "2001::1",        "2002:7f00:1::",  "3fff::1",        "64:ff9b::7f00:1", "64:ff9b::a00:1",  "64:ff9b:1::1", "100::1",
        "4000::1",
    };
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        cr_expect_not(open_to(closed[i]), "%s", closed[i]);
}

Test(fetch_address, ordinary_addresses_are_public)
{
    static const char *const open[] = {"1.1.1.1",    "8.8.8.8",   "9.255.255.255", "11.0.0.1",     "100.63.255.255",   "100.128.0.1",
                                       "126.1.1.1",  "128.0.0.1", "172.15.0.1",    "172.32.0.1",   "192.167.1.1",      "198.17.1.1",
                                       "198.20.1.1", "223.1.1.1", "2606:4700::1",  "2a00:1450::1", "64:ff9b::808:808", "2001:200::1"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        cr_expect(open_to(open[i]), "%s", open[i]);
    struct sockaddr other = {.sa_family = AF_UNIX};
    cr_expect_not(fetch_address_public(&other));
}

static bool named(const char *list, const char *text)
{
    struct url u;
    cr_assert(!FAILED(url_parse(str_of(text), &u)));
    return fetch_address_named(str_of(list), &u);
}

Test(fetch_address, a_list_names_hosts_with_or_without_port)
{
    cr_expect(named("localhost", "https://localhost:9443/jwks"));
    cr_expect(named("a.example localhost:9443", "https://LOCALHOST:9443/jwks"));
    cr_expect(named("a.example:443", "https://a.example/jwks"));
    cr_expect(named("[::1]:8443", "https://[::1]:8443/"));
    cr_expect_not(named("localhost:9443", "https://localhost:9444/jwks"));
    cr_expect_not(named("localhost:9443", "https://localhost/jwks"));
    cr_expect_not(named("local", "https://localhost/jwks"));
    cr_expect_not(named("localhost.example", "https://localhost/jwks"));
    cr_expect_not(named("", "https://localhost/jwks"));
    cr_expect_not(fetch_address_named(STR_ABSENT, &(struct url){.scheme = STR("https"), .host = STR("a.example")}));
}

static bool port_listed(const char *list, const char *address)
{
    struct url u;
    cr_assert(!FAILED(url_parse(str_of(address), &u)));
    return fetch_address_port_listed(str_of(list), &u);
}

Test(fetch_address, a_port_is_one_of_the_list)
{
    cr_expect(port_listed("443", "https://a.example/"));
    cr_expect(port_listed("443", "https://a.example:443/"));
    cr_expect(port_listed("443  8443", "https://[2001:db8::1]:8443/"));
    cr_expect(port_listed("any", "https://a.example:1/"));
    cr_expect_not(port_listed("443", "https://a.example:8443/"));
    cr_expect_not(port_listed("8443", "https://a.example/"));
    cr_expect_not(port_listed("443", "https://a.example:44/"));
    cr_expect_not(port_listed("443", "https://a.example:4430/"));
    cr_expect_not(port_listed("", "https://a.example/"));
}
