/* SPDX-License-Identifier: MIT
 * limit_http: the least that libmicrohttpd must do for one answer, as the limit that the server is measured against: the same
 * library with the same flags, a constant JSON body, no checks, no arena, no log. limit_http PORT inline|handover THREADS
 * `inline` answers in the handler; `handover` puts each connection to sleep, passes it through a queue to one thread, and is
 * woken by it. The answer is one object made once, with the type that an API answer has. Prints `ready PORT` when it answers.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE = 65536, IDLE_SECONDS = 15, CONNECTIONS = 16384, MEMORY = 64 * 1024 };

static const char body[] = "{\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"none\"}   ";
static struct MHD_Response *answer;
static bool handover;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work;
    size_t first, count;
    struct MHD_Connection *waiting[QUEUE];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

static void *waker(void *context)
{
    for (;;) {
        pthread_mutex_lock(&queue.lock);
        while (queue.count == 0)
            pthread_cond_wait(&queue.work, &queue.lock);
        struct MHD_Connection *connection = queue.waiting[queue.first];
        queue.first = (queue.first + 1) % QUEUE;
        queue.count--;
        pthread_mutex_unlock(&queue.lock);
        MHD_resume_connection(connection);
    }
    return context;
}

static void sleep_until_woken(struct MHD_Connection *connection)
{
    MHD_suspend_connection(connection);
    pthread_mutex_lock(&queue.lock);
    queue.waiting[(queue.first + queue.count++) % QUEUE] = connection; /* QUEUE exceeds CONNECTIONS: never full */
    pthread_cond_signal(&queue.work);
    pthread_mutex_unlock(&queue.lock);
}

/* *state: NULL at the head, then the address of one of these. */
static char head_seen, woken;

static enum MHD_Result handler(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *upload, size_t *upload_size, void **state)
{
    (void)context;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (*state == NULL) {
        *state = &head_seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (handover && *state == &head_seen) {
        *state = &woken;
        sleep_until_woken(connection);
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, answer);
}

static bool number(const char *text, unsigned long max, unsigned long *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && *out <= max;
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
    answer = MHD_create_response_from_buffer(sizeof(body) - 1, (void *)(uintptr_t)body, MHD_RESPMEM_PERSISTENT);
    if (answer == NULL || MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json") != MHD_YES)
        return 1;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    pthread_t thread;
    if (handover && pthread_create(&thread, NULL, waker, NULL) != 0)
        return 1;
    struct MHD_OptionItem pool[] = {{threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
                                    {MHD_OPTION_END, 0, NULL}};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)port, NULL, NULL, handler, NULL,
        MHD_OPTION_ARRAY, pool, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = daemon == NULL ? NULL : MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL)
        return 1;
    printf("ready %u\n", (unsigned)info->port);
    fflush(stdout);
    int signal_number;
    sigwait(&ends, &signal_number);
    return 0; /* sleeping connections forbid stopping the library; the process ends them all */
}
