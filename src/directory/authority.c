/* SPDX-License-Identifier: MIT
 * authority: the ground that every rule stands on. authority_enter gives one request a consistent view (snapshot of facts,
 * keyring, time) and authority_leave ends it. Relies on store/hot for facts and on authority_keys for the keyring. Promises
 * that a request which was let in knows every change that was acknowledged before it began, or is refused (UNAVAILABLE).
 *
 * Rotation moves each key one step (see keys/keyring for the states): signing keys that retire keep their public half for as
 * long as the longest access token lives, sealing keys open for as long as the oldest refresh token may (AT-11). */
#include "directory/authority.h"
#include "directory/authority_keys.h"
#include "codec/json_writer.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "store/table/db_key.h"
#include <stdatomic.h>
#include "base/log.h"
#include "directory/audit_pace.h"
#include "directory/source.h"

#include "base/banned.h"

enum { SEALING_NUMBERS = 255 };

fallible authority_open(struct arena *a, struct authority *authority, const char *directory)
{
    struct db_key *rows;
    size_t count;
    authority->started = clock_now();
    random_bytes(authority->begun, sizeof authority->begun);
    TRY(db_key_all(store_each(authority->store), a, &rows, &count));
    TRY(authority_master_key(directory, count == 0 ? MASTER_MAKE : MASTER_READ, authority->master_key));
    return authority_keys_open(a, authority, &authority->keys);
}

void authority_close(struct authority *authority)
{
    authority_keys_close(authority->keys);
    authority->keys = NULL;
    secret_wipe(authority->master_key, sizeof authority->master_key);
}

fallible authority_enter(const struct authority *authority, struct arena *a, struct ground *out)
{
    TRY(hot_refresh(authority->hot));
    TRY(authority_keys_follow(authority));
    *out = (struct ground){
        .authority = authority,
        .tx = store_each(authority->store),
        .facts = hot_hold(authority->hot),
        .keys = authority_keys_hold(authority->keys),
        .arena = a,
        .now = clock_now(),
    };
    return OK;
}

