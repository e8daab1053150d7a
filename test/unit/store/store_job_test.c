/* SPDX-License-Identifier: MIT
 * Claims about jobs: each is told once what became of it, many of one commit are told together, and what nobody waits for is bounded. */
#include "fresh.h"

#include "base/banned.h"

struct told {
    struct store_job job;
    err said;
    int runs, times;
};

static err told_run(struct tx *tx, void *context)
{
    struct told *t = context;
    (void)tx;
    t->runs++;
    return t->said;
}

static void told_done(void *context, err committed)
{
    struct told *t = context;
    t->said = committed;
    t->times++;
}

static struct told told_new(err said)
{
    return (struct told){.job = {.run = told_run, .done = told_done}, .said = said};
}

static int begun, ended;
static void count_tellings(bool begins)
{
    begun += begins;
    ended += !begins;
}

Test(store_job, each_is_told_of_the_commit_or_what_it_said_itself)
{
    struct fresh s = fresh_new(false);
    struct told fine = told_new(OK), bad = told_new(ERR(CONFLICT, "test: no"));
    fine.job.context = &fine;
    bad.job.context = &bad;
    MUST(store_submit(s.store, &fine.job));
    MUST(store_submit(s.store, &bad.job));
    cr_expect(fine.runs > 0 && fine.times == 1 && !FAILED(fine.said));
    cr_expect(bad.runs > 0 && bad.times == 1 && bad.said.kind == ERR_CONFLICT, "%s", err_code(bad.said));
    fresh_end(&s);
}

Test(store_job, many_of_one_commit_are_told_together_and_one_is_told_alone)
{
    struct fresh s = fresh_new(false);
    struct told one = told_new(OK), two = told_new(OK), alone = told_new(OK);
    one.job.context = &one;
    two.job.context = &two;
    alone.job.context = &alone;
    one.job.next = &two.job;
    two.job.said = ERR(CONFLICT, "test: no");
    store_when_telling(s.store, count_tellings);
    store_jobs_done(s.store, &one.job, OK);
    cr_expect(begun == 1 && ended == 1 && one.times == 1 && two.times == 1);
    cr_expect(!FAILED(one.said) && two.said.kind == ERR_CONFLICT);
    store_jobs_done(s.store, &one.job, ERR(UNAVAILABLE, "test: lost"));
    cr_expect(one.said.kind == ERR_UNAVAILABLE && two.said.kind == ERR_UNAVAILABLE, "of a commit that is lost nothing else is true");
    store_jobs_done(s.store, &alone.job, OK);
    cr_expect(begun == 2 && ended == 2 && alone.times == 1);
    store_when_telling(s.store, NULL);
    fresh_end(&s);
}

static void aside_done(void *context, err committed)
{
    struct told *t = context;
    told_done(context, committed);
    db_aside_done(t->job.context == t ? *(struct store **)(t + 1) : NULL);
}

Test(store_job, what_nobody_waits_for_is_bounded_and_what_is_dropped_is_counted)
{
    struct fresh s = fresh_new(false);
    struct {
        struct told t;
        struct store *store;
    } x = {.t = told_new(OK), .store = s.store};
    x.t.job.done = aside_done;
    x.t.job.context = &x.t;
    cr_assert(db_aside(s.store, &x.t.job));
    cr_expect(x.t.job.aside && x.t.times == 1 && atomic_load(&s.store->aside) == 0);
    atomic_store(&s.store->aside, DB_ASIDE_MAX);
    uint64_t dropped = atomic_load(&s.store->dropped);
    cr_expect_not(db_aside(s.store, &x.t.job));
    cr_expect(x.t.times == 1 && atomic_load(&s.store->aside) == DB_ASIDE_MAX && atomic_load(&s.store->dropped) == dropped + 1);
    atomic_store(&s.store->aside, 0);
    fresh_end(&s);
}
