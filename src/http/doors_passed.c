/* SPDX-License-Identifier: MIT
 * doors_passed: relies on three variables of the environment that are for this process alone (LISTEN_PID); promises that what it hands out
 * is a listening socket that does not block and that no child inherits. */
#include "http/doors_passed.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

enum { FIRST = 3, PASSED_MAX = 64 };

static uint64_t number_in(const char *variable, uint64_t most)
{
    uint64_t number = 0;
    str text = str_of(secure_getenv(variable));
    return str_present(text) && !FAILED(str_u64(text, most, &number)) ? number : 0;
}

static int get_socket_option(int fd, int which)
{
    int value = -1;
    socklen_t n = sizeof value;
    return getsockopt(fd, SOL_SOCKET, which, &value, &n) == 0 ? value : -1;
}

static fallible take_passed_socket(int fd, struct doors *d)
{
    const int on = 1;
    int family = get_socket_option(fd, SO_DOMAIN), flags = fcntl(fd, F_GETFL);
    if (get_socket_option(fd, SO_TYPE) != SOCK_STREAM || get_socket_option(fd, SO_ACCEPTCONN) != 1 ||
        (family != AF_INET && family != AF_INET6 && family != AF_UNIX))
        REFUSE(INVALID_REQUEST, "the service manager passed something that is not a listening TCP or Unix socket: use ListenStream=, without Accept=yes",
               "listen: passed socket is of another kind");
    if (d->count == DOORS_MAX)
        REFUSE(INVALID_REQUEST, "the service manager passed more than 8 sockets with that name", "listen: too many passed sockets");
    bool good = flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
    if (!good || (family != AF_UNIX && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0))
        REFUSE(UNAVAILABLE, "the system does not allow it", "listen: refused by the system");
    d->fds[d->count++] = fd;
    return OK;
}

int doors_passed_count(void)
{
    return number_in("LISTEN_PID", INT32_MAX) == (uint64_t)getpid() ? (int)number_in("LISTEN_FDS", PASSED_MAX) : 0;
}

fallible doors_passed_open(str name, struct doors *out)
{
    struct doors d = {.kept = true};
    str rest = str_of(secure_getenv("LISTEN_FDNAMES")), one;
    const int count = doors_passed_count();
    for (int i = 0; i < count; i++) {
        if (!str_filled(rest) || !str_next(&rest, ':', &one))
            one = STR("unknown"); /* what sd_listen_fds_with_names says of those without one */
        if (str_equal(one, name))
            TRY(take_passed_socket(FIRST + i, &d));
    }
    if (d.count == 0)
        REFUSE(INVALID_REQUEST, "the service manager passed no socket with that name: FileDescriptorName= in the socket unit must be the same",
               "listen: no passed socket");
    *out = d;
    return OK;
}
