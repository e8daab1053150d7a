/* SPDX-License-Identifier: MIT
 * The harness of listen's tests: bounded reads instead of sleeping, one echo handler. */
#include "live.h"
#include "http/request.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/banned.h"

static const str hosts[] = {{"localhost", 9}, {"localhost:8443", 14}};

static void arrive(struct exchange *x, void *context)
{
    struct live *l = context;
    const struct request *r = &x->request;
    l->arrived++;
    if (str_is(r->path, "/again"))
        l->again++;
    str text =
        str_format(r->arena, "%.*s %.*s?%.*s#%d:%.*s", STR_FMT(r->method_name), STR_FMT(r->path), STR_FMT(r->query), (int)r->body_kind, STR_FMT(r->body));
    response_body(&x->response, 200, "text/plain", text);
    cr_assert_eq(response_header(&x->response, "X-Peer", r->peer).kind, ERR_OK);
    cr_assert_eq(response_header(&x->response, "X-Id", str_of(r->id)).kind, ERR_OK);
    listen_answer(x);
}

static void refused(struct exchange *x, err why, void *context)
{
    struct live *l = context;
    l->refused++;
    response_body(&x->response, err_status(why), "application/json", STR("{\"error\":\"ours\"}"));
}

static void gone(struct exchange *x, void *context)
{
    struct live *l = context;
    (void)x;
    l->gone++;
}

void live_defaults(struct live *l)
{
    *l = (struct live){.options = {.host = STR("127.0.0.1"),
                                   .threads = 1,
                                   .trusted_proxies = STR(""),
                                   .rules = {hosts, 2},
                                   .arrive = arrive,
                                   .refused = refused,
                                   .gone = gone,
                                   .context = l}};
}

void live_start(struct live *l)
{
    err e = listen_open(&l->options, &l->listener);
    cr_assert_eq(e.kind, ERR_OK, "%s", err_why(e));
}

void live_stop(struct live *l)
{
    listen_close(l->listener);
    cr_assert_eq(l->arrived + l->refused, l->gone, "arrived %d, refused %d, gone %d", l->arrived, l->refused, l->gone);
}

int live_connect(const struct live *l)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(listen_port(l->listener)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval bound = {5, 0};
    cr_assert(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound)) == 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

void live_send(int fd, str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes = (str){bytes.p + n, bytes.n - (size_t)n};
    }
}

size_t live_read(int fd, char *out, size_t room)
{
    size_t n = 0;
    while (n < room - 1) {
        ssize_t got = recv(fd, out + n, room - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    out[n] = '\0';
    return n;
}

size_t live_talk(const struct live *l, str bytes, char *out, size_t room)
{
    int fd = live_connect(l);
    live_send(fd, bytes);
    size_t n = live_read(fd, out, room);
    close(fd);
    return n;
}

int live_status(const char *answer)
{
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0)
        return 0;
    return (answer[9] - '0') * 100 + (answer[10] - '0') * 10 + (answer[11] - '0');
}

str live_stuffed(const char *prefix, const char *unit, size_t count, const char *suffix)
{
    static char text[2 << 20];
    size_t n = strlen(prefix), u = strlen(unit), s = strlen(suffix);
    cr_assert_lt(n + u * count + s, sizeof(text));
    memcpy(text, prefix, n);
    for (size_t i = 0; i < count; i++, n += u)
        memcpy(text + n, unit, u);
    memcpy(text + n, suffix, s);
    return (str){text, n + s};
}

bool live_peer_is(const char *answer, const char *peer)
{
    char line[128];
    cr_assert_lt(snprintf(line, sizeof line, "\r\nX-Peer: %s\r\n", peer), (int)sizeof line);
    return strstr(answer, line) != NULL;
}
