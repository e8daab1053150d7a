/* SPDX-License-Identifier: MIT
 * lane: where work runs. A lane is a bounded queue with threads that run straight-line blocking code. The DURABLE lane is not one of
 * these: it is the store's writer (store_submit). */
#ifndef JETON_SERVER_LANE_H
#define JETON_SERVER_LANE_H
#include "base/err.h"
struct lane;
struct lane_job {
    void (*run)(void *context);
    void *context;
    struct lane_job *next; /* the lane's own */
};
struct lane_size {
    unsigned threads, spares; /* spares: at the most so many beside them, while as many wait for other servers */
    size_t bound;             /* of jobs that wait */
};
fallible lane_open(const char *name, const struct lane_size *size, struct lane **out);
fallible lane_submit(struct lane *lane, struct lane_job *job); /* UNAVAILABLE when `bound` jobs wait */
/* Inside a job: from now on this thread takes the processor only when others leave it (RL-07: hashing must not slow the rest). */
void lane_stand_behind(void);
/* Inside a job, or on any other thread, where it does nothing: from now on, until the same with false, this thread only waits for another
 * server, and another one may work in its place. */
void lane_waits(bool begins);
size_t lane_waiting(const struct lane *lane);
void lane_close(struct lane *lane); /* runs what waits, then joins */
#endif
