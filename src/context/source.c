/* SPDX-License-Identifier: MIT
 * source: one key for one place. Relies on the address being the socket's or a trusted proxy's (RL-04); promises that spellings of one
 * address share a key. */
#include "context/source.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

str source_key(struct arena *a, const char *prefix, str address)
{
    struct in6_addr six;
    char canonical[INET6_ADDRSTRLEN];
    const char *text = str_filled(address) ? str_z(a, address) : NULL;
    if (text == NULL)
        return STR_ABSENT;
    if (inet_pton(AF_INET6, text, &six) != 1)
        return str_format(a, "%s:%s", prefix, text);
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        inet_ntop(AF_INET, &six.s6_addr[12], canonical, sizeof canonical);
        return str_format(a, "%s:%s", prefix, canonical);
    }
    memset(&six.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &six, canonical, sizeof canonical);
    return str_format(a, "%s:%s/64", prefix, canonical);
}
