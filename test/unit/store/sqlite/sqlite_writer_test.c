/* SPDX-License-Identifier: MIT
 * The writer: groups, what one job may do to the others, a full queue, closing. */
#include "store/fresh.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "base/banned.h"

/* SQLite's way to the disk goes by here, and is counted. */
static _Atomic int synced;
int fdatasync(int descriptor)
{
    (void)atomic_fetch_add(&synced, 1);
    return (int)syscall(SYS_fdatasync, descriptor);
}

struct probe {
    struct store_job job;
    struct fresh *s;
    char name[32];
    bool breaks, fails;
    err said, committed;
    int done, runs;
    bool on_writer;
    const char *looks_for;
    bool saw; /* in any of its runs */
};
static char told[64]; /* by the writer alone, the first of them: ( and ) are the two calls around a group, . is a job that is done */

static void note_told(char what)
{
    size_t n = strlen(told);
    if (n + 1 < sizeof told)
        told[n] = what;
}

static void note_telling(bool begins)
{
    note_told(begins ? '(' : ')');
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static int finished, at_gate, gate_closed = 1;

static bool is_there(struct tx *tx, const char *name)
{
    struct arena *a = arena_new(1 << 20);
    struct db_scope *rows;
    size_t count;
    bool found = false;
    MUST(db_scope_all(tx, a, &rows, &count));
    for (size_t i = 0; i < count && !found; i++)
        found = str_is(rows[i].name, name);
    arena_release(a);
    return found;
}

static err probe_run(struct tx *tx, void *context)
{
    struct probe *p = context;
    p->saw = p->saw || (p->looks_for != NULL && is_there(tx, p->looks_for));
    p->on_writer = sqlite_writer_here(p->s->store) && store_is_open(tx);
    p->runs++;
    p->said = db_scope_add(tx, str_of(p->name), STR("words"));
    if (p->fails)
        FAIL(CONSENT_REQUIRED, "the test says so");
    if (p->breaks)
        sqlite_limit_pages(sqlite_of(p->s->store)->conn, 1);
    if (p->breaks) {
        struct arena *a = arena_new(1 << 20);
        err e = db_scope_add(tx, STR("too-much"), (str){arena_take(a, 500000), 500000});
        cr_assert_eq(e.kind, ERR_UNAVAILABLE);
        sqlite_limit_pages(sqlite_of(p->s->store)->conn, 0);
        arena_release(a);
    }
    return OK;
}

static void probe_done(void *context, err committed)
{
    struct probe *p = context;
    pthread_mutex_lock(&gate);
    note_told('.');
    p->committed = committed;
    p->done++;
    finished++;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
}

static err wait_at_the_gate(struct tx *tx, void *context)
{
    (void)tx, (void)context;
    pthread_mutex_lock(&gate);
    at_gate = 1;
    pthread_cond_broadcast(&opened);
    while (gate_closed)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
    return OK;
}

/* The writer stands at the gate, alone in its group, when this returns. */
static void hold_the_writer(struct fresh *s, struct probe *plug)
{
    plug->s = s;
    plug->job = (struct store_job){.run = wait_at_the_gate, .done = probe_done, .context = plug};
    MUST(store_submit(s->store, &plug->job));
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
        probes[i].job = (struct store_job){.run = probe_run, .done = probe_done, .context = &probes[i]};
        MUST(store_submit(s->store, &probes[i].job));
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
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    static struct probe probes[50], plug;
    struct store_counts before, after;
    store_counts(s.store, &before);
    one_group(&s, probes, 50, &plug);
    store_counts(s.store, &after);
    cr_assert_eq(after.groups - before.groups, 2u); /* the plug's, and one */
    cr_assert_eq(after.jobs - before.jobs, 51u);
    for (int i = 0; i < 50; i++) {
        MUST(probes[i].said);
        MUST(probes[i].committed);
        cr_assert_eq(probes[i].done, 1);
        cr_assert(probes[i].on_writer);
    }
    cr_assert_not(sqlite_writer_here(s.store));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), 50);
    fresh_end(&s);
}

Test(writer, who_tells_a_group_is_told_where_it_begins_and_ends)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    static struct probe probes[3], plug;
    store_when_telling(s.store, note_telling);
    one_group(&s, probes, 3, &plug);
    fresh_end(&s); /* the writer is at rest */
    cr_expect_str_eq(told, ".(...)");
}

