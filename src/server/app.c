/* SPDX-License-Identifier: MIT
 * app: startup in one order, shutdown in the reverse. Relies on settings having been judged; promises that the process either serves
 * with everything in place or has left nothing open, and that no request is lost when it is asked to stop (AV-01). */
#include "server/app.h"
#include "base/log.h"
#include "codec/url.h"
#include "clientauth/client_keys.h"
#include "server/material.h"
#include "server/names.h"
#include "server/reload.h"
#include "server/sandbox.h"
#include "server/sandbox_files.h"
#include "server/sandbox_ports.h"
#include "server/pipeline.h"
#include "server/turned_away.h"
#include "store/table/db_event.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/banned.h"

enum { WORKER_QUEUE = 1024, HASH_QUEUE = 64, USER_CACHE = 4096, PORT_TRIES = 20 };

static unsigned count_cpu_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 256 ? (unsigned)n : 1;
}

static unsigned or_cores(int64_t set)
{
    return set > 0 ? (unsigned)set : count_cpu_cores();
}

/* Every row must say everything: zero is refused (house rule of the table). */
static fallible table_is_whole(void)
{
    INVARIANT(route_count <= APP_ROUTES_MAX);
    for (size_t i = 0; i < route_count; i++)
        if (route_hole(&route_table[i]) != NULL)
            FAIL(SERVER_ERROR, "app: a row of the route table has a hole");
    return OK;
}

/* The issuer names the port, and the authority needs the issuer before the first request: so a free port is chosen beforehand. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint16_t port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        (void)close(fd);
    return port;
}

void app_event_limits(const struct settings *s, struct db_event_limit limits[DB_EVENT_CLASSES + 1])
{
    enum { DAY = 86400 };
    limits[0] = (struct db_event_limit){0, 0};
    limits[DB_EVENT_ADMINISTRATION] = (struct db_event_limit){s->events_administration, s->events_administration_days * DAY};
    limits[DB_EVENT_PEOPLE] = (struct db_event_limit){s->events_people, s->events_people_days * DAY};
    limits[DB_EVENT_MACHINES] = (struct db_event_limit){s->events_machines, s->events_machines_days * DAY};
}

/* The first thing that failed, in words: what, and why. */
static err app_because(struct app *app, err e, const char *setting, str what)
{
    if (FAILED(e) && app->problems->count == 0)
        problem_add(app->problems, setting, str_format(app->arena, "%.*s (setting %s): %s", STR_FMT(what), setting, err_told(e)));
    return e;
}

static fallible open_authority(struct app *app, struct arena *a, uint16_t port)
{
    const struct settings *s = app->settings;
    struct url url;
    struct db_event_limit limits[DB_EVENT_CLASSES + 1];
    app_event_limits(s, limits);
    struct store_options options = {.directory = str_z(a, s->data),
                                    .database = str_z(a, s->database),
                                    .connections = s->database_connections,
                                    .create = true,
                                    .threads = true,
                                    .event_limits = limits};
    app->authority.issuer = settings_issuer(a, s, port);
    if (!options.directory || !str_present(app->authority.issuer))
        FAIL(UNAVAILABLE, "app: no memory");
    TRY(url_parse(app->authority.issuer, &url));
    app->authority.issuer_origin = url_origin(a, &url);
    app->authority.base = settings_base(s);
    app->authority.secure = str_equal_nocase(url.scheme, STR("https"));
    app->hsts = s->hsts && app->authority.secure; /* LS-10 */
    settings_policy(s, &app->authority.policy);
    if (!app->authority.store)
        TRY(app_because(app, store_open(&options, &app->authority.store), "data", str_format(a, "cannot open the database in %s", options.directory)));
    if (!app->authority.cache)
        TRY(cache_open(app->authority.store, USER_CACHE, &app->authority.cache));
    return app_because(app, authority_open(&app->authority, options.directory), "data", str_format(a, "cannot use the keys in %s", options.directory));
}

static void event_thread_begins(void)
{
    cache_inline(true);
}

/* The port that is set; a free one; 0 where there is none. */
static uint16_t port_for(str host, uint16_t set)
{
    return set != 0 || settings_portless(host) ? set : free_port();
}

static fallible open_doors(struct app *app, struct arena *a, uint16_t port)
{
    const struct settings *s = app->settings;
    struct listen_options options = {
        .host = s->listen_host,
        .port = port,
        .mode = s->mode,
        .group = s->socket_group,
        .threads = or_cores(s->event_threads),
        .trusted_proxies = s->trusted_proxies,
        .certificate_header = s->client_cert_header,
        .proxied = s->proxy_protocol == SETTINGS_PROXY_LISTEN || s->proxy_protocol == SETTINGS_PROXY_BOTH,
        .secure = app->authority.secure,
        .locate = pipeline_locate,
        .names = pipeline_names,
        .thread_begins = event_thread_begins,
        .arrive = pipeline_arrive,
        .refused = pipeline_refused,
        .gone = pipeline_gone,
        .turned_away = turned_away,
        .context = app,
    };
    TRY(material_certificates(a, s, app->authority.issuer, &app->pairs, app->problems));
    uint16_t asking = port_for(s->mtls_host, s->mtls_port);
    app->authority.issuer_mtls = settings_issuer_mtls(a, s, app->authority.issuer, asking);
    app->authority.certificates = str_filled(s->listen_mtls) || str_filled(s->client_cert_header);
    options.pairs = app->pairs;
    TRY(names_of(a, s, &app->authority, port, &options.rules));
    TRY(app_because(app, listen_open(&options, &app->listener), "listen", str_format(a, "cannot listen on %.*s", STR_FMT(s->text[SETTINGS_listen]))));
    if (!str_filled(s->listen_mtls))
        return OK;
    options.host = s->mtls_host; /* RFC 8705 5: a door of its own, so that browsers are never asked; the rest alike (TL-03) */
    options.port = asking;
    options.ask_certificate = true;
    options.proxied = s->proxy_protocol == SETTINGS_PROXY_LISTEN_MTLS || s->proxy_protocol == SETTINGS_PROXY_BOTH;
    TRY(names_of(a, s, &app->authority, asking, &options.rules));
    str door = str_format(a, "cannot listen on %.*s", STR_FMT(s->text[SETTINGS_listen_mtls]));
    return app_because(app, listen_open(&options, &app->asking), "listen_mtls", door);
}

