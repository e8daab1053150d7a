/* SPDX-License-Identifier: MIT
 * doors: binds what is to be listened on, before anything runs, so that a taken port is an error at start and nothing else.
 * Sockets are close-on-exec from birth; accepted ones inherit TCP_NODELAY. What has no port has
 * rooms of its own: doors_path, doors_passed. */
#include "http/doors.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/doors_passed.h"
#include "http/doors_path.h"

#include "base/banned.h"

enum { BACKLOG = 4096, TRIES = 32 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_numeric_host(str host, uint16_t port, union address *out)
{
    char z[INET6_ADDRSTRLEN];
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (str){host.p + 1, host.n - 2};
    if (host.n == 0 || host.n >= sizeof(z))
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    *out = (union address){.v6 = {0}};
    if (inet_pton(AF_INET, z, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        return true;
    }
    *out = (union address){.v6 = {0}};
    if (inet_pton(AF_INET6, z, &out->v6.sin6_addr) != 1)
        return false;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(port);
    return true;
}

static socklen_t get_address_size(const union address *a)
{
    return a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

/* A listening socket, or -1 with errno. `only` keeps an IPv6 socket from taking the IPv4 port too. */
static int open_listening_socket(const union address *a, int only)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0)
        return -1;
    const int on = 1;
    bool good = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
    if (good && a->any.sa_family == AF_INET6)
        good = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0;
    if (good && bind(fd, &a->any, get_address_size(a)) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static uint16_t port_of(int fd)
{
    union address a = {.v6 = {0}};
    socklen_t n = sizeof(a);
    if (getsockname(fd, &a.any, &n) != 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

static bool no_ipv6(int why)
{
    return why == EAFNOSUPPORT || why == EADDRNOTAVAIL || why == EPROTONOSUPPORT;
}

/* Both loopback addresses on one port; a port that was chosen freely is chosen anew when it is taken on ::1. */
static bool open_loopback_doors(uint16_t port, struct doors *d)
{
    for (int i = 0; i < TRIES; i++) {
        union address v4, v6;
        if (!parse_numeric_host(STR("127.0.0.1"), port, &v4) || (d->fds[0] = open_listening_socket(&v4, 0)) < 0)
            return false;
        d->port = port_of(d->fds[0]);
        d->count = 1;
        if (parse_numeric_host(STR("::1"), d->port, &v6) && (d->fds[1] = open_listening_socket(&v6, 1)) >= 0) {
            d->count = 2;
            return true;
        }
        if (no_ipv6(errno))
            return true;
        int why = errno;
        doors_close(d);
        errno = why;
        if (port != 0)
            return false;
    }
    return false;
}

/* What people can do about it; `why` for the log. */
static err explain_listen_error(int why)
{
    switch (why) {
    case EADDRINUSE:
        return REFUSAL(UNAVAILABLE, "the address is already in use: stop the program that is listening there, or choose another port",
                       "listen: address in use");
    case EADDRNOTAVAIL:
        return REFUSAL(UNAVAILABLE, "this machine does not have that address: choose one that it has, or 0.0.0.0 for all of them", "listen: no such address");
    case EACCES:
    case EPERM:
        return REFUSAL(UNAVAILABLE, "this user may not use ports below 1024: grant it CAP_NET_BIND_SERVICE, or choose a higher port",
                       "listen: port is privileged");
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
        return REFUSAL(UNAVAILABLE, "this machine does not support that version of IP: choose another address", "listen: no such protocol");
    case EMFILE:
    case ENFILE:
        return REFUSAL(UNAVAILABLE, "too many files are open: raise the limit", "listen: no descriptors");
    default:
        return REFUSAL(UNAVAILABLE, "the system does not allow it", "listen: refused by the system");
    }
}

static fallible open_address(str host, uint16_t port, struct doors *d)
{
    union address a;
    if (str_is(host, "localhost"))
        return open_loopback_doors(port, d) ? OK : explain_listen_error(errno);
    if (!parse_numeric_host(host, port, &a))
        REFUSE(INVALID_REQUEST, "the host must be a numeric address or localhost", "listen: the host is neither a numeric address nor localhost");
    if ((d->fds[0] = open_listening_socket(&a, 0)) < 0)
        return explain_listen_error(errno);
    d->count = 1;
    d->port = port_of(d->fds[0]);
    return OK;
}

fallible doors_open(const struct doors_wish *wish, struct doors *out)
{
    const str by_path = STR("unix:"), passed = STR("systemd:");
    struct doors d = {.count = 0};
    if (str_starts(wish->host, by_path))
        TRY(doors_path_open(wish, &d));
    else if (str_starts(wish->host, passed))
        TRY(doors_passed_open((str){wish->host.p + passed.n, wish->host.n - passed.n}, &d));
    else
        TRY(open_address(wish->host, wish->port, &d));
    *out = d;
    return OK;
}

void doors_close(struct doors *d)
{
    doors_path_remove(d);
    for (size_t i = 0; i < d->count; i++)
        close(d->fds[i]);
    d->count = 0;
    d->path.sun_path[0] = '\0';
}
