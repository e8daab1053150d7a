/* SPDX-License-Identifier: MIT
 * probe: health and metrics. Relies on store_ready doing a real write, so that "ready" is the truth; promises figures without names of
 * people, clients or secrets. */
#include "server/probe.h"
#include "server/pipeline.h"
#include <stdio.h>
#include <unistd.h>
#include "context/audit_pace.h"
#include "store/table/db_event.h"
#include "base/banned.h"

static const struct app *app_of(const struct call *c)
{
    const struct pipeline *w = (const struct pipeline *)(const void *)((const char *)c - offsetof(struct pipeline, call));
    return w->app;
}

fallible probe_live_get(struct call *c)
{
    response_body(c->response, 200, "text/plain; charset=utf-8", STR("live\n"));
    return OK;
}

/* The truth is a real write; it is asked for five times a second at most, so that nobody can make the disk busy with it (RL-06). */
static fallible require_writable_store(struct store *db)
{
    enum { FRESH_US = 200000 };
    static _Atomic int64_t good_until;
    int64_t now = clock_monotonic_us();
    if (atomic_load(&good_until) > now)
        return OK;
    TRY(store_ready(db));
    atomic_store(&good_until, now + FRESH_US);
    return OK;
}

fallible probe_ready_get(struct call *c)
{
    if (atomic_load(&app_of(c)->draining))
        FAIL(UNAVAILABLE, "probe: draining");
    TRY(require_writable_store(c->context->authority->store));
    response_body(c->response, 200, "text/plain; charset=utf-8", STR("ready\n"));
    return OK;
}

static bool local_peer(str peer)
{
    return str_starts(peer, STR("127.")) || str_is(peer, "::1") || str_is(peer, "unix");
}

static void put_requests(struct buf *b, const struct app *app)
{
    buf_add_z(b, "# HELP jeton_requests_total Requests answered, by address and class of status.\n# TYPE jeton_requests_total counter\n");
    for (size_t row = 0; row <= route_count; row++) {
        for (int class = 2; class < APP_STATUS_CLASSES; class ++) {
            uint64_t n = atomic_load_explicit(&app->answered[row][class], memory_order_relaxed);
            if (n == 0)
                continue;
            const char *method = row == route_count                     ? ""
                                 : route_table[row].method == HTTP_GET  ? "GET"
                                 : route_table[row].method == HTTP_POST ? "POST"
                                 : route_table[row].method == HTTP_PUT  ? "PUT"
                                                                        : "DELETE";
            buf_format(b, "jeton_requests_total{method=\"%s\",path=\"%s\",status=\"%dxx\"} %llu\n", method,
                       row == route_count ? "unknown" : route_table[row].path, class, (unsigned long long)n);
        }
    }
}

static void put_gauge(struct buf *b, const char *name, const char *help, int64_t value)
{
    bool counter = str_ends(str_of(name), STR("_total"));
    buf_format(b, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, counter ? "counter" : "gauge", name, (long long)value);
}

static int64_t resident_bytes(struct arena *a)
{
    char text[128] = {0};
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    (void)a;
    str rest = {text, n}, word;
    uint64_t pages = 0;
    if (str_next(&rest, ' ', &word) && str_next(&rest, ' ', &word) && !FAILED(str_u64(word, UINT32_MAX, &pages)))
        return (int64_t)pages * sysconf(_SC_PAGESIZE);
    return 0;
}