void authority_leave(struct ground *g)
{
    hot_let_go(g->authority->hot, g->facts);
    authority_keys_let_go(g->authority->keys, g->keys);
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

/* When whoever checks signatures has had the time to learn a next key: an hour after its making, but from the beginning when it was made
 * with the first key of all, for then there never was a key set without it (AT-11). */
static unix_time ready_at(const struct db_key *rows, size_t count, const struct db_key *next)
{
    enum { MAKING_SECONDS = 60 };
    bool first = true;
    for (size_t i = 0; i < count; i++)
        if ((str_is(rows[i].use, "sig") || str_is(rows[i].use, "pub")) && str_equal(rows[i].alg, next->alg))
            first = first && !str_is(rows[i].state, "old") && clock_add(rows[i].created_at, MAKING_SECONDS) >= next->created_at;
    return first ? next->created_at : clock_add(next->created_at, AUTHORITY_PUBLISHED_SECONDS);
}

/* When the schedule puts the next keys to use: days after the oldest active one was, but never before they were published. 0: never. */
static unix_time rotation_due(const struct policy *p, const struct db_key *rows, size_t count)
{
    unix_time due = 0, ready = 0;
    for (size_t i = 0; p->key_rotation > 0 && i < count; i++) {
        if (!str_is(rows[i].use, "sig"))
            continue;
        unix_time end = clock_add(rows[i].active_at, p->key_rotation), from = ready_at(rows, count, &rows[i]);
        if (str_is(rows[i].state, "active") && (due == 0 || end < due))
            due = end;
        if (str_is(rows[i].state, "next") && from > ready)
            ready = from;
    }
    return due == 0 || due > ready ? due : ready;
}

fallible authority_keys_list(struct ground *g, struct authority_key_row **rows, size_t *count)
{
    struct db_key *stored;
    size_t n, kept = 0;
    TRY(db_key_all(g->tx, g->arena, &stored, &n));
    struct authority_key_row *list = arena_array(g->arena, n + 1, sizeof *list);
    if (list == NULL)
        FAIL(UNAVAILABLE, "no memory for the list of keys");
    unix_time due = rotation_due(&g->authority->policy, stored, n);
    for (size_t i = 0; i < n; i++) {
        const struct db_key *k = &stored[i];
        bool sig = str_is(k->use, "sig"), next = sig && str_is(k->state, "next");
        if (str_is(k->use, "pub")) /* the shadow of a retired signing key, which is listed itself */
            continue;
        list[kept++] = (struct authority_key_row){.kid = k->kid,
                                                  .use = k->use,
                                                  .alg = k->alg,
                                                  .state = k->state,
                                                  .created_at = k->created_at,
                                                  .active_at = k->active_at,
                                                  .retired_at = k->retired_at,
                                                  .ready_at = next ? ready_at(stored, n, k) : 0,
                                                  .due_at = next || (sig && str_is(k->state, "active")) ? due : 0,
                                                  .destroy_after = k->destroy_after};
    }
    *rows = list;
    *count = kept;
    return OK;
}

/* ---- rotation ---- */

/* The public half of the active key goes into a row of its own before the store wipes the private one. */
static fallible public_row(struct ground *g, enum sign_alg alg, unix_time destroy_after, struct db_key *out)
{
    struct keyring_entry entry = {
        .use = STR("pub"), .alg = str_of(sign_alg_name(alg)), .state = STR("old"), .created_at = g->now};
    const struct sign_key *key = keyring_signing(g->keys, alg, &entry.kid);
    if (key == NULL)
        FAIL(SERVER_ERROR, "there is no active key to rotate");
    struct sign_jwk jwk;
    TRY(sign_key_jwk(g->arena, key, &jwk));
    const struct {
        const char *name;
        str value;
    } members[] = {{"kty", str_of(jwk.kty)}, {"crv", str_of(jwk.crv)}, {"x", jwk.x}, {"y", jwk.y}, {"n", jwk.n}, {"e", jwk.e}};
    struct json_writer w = json_writer_new(g->arena);
    json_write_object(&w, NULL);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_write_filled(&w, members[i].name, members[i].value);
    json_write_end(&w);
    struct db_key row;
    TRY(json_writer_done(&w, &entry.material));
    TRY(authority_keys_row(g->arena, g->authority, &entry, &row));
    row.retired_at = g->now;
    row.destroy_after = destroy_after;
    *out = row;
    return OK;
}

/* The number after the active one that no row has: a number comes back only when its key is destroyed. */
static fallible sealing_number(struct ground *g, uint8_t *out)
{
    struct db_key *rows;
    size_t count;
    bool taken[SEALING_NUMBERS + 1] = {true};
    const struct seal_key *key;
    TRY(db_key_all(g->tx, g->arena, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        uint64_t number;
        if (str_is(rows[i].use, "seal") && !FAILED(str_u64(rows[i].kid, SEALING_NUMBERS, &number)))
            taken[number] = true;
    }
    unsigned number = keyring_sealing(g->keys, &key);
    for (unsigned i = 0; i < SEALING_NUMBERS; i++) {
        number = number % SEALING_NUMBERS + 1;
        if (!taken[number]) {
            *out = (uint8_t)number;
            return OK;
        }
    }
    REFUSE(UNPROCESSABLE, "The keys were rotated too often: wait until the oldest sealing keys are destroyed.",
           "all numbers of sealing keys are taken");
}

/* What a rotation puts into the store, made beforehand: an RSA key takes its time, and the writer has none. */
struct rotation {
    struct ground *g;
    enum authority_rotate how;
    struct db_key fresh[SIGN_OWN_COUNT], old[SIGN_OWN_COUNT], sealing; /* by algorithm; old: public halves */
    unix_time old_until;
};

static fallible prepare(struct ground *g, struct rotation *r)
{
    const struct policy *p = &g->authority->policy;
    struct keyring_entry entry;
    uint8_t number;
    /* AT-11: until the last token that it signed is dead; and an ID token is a logout hint as long as its session may live. */
    r->old_until = clock_add(g->now, p->session_absolute > p->access_lifetime_max ? p->session_absolute : p->access_lifetime_max);
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++) {
        TRY(keyring_fresh_signing(g->arena, (enum sign_alg)alg, &entry));
        TRY(authority_keys_row(g->arena, g->authority, &entry, &r->fresh[alg]));
        TRY(public_row(g, (enum sign_alg)alg, r->old_until, &r->old[alg]));
    }
    TRY(sealing_number(g, &number));
    TRY(keyring_fresh_sealing(g->arena, number, &entry));
    return authority_keys_row(g->arena, g->authority, &entry, &r->sealing);
}

/* AT-11: whoever checks signatures has had the time to learn the next keys. */
static bool published(const struct db_key *rows, size_t count, unix_time now)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(rows[i].use, "sig") && str_is(rows[i].state, "next") && ready_at(rows, count, &rows[i]) > now)
            return false;
    return true;
}

