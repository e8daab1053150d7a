/* SPDX-License-Identifier: MIT
 * authority: the ground that every rule stands on. authority_enter gives one request a consistent view (snapshot of facts,
 * keyring, time) and authority_leave ends it. Relies on store/hot for facts and on keys/ for the keyring. Promises
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
    TRY(keys_open(&(struct keys_place){authority->store, authority->hot, directory}, &authority->keys));
    authority->keeper = keys_keeper(authority->keys);
    return OK;
}

void authority_close(struct authority *authority)
{
    keys_close(authority->keys);
    authority->keys = NULL;
    authority->keeper = NULL;
}

fallible authority_enter(const struct authority *authority, struct arena *a, struct ground *out)
{
    TRY(hot_refresh(authority->hot));
    TRY(keys_follow(authority->keys));
    *out = (struct ground){
        .authority = authority,
        .tx = store_each(authority->store),
        .facts = hot_hold(authority->hot),
        .keys = keys_hold(authority->keys),
        .arena = a,
        .now = clock_now(),
    };
    return OK;
}

void authority_leave(struct ground *g)
{
    hot_let_go(g->authority->hot, g->facts);
    keys_let_go(g->authority->keys, g->keys);
    g->facts = NULL;
    g->keys = NULL;
}

struct within {
    struct ground *g;
    err (*body)(void *context);
    void *context;
};

static err run_within(struct tx *tx, void *context)
{
    const struct within *w = context;
    struct tx *outer = w->g->tx;
    w->g->tx = tx;
    err e = w->body(w->context);
    w->g->tx = outer;
    return e;
}

fallible authority_together(struct ground *g, err (*body)(void *context), void *context)
{
    struct within w = {g, body, context};
    return store_together(g->tx, run_within, &w);
}

static struct rotation_view rotation_of(const struct ground *g)
{
    const struct policy *p = &g->authority->policy;
    return (struct rotation_view){
        .tx = g->tx,
        .keys = g->authority->keys,
        .ring = g->keys,
        .arena = g->arena,
        .now = g->now,
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

fallible authority_keys_list(struct ground *g, struct rotation_row **rows, size_t *count)
{
    struct rotation_view v = rotation_of(g);
    return rotation_list(&v, rows, count);
}

fallible authority_keys_rotate(struct ground *g, enum rotation_how how)
{
    struct rotation_view v = rotation_of(g);
    TRY(rotation_run(&v, how));
    authority_event(g, "key.rotated", &(struct authority_event_facts){.detail = STR("all algorithms and the sealing key")});
    return keys_follow(g->authority->keys);
}

fallible authority_keys_schedule(struct ground *g, bool *rotated)
{
    struct rotation_view v = rotation_of(g);
    bool due;
    *rotated = false;
    TRY(rotation_due(&v, &due));
    if (!due)
        return OK;
    err e = authority_keys_rotate(g, ROTATION_PUBLISHED);
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
static str source_of(const struct ground *g, bool refusal, const struct authority_event_facts *facts)
{
    str source = !refusal && str_filled(facts->client_id) ? facts->client_id : source_key(g->arena, "", g->address);
    return str_present(source) ? source : g->address;
}

void authority_event(const struct ground *g, const char *name, const struct authority_event_facts *facts)
{
    str text = str_of(name);
    const struct audit_row *row = audit_row_of(text);
    enum db_event_class class = class_of(row, facts);
    bool refusal = str_ends(text, STR(".refused")) || str_ends(text, STR(".failed"));
    if (refusal && g->refusal_told != NULL)
        *g->refusal_told = true;
    if ((row->paced || class == DB_EVENT_MACHINES) && row != audit_row_of(STR("events.suppressed")) &&
        !audit_pace_allows(class, source_of(g, refusal, facts), g->now))
        return;
    db_event_add(g->tx, &(struct db_event){.at = g->now,
                                           .name = text,
                                           .actor = facts->actor,
                                           .client_id = facts->client_id,
                                           .subject = facts->subject,
                                           .address = g->address,
                                           .request_id = g->request_id,
                                           .detail = facts->detail,
                                           .class = class});
}

static void tell_left_out(struct ground *g, const struct audit_left_out *left)
{
    str source = left->source[0] ? str_of(left->source) : STR("sources that are not known any more");
    str detail = str_format(g->arena, "%lld events of the class %s were left out", (long long)left->count, audit_class_name(left->class));
    LOG(WARN, "events.suppressed", LOG_STR("class", str_of(audit_class_name(left->class))), LOG_STR("source", source), LOG_INT("count", left->count));
    db_event_add(g->tx, &(struct db_event){.at = g->now, .name = STR("events.suppressed"), .subject = source, .detail = detail, .class = left->class});
}

/* Once a day and class. */
static void tell_nearly_full(struct ground *g, int64_t class, int64_t kept)
{
    static _Atomic int64_t told_at[DB_EVENT_CLASSES + 1];
    enum { DAY = 86400 };
    int64_t before = atomic_load(&told_at[class]);
    if ((before != 0 && clock_within(g->now, before, DAY)) || !atomic_compare_exchange_strong(&told_at[class], &before, g->now))
        return;
    const char *name = audit_class_name(class);
    LOG(WARN, "events.nearly_full", LOG_STR("class", str_of(name)), LOG_INT("kept", kept));
    authority_event(g, "events.nearly_full",
                    &(struct authority_event_facts){
                        .detail = str_format(g->arena, "%lld events of the class %s: the oldest go soon; jeton event export keeps them, events_%s allows more",
                                             (long long)kept, name, name)});
}

fallible authority_events_tell(struct ground *g, const int64_t budgets[DB_EVENT_CLASSES + 1])
{
    struct audit_left_out left;
    int64_t kept[DB_EVENT_CLASSES + 1];
    for (size_t i = 0; i < (size_t)AUDIT_PACE_SOURCES * DB_EVENT_CLASSES && audit_pace_left_out(&left); i++)
        tell_left_out(g, &left);
    TRY(db_event_kept(g->tx, g->arena, kept));
    for (int64_t class = 1; class <= DB_EVENT_CLASSES; class ++)
        if (kept[class] >= budgets[class] - budgets[class] / 5)
            tell_nearly_full(g, class, kept[class]);
    return OK;
}
