/* SPDX-License-Identifier: MIT
 * peer: the address that throttling counts by (RL-04). What a client writes about itself is believed only when the socket
 * belongs to a listed proxy, and then only the last hop, which that proxy wrote; text that is no address counts as nothing
 * said. Nobody but the administrator makes a Unix socket's peers a proxy: whoever may connect could
 * say anything. All addresses are kept as IPv6 (IPv4 mapped, RFC 4291 2.5.5.2), so that one host has one value. */
#include "http/peer.h"
#include "base/ascii.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

static const char unix_word[] = "unix";

static void map_v4_to_v6(struct in_addr v4, struct in6_addr *out)
{
    *out = (struct in6_addr){.s6_addr = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    memcpy(out->s6_addr + 12, &v4, sizeof(v4));
}

bool peer_parse(str text, struct in6_addr *out)
{
    char z[PEER_TEXT];
    if (text.n == 0 || text.n >= sizeof(z) || memchr(text.p, '\0', text.n) != NULL)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    struct in_addr v4;
    if (inet_pton(AF_INET, z, &v4) == 1) {
        map_v4_to_v6(v4, out);
        return true;
    }
    struct in6_addr v6;
    if (inet_pton(AF_INET6, z, &v6) != 1)
        return false;
    *out = v6;
    return true;
}

fallible peer_list_parse(struct arena *a, str words, struct peer_list *out)
{
    struct peer_list list = {NULL, 0, false};
    size_t most = words.n / 2 + 1;
    list.addresses = arena_array(a, most, sizeof(*list.addresses));
    if (list.addresses == NULL)
        FAIL(UNAVAILABLE, "listen: no memory");
    size_t at = 0;
    while (at < words.n) {
        size_t end = at;
        while (end < words.n && words.p[end] != ' ' && words.p[end] != ',')
            end++;
        str word = {words.p + at, end - at};
        if (str_is(word, unix_word))
            list.unix_peers = true;
        else if (end > at && !peer_parse(word, &list.addresses[list.count++]))
            REFUSE(INVALID_REQUEST, "A trusted proxy is not a numeric address.", "listen: a trusted proxy is no address");
        at = end + 1;
    }
    *out = list;
    return OK;
}

bool peer_listed(const struct peer_list *list, const struct in6_addr *address)
{
    if (IN6_IS_ADDR_UNSPECIFIED(address))
        return list->unix_peers;
    for (size_t i = 0; i < list->count; i++)
        if (IN6_ARE_ADDR_EQUAL(&list->addresses[i], address))
            return true;
    return false;
}

void peer_write(const struct in6_addr *address, char text[PEER_TEXT])
{
    bool v4 = IN6_IS_ADDR_V4MAPPED(address);
    if (IN6_IS_ADDR_UNSPECIFIED(address))
        memcpy(text, unix_word, sizeof unix_word);
    else if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address->s6_addr + 12 : address->s6_addr, text, PEER_TEXT) == NULL)
        text[0] = '\0';
}

void peer_of_socket(const struct sockaddr *socket, struct in6_addr *out)
{
    *out = (struct in6_addr){.s6_addr = {0}};
    if (socket == NULL)
        return;
    if (socket->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, socket, sizeof(v4));
        map_v4_to_v6(v4.sin_addr, out);
    } else if (socket->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, socket, sizeof(v6));
        *out = v6.sin6_addr;
    }
}

str peer_forwarded(const struct request *r)
{
    str hops = STR_ABSENT; /* of several such headers the last is the nearest */
    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_nocase(r->headers[i].name, STR("X-Forwarded-For")))
            hops = r->headers[i].value;
    if (!str_filled(hops))
        return STR_ABSENT;
    size_t begin = hops.n;
    while (begin > 0 && hops.p[begin - 1] != ',')
        begin--;
    struct in6_addr address;
    if (!peer_parse(str_trim((str){hops.p + begin, hops.n - begin}), &address) || IN6_IS_ADDR_UNSPECIFIED(&address))
        return STR_ABSENT;
    char text[PEER_TEXT];
    peer_write(&address, text);
    return str_dup(r->arena, str_of(text));
}
