/* SPDX-License-Identifier: MIT
 * pool: where work runs. A pool is a bounded queue with threads that run straight-line blocking code. The WRITE pool is not one of
 * these: its threads are the store's (store_submit). */
#ifndef JETON_SERVER_POOL_H
#define JETON_SERVER_POOL_H
#include "base/err.h"
struct pool;
struct pool_job {
    void (*run)(void *context);
    void *context;
    struct pool_job *next; /* the pool's own */
};
struct pool_size {
    unsigned threads, spares; /* spares: at the most so many beside them, while as many wait for other servers */
    size_t bound;             /* of jobs that wait */
};
fallible pool_open(const char *name, const struct pool_size *size, struct pool **out);
fallible pool_submit(struct pool *pool, struct pool_job *job); /* UNAVAILABLE when `bound` jobs wait */
/* Inside a job: from now on this thread takes the processor only when others leave it (RL-07: hashing must not slow the rest). */
void pool_stand_behind(void);
/* Inside a job, or on any other thread, where it does nothing: from now on, until the same with false, this thread only waits for another
 * server, and another one may work in its place. */
void pool_waits(bool begins);
size_t pool_waiting(const struct pool *pool);
void pool_close(struct pool *pool); /* runs what waits, then joins */
#endif