Test(writer, a_conflict_in_one_job_leaves_the_others_alone)
{
    struct fresh s = fresh_new(true);
    MUST(db_scope_add(s.tx, STR("p3"), STR("there already")));
    static struct probe probes[10], plug;
    one_group(&s, probes, 10, &plug);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(probes[i].said.kind, i == 3 ? ERR_CONFLICT : ERR_OK);
        MUST(probes[i].committed);
    }
    fresh_end(&s);
}

/* IR-09: a job that cannot stand behind what it wrote. */
Test(writer, a_job_that_fails_is_taken_back_alone)
{
    struct fresh s = fresh_new(true);
    static struct probe probes[10], plug;
    struct store_counts counts;
    probes[3].fails = probes[9].fails = true;
    one_group(&s, probes, 10, &plug);
    MUST(plug.committed);
    for (int i = 0; i < 10; i++) {
        char question[80];
        MUST(probes[i].said);
        cr_assert_eq(probes[i].committed.kind, probes[i].fails ? ERR_CONSENT_REQUIRED : ERR_OK, "%d", i);
        cr_assert_eq(probes[i].done, 1);
        cr_assert(probes[i].runs == 1 || (probes[i].runs == 2 && !probes[i].fails));
        (void)snprintf(question, sizeof question, "SELECT count(*) FROM scopes WHERE name = '%s'", probes[i].name);
        cr_assert_eq(by_hand(&s, question), !probes[i].fails, "%d", i);
    }
    store_counts(s.store, &counts);
    cr_assert_eq(counts.failures, 0); /* the engine did what it should */
    MUST(db_scope_add(s.tx, STR("p3"), STR("the name is free")));
    fresh_end(&s);
}

/* A job does things outside of its transaction too (cache_revoke): what it does them by must not be taken back while it stays. */
Test(writer, what_is_taken_back_was_seen_by_no_other_job)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    static struct probe probes[10], plug;
    probes[3].fails = probes[5].fails = true;
    probes[4].looks_for = probes[6].looks_for = "p3";
    probes[7].looks_for = "p5";
    probes[8].looks_for = "p7";
    one_group(&s, probes, 10, &plug);
    for (int i = 0; i < 10; i++) {
        cr_expect_eq(probes[i].saw, i == 8, "%d", i);
        cr_expect_eq(probes[i].committed.kind, probes[i].fails ? ERR_CONSENT_REQUIRED : ERR_OK, "%d", i);
        cr_expect_eq(probes[i].done, 1);
        cr_expect_eq(probes[i].runs, i < 3 ? 2 : 1, "%d", i);
    }
    fresh_end(&s);
}

Test(writer, a_command_s_job_that_fails_is_taken_back_too)
{
    struct fresh s = fresh_new(false);
    struct probe p = {.s = &s, .name = "alone", .fails = true};
    p.job = (struct store_job){.run = probe_run, .done = probe_done, .context = &p};
    cr_assert(!FAILED(store_submit(s.store, &p.job)));
    cr_assert_eq(p.committed.kind, ERR_CONSENT_REQUIRED);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE name = 'alone'"), 0);
    fresh_end(&s);
}

Test(writer, an_engine_failure_in_one_job_is_the_whole_groups)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    static struct probe probes[10], plug;
    probes[4].breaks = true;
    one_group(&s, probes, 10, &plug);
    for (int i = 0; i < 10; i++) {
        MUST_FAIL(UNAVAILABLE, probes[i].committed);
        cr_assert_eq(probes[i].said.kind, i <= 4 ? ERR_OK : ERR_UNAVAILABLE);
    }
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), 0); /* nothing of the group happened */
    MUST(db_scope_add(s.tx, STR("p0"), STR("heals")));
    fresh_end(&s);
}

Test(writer, AV_08_a_full_queue_is_unavailable_and_nothing_is_lost)
{
    fresh_only_sqlite();
    struct fresh s = fresh_new(true);
    struct probe plug = {0};
    hold_the_writer(&s, &plug);
    struct probe *many = calloc(STORE_QUEUE_MAX + 2, sizeof(*many));
    int taken = 0;
    for (; taken < STORE_QUEUE_MAX + 2; taken++) {
        many[taken].s = &s;
        (void)snprintf(many[taken].name, sizeof(many[taken].name), "q%d", taken);
        many[taken].job = (struct store_job){.run = probe_run, .done = probe_done, .context = &many[taken]};
        err e = store_submit(s.store, &many[taken].job);
        if (FAILED(e)) {
            cr_assert_eq(e.kind, ERR_UNAVAILABLE);
            break;
        }
    }
    cr_assert_eq(taken, STORE_QUEUE_MAX);
    pthread_mutex_lock(&gate);
    gate_closed = 0;
    pthread_cond_broadcast(&opened);
    while (finished < taken + 1)
        pthread_cond_wait(&opened, &gate);
    pthread_mutex_unlock(&gate);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM scopes WHERE builtin = 0"), taken);
    free(many);
    fresh_end(&s);
}

