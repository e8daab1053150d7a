/* SPDX-License-Identifier: MIT
 * outbox: the thread that empties the outbox. Relies on store/table/db_delivery for what waits and for taking it once, on fetch for where this
 * server may call. Promises: a message goes out after the change that caused it is durable; a receiver that is down costs each client one
 * call a wait; nothing here holds up a request; what was begun at a stop is finished within the drain time, the rest waits in the store.
 *
 *   [due] ──take──▶ maker ──▶ fetch ─┬─ 2xx ──────────────▶ done, event
 *                                    ├─ else, hours left ──▶ postponed
 *                                    └─ else ─────────────▶ given up, event */
#include "server/outbox.h"
#include "base/log.h"
#include "grant/ciba.h"
#include "logout/logout_token.h"
#include "store/table/db_delivery.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include "base/banned.h"

enum { ROUND_MEMORY = 8 << 20, LOOK_SECONDS = 60, LEASE_SPARE = 60, STACK = 512 * 1024, HOUR = 3600 };

struct outbox {
    struct store *store;
    const struct authority *authority; /* the thread's own once it runs */
    struct outbox_rule rule;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool started;
    _Atomic bool added, closing;
    bool changed; /* under the lock: other rules wait */
    const struct authority *next_authority;
    struct outbox_rule next_rule;
    uint64_t generation; /* of the store when it was last asked */
    int64_t asked_us;
    unix_time next_due; /* 0: nothing waits */
};

/* ---- makers: what is sent is made when it is sent ---- */

struct posted {
    struct fetch_request request;
    str bearer; /* absent: none */
    str header; /* what request.headers points to */
};

typedef err maker(struct context *ctx, const struct db_client *client, const struct db_delivery *d, struct posted *out);

/* CIBA Core 10.2: the code and the client's token lie sealed in the store. */
static fallible make_ping(struct context *ctx, const struct db_client *client, const struct db_delivery *d, struct posted *out)
{
    (void)client;
    return ciba_ping_open(ctx, d->body, &out->request.json, &out->bearer);
}

/* LO-02: the token lives two minutes at most, so each try has its own. */
static fallible make_logout(struct context *ctx, const struct db_client *client, const struct db_delivery *d, struct posted *out)
{
    str token;
    TRY(logout_token_make(ctx, client, d->body, &token));
    out->request.form = str_format(ctx->arena, "logout_token=%.*s", STR_FMT(token));
    if (!str_present(out->request.form))
        FAIL(UNAVAILABLE, "outbox: no memory");
    return OK;
}

static const struct kind {
    const char *name;
    maker *make;
    const char *arrived, *given_up; /* events */
} kinds[] = {
    {"logout", make_logout, "logout.delivered", "logout.undelivered"},
    {"ping", make_ping, "ciba.pinged", "ciba.unpinged"},
};

