/* SPDX-License-Identifier: MIT
 * http_self: what limit_http does, through src/http and src/server/pool: the cost of the door itself.
 *     http_self PORT inline|handover THREADS */
#include "http/listen.h"
#include "server/pool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

static const str body = {"{\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"none\"}   ", 59};
static struct pool *pool;

static void answer(void *context)
{
    struct exchange *x = context;
    response_body(&x->response, 200, "application/json", body);
    listen_answer(x);
}

static void arrive(struct exchange *x, void *context)
{
    (void)context;
    if (pool == NULL) {
        answer(x);
        return;
    }
    struct pool_job *job = ARENA_NEW(x->request.arena, struct pool_job);
    if (job != NULL)
        *job = (struct pool_job){answer, x, NULL};
    if (job == NULL || FAILED(pool_submit(pool, job)))
        answer(x);
}

static void refused(struct exchange *x, err why, void *context)
{
    (void)context;
    response_body(&x->response, err_status(why), "application/json", STR("{}"));
}

static void gone(struct exchange *x, void *context)
{
    (void)x;
    (void)context;
}

int main(int argc, char **argv)
{
    uint64_t port, threads;
    struct listener *listener;
    sigset_t ends;
    if (argc != 4 || FAILED(str_u64(str_of(argv[1]), UINT16_MAX, &port)) || FAILED(str_u64(str_of(argv[3]), 64, &threads)))
        return 2;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    if (strcmp(argv[2], "handover") == 0 && FAILED(pool_open("bench", &(struct pool_size){1, 0, 65536}, &pool)))
        return 1;
    struct listen_options o = {.host = STR("127.0.0.1"),
                               .port = (uint16_t)port,
                               .threads = (unsigned)threads,
                               .rules = {NULL, 0},
                               .trusted_proxies = STR(""),
                               .arrive = arrive,
                               .refused = refused,
                               .gone = gone};
    if (FAILED(listen_open(&o, &listener)))
        return 1;
    printf("ready %u\n", (unsigned)listen_port(listener));
    fflush(stdout);
    int signal_number;
    sigwait(&ends, &signal_number);
    listen_close(listener);
    pool_close(pool);
    return 0;
}
