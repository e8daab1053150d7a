/* SPDX-License-Identifier: MIT
 * lane: where work runs. A lane is a bounded queue with threads that run straight-line blocking code. The DURABLE lane is not one of
 * these: it is the store's writer (db_submit). */
#ifndef JETON_SERVER_LANE_H
#define JETON_SERVER_LANE_H
#include "base/err.h"
struct lane;
struct lane_job {
    void (*run)(void *context);
    void *context;
    struct lane_job *next; /* the lane's own */
};
fallible lane_open(const char *name, unsigned threads, size_t bound, struct lane **out);
fallible lane_submit(struct lane *lane, struct lane_job *job); /* UNAVAILABLE when `bound` jobs wait */
/* Inside a job: from now on this thread takes the processor only when others leave it (RL-07: hashing must not slow the rest). */
void lane_stand_behind(void);
size_t lane_waiting(const struct lane *lane);
void lane_close(struct lane *lane); /* runs what waits, then joins */
#endif
