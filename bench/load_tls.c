/* SPDX-License-Identifier: MIT
 * load_tls: new TLS 1.3 connections to 127.0.0.1, one after the other on each thread: handshake without resumption, one request, the whole
 * answer, close. Every answer must be a 200. Prints how many were answered, their rate, p50 and p99 in microseconds.
 *     load_tls PORT THREADS MILLISECONDS PATH */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, SAMPLES_MAX = 400000 };

static SSL_CTX *context;
static struct sockaddr_in server;
static char request[512];
static double end;
static uint32_t samples[SAMPLES_MAX];
static _Atomic size_t count;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool talk(SSL *ssl)
{
    char answer[4096];
    int n, total = 0;
    if (SSL_connect(ssl) != 1 || SSL_version(ssl) != TLS1_3_VERSION || SSL_write(ssl, request, (int)strlen(request)) <= 0)
        return false;
    while (total < (int)sizeof answer - 1 && (n = SSL_read(ssl, answer + total, (int)sizeof answer - 1 - total)) > 0)
        total += n;
    (void)SSL_shutdown(ssl);
    return total > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
}

static bool visit(void)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *ssl = SSL_new(context);
    bool good = fd >= 0 && ssl != NULL && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                connect(fd, (const struct sockaddr *)&server, sizeof server) == 0 && SSL_set_fd(ssl, fd) == 1 && talk(ssl);
    SSL_free(ssl);
    close(fd);
    return good;
}

static void *visitor(void *ignored)
{
    for (double begun; (begun = now()) < end;) {
        if (!visit()) {
            fputs("load_tls: a connection failed\n", stderr);
            exit(1);
        }
        size_t at = count++;
        if (at < SAMPLES_MAX)
            samples[at] = (uint32_t)((now() - begun) * 1e6);
    }
    return ignored;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    int wanted = argc == 5 ? atoi(argv[2]) : 0, span = argc == 5 ? atoi(argv[3]) : 0;
    if (wanted < 1 || wanted > THREADS_MAX || span < 1 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        fputs("usage: load_tls PORT THREADS MILLISECONDS PATH\n", stderr);
        return 2;
    }
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n", argv[4], argv[1]);
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1)
        return 1;
    double begun = now();
    end = begun + span / 1e3;
    for (int i = 0; i < wanted; i++)
        if (pthread_create(&threads[i], NULL, visitor, NULL) != 0)
            return 1;
    for (int i = 0; i < wanted; i++)
        pthread_join(threads[i], NULL);
    size_t n = count < SAMPLES_MAX ? count : SAMPLES_MAX;
    qsort(samples, n, sizeof samples[0], ascending);
    printf("{\"rate\": %.1f, \"answered\": %zu, \"p50\": %u, \"p99\": %u}\n", (double)count / (now() - begun), (size_t)count, n ? samples[n / 2] : 0,
           n ? samples[n - 1 - n / 100] : 0);
    return 0;
}
