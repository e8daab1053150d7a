/* SPDX-License-Identifier: MIT
 * store_job: how jobs come to an engine and how they are told what became of them. Relies on the driver for the order. Promises that each job is told once, and that those
 * whom nobody waits for (aside) are bounded and counted when they are dropped. */
#include "store/store_internal.h"

#include "base/banned.h"

err store_submit(struct store *store, struct store_job *job)
{
    job->said = OK;
    return store->driver->submit(store, job);
}

err store_run_job(struct store *store, struct db_conn *c, struct store_job *job)
{
    struct tx tx = {store, c};
    job->said = job->run(&tx, job->context);
    INVARIANT(!job->aside || !FAILED(job->said)); /* it would take others with it */
    return job->said;
}

void store_when_telling(struct store *store, void (*call)(bool begins))
{
    atomic_store(&store->when_telling, call);
}

void store_jobs_done(struct store *store, struct store_job *first, err committed)
{
    void (*telling)(bool begins) = first->next != NULL ? atomic_load_explicit(&store->when_telling, memory_order_relaxed) : NULL;
    if (telling != NULL)
        telling(true);
    while (first != NULL) {
        struct store_job *next = first->next; /* the job is its owner's again once it is done */
        first->done(first->context, FAILED(committed) ? committed : first->said);
        first = next;
    }
    if (telling != NULL)
        telling(false);
}

bool db_aside(struct store *store, struct store_job *job)
{
    job->aside = true;
    if (atomic_fetch_add(&store->aside, 1) < DB_ASIDE_MAX && !FAILED(store_submit(store, job)))
        return true;
    (void)atomic_fetch_sub(&store->aside, 1);
    (void)atomic_fetch_add(&store->dropped, 1);
    return false;
}

void db_aside_done(struct store *store)
{
    (void)atomic_fetch_sub(&store->aside, 1);
}