/* Are the keys still those that the rotation was made from? Of two processes that rotate one is first, and the other finds so. */
static bool same_keys(const struct ground *g, const struct db_key *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str kid;
        enum sign_alg alg;
        if (str_is(rows[i].use, "sig") && str_is(rows[i].state, "active") && sign_alg_of(rows[i].alg, &alg) &&
            (keyring_signing(g->keys, alg, &kid) == NULL || !str_equal(kid, rows[i].kid)))
            return false;
    }
    return true;
}

static err rotate_all(void *context)
{
    struct rotation *r = context;
    struct ground *g = r->g;
    struct tx *tx = g->tx;
    struct db_key *rows;
    size_t count;
    TRY(db_key_all(tx, g->arena, &rows, &count));
    if (!same_keys(g, rows, count))
        FAIL(CONFLICT, "the keys were rotated meanwhile");
    if (r->how != ROTATE_NOW && !published(rows, count, g->now))
        REFUSE(UNPROCESSABLE, "The next keys have not been published for an hour yet, so clients may not know them: wait, or rotate at once "
               "by jeton key rotate --now when a key is in wrong hands.", "the next keys were not published long enough");
    for (int alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++) {
        err added = db_key_add(tx, &r->old[alg]);
        if (FAILED(added) && added.kind != ERR_CONFLICT) /* a rotation that did not come to its end has left it there */
            return added;
        TRY(db_key_rotate(tx, &r->fresh[alg], g->now, r->old_until));
    }
    /* refresh tokens, the longest-lived of what is sealed, may come back until then */
    return db_key_rotate(tx, &r->sealing, g->now, clock_add(g->now, g->authority->policy.refresh_absolute));
}

fallible authority_keys_rotate(struct ground *g, enum authority_rotate how)
{
    struct rotation *r = ARENA_NEW(g->arena, struct rotation);
    if (r == NULL)
        FAIL(UNAVAILABLE, "no memory for new keys");
    r->g = g;
    r->how = how;
    TRY(prepare(g, r));
    TRY(authority_together(g, rotate_all, r));
    authority_event(g, "key.rotated", &(struct authority_event_facts){.detail = STR("all algorithms and the sealing key")});
    return authority_keys_follow(g->authority);
}

fallible authority_keys_schedule(struct ground *g, bool *rotated)
{
    struct db_key *rows;
    size_t count;
    *rotated = false;
    TRY(db_key_all(g->tx, g->arena, &rows, &count));
    unix_time due = rotation_due(&g->authority->policy, rows, count);
    if (due == 0 || due > g->now)
        return OK;
    err e = authority_keys_rotate(g, ROTATE_PUBLISHED);
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
    db_event_add(g->tx,
                 &(struct db_event){.at = g->now, .name = STR("events.suppressed"), .subject = source, .detail = detail, .class = left->class});
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
    for (int64_t class = 1; class <= DB_EVENT_CLASSES; class++)
        if (kept[class] >= budgets[class] - budgets[class] / 5)
            tell_nearly_full(g, class, kept[class]);
    return OK;
}
