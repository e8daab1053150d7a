/* SPDX-License-Identifier: MIT
 * crowd: a counter for each address that has connections. Relies on loop's limit for their number; promises that counters are as
 * many as addresses that are connected, 40 bytes each. */
#include "http/crowd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/share.h"
#include "http/http.h"

#include "base/banned.h"

enum { CHAINS = 4096, NETWORK = 8 /* bytes of an IPv6 /64 */ };

struct place {
    struct place *next;
    struct in6_addr source;
    int64_t count;
};
static struct {
    pthread_mutex_t lock;
    struct place *chains[CHAINS];
    int64_t all, places;
} crowd = {.lock = PTHREAD_MUTEX_INITIALIZER, .places = HTTP_CONNECTIONS_MAX};

static bool is_local_address(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static struct in6_addr source_of(const struct in6_addr *address)
{
    struct in6_addr source = *address;
    if (!IN6_IS_ADDR_V4MAPPED(address))
        memset(&source.s6_addr[NETWORK], 0, sizeof source.s6_addr - NETWORK);
    return source;
}

/* With the lock: where the address's counter hangs, or should. */
static struct place **find_crowd_place(const struct in6_addr *source)
{
    uint64_t parts[2];
    memcpy(parts, source, sizeof parts);
    uint64_t h = (parts[0] ^ parts[1] * UINT64_C(0xd6e8feb86659fd93)) * UINT64_C(0x9e3779b97f4a7c15);
    struct place **at = &crowd.chains[h >> 52];
    while (*at != NULL && memcmp(&(*at)->source, source, sizeof *source) != 0)
        at = &(*at)->next;
    return at;
}

void crowd_places(int64_t places)
{
    (void)pthread_mutex_lock(&crowd.lock);
    crowd.places = places;
    (void)pthread_mutex_unlock(&crowd.lock);
}

bool crowd_admits(const struct in6_addr *address)
{
    if (is_local_address(address))
        return true;
    struct in6_addr source = source_of(address);
    (void)pthread_mutex_lock(&crowd.lock);
    const struct place *p = *find_crowd_place(&source);
    bool room = share_allows(p == NULL ? 0 : p->count, crowd.all, crowd.places);
    (void)pthread_mutex_unlock(&crowd.lock);
    return room;
}

void crowd_enter(const struct in6_addr *address)
{
    if (is_local_address(address))
        return;
    struct in6_addr source = source_of(address);
    (void)pthread_mutex_lock(&crowd.lock);
    struct place **at = find_crowd_place(&source);
    if (*at == NULL) {
        *at = calloc(1, sizeof **at);
        if (*at != NULL)
            (*at)->source = source;
    }
    if (*at != NULL) { /* without memory it goes uncounted, and so unfound when it leaves */
        (*at)->count++;
        crowd.all++;
    }
    (void)pthread_mutex_unlock(&crowd.lock);
}

void crowd_leave(const struct in6_addr *address)
{
    if (is_local_address(address))
        return;
    struct in6_addr source = source_of(address);
    (void)pthread_mutex_lock(&crowd.lock);
    struct place **at = find_crowd_place(&source), *p = *at;
    if (p != NULL) {
        crowd.all--;
        if (--p->count == 0) {
            *at = p->next;
            free(p);
        }
    }
    (void)pthread_mutex_unlock(&crowd.lock);
}