static fallible open_listener(struct app *app, struct arena *a)
{
    const struct settings *s = app->settings;
    err result = ERR(SERVER_ERROR, "app: no port");
    for (int i = 0; i < PORT_TRIES; i++) {
        app->problems->count = 0;
        uint16_t port = port_for(s->listen_host, s->listen_port);
        TRY(open_authority(app, a, port));
        result = open_doors(app, a, port);
        bool certified = s->tls == SETTINGS_TLS_OFF || app->pairs.count > 0;
        if (!FAILED(result) || s->listen_port != 0 || port == 0 || app->listener || !certified)
            return result; /* it was not the free port that somebody else took meanwhile */
        authority_close(&app->authority);
        app->authority.keys = NULL;
    }
    return result;
}

/* A store that was never served has no process that could have seen a proof before this one (DP-01). Where that cannot be noted, on a full
 * disk, it may have been served (AV-03). */
static void look_back(struct app *app)
{
    enum { FOR_EVER = INT32_MAX };
    bool first = false;
    err e = db_once_take(store_each(app->authority.store), "serve", STR("first"), clock_add(clock_now(), FOR_EVER), &first);
    if (FAILED(e))
        LOG(WARN, "store.unwritable", LOG_STR("why", str_of(err_why(e))),
            LOG_STR("what", STR("only what needs no disk is served until the disk can be written again")));
    else if (first)
        app->authority.started = 0;
}

static fallible open_all(struct app *app, struct arena *a)
{
    const struct settings *s = app->settings;
    TRY(table_is_whole());
    if (s->sandbox) { /* before the first thread: these fences bind only those that are made behind them */
        TRY(app_because(app, sandbox_files(a, s, &app->fence), "sandbox", STR("cannot restrict file access")));
        TRY(app_because(app, sandbox_ports(a, s, &app->ports), "sandbox", STR("cannot restrict ports")));
    }
    fetch_when_waiting(pool_waits);
    TRY(pool_open("worker", &(struct pool_size){(unsigned)s->worker_threads, FETCH_AT_ONCE + CLIENT_KEYS_WAITING, WORKER_QUEUE}, &app->worker));
    TRY(pool_open("hash", &(struct pool_size){or_cores(s->hash_threads), 0, HASH_QUEUE}, &app->hash));
    if (str_filled(s->client_ca))
        TRY(material_authorities(a, s, &app->authority.client_ca, app->problems));
    TRY(open_listener(app, a));
    if (s->sandbox)
        TRY(app_because(app, sandbox_enter(), "sandbox", STR("cannot restrict system calls")));
    look_back(app);
    store_when_telling(app->authority.store, listen_answer_together);
    const struct outbox_rule rule = app_outbox_rule(s);
    return outbox_open(&app->authority, &rule, &app->outbox);
}

struct outbox_rule app_outbox_rule(const struct settings *s)
{
    return (struct outbox_rule){s->courier_hours, s->courier_wait, s->drain_seconds};
}

fallible app_open(struct app *app, const struct settings *settings, struct arena *a)
{
    app->arena = a;
    app->problems = ARENA_NEW(a, struct problems);
    if (!app->problems)
        FAIL(UNAVAILABLE, "app: no memory");
    atomic_store(&app->settings, settings);
    atomic_store(&app->current, &app->authority);
    app->started = clock_now();
    app->access_log = settings->access_log;
    err result = open_all(app, a);
    if (FAILED(result)) {
        app_close(app);
        return result;
    }
    atomic_store(&app->open, true);
    listen_admit(app->listener);
    if (app->asking)
        listen_admit(app->asking);
    return OK;
}

/* Until nothing is on its way, within drain_seconds. Idle connections need not be waited for: what they send next is answered with
 * `Connection: close`, or finds the door shut; a moment is left to those that are just sending. */
static void drain_requests(struct app *app)
{
    enum { A_MOMENT_US = 100 * 1000 };
    const struct timespec tick = {0, 10 * 1000 * 1000};
    int64_t begun = clock_monotonic_us(), most = atomic_load(&app->settings)->drain_seconds * 1000000, passed = 0;
    while (passed < most && (passed < A_MOMENT_US || atomic_load(&app->inside) > 0)) {
        (void)nanosleep(&tick, NULL);
        passed = clock_monotonic_us() - begun;
    }
}

void app_close(struct app *app)
{
    if (app->outbox)
        outbox_rest(app->outbox); /* what it has begun ends while the requests drain */
    if (app->listener) {
        atomic_store(&app->draining, true);
        listen_quiesce(app->listener);
        if (app->asking)
            listen_quiesce(app->asking);
        drain_requests(app);
        atomic_store(&app->open, false);
        if (app->asking)
            listen_close(app->asking);
        listen_close(app->listener);
    }
    outbox_close(app->outbox);
    if (app->worker)
        pool_close(app->worker);
    if (app->hash)
        pool_close(app->hash);
    if (app->authority.keys)
        authority_close(&app->authority);
    if (app->authority.cache)
        cache_close(app->authority.cache);
    if (app->authority.store)
        store_close(app->authority.store);
    reload_forget(app);
}
