/* SPDX-License-Identifier: MIT
 * fetch_address: the judge of where this server may call (CVE-2020-10770: a request that made the server call into its own network).
 * Relies on the IANA registries of special-purpose addresses (RFC 6890 and its updates). Promises: what is in no row of IPv4 is public;
 * of IPv6 only global unicast (2000::/3) without its special blocks is, and the gateways that carry IPv4 inside are judged by what they
 * carry. */
#include "fetch/fetch_address.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/banned.h"

/* clang-format off */
static const struct { uint32_t block; unsigned bits; } closed_v4[] = {
    { 0x00000000,  8 }, /* 0.0.0.0/8: this host, unspecified (RFC 1122) */
    { 0x0a000000,  8 }, /* 10/8: private (RFC 1918) */
    { 0x64400000, 10 }, /* 100.64/10: carriers' shared space (RFC 6598) */
    { 0x7f000000,  8 }, /* 127/8: loopback */
    { 0xa9fe0000, 16 }, /* 169.254/16: link-local, clouds' metadata (RFC 3927) */
    { 0xac100000, 12 }, /* 172.16/12: private */
    { 0xc0000000, 24 }, /* 192.0.0/24: protocol assignments */
    { 0xc0000200, 24 }, /* 192.0.2/24: documentation */
    { 0xc0586300, 24 }, /* 192.88.99/24: relays to 6to4 (RFC 7526) */
    { 0xc0a80000, 16 }, /* 192.168/16: private */
    { 0xc6120000, 15 }, /* 198.18/15: benchmarks (RFC 2544) */
    { 0xc6336400, 24 }, /* 198.51.100/24: documentation */
    { 0xcb007100, 24 }, /* 203.0.113/24: documentation */
    { 0xe0000000,  4 }, /* 224/4: multicast */
    { 0xf0000000,  4 }, /* 240/4: reserved, broadcast */
};
static const struct { uint8_t block[4]; unsigned bits; } closed_v6[] = { /* inside 2000::/3 */
    { { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* 2001::/23: Teredo, ORCHID and other assignments */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* 2001:db8::/32: documentation */
    { { 0x20, 0x02, 0x00, 0x00 }, 16 }, /* 2002::/16: 6to4, an IPv4 address in disguise */
    { { 0x3f, 0xff, 0x00, 0x00 }, 20 }, /* 3fff::/20: documentation (RFC 9637) */
};
static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b }; /* 64:ff9b::/96 (RFC 6052) */
/* clang-format on */

static uint32_t read_u32_bytes(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_in_v4_block(uint32_t address, uint32_t block, unsigned bits)
{
    return (address ^ block) >> (32 - bits) == 0;
}

static bool public_v4(uint32_t address)
{
    for (size_t i = 0; i < sizeof closed_v4 / sizeof *closed_v4; i++)
        if (is_in_v4_block(address, closed_v4[i].block, closed_v4[i].bits))
            return false;
    return true;
}

static bool public_v6(const uint8_t a[16])
{
    if (memcmp(a, nat64, sizeof nat64) == 0)
        return public_v4(read_u32_bytes(a + 12));
    if (a[0] >> 5 != 1) /* 2000::/3 alone: neither ::, ::1, ::ffff:0:0/96, fc00::/7, fe80::/10 nor ff00::/8 */
        return false;
    for (size_t i = 0; i < sizeof closed_v6 / sizeof *closed_v6; i++)
        if (is_in_v4_block(read_u32_bytes(a), read_u32_bytes(closed_v6[i].block), closed_v6[i].bits))
            return false;
    return true;
}

bool fetch_address_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4);
        return public_v4(ntohl(v4.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        return public_v6(v6.sin6_addr.s6_addr);
    default:
        return false;
    }
}

static str port_of(const struct url *u)
{
    return str_present(u->port) ? u->port : STR("443");
}

bool fetch_address_port_listed(str list, const struct url *u)
{
    str word, port = port_of(u);
    while (str_filled(list) && str_next(&list, ' ', &word))
        if (str_is(word, "any") || str_equal(word, port))
            return true;
    return false;
}

bool fetch_address_named(str list, const struct url *u)
{
    str word, port = port_of(u);
    while (str_filled(list) && str_next(&list, ' ', &word)) {
        if (word.n < u->host.n || !str_equal_nocase((str){word.p, u->host.n}, u->host))
            continue;
        str rest = {word.p + u->host.n, word.n - u->host.n};
        if (rest.n == 0 || (rest.p[0] == ':' && str_equal((str){rest.p + 1, rest.n - 1}, port)))
            return true;
    }
    return false;
}