static fallible put_events(struct buf *b, struct call *c, const struct settings *s)
{
    const int64_t budgets[DB_EVENT_CLASSES + 1] = {0, s->events_administration, s->events_people, s->events_machines};
    int64_t kept[DB_EVENT_CLASSES + 1];
    TRY(db_event_kept(c->context->tx, c->context->arena, kept));
    buf_add_z(b, "# HELP jeton_events Events in the audit trail.\n# TYPE jeton_events gauge\n");
    for (int64_t i = 1; i <= DB_EVENT_CLASSES; i++)
        buf_format(b, "jeton_events{class=\"%s\"} %lld\n", audit_class_name(i), (long long)kept[i]);
    buf_add_z(b, "# HELP jeton_events_budget Maximum number of events that are kept.\n# TYPE jeton_events_budget gauge\n");
    for (int64_t i = 1; i <= DB_EVENT_CLASSES; i++)
        buf_format(b, "jeton_events_budget{class=\"%s\"} %lld\n", audit_class_name(i), (long long)budgets[i]);
    buf_add_z(b, "# HELP jeton_events_suppressed_total Events that were left out because their source sent too many.\n"
                 "# TYPE jeton_events_suppressed_total counter\n");
    for (int64_t i = 1; i <= DB_EVENT_CLASSES; i++)
        buf_format(b, "jeton_events_suppressed_total{class=\"%s\"} %llu\n", audit_class_name(i), (unsigned long long)audit_pace_total((enum db_event_class)i));
    return OK;
}

/* A node whose followed stays behind its newest does not learn of what other nodes and commands change. */
static fallible put_places(struct buf *b, struct call *c, struct cache *cache)
{
    struct store_place followed, newest;
    TRY(cache_places(cache, c->context->arena, &followed, &newest));
    buf_add_z(b, "# HELP jeton_feed_newest Number of the newest change in the database to what nodes keep in memory.\n# TYPE jeton_feed_newest gauge\n");
    buf_format(b, "jeton_feed_newest{feed=\"changes\"} %lld\njeton_feed_newest{feed=\"revocations\"} %lld\n", (long long)newest.change,
               (long long)newest.revocation);
    buf_add_z(b, "# HELP jeton_feed_followed Number of the newest change that is in effect on this node.\n# TYPE jeton_feed_followed gauge\n");
    buf_format(b, "jeton_feed_followed{feed=\"changes\"} %lld\njeton_feed_followed{feed=\"revocations\"} %lld\n", (long long)followed.change,
               (long long)followed.revocation);
    return OK;
}

fallible probe_metrics_get(struct call *c)
{
    const struct app *app = app_of(c);
    struct arena *a = c->context->arena;
    int whom = atomic_load(&app->settings)->metrics;
    if (whom == SETTINGS_METRICS_OFF || (whom == SETTINGS_METRICS_LOCAL && !local_peer(c->request->peer)))
        FAIL(NOT_FOUND, "probe: metrics are not for this peer");
    struct store_counts counts;
    str text;
    struct buf b = buf_new(a, BUF_JSON_MAX);
    store_counts(app->authority.store, &counts);
    put_requests(&b, app);
    put_gauge(&b, "jeton_shed_total", "Requests refused because a queue was full.", (int64_t)atomic_load(&app->shed));
    put_gauge(&b, "jeton_connections", "Open connections.", (int64_t)listen_connections(app->listener));
    put_gauge(&b, "jeton_worker_waiting", "Requests waiting for a worker thread.", (int64_t)pool_waiting(app->worker));
    put_gauge(&b, "jeton_hash_waiting", "Requests waiting for a password to be checked.", (int64_t)pool_waiting(app->hash));
    put_gauge(&b, "jeton_store_groups_total", "Group commits.", (int64_t)counts.groups);
    put_gauge(&b, "jeton_store_jobs_total", "Changes in those groups.", (int64_t)counts.jobs);
    put_gauge(&b, "jeton_store_commits_total", "Commits that were written to disk.", (int64_t)counts.commits);
    put_gauge(&b, "jeton_store_failures_total", "Groups that could not be committed.", (int64_t)counts.failures);
    put_gauge(&b, "jeton_store_queued", "Changes waiting to be written.", counts.queued);
    put_gauge(&b, "jeton_resident_bytes", "Resident memory.", resident_bytes(a));
    put_gauge(&b, "jeton_start_time_seconds", "When the process started, seconds since 1970.", app->started);
    TRY(put_places(&b, c, app->authority.cache));
    TRY(put_events(&b, c, app->settings));
    TRY(buf_done(&b, &text));
    response_body(c->response, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    return OK;
}