static const struct kind *kind_of(str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_is(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

/* ---- one message ---- */

static fallible post_message(struct context *ctx, const struct fetch_manners *manners, const struct db_client *client, const struct db_delivery *d,
                             const char **trouble)
{
    struct posted m = {.bearer = d->bearer, .header = STR_ABSENT};
    struct fetch_answer answer;
    m.request.url = d->url;
    TRY(kind_of(d->kind)->make(ctx, client, d, &m));
    if (str_filled(m.bearer)) {
        m.header = str_format(ctx->arena, "Authorization: Bearer %.*s", STR_FMT(m.bearer));
        m.request.headers = &m.header;
        m.request.header_count = 1;
        if (!str_present(m.header))
            FAIL(UNAVAILABLE, "outbox: no memory");
    }
    TRY(fetch_call(ctx->arena, manners, &m.request, &answer, trouble));
    if (answer.status < 200 || answer.status > 299) {
        *trouble = str_z(ctx->arena, str_format(ctx->arena, "it answered %ld", answer.status));
        FAIL(UNAVAILABLE, "outbox: the receiver's answer was no success");
    }
    return OK;
}

static void record_delivery_event(struct context *ctx, const char *event, const struct db_client *client, const char *detail)
{
    authority_event(ctx, event, &(struct authority_event_facts){.client_id = client != NULL ? client->id : STR_ABSENT, .detail = str_of(detail)});
    LOG(INFO, event, LOG_STR("client", client != NULL ? client->id : STR_ABSENT), LOG_STR("why", str_of(detail)));
}

static unix_time end_of(const struct outbox_rule *rule, const struct db_delivery *d)
{
    return d->expires_at != 0 ? d->expires_at : clock_add(d->created_at, rule->hours * HOUR);
}

/* One minute, five, thirty, thirty … as the settings have the first. */
static int64_t wait_after(const struct outbox_rule *rule, int64_t tries)
{
    return rule->first_wait * (tries <= 0 ? 1 : tries == 1 ? 5 : 30);
}

static fallible give_up(struct context *ctx, const struct db_delivery *d, const struct db_client *client, const char *why)
{
    const struct kind *kind = kind_of(d->kind);
    record_delivery_event(ctx, kind != NULL ? kind->given_up : "courier.unknown", client, why);
    return db_delivery_done(ctx->tx, d->number);
}

static fallible deliver_message(struct context *ctx, const struct outbox_rule *rule, const struct db_delivery *d, unix_time *postponed)
{
    struct fetch_manners manners = ctx->authority->policy.fetch;
    manners.apart = true;
    const struct db_client *client = cache_client_by_number(ctx->snapshot, d->client_number);
    const char *trouble = NULL;
    if (manners.seconds <= 0 || manners.seconds > FETCH_SECONDS)
        manners.seconds = FETCH_SECONDS;
    if (manners.seconds > rule->drain_seconds)
        manners.seconds = rule->drain_seconds > 0 ? rule->drain_seconds : 1;
    if (kind_of(d->kind) == NULL)
        return give_up(ctx, d, client, "nobody here knows this kind of message");
    if (client == NULL || client->disabled)
        return give_up(ctx, d, client, "the client is gone or disabled");
    manners.caller = client->id;
    if (clock_now() >= end_of(rule, d))
        return give_up(ctx, d, client, "its time is over");
    err posted = post_message(ctx, &manners, client, d, &trouble);
    if (!FAILED(posted)) {
        record_delivery_event(ctx, kind_of(d->kind)->arrived, client, NULL);
        return db_delivery_done(ctx->tx, d->number);
    }
    const char *why = trouble != NULL ? trouble : err_why(posted);
    unix_time again = clock_add(clock_now(), wait_after(rule, d->tries));
    if (again >= end_of(rule, d))
        return give_up(ctx, d, client, why);
    LOG(WARN, "courier.postponed", LOG_STR("kind", d->kind), LOG_STR("client", client->id), LOG_INT("tries", d->tries + 1), LOG_STR("why", str_of(why)));
    *postponed = again;
    return db_delivery_postpone(ctx->tx, d, again);
}

/* ---- rounds ---- */

/* Has an earlier message of this batch to the same place failed? Then this one waits with it, until then; 0: no. */
static unix_time held_back(const struct db_delivery *rows, const unix_time *again, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (again[k] != 0 && rows[k].client_number == rows[i].client_number && str_equal(rows[k].url, rows[i].url))
            return again[k];
    return 0;
}

struct batch {
    struct db_delivery *rows;
    size_t count;
};

static fallible deliver_each(struct context *ctx, const struct outbox_rule *rule, const struct batch *b, const _Atomic bool *closing)
{
    unix_time again[DB_DELIVERIES_TAKEN] = {0};
    for (size_t i = 0; i < b->count; i++) {
        struct db_delivery *d = &b->rows[i];
        unix_time later = held_back(b->rows, again, i);
        bool stops = closing != NULL && atomic_load(closing);
        if (later != 0)
            d->due_at = later;
        if (later != 0 || stops) /* who comes next need not wait for the lease to end */
            TRY(db_delivery_return(ctx->tx, d));
        else
            TRY(deliver_message(ctx, rule, d, &again[i]));
    }
    return OK;
}

static fallible deliver_batch(const struct authority *authority, const struct outbox_rule *rule, const _Atomic bool *closing, size_t *count)
{
    struct arena *a = arena_new(ROUND_MEMORY);
    struct context ctx = {0};
    struct batch b = {NULL, 0};
    if (a == NULL)
        FAIL(UNAVAILABLE, "outbox: no memory");
    err e = authority_enter(authority, a, &ctx);
    if (FAILED(e)) {
        arena_release(a);
        return e;
    }
    unix_time now = clock_now();
    unix_time lease = clock_add(now, DB_DELIVERIES_TAKEN * FETCH_SECONDS + LEASE_SPARE);
    e = db_delivery_take(store_each(authority->store), a, now, lease, &b.rows, &b.count);
    if (!FAILED(e))
        e = deliver_each(&ctx, rule, &b, closing);
    *count = b.count;
    authority_leave(&ctx);
    arena_release(a);
    return e;
}

static fallible round_until(const struct authority *authority, const struct outbox_rule *rule, const _Atomic bool *closing)
{
    size_t count = DB_DELIVERIES_TAKEN;
    while (count > 0 && !(closing != NULL && atomic_load(closing)))
        TRY(deliver_batch(authority, rule, closing, &count));
    return OK;
}

fallible outbox_round(const struct authority *authority, const struct outbox_rule *rule)
{
    return round_until(authority, rule, NULL);
}

/* ---- the thread ---- */

static void wake_after_add(void *context)
{
    struct outbox *c = context;
    atomic_store(&c->added, true);
    (void)pthread_mutex_lock(&c->lock);
    (void)pthread_cond_signal(&c->wake);
    (void)pthread_mutex_unlock(&c->lock);
}

/* Without asking the store: was something added here, changed by another process, or is the next one due? */
static bool is_round_wanted(struct outbox *c)
{
    int64_t now_us = clock_monotonic_us();
    return atomic_load(&c->added) || c->generation != store_generation(c->authority->store) || (c->next_due != 0 && clock_now() >= c->next_due) ||
           now_us - c->asked_us > LOOK_SECONDS * INT64_C(1000000);
}

static void round_once(struct outbox *c)
{
    bool any = false;
    unix_time due = 0;
    atomic_store(&c->added, false);
    c->generation = store_generation(c->authority->store);
    c->asked_us = clock_monotonic_us();
    err e = round_until(c->authority, &c->rule, &c->closing);
    if (!FAILED(e))
        e = db_delivery_next(store_each(c->authority->store), &due, &any);
    if (FAILED(e))
        LOG(WARN, "courier.failed", LOG_STR("why", str_of(err_why(e)))); /* the store heals; the next look tries again */
    c->next_due = any ? due : 0;
}

static void wait_a_second(struct outbox *c)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    (void)pthread_mutex_lock(&c->lock);
    if (!atomic_load(&c->added) && !atomic_load(&c->closing))
        (void)pthread_cond_timedwait(&c->wake, &c->lock, &until);
    (void)pthread_mutex_unlock(&c->lock);
}

void outbox_change(struct outbox *c, const struct authority *authority, const struct outbox_rule *rule)
{
    (void)pthread_mutex_lock(&c->lock);
    c->next_authority = authority;
    c->next_rule = *rule;
    c->changed = true;
    (void)pthread_mutex_unlock(&c->lock);
}

static void take_change(struct outbox *c)
{
    (void)pthread_mutex_lock(&c->lock);
    if (c->changed) {
        c->authority = c->next_authority;
        c->rule = c->next_rule;
    }
    c->changed = false;
    (void)pthread_mutex_unlock(&c->lock);
}

static void *outbox_main(void *context)
{
    struct outbox *c = context;
    (void)pthread_setname_np(pthread_self(), "outbox");
    while (!atomic_load(&c->closing)) {
        take_change(c);
        if (is_round_wanted(c))
            round_once(c);
        wait_a_second(c);
    }
    return NULL;
}

fallible outbox_open(const struct authority *authority, const struct outbox_rule *rule, struct outbox **out)
{
    pthread_condattr_t clock;
    pthread_attr_t small;
    struct outbox *c = calloc(1, sizeof *c);
    if (c == NULL)
        FAIL(UNAVAILABLE, "outbox: no memory");
    c->store = authority->store;
    c->authority = authority;
    c->rule = *rule;
    atomic_store(&c->added, true); /* what waited over the restart */
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->wake, &clock);
    (void)pthread_condattr_destroy(&clock);
    (void)pthread_attr_init(&small);
    (void)pthread_attr_setstacksize(&small, STACK);
    c->started = pthread_create(&c->thread, &small, outbox_main, c) == 0;
    (void)pthread_attr_destroy(&small);
    if (!c->started) {
        outbox_close(c);
        FAIL(UNAVAILABLE, "outbox: no thread");
    }
    db_delivery_when_added(authority->store, wake_after_add, c);
    *out = c;
    return OK;
}

void outbox_rest(struct outbox *c)
{
    atomic_store(&c->closing, true);
    (void)pthread_mutex_lock(&c->lock);
    (void)pthread_cond_signal(&c->wake);
    (void)pthread_mutex_unlock(&c->lock);
}

void outbox_close(struct outbox *c)
{
    if (c == NULL)
        return;
    db_delivery_when_added(c->store, NULL, NULL);
    outbox_rest(c);
    if (c->started)
        (void)pthread_join(c->thread, NULL);
    (void)pthread_cond_destroy(&c->wake);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}
