/* SPDX-License-Identifier: MIT
 * authority: the context that every rule stands on. authority_enter gives one request a consistent view (snapshot of facts,
 * keyring, time) and authority_leave ends it. Relies on store/cache for facts and on keys/ for the keyring. Promises
 * that a request which was let in knows every change that was acknowledged before it began, or is refused (UNAVAILABLE). */
#include "context/authority.h"
#include "crypto/random.h"
#include <stdatomic.h>
#include "base/log.h"
#include "context/audit_pace.h"
#include "context/source.h"

#include "base/banned.h"

fallible authority_open(struct authority *authority, const char *directory)
{
    authority->started = clock_now();
    random_bytes(authority->begun, sizeof authority->begun);
    TRY(keys_open(&(struct keys_place){authority->store, authority->cache, directory}, &authority->keys));
    authority->keeper = keys_keeper(authority->keys);
    return OK;
}

void authority_close(struct authority *authority)
{
    keys_close(authority->keys);
    authority->keys = NULL;
    authority->keeper = NULL;
}

fallible authority_enter(const struct authority *authority, struct arena *a, struct context *out)
{
    TRY(cache_refresh(authority->cache));
    TRY(keys_follow(authority->keys));
    *out = (struct context){
        .authority = authority,
        .tx = store_each(authority->store),
        .snapshot = cache_hold(authority->cache),
        .keys = keys_hold(authority->keys),
        .arena = a,
        .now = clock_now(),
    };
    return OK;
}

void authority_leave(struct context *ctx)
{
    cache_let_go(ctx->authority->cache, ctx->snapshot);
    keys_let_go(ctx->authority->keys, ctx->keys);
    ctx->snapshot = NULL;
    ctx->keys = NULL;
}

struct within {
    struct context *ctx;
    err (*body)(void *context);
    void *context;
};

static err run_within(struct tx *tx, void *context)
{
    const struct within *w = context;
    struct tx *outer = w->ctx->tx;
    w->ctx->tx = tx;
    err e = w->body(w->context);
    w->ctx->tx = outer;
    return e;
}

fallible authority_together(struct context *ctx, err (*body)(void *context), void *context)
{
    struct within w = {ctx, body, context};
    return store_together(ctx->tx, run_within, &w);
}

fallible authority_together_soon(struct context *ctx, err (*body)(void *context), void *context)
{
    struct within w = {ctx, body, context};
    return store_together_soon(ctx->tx, run_within, &w);
}

static struct rotation_view rotation_of(const struct context *ctx)
{
    const struct policy *p = &ctx->authority->policy;
    return (struct rotation_view){
        .tx = ctx->tx,
        .keys = ctx->authority->keys,
        .ring = ctx->keys,
        .arena = ctx->arena,
        .now = ctx->now,
        .policy =
            {
                .every = p->key_rotation,
                /* AT-11: until the last token that it signed is dead; and an ID token is a logout hint as long as its session may live. */
                .signed_lives = p->session_absolute > p->access_lifetime_max ? p->session_absolute : p->access_lifetime_max,
                /* refresh tokens, the longest-lived of what is sealed, may come back until then */
                .sealed_lives = p->refresh_absolute,
            },
    };
}

fallible authority_keys_list(struct context *ctx, struct rotation_row **rows, size_t *count)
{
    struct rotation_view v = rotation_of(ctx);
    return rotation_list(&v, rows, count);
}

fallible authority_keys_rotate(struct context *ctx, enum rotation_how how)
{
    struct rotation_view v = rotation_of(ctx);
    TRY(rotation_run(&v, how));
    authority_event(ctx, "key.rotated", &(struct authority_event_facts){.detail = STR("all algorithms and the sealing key")});
    return keys_follow(ctx->authority->keys);
}

fallible authority_keys_schedule(struct context *ctx, bool *rotated)
{
    struct rotation_view v = rotation_of(ctx);
    bool due;
    *rotated = false;
    TRY(rotation_due(&v, &due));
    if (!due)
        return OK;
    err e = authority_keys_rotate(ctx, ROTATION_PUBLISHED);
    if (e.kind == ERR_CONFLICT) /* another process was first */
        return OK;
    *rotated = !FAILED(e);
    return e;
}

