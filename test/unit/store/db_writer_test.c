/* SPDX-License-Identifier: MIT
 * The writer: groups, what one job may do to the others, a full queue, closing. */
#include "fresh.h"

#include <pthread.h>

#include "base/banned.h"

struct probe {
    struct db_job job;
    struct fresh *s;
    char name[32];
    bool breaks;
    err said, committed;
    int done;
    bool on_writer;
};
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int finished, at_gate, gate_closed = 1;

static void probe_run(void *context)
{
    struct probe *p = context;
    p->on_writer = db_on_writer(p->s->db);
    p->said = db_scope_add(p->s->db, str_of(p->name), STR("words"));
    if (p->breaks)
        db_conn_limit_pages(p->s->db->conn, 1);
    if (p->breaks) {
        struct arena *a = arena_new(1 << 20);
        err e = db_scope_add(p->s->db, STR("too-much"), (str){arena_take(a, 500000), 500000});
        cr_assert_eq(e.kind, ERR_UNAVAILABLE);
        db_conn_limit_pages(p->s->db->conn, 0);
        arena_release(a);
    }
}

static void probe_done(void *context, err committed)
{
    struct probe *p = context;
    pthread_mutex_lock(&gate);
    p->committed = committed;
    p->done++;
    finished++;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
}

static void wait_at_the_gate(void *context)
{
    (void)context;
    pthread_mutex_lock(&gate);
    at_gate = 1;
    pthread_cond_broadcast(&opened);
    while (gate_closed)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
}

/* The writer stands at the gate, alone in its group, when this returns. */
static void hold_the_writer(struct fresh *s, struct probe *plug)
{
    plug->s = s;
    plug->job = (struct db_job){wait_at_the_gate, probe_done, plug, NULL};
    MUST(db_submit(s->db, &plug->job));
    pthread_mutex_lock(&gate);
    while (!at_gate)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
}

/* The writer is held in a job of its own, so that what comes next gathers into one group. */
static void one_group(struct fresh *s, struct probe *probes, int count, struct probe *plug)
{
    hold_the_writer(s, plug);
    for (int i = 0; i < count; i++) {
        probes[i].s = s;
        (void)snprintf(probes[i].name, sizeof(probes[i].name), "p%d", i);
        probes[i].job = (struct db_job){probe_run, probe_done, &probes[i], NULL};
        MUST(db_submit(s->db, &probes[i].job));
    }
    pthread_mutex_lock(&gate);
    gate_closed = 0;
    pthread_cond_broadcast(&opened);
    while (finished < count + 1)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
}

Test(writer, a_group_is_one_transaction_and_everybody_hears_once)
{
    struct fresh s = store_new(true);
    static struct probe probes[50], plug;
    struct db_counts before, after;
    db_counts(s.db, &before);
    one_group(&s, probes, 50, &plug);
    db_counts(s.db, &after);
    cr_assert_eq(after.groups - before.groups, 2u); /* the plug's, and one */
    cr_assert_eq(after.jobs - before.jobs, 51u);
    for (int i = 0; i < 50; i++) {
        MUST(probes[i].said);
        MUST(probes[i].committed);
        cr_assert_eq(probes[i].done, 1);
        cr_assert(probes[i].on_writer);
    }
    cr_assert_not(db_on_writer(s.db));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), 50);
    store_end(&s);
}

Test(writer, a_conflict_in_one_job_leaves_the_others_alone)
{
    struct fresh s = store_new(true);
    MUST(db_scope_add(s.db, STR("p3"), STR("there already")));
    static struct probe probes[10], plug;
    one_group(&s, probes, 10, &plug);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(probes[i].said.kind, i == 3 ? ERR_CONFLICT : ERR_OK);
        MUST(probes[i].committed);
    }
    store_end(&s);
}

Test(writer, an_engine_failure_in_one_job_is_the_whole_groups)
{
    struct fresh s = store_new(true);
    static struct probe probes[10], plug;
    probes[4].breaks = true;
    one_group(&s, probes, 10, &plug);
    for (int i = 0; i < 10; i++) {
        MUST_FAIL(UNAVAILABLE, probes[i].committed);
        cr_assert_eq(probes[i].said.kind, i <= 4 ? ERR_OK : ERR_UNAVAILABLE);
    }
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), 0); /* nothing of the group happened */
    MUST(db_scope_add(s.db, STR("p0"), STR("heals")));
    store_end(&s);
}

Test(writer, AV_08_a_full_queue_is_unavailable_and_nothing_is_lost)
{
    struct fresh s = store_new(true);
    struct probe plug = {0};
    hold_the_writer(&s, &plug);
    struct probe *many = calloc(DB_QUEUE_MAX + 2, sizeof(*many));
    int taken = 0;
    for (; taken < DB_QUEUE_MAX + 2; taken++) {
        many[taken].s = &s;
        (void)snprintf(many[taken].name, sizeof(many[taken].name), "q%d", taken);
        many[taken].job = (struct db_job){probe_run, probe_done, &many[taken], NULL};
        err e = db_submit(s.db, &many[taken].job);
        if (FAILED(e)) {
            cr_assert_eq(e.kind, ERR_UNAVAILABLE);
            break;
        }
    }
    cr_assert_eq(taken, DB_QUEUE_MAX);
    pthread_mutex_lock(&gate);
    gate_closed = 0;
    pthread_cond_broadcast(&opened);
    while (finished < taken + 1)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), taken);
    free(many);
    store_end(&s);
}

Test(writer, closing_commits_what_is_queued)
{
    struct fresh s = store_new(true);
    for (int i = 0; i < 100; i++)
        db_event_add(s.db, &(struct db_event){.name = STR("login.ok")});
    db_close(s.db);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM events"), 100);
    arena_release(s.a);
    store_remove(&s);
}

Test(writer, events_beyond_the_bound_are_dropped_and_counted)
{
    struct fresh s = store_new(true);
    struct probe plug = {0};
    hold_the_writer(&s, &plug);
    for (int i = 0; i < DB_ASIDE_MAX + 500; i++)
        db_event_add(s.db, &(struct db_event){.name = STR("login.ok")});
    struct db_counts counts;
    db_counts(s.db, &counts);
    cr_assert_eq(counts.dropped, 500u);
    pthread_mutex_lock(&gate);
    gate_closed = 0;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
    store_end(&s);
}
