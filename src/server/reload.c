/* SPDX-License-Identifier: MIT
 * reload: what SIGHUP changes. Everything that a request reads is one generation behind one pointer: a request holds the one that it began
 * with, the next request gets the new one. Three things are judged by themselves, so that a broken one does not hold up the others: the
 * settings as a whole, the certificate with its key, the authorities of client certificates.
 *
 *   read ─▶ judged ─┬─ unfit ─▶ log, event; the old one stays
 *                   ├─ as it was ─▶ nothing
 *                   └─ another ─▶ in force; what was before lives on for those who hold it, to the end of the process (some kilobytes) */
#include "server/reload.h"
#include "base/log.h"
#include "server/material.h"
#include "server/names.h"
#include "server/sandbox_files.h"
#include "base/banned.h"

enum { GENERATION_MEMORY = 4 << 20, EVENT_MEMORY = 1 << 20 };

struct generation {
    struct generation *before;
    struct arena *arena;
    struct settings settings;
    struct authority authority;
    struct listen_pairs pairs;
    struct db_event_limit limits[DB_EVENT_CLASSES + 1];
};

struct change {
    struct app *app;
    struct generation *fresh;
    struct problems problems;
    struct buf words; /* what changed */
    bool rules, pairs, authorities;
};

static void record_reload_event(struct app *app, const char *event, str detail)
{
    struct context ctx;
    struct arena *a = arena_new(EVENT_MEMORY);
    if (a != NULL && !FAILED(authority_enter(atomic_load(&app->current), a, &ctx))) {
        authority_event(&ctx, event, &(struct authority_event_facts){.detail = detail});
        authority_leave(&ctx);
    }
    arena_release(a);
}

static void report_reload_problems(struct change *c)
{
    if (c->problems.count == 0)
        LOG(ERROR, "reload.refused", LOG_STR("why", STR("not enough memory to read it again")));
    for (size_t i = 0; i < c->problems.count; i++) {
        const struct problem *p = &c->problems.rows[i];
        LOG(ERROR, "reload.refused", LOG_STR("setting", str_of(p->field)), LOG_STR("why", p->message));
        record_reload_event(c->app, "settings.unfit", str_format(c->fresh->arena, "%s: %.*s", p->field, STR_FMT(p->message)));
    }
    c->problems.count = 0;
}

static void note_changed_word(struct change *c, const char *word)
{
    if (c->words.n > 0)
        buf_char(&c->words, ' ');
    buf_add_z(&c->words, word);
}

/* What was named at the start can be read, wherever its links lead; another folder is behind the fence until the next start. */
static void tell_of_the_fence(const struct change *c)
{
    for (size_t row = 0; c->app->fence > 0 && row < SETTINGS_COUNT; row++)
        if (sandbox_files_hides(c->fresh->arena, &c->fresh->settings, row))
            LOG(WARN, "reload.fenced", LOG_STR("setting", str_of(settings_rows[row].name)),
                LOG_STR("why", STR("it cannot be read; if its folder is new since the server started, restart the server")));
}

static void take_settings(struct change *c)
{
    const struct settings *old = atomic_load(&c->app->settings);
    struct settings_late late;
    struct generation *fresh = c->fresh;
    if (FAILED(settings_again(fresh->arena, old, &fresh->settings, &late, &c->problems))) {
        report_reload_problems(c);
        fresh->settings = *old;
        return;
    }
    for (size_t i = 0; i < late.count; i++)
        LOG(WARN, "reload.late", LOG_STR("setting", str_of(settings_rows[late.rows[i]].name)), LOG_STR("why", STR("takes effect after a restart")));
    for (size_t row = 0; row < SETTINGS_COUNT; row++) {
        if (str_equal(old->text[row], fresh->settings.text[row]))
            continue;
        c->rules = true;
        note_changed_word(c, settings_rows[row].name);
    }
    tell_of_the_fence(c);
}

static bool same_pairs(const struct listen_pairs *one, const struct listen_pairs *other)
{
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = str_equal(one->list[i].certificate, other->list[i].certificate) && str_equal(one->list[i].key, other->list[i].key);
    return same;
}

