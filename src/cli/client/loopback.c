/* SPDX-License-Identifier: MIT
 * loopback: the smallest reader of one request. Relies on nothing but sockets. Promises that it listens on loopback alone, that
 * a peer which says nothing delays it for a second at most (browsers open connections in advance), and one that drips for three, that it
 * reads no more than a ceiling, and that it ends at its deadline. What the query says is judged by the caller. */
#include "cli/client/loopback.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/banned.h"

enum { REQUEST_MAX = 16384, SILENCE_MS = 1000, VISIT_SECONDS = 3, BACKLOG = 16, MICROSECONDS = 1000000 };

static const char page_found[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nCache-Control: no-store\r\n"
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
        REFUSE(UNAVAILABLE, "the socket for the redirect cannot be opened", "socket failed");
    if (bind(fd, address, size) != 0 || listen(fd, BACKLOG) != 0 || getsockname(fd, address, &size) != 0) {
        (void)close(fd);
        REFUSE(UNAVAILABLE, "the port for the redirect is in use; choose another --redirect-port", "bind or listen failed");
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
static bool await_readable(int fd, int64_t milliseconds)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do {
        n = poll(&p, 1, (int)milliseconds);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}
/* As many bytes more as come at once; 0: none will, or not before `end`. */
static size_t read_some(int fd, char *text, size_t n, int64_t end)
{
    int64_t left = (end - clock_monotonic_us()) / 1000;
    if (n >= REQUEST_MAX || left <= 0 || !await_readable(fd, left < SILENCE_MS ? left : SILENCE_MS))
        return 0;
    ssize_t got = recv(fd, text + n, REQUEST_MAX - n, 0);
    return got > 0 ? (size_t)got : 0;
}
/* What the head says about the length of the body, 0 without it; false when it makes no sense. */
static bool body_length(str head, uint64_t *length)
{
    str rest = head, line;
    *length = 0;
    while (str_next(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':');
        if (!str_equal_nocase((str){line.p, colon}, STR("Content-Length")) || colon == line.n)
            continue;
        str value = {line.p + colon + 1, line.n - colon - 1};
        if (str_ends(value, STR("\r")))
            value.n--;
        if (FAILED(str_u64(str_trim(value), REQUEST_MAX, length)))
            return false;
    }
    return true;
}
struct visit {
    str head, body;
};
/* One request with its body; false when it did not come whole before `end`. */
static bool read_visit(int fd, char *text, int64_t end_us, struct visit *out)
{
    size_t n = 0, more = 0;
    const char *end = NULL;
    while (!end && (more = read_some(fd, text, n, end_us)) > 0) {
        n += more;
        end = memmem(text, n, "\r\n\r\n", 4);
    }
    size_t head = end ? (size_t)(end - text) + 4 : 0;
    uint64_t length = 0;
    if (!end || !body_length((str){text, head}, &length))
        return false;
    while (n < head + length && (more = read_some(fd, text, n, end_us)) > 0)
        n += more;
    *out = (struct visit){{text, head}, {text + head, (size_t)length}};
    return n >= head + length;
}
/* The query of `GET path?query HTTP/1.1`, or the body of a POST; false when it is another request. */
static bool read_redirect_query(const struct visit *v, const struct loopback *l, str path, str *query)
{
    str line = {v->head.p, str_find(v->head, '\r')}, rest = line, method, target;
    if (!str_next(&rest, ' ', &method) || !str_next(&rest, ' ', &target))
        return false;
    size_t mark = str_find(target, '?');
    if (!str_equal((str){target.p, mark}, path))
        return false;
    if (str_is(method, "POST") && l->posts) {
        *query = v->body;
        return true;
    }
    *query = mark < target.n ? (str){target.p + mark + 1, target.n - mark - 1} : (str){target.p + mark, 0};
    return str_is(method, "GET");
}
static void send_browser_page(int fd, const char *page)
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
        if (left <= 0 || !await_readable(l->descriptor, left / 1000 + 1))
            REFUSE(UNAVAILABLE, "the browser did not come back in time; try again", "the deadline has passed");
        int fd = accept4(l->descriptor, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        str found = STR_ABSENT;
        struct visit v;
        int64_t visit = clock_monotonic_us() + VISIT_SECONDS * (int64_t)MICROSECONDS;
        bool whole = read_visit(fd, text, visit < end ? visit : end, &v), ours = whole && read_redirect_query(&v, l, path, &found);
        if (whole)
            send_browser_page(fd, ours ? page_found : page_missing);
        (void)close(fd);
        if (ours) {
            *query = found;
            return OK;
        }
    }
}
