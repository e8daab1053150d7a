/* SPDX-License-Identifier: MIT
 * proxied: PROXY headers as a proxy writes them, for tests. */
#ifndef JETON_TEST_PROXIED_H
#define JETON_TEST_PROXIED_H
#include "base/str.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#define PROXIED_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
enum { PROXIED_LOCAL = 0x20, PROXIED_PROXY = 0x21, PROXIED_V4 = 0x11, PROXIED_V6 = 0x21, PROXIED_ROOM = 8192 };

/* In static memory, for one use at a time. `length`: as the header tells it; -1: as it is. */
static inline str proxied_bytes(int command, int family, str rest, long length)
{
    static char bytes[PROXIED_ROOM];
    size_t told = length < 0 ? rest.n : (size_t)length;
    cr_assert_leq(rest.n + 16, sizeof bytes);
    memcpy(bytes, PROXIED_SIGNATURE, 12);
    bytes[12] = (char)command;
    bytes[13] = (char)family;
    bytes[14] = (char)(told >> 8);
    bytes[15] = (char)told;
    if (rest.n > 0)
        memcpy(bytes + 16, rest.p, rest.n);
    return (str){bytes, rest.n + 16};
}

/* A connection of `from` to one of our addresses, with these values behind the addresses. */
static inline str proxied_from(const char *from, str values)
{
    static char rest[PROXIED_ROOM];
    bool v6 = strchr(from, ':') != NULL;
    size_t address = v6 ? 16 : 4, all = 2 * address + 4;
    memset(rest, 1, sizeof rest);
    cr_assert(inet_pton(v6 ? AF_INET6 : AF_INET, from, rest) == 1 && all + values.n <= sizeof rest);
    if (values.n > 0)
        memcpy(rest + all, values.p, values.n);
    return proxied_bytes(PROXIED_PROXY, v6 ? PROXIED_V6 : PROXIED_V4, (str){rest, all + values.n}, -1);
}
#endif