static err count_two(struct tx *tx, void *context)
{
    const struct db_throttle_rule rule = {.free_tries = 5, .base = 1, .most = 60, .forget = 3600};
    struct db_throttle state;
    bool allowed;
    const char *const *names = context;
    TRY(db_throttle_try(tx, str_of(names[0]), &rule, &allowed, &state));
    return db_throttle_try(tx, str_of(names[1]), &rule, &allowed, &state);
}

static int64_t failures(struct fresh *s, const char *name)
{
    const struct db_throttle_rule rule = {.free_tries = 5, .base = 1, .most = 60, .forget = 3600};
    struct db_throttle state;
    bool allowed;
    MUST(db_throttle_look(s->tx, str_of(name), &rule, &allowed, &state));
    return state.failures;
}

static uint64_t commits(const struct fresh *s)
{
    struct store_counts counts;
    store_counts(s->store, &counts);
    return counts.commits;
}

/* On PostgreSQL the store's keeper may have committed something of its own meanwhile. */
static bool commits_are(const struct fresh *s, uint64_t expected)
{
    uint64_t now = commits(s);
    return fresh_on_postgres() ? now >= expected : now == expected;
}

/* RL-01: counted before it is judged, on the disk before it is answered. */
Test(writer, what_is_durable_soon_is_seen_at_once_and_goes_to_the_disk_with_the_next)
{
    struct fresh s = fresh_new(true);
    const char *names[] = {"a:ada", "i:192.0.2.7"};
    MUST(db_scope_add(s.tx, STR("before"), STR("words")));
    uint64_t before = commits(&s);
    int disk = atomic_load(&synced);
    for (int i = 1; i <= 3; i++) {
        MUST(store_together_soon(s.tx, count_two, names));
        cr_assert_eq(failures(&s, names[0]), i);
        cr_assert_eq(failures(&s, names[1]), i);
    }
    cr_assert(commits_are(&s, before));
    cr_assert_eq(atomic_load(&synced), disk);
    MUST(db_throttle_keep(s.tx, str_of(names[0])));
    cr_assert(commits_are(&s, before + 1));
    cr_assert(fresh_on_postgres() || atomic_load(&synced) > disk);
    cr_assert_eq(failures(&s, names[0]), 3, "keeping counts nothing");
    disk = atomic_load(&synced);
    MUST(db_scope_add(s.tx, STR("after"), STR("words")));
    cr_assert(commits_are(&s, before + 2), "what follows is durable as ever");
    cr_assert(fresh_on_postgres() || atomic_load(&synced) > disk);
    fresh_end(&s);
}

static err count_two_and_fail(struct tx *tx, void *context)
{
    TRY(count_two(tx, context));
    FAIL(CONFLICT, "the test says so");
}

Test(writer, what_is_durable_soon_is_whole_or_not_at_all)
{
    struct fresh s = fresh_new(true);
    const char *names[] = {"a:ada", "i:192.0.2.7"};
    MUST_FAIL(CONFLICT, store_together_soon(s.tx, count_two_and_fail, names));
    cr_assert_eq(failures(&s, names[0]), 0);
    cr_assert_eq(failures(&s, names[1]), 0);
    fresh_end(&s);
}

Test(writer, closing_commits_what_is_queued)
{
    struct fresh s = fresh_new(true);
    for (int i = 0; i < 100; i++)
        db_event_add(s.tx, &(struct db_event){.name = STR("login.ok")});
    store_close(s.store);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM events"), 100);
    arena_release(s.a);
    fresh_remove(&s);
}

Test(writer, events_beyond_the_bound_are_dropped_and_counted)
{
    struct fresh s = fresh_new(true);
    struct probe plug = {0};
    hold_the_writer(&s, &plug);
    for (int i = 0; i < DB_ASIDE_MAX + 500; i++)
        db_event_add(s.tx, &(struct db_event){.name = STR("login.ok")});
    struct store_counts counts;
    store_counts(s.store, &counts);
    pthread_mutex_lock(&gate);
    gate_closed = 0;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&gate);
    cr_assert(fresh_on_postgres() ? counts.dropped <= 500 : counts.dropped == 500); /* there other connections go on */
    store_close(s.store);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM events"), DB_ASIDE_MAX + 500 - (int64_t)counts.dropped);
    arena_release(s.a);
    fresh_remove(&s);
}
