/* SPDX-License-Identifier: MIT
 * serve: `jeton serve`. All signals are blocked before the first thread is made; this thread alone waits for them, and between them
 * writes the log and looks whether another process has changed the store. */
#include "server/serve.h"
#include "base/log.h"
#include "codec/text.h"
#include "server/app.h"
#include "server/notify.h"
#include "server/reload.h"
#include "server/sandbox.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "base/banned.h"

enum { TICK_MS = 100, TICKS_A_LOOK = 10, TICKS_A_MINUTE = 600, TICKS_SIX_HOURS = 216000, KEYS_MEMORY = 4 << 20, EVENTS_MEMORY = 1 << 20 };

static void look_elsewhere(struct app *app)
{
    bool changed = false;
    if (FAILED(store_changed_elsewhere(app->authority.store, &changed)))
        LOG(WARN, "store.unreadable", LOG_STR("why", STR("cannot check whether the store was changed")));
    if (changed && FAILED(cache_poll(app->authority.cache)))
        LOG(WARN, "store.unreadable", LOG_STR("why", STR("cannot read what another process changed")));
}

/* AT-11. Once a minute: is it time for the next keys? */
static void look_at_keys(struct app *app)
{
    bool rotated = false;
    struct context ctx;
    struct arena *a = arena_new(KEYS_MEMORY);
    err e = a != NULL ? authority_enter(atomic_load(&app->current), a, &ctx) : ERR(UNAVAILABLE, "no memory");
    if (!FAILED(e)) {
        e = authority_keys_schedule(&ctx, &rotated);
        authority_leave(&ctx);
    }
    arena_release(a);
    if (FAILED(e))
        LOG(WARN, "keys.unrotated", LOG_STR("why", str_of(err_why(e))));
    if (rotated)
        LOG(INFO, "keys.rotated", LOG_STR("by", STR("schedule")));
}

/* Every six hours: settings of passwords that the last one has left, so that logins stop doing their work. */
static void look_at_passwords(struct app *app)
{
    struct context ctx;
    struct arena *a = arena_new(EVENTS_MEMORY);
    size_t count = 0;
    err e = a != NULL ? authority_enter(atomic_load(&app->current), a, &ctx) : ERR(UNAVAILABLE, "no memory");
    if (!FAILED(e)) {
        const str *settings = cache_password_settings(ctx.snapshot, &count);
        bool gone = false;
        for (size_t i = 0; i < count && !FAILED(e); i++)
            e = db_password_setting_forget(ctx.tx, settings[i], &gone);
        authority_leave(&ctx);
    }
    arena_release(a);
    if (FAILED(e))
        LOG(WARN, "passwords.unlooked", LOG_STR("why", str_of(err_why(e))));
}

/* Once a minute: what did the audit trail leave out, and how full is it? */
static void look_at_events(struct app *app)
{
    const struct settings *s = atomic_load(&app->settings);
    const int64_t budgets[DB_EVENT_CLASSES + 1] = {0, s->events_administration, s->events_people, s->events_machines};
    struct context ctx;
    struct arena *a = arena_new(EVENTS_MEMORY);
    err e = a != NULL ? authority_enter(atomic_load(&app->current), a, &ctx) : ERR(UNAVAILABLE, "no memory");
    if (!FAILED(e)) {
        e = authority_events_tell(&ctx, budgets);
        authority_leave(&ctx);
    }
    arena_release(a);
    if (FAILED(e))
        LOG(WARN, "events.untold", LOG_STR("why", str_of(err_why(e))));
}

/* Returns when SIGTERM or SIGINT came. */
static void wait_for_the_end(struct app *app, const sigset_t *signals)
{
    const struct timespec tick = {0, TICK_MS * 1000000L};
    for (unsigned n = 0;;) {
        int got = sigtimedwait(signals, NULL, &tick);
        if (got == SIGTERM || got == SIGINT) {
            LOG(INFO, "stop", LOG_INT("signal", got));
            notify_stopping();
            return;
        }
        if (got == SIGHUP) {
            notify_reloading();
            reload_run(app);
            notify_ready();
        }
        log_flush();
        if (got == SIGUSR1 || got == SIGHUP)
            continue;
        if (n % TICKS_A_LOOK == 0)
            look_elsewhere(app);
        if (n % TICKS_SIX_HOURS == 0)
            look_at_passwords(app);
        if (n++ % TICKS_A_MINUTE == 0) {
            look_at_keys(app);
            look_at_events(app);
        }
    }
}