static void take_pairs(struct change *c)
{
    struct generation *fresh = c->fresh;
    if (FAILED(material_certificates(fresh->arena, &fresh->settings, fresh->authority.issuer, &fresh->pairs, &c->problems))) {
        report_reload_problems(c);
        fresh->pairs = c->app->pairs;
        return;
    }
    c->pairs = !same_pairs(&c->app->pairs, &fresh->pairs);
    if (c->pairs)
        note_changed_word(c, "certificate");
}

static void take_authorities(struct change *c)
{
    struct generation *fresh = c->fresh;
    str old = fresh->authority.client_ca, pem = STR_ABSENT;
    if (str_filled(fresh->settings.client_ca) && FAILED(material_authorities(fresh->arena, &fresh->settings, &pem, &c->problems))) {
        report_reload_problems(c);
        return;
    }
    c->authorities = str_present(old) != str_present(pem) || (str_present(pem) && !str_equal(old, pem));
    fresh->authority.client_ca = c->authorities ? pem : old;
    if (c->authorities)
        note_changed_word(c, "authorities");
}

static fallible names_again(struct generation *g, struct listener *l)
{
    struct guard_rules rules;
    if (l == NULL)
        return OK;
    TRY(names_of(g->arena, &g->settings, &g->authority, listen_port(l), &rules));
    return listen_names(l, g->arena, &rules, g->settings.trusted_proxies);
}

static fallible put_in_force(struct change *c)
{
    struct app *app = c->app;
    struct generation *g = c->fresh;
    g->before = app->generations; /* from here on something may point into it */
    app->generations = g;
    settings_policy(&g->settings, &g->authority.policy);
    TRY(names_again(g, app->listener));
    TRY(names_again(g, app->asking));
    if (c->pairs || c->authorities) { /* other authorities end the tickets of before, too */
        TRY(listen_certificates(app->listener, &g->pairs));
        if (app->asking != NULL)
            TRY(listen_certificates(app->asking, &g->pairs));
        app->pairs = g->pairs;
    }
    app->access_log = g->settings.access_log;
    app->hsts = g->settings.hsts && g->authority.secure;  /* LS-10 */
    log_level_set((enum log_level)g->settings.log_level); /* the words stand in the order of the enum */
    const struct outbox_rule rule = app_outbox_rule(&g->settings);
    app_event_limits(&g->settings, g->limits);
    store_event_limits_change(app->authority.store, g->limits);
    outbox_change(app->outbox, &g->authority, &rule);
    atomic_store(&app->settings, &g->settings);
    atomic_store(&app->current, &g->authority);
    return OK;
}

static bool apply_reload_change(struct change *c)
{
    str words = STR("");
    err e = OK;
    if (!c->rules && !c->pairs && !c->authorities) {
        LOG(INFO, "reload", LOG_STR("changed", STR("nothing")));
        return false;
    }
    e = buf_done(&c->words, &words);
    if (!FAILED(e))
        e = put_in_force(c);
    if (FAILED(e)) {
        LOG(ERROR, "reload.failed", LOG_STR("why", str_of(err_why(e))));
        return c->app->generations == c->fresh;
    }
    LOG(INFO, "reload", LOG_STR("changed", words));
    record_reload_event(c->app, "settings.reloaded", words);
    return true;
}

void reload_run(struct app *app)
{
    struct arena *a = arena_new(GENERATION_MEMORY);
    struct change *c = a ? ARENA_NEW(a, struct change) : NULL;
    struct generation *fresh = c ? ARENA_NEW(a, struct generation) : NULL;
    if (!fresh) {
        LOG(ERROR, "reload.failed", LOG_STR("why", STR("no memory")));
        arena_release(a);
        return;
    }
    fresh->arena = a;
    fresh->authority = *atomic_load(&app->current);
    c->app = app;
    c->fresh = fresh;
    c->words = buf_new(a, BUF_LINE_MAX);
    take_settings(c);
    take_pairs(c);
    take_authorities(c);
    if (!apply_reload_change(c))
        arena_release(a);
}

void reload_forget(struct app *app)
{
    while (app->generations) {
        struct generation *g = app->generations;
        app->generations = g->before;
        arena_release(g->arena); /* g itself lies in it */
    }
}
