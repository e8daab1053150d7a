/* SPDX-License-Identifier: MIT
 * limit_argon2: bare Argon2id (19 MiB, two passes, one lane) a second, by as many threads as the server hashes with.
 *     limit_argon2 MILLISECONDS THREADS */
#include <argon2.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KIB = 19 * 1024, PASSES = 2, POOLS = 1, HASH = 32, SALT = 16, THREADS_MAX = 64, SPAN_MAX = 60000 };

struct work {
    pthread_t thread;
    double end, finished;
    uint64_t count;
};

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *hash(void *context)
{
    struct work *w = context;
    static const char password[] = "correct horse battery staple";
    unsigned char salt[SALT] = {1}, out[HASH];
    do {
        if (argon2id_hash_raw(PASSES, KIB, POOLS, password, sizeof(password) - 1, salt, SALT, out, HASH) != ARGON2_OK)
            exit(1);
        w->count++;
        w->finished = now(CLOCK_MONOTONIC);
    } while (w->finished < w->end);
    return NULL;
}

int main(int argc, char **argv)
{
    long span = argc == 3 ? strtol(argv[1], NULL, 10) : 0, threads = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    if (span <= 0 || span > SPAN_MAX || threads <= 0 || threads > THREADS_MAX) {
        fputs("usage: limit_argon2 MILLISECONDS THREADS\n", stderr);
        return 2;
    }
    struct work work[THREADS_MAX];
    memset(work, 0, sizeof(work));
    double begun = now(CLOCK_MONOTONIC), rate = 0;
    for (long i = 0; i < threads; i++) {
        work[i].end = begun + (double)span / 1000;
        if (pthread_create(&work[i].thread, NULL, hash, &work[i]) != 0)
            return 1;
    }
    for (long i = 0; i < threads; i++) {
        pthread_join(work[i].thread, NULL);
        rate += (double)work[i].count / (work[i].finished - begun);
    }
    uint64_t count = 0;
    for (long i = 0; i < threads; i++)
        count += work[i].count;
    printf("{\"rate\": %.2f, \"cpu_us\": %.1f}\n", rate, now(CLOCK_PROCESS_CPUTIME_ID) * 1e6 / (double)count);
    return 0;
}
