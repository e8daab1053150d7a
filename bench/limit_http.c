/* SPDX-License-Identifier: MIT
 * limit_http: the least that an event loop must do for one answer, as the limit that the server is measured against: epoll, one recv and one
 * send a request, a search for the end of the head, a constant answer of as many bytes as jeton's; no checks, no memory, no log.
 *     limit_http PORT inline|handover THREADS
 * `inline` answers on the event thread; `handover` passes each request through a queue to one thread and gets it back over an eventfd.
 * Prints `ready PORT` when it answers. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUEUE = 65536, EVENTS = 256, ROOM = 8192, DOOR = -1, WAKE = -2 };

static const char answer[] = "HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 00:06:27 GMT\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: 59\r\n"
                             "Cache-Control: no-store\r\nPragma: no-cache\r\nX-Request-Id: e300925a96cb7246\r\nX-Content-Type-Options: nosniff\r\n\r\n"
                             "{\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"none\"}   ";
static bool handover;
static int door;

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t work;
    size_t first, count;
    int waiting[QUEUE];
};
static struct queue out = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

struct back { /* one event thread's own */
    pthread_mutex_t lock;
    int wake;
    size_t count;
    int ready[QUEUE];
};
static struct back *owners[QUEUE]; /* by descriptor */

static void put(int fd)
{
    pthread_mutex_lock(&out.lock);
    out.waiting[(out.first + out.count++) % QUEUE] = fd;
    pthread_cond_signal(&out.work);
    pthread_mutex_unlock(&out.lock);
}

static void *worker(void *context)
{
    const uint64_t one = 1;
    for (;;) {
        pthread_mutex_lock(&out.lock);
        while (out.count == 0)
            pthread_cond_wait(&out.work, &out.lock);
        int fd = out.waiting[out.first];
        out.first = (out.first + 1) % QUEUE;
        out.count--;
        pthread_mutex_unlock(&out.lock);
        struct back *b = owners[fd];
        pthread_mutex_lock(&b->lock);
        bool first = b->count == 0;
        b->ready[b->count++] = fd;
        pthread_mutex_unlock(&b->lock);
        if (first && write(b->wake, &one, sizeof one) < 0)
            return context;
    }
}

static void say(int fd)
{
    if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
        close(fd);
}

/* Whole requests alone: the load sends each in one piece, a body of its length behind the head. */
static void hear(int fd)
{
    char in[ROOM];
    ssize_t n = recv(fd, in, sizeof in, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        close(fd);
        return;
    }
    if (n < 0 || memmem(in, (size_t)n, "\r\n\r\n", 4) == NULL)
        return;
    if (handover)
        put(fd);
    else
        say(fd);
}

static void welcome(int epoll, struct back *b)
{
    int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd};
    if (fd < 0)
        return;
    if (fd >= QUEUE || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        close(fd);
    else
        owners[fd] = b;
}

static void take_back(struct back *b)
{
    static _Thread_local int ready[QUEUE];
    uint64_t ignored;
    if (read(b->wake, &ignored, sizeof ignored) < 0)
        return;
    pthread_mutex_lock(&b->lock);
    size_t count = b->count;
    memcpy(ready, b->ready, count * sizeof *ready);
    b->count = 0;
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < count; i++)
        say(ready[i]);
}

static void *loop(void *context)
{
    struct back *b = context;
    struct epoll_event events[EVENTS];
    struct epoll_event on_door = {.events = EPOLLIN, .data.fd = DOOR}, on_wake = {.events = EPOLLIN, .data.fd = WAKE};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, door, &on_door) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, b->wake, &on_wake) != 0)
        exit(1);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == DOOR)
                welcome(epoll, b);
            else if (events[i].data.fd == WAKE)
                take_back(b);
            else
                hear(events[i].data.fd);
        }
    }
    return NULL;
}

static bool number(const char *text, unsigned long max, unsigned long *value)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *value = strtoul(text, &end, 10);
    return *end == '\0' && *value <= max;
}

static uint16_t open_door(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    const int on = 1;
    door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (door < 0 || setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 || setsockopt(door, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(door, (struct sockaddr *)&at, size) != 0 || listen(door, 4096) != 0 || getsockname(door, (struct sockaddr *)&at, &size) != 0)
        exit(1);
    return ntohs(at.sin_port);
}

int main(int argc, char **argv)
{
    unsigned long port, threads;
    bool named = argc == 4 && (strcmp(argv[2], "inline") == 0 || strcmp(argv[2], "handover") == 0);
    if (!named || !number(argv[1], UINT16_MAX, &port) || !number(argv[3], 64, &threads) || threads == 0) {
        fputs("usage: limit_http PORT inline|handover THREADS\n", stderr);
        return 2;
    }
    handover = strcmp(argv[2], "handover") == 0;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    unsigned at = open_door((uint16_t)port);
    pthread_t thread;
    for (unsigned long i = 0; i < threads; i++) {
        struct back *b = calloc(1, sizeof *b);
        if (b == NULL || pthread_mutex_init(&b->lock, NULL) != 0 || (b->wake = eventfd(0, EFD_CLOEXEC)) < 0 || pthread_create(&thread, NULL, loop, b) != 0)
            return 1;
    }
    if (handover && pthread_create(&thread, NULL, worker, NULL) != 0)
        return 1;
    printf("ready %u\n", at);
    fflush(stdout);
    int signal_number;
    sigwait(&ends, &signal_number);
    return 0;
}