/* What software did to its own registration is machines' traffic, what a person did to their own account their own security: neither may
 * wash out what administrators did. */
static enum db_event_class class_of(const struct audit_row *row, const struct authority_event_facts *facts)
{
    if (row->class == DB_EVENT_PEOPLE && !row->paced && !str_present(facts->actor)) /* a client revoked what it was given */
        return DB_EVENT_MACHINES;
    if (row->class != DB_EVENT_ADMINISTRATION)
        return row->class;
    if (str_is(facts->actor, "registration"))
        return DB_EVENT_MACHINES;
    return str_present(facts->actor) && str_equal(facts->actor, facts->subject) ? DB_EVENT_PEOPLE : DB_EVENT_ADMINISTRATION;
}

/* Whose flood it would be: a client's that has shown to be one, else the address's. */
static str source_of(const struct context *ctx, bool refusal, const struct authority_event_facts *facts)
{
    str source = !refusal && str_filled(facts->client_id) ? facts->client_id : source_key(ctx->arena, "", ctx->address);
    return str_present(source) ? source : ctx->address;
}

void authority_event(const struct context *ctx, const char *name, const struct authority_event_facts *facts)
{
    str text = str_of(name);
    const struct audit_row *row = audit_row_of(text);
    enum db_event_class class = class_of(row, facts);
    bool refusal = str_ends(text, STR(".refused")) || str_ends(text, STR(".failed"));
    if (refusal && ctx->refusal_audited != NULL)
        *ctx->refusal_audited = true;
    if ((row->paced || class == DB_EVENT_MACHINES) && !str_is(text, "events.suppressed") && !audit_pace_allows(class, source_of(ctx, refusal, facts), ctx->now))
        return;
    db_event_add(ctx->tx, &(struct db_event){.at = ctx->now,
                                             .name = text,
                                             .actor = facts->actor,
                                             .client_id = facts->client_id,
                                             .subject = facts->subject,
                                             .address = ctx->address,
                                             .request_id = ctx->request_id,
                                             .detail = facts->detail,
                                             .class = class});
}

static void tell_left_out(struct context *ctx, const struct audit_left_out *left)
{
    str source = left->source[0] ? str_of(left->source) : STR("sources that are not known any more");
    str detail = str_format(ctx->arena, "%lld events of the class %s were left out", (long long)left->count, audit_class_name(left->class));
    LOG(WARN, "events.suppressed", LOG_STR("class", str_of(audit_class_name(left->class))), LOG_STR("source", source), LOG_INT("count", left->count));
    db_event_add(ctx->tx, &(struct db_event){.at = ctx->now, .name = STR("events.suppressed"), .subject = source, .detail = detail, .class = left->class});
}

/* Once a day and class. */
static void tell_nearly_full(struct context *ctx, int64_t class, int64_t kept)
{
    static _Atomic int64_t told_at[DB_EVENT_CLASSES + 1];
    enum { DAY = 86400 };
    int64_t before = atomic_load(&told_at[class]);
    if ((before != 0 && clock_within(ctx->now, before, DAY)) || !atomic_compare_exchange_strong(&told_at[class], &before, ctx->now))
        return;
    const char *name = audit_class_name(class);
    LOG(WARN, "events.nearly_full", LOG_STR("class", str_of(name)), LOG_INT("kept", kept));
    authority_event(
        ctx, "events.nearly_full",
        &(struct authority_event_facts){
            .detail = str_format(ctx->arena, "%lld events of the class %s: the oldest go soon; jeton event export keeps them, events_%s allows more",
                                 (long long)kept, name, name)});
}

fallible authority_events_tell(struct context *ctx, const int64_t budgets[DB_EVENT_CLASSES + 1])
{
    struct audit_left_out left;
    int64_t kept[DB_EVENT_CLASSES + 1];
    for (size_t i = 0; i < (size_t)AUDIT_PACE_SOURCES * DB_EVENT_CLASSES && audit_pace_left_out(&left); i++)
        tell_left_out(ctx, &left);
    TRY(db_event_kept(ctx->tx, ctx->arena, kept));
    for (int64_t class = 1; class <= DB_EVENT_CLASSES; class ++)
        if (kept[class] >= budgets[class] - budgets[class] / 5)
            tell_nearly_full(ctx, class, kept[class]);
    return OK;
}