/* The log fills faster than the ticks: the waiting thread takes this for a tick that came early. */
static void wake_waiting_thread(void)
{
    (void)kill(getpid(), SIGUSR1);
}

static void block_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGHUP);
    (void)sigaddset(signals, SIGPIPE);
    (void)sigaddset(signals, SIGUSR1);
    (void)sigaddset(signals, SIGUSR2);
    (void)sigaddset(signals, SIGXFSZ); /* AV-03: a file at its limit is a failed write, like a full disk */
    (void)sigprocmask(SIG_BLOCK, signals, NULL);
}

/* While the server is being opened, which may take seconds (its first keys) or wait for another process's lock. What opening does is done
 * step by step, each whole or not at all, as after a kill (AV-02): so a signal ends the process at any point. */
struct opening {
    pthread_t thread;
    _Atomic bool done;
    bool watched;
};

static void *watch_opening(void *context)
{
    struct opening *o = context;
    sigset_t ends;
    int got = 0;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGUSR2); /* opened */
    while (got != SIGTERM && got != SIGINT && !atomic_load(&o->done))
        (void)sigwait(&ends, &got);
    if (atomic_load(&o->done)) {
        if (got == SIGTERM || got == SIGINT)
            (void)kill(getpid(), got); /* for whom waits from now on */
        return NULL;
    }
    LOG(INFO, "stop", LOG_INT("signal", got), LOG_STR("while", STR("starting")));
    _exit(0);
}

static void opening_begins(struct opening *o, const struct settings *s, struct arena *a)
{
    const char *file = str_z(a, str_format(a, "%.*s/master.key", STR_FMT(s->data)));
    if (file && access(file, F_OK) != 0 && errno == ENOENT)
        LOG(INFO, "first.start", LOG_STR("data", s->data),
            LOG_STR("what", STR("creating the database, the signing keys and a certificate; this takes a few seconds")));
    o->watched = pthread_create(&o->thread, NULL, watch_opening, o) == 0;
}

static void opening_ends(struct opening *o)
{
    atomic_store(&o->done, true);
    if (!o->watched)
        return;
    (void)pthread_kill(o->thread, SIGUSR2);
    (void)pthread_join(o->thread, NULL);
}

static int not_opened(const struct app *app, err why)
{
    const struct problems *p = app->problems;
    for (size_t i = 0; p && i < p->count; i++)
        (void)fprintf(stderr, "jeton serve: %.*s\n", STR_FMT(p->rows[i].message));
    if (!p || p->count == 0)
        (void)fprintf(stderr, "jeton serve: cannot start: %s\n", err_told(why));
    return 1;
}

static enum log_level level_of(int word)
{
    static const enum log_level levels[] = {LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR};
    return levels[word & 3];
}

int serve_run(const struct settings *settings, struct arena *arena)
{
    struct app *app = ARENA_NEW(arena, struct app);
    sigset_t signals;
    block_signals(&signals);
    sandbox_no_dumps();
    log_when_pressed(wake_waiting_thread);
    log_level_set(level_of(settings->log_level));
    if (!app) {
        (void)fprintf(stderr, "jeton serve: no memory\n");
        return 1;
    }
    struct opening opening = {.watched = false};
    opening_begins(&opening, settings, arena);
    err opened = app_open(app, settings, arena);
    opening_ends(&opening);
    if (FAILED(opened))
        return not_opened(app, opened);
    if (settings->sandbox)
        LOG(INFO, "sandbox", LOG_STR("calls", STR("listed")), LOG_STR("files", app->fence > 0 ? STR("fenced") : STR("open: this kernel offers no Landlock")),
            LOG_STR("ports", str_of(app->ports)));
    (void)printf("jeton ready on %.*s\n", STR_FMT(app->authority.issuer));
    (void)fflush(stdout);
    notify_ready();
    log_buffered(true);
    if (!text_available())
        LOG(WARN, "text.icu_missing",
            LOG_STR("why", STR("install the package libicu72: without it, users with non-ASCII names or passwords cannot log in, and no users can be added")));
    LOG(INFO, "start", LOG_STR("issuer", app->authority.issuer), LOG_INT("port", listen_port(app->listener)));
    wait_for_the_end(app, &signals);
    app_close(app);
    LOG(INFO, "stopped", LOG_INT("pid", getpid()));
    log_flush();
    return 0;
}
