/* SPDX-License-Identifier: MIT
 * loopback: the smallest reader of one request. Relies on nothing but sockets. Promises that it listens on loopback alone, that
 * a peer which says nothing delays it for a second at most (browsers open connections in advance), that it reads no more than a
 * ceiling, and that it ends at its deadline. What the query says is judged by the caller. */
#include "cli/loopback.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/banned.h"

enum { REQUEST_MAX = 16384, SILENCE_MS = 1000, BACKLOG = 16, MICROSECONDS = 1000000 };

static const char page_found[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nCache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\n\r\n"
    "<!DOCTYPE html><html lang=\"en\"><title>jeton</title><p>The answer has arrived. You can close this window.</p></html>\n";
static const char page_missing[] = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

fallible loopback_open(str host, uint16_t port, struct loopback *out)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool is_six = str_is(host, "[::1]");
    struct sockaddr *address = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t size = is_six ? sizeof six : sizeof four;
    int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        REFUSE(UNAVAILABLE, "no socket for the redirect", "socket failed");
    if (bind(fd, address, size) != 0 || listen(fd, BACKLOG) != 0 || getsockname(fd, address, &size) != 0) {
        (void)close(fd);
        REFUSE(UNAVAILABLE, "the port for the redirect is taken; choose another --redirect-port", "bind or listen failed");
    }
    out->descriptor = fd;
    out->port = ntohs(is_six ? six.sin6_port : four.sin_port);
    return OK;
}
void loopback_close(struct loopback *l)
{
    if (l->descriptor >= 0)
        (void)close(l->descriptor);
    l->descriptor = -1;
}
static bool readable(int fd, int64_t milliseconds)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do {
        n = poll(&p, 1, (int)milliseconds);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}
/* The head of one request, as far as it came. */
static size_t read_head(int fd, char *text)
{
    size_t n = 0;
    while (n < REQUEST_MAX && readable(fd, SILENCE_MS)) {
        ssize_t got = recv(fd, text + n, REQUEST_MAX - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
        if (memmem(text, n, "\r\n\r\n", 4))
            return n;
    }
    return 0;
}
/* The query of `GET path?query HTTP/1.1`; false when it is another request. */
static bool match(str head, str path, str *query)
{
    str line = {head.p, str_find(head, '\r')}, rest = line, method, target;
    if (!str_next(&rest, ' ', &method) || !str_next(&rest, ' ', &target) || !str_is(method, "GET"))
        return false;
    size_t mark = str_find(target, '?');
    if (!str_equal((str){target.p, mark}, path))
        return false;
    *query = mark < target.n ? (str){target.p + mark + 1, target.n - mark - 1} : (str){target.p + mark, 0};
    return true;
}
static void answer(int fd, const char *page)
{
    size_t n = strlen(page), sent = 0;
    while (sent < n) {
        ssize_t put = send(fd, page + sent, n - sent, MSG_NOSIGNAL);
        if (put <= 0)
            return; /* the browser is gone: its page is no loss */
        sent += (size_t)put;
    }
    (void)shutdown(fd, SHUT_WR);
}
fallible loopback_wait(struct arena *a, const struct loopback *l, str path, int64_t seconds, str *query)
{
    char *text = arena_take(a, REQUEST_MAX);
    int64_t end = clock_monotonic_us() + seconds * MICROSECONDS;
    if (!text)
        FAIL(UNAVAILABLE, "no memory for the browser's request");
    for (;;) {
        int64_t left = end - clock_monotonic_us();
        if (left <= 0 || !readable(l->descriptor, left / 1000 + 1))
            REFUSE(UNAVAILABLE, "nobody came back from the browser in time; try again", "the deadline has passed");
        int fd = accept4(l->descriptor, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        str found = STR_ABSENT;
        size_t n = read_head(fd, text);
        bool ours = n > 0 && match((str){text, n}, path, &found);
        if (n > 0)
            answer(fd, ours ? page_found : page_missing);
        (void)close(fd);
        if (ours) {
            *query = found;
            return OK;
        }
    }
}
