/* SPDX-License-Identifier: MIT
 * client: client applications: made, changed, given new secrets, disabled, removed, listed. Relies on client_rules for what one
 * may be, on the store for uniqueness of ids and secrets and for optimistic locking (AD-05). Promises: a secret is shown once
 * and stored as a hash (AD-03); names are unique among live clients; changes start from fresh facts and are told to memory
 * before they are answered.
 *
 *   client_add ──▶ [live] ──client_set_disabled(true)──▶ [disabled]
 *   [disabled] ──client_set_disabled(false)──▶ [live]
 *   [live], [disabled] ──client_remove──▶ gone (a tombstone keeps the id)
 */
#include "client/client.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "codec/text.h"
#include "crypto/random.h"
#include "client/auth_methods.h"
#include "context/check.h"
#include "client/client_rules.h"
#include "client/client_secret.h"
#include "token/opaque.h"

#include "base/banned.h"

enum { ID_MAX = 255, OVERLAP_MAX = 90 * 86400 };

struct client_edit client_edit_nothing(void)
{
    return (struct client_edit){
        .refresh = -1, .is_public = -1, .first_party = -1, .require_pkce = -1, .compat_processmaker = -1, .access_lifetime = -1, .refresh_lifetime = -1};
}

static fallible client_permission(const struct actor *by, const char *permission)
{
    if (!actor_may(by, permission))
        FAIL(INSUFFICIENT_SCOPE, "a permission over client applications is needed");
    return OK;
}

static fallible copy_client(struct arena *a, const struct db_client *from, struct db_client **out)
{
    struct db_client *to = ARENA_NEW(a, struct db_client);
    if (to == NULL)
        FAIL(UNAVAILABLE, "memory");
    *to = *from;
    str *texts[] = {&to->id,      &to->name, &to->description, &to->auth_method, &to->grants, &to->scopes, &to->redirect_uris, &to->post_logout_redirect_uris,
                    &to->owner_id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = str_dup(a, *texts[i]);
    TRY(metadata_copy(a, &to->metadata));
    TRY(check_arena(a));
    *out = to;
    return OK;
}

/* As the client is now, not as it was when the request began: NOT_FOUND when there is none. */
static fallible load_current_client(struct context *ctx, str id, struct db_client **out)
{
    struct cache *cache = ctx->authority->cache;
    TRY(cache_refresh(cache));
    const struct snapshot *snapshot = cache_hold(cache);
    const struct db_client *found = cache_client(snapshot, id);
    err e = found != NULL ? copy_client(ctx->arena, found, out) : ERR(NOT_FOUND, "no such client");
    cache_let_go(cache, snapshot);
    return e;
}

fallible client_now(struct context *ctx, str id, const struct db_client **out)
{
    struct db_client *found = NULL;
    TRY(load_current_client(ctx, id, &found));
    *out = found;
    return OK;
}

struct placing {
    struct context *ctx;
    struct db_client *client;
    const struct token_hash *hash; /* of its secret; NULL: none comes */
    const struct client_edit *edit;
    int64_t seq; /* as of which it was judged */
    bool adds, overtaken;
};

/* Id, name, and secret when there is one, against every live client but this one. */
static fallible require_unique_client(struct placing *w, struct problems *p)
{
    struct context *ctx = w->ctx;
    const struct db_client *client = w->client;
    const struct token_hash *hash = w->hash;
    struct cache *cache = ctx->authority->cache;
    bool named = false;
    TRY(cache_refresh(cache));
    const struct snapshot *snapshot = cache_hold(cache);
    w->seq = cache_seq(snapshot);
    cache_let_go(cache, snapshot);
    TRY(cache_name_taken(cache, ctx->arena, client, &named));
    snapshot = cache_hold(cache);
    const struct db_client *same = cache_client(snapshot, client->id);
    if (named)
        problem_add(p, "name", STR("A client with this name, or with one that looks like it, already exists; choose another one."));
    if (same != NULL && same->number != client->number)
        problem_add(p, "id", STR("A client with this ID already exists; choose another one."));
    if (hash != NULL && cache_secret_taken(snapshot, hash, client->number))
        problem_add(p, "secret", STR("This secret is in use. A secret can be used for only one client."));
    cache_let_go(cache, snapshot);
    return problem_result(p);
}

static err place_client(void *context)
{
    struct placing *w = context;
    struct tx *tx = w->ctx->tx;
    bool current = false;
    TRY(db_client_hold(tx, w->seq, &current));
    w->overtaken = !current;
    if (w->overtaken)
        FAIL(CONFLICT, "client: another one was changed meanwhile");
    if (!w->adds)
        return db_client_save(tx, w->client);
    TRY(db_client_add(tx, w->client));
    return w->edit->settle != NULL ? w->edit->settle(w->ctx, w->client) : OK;
}

/* All clients are in memory, and there they are compared; what is committed between that and the transaction is seen by it. */
static fallible place_unique(struct placing *w, struct problems *p)
{
    enum { TRIES = 16 };
    for (int tries = 0; tries < TRIES; tries++) {
        TRY(require_unique_client(w, p));
        w->overtaken = false;
        err e = authority_together(w->ctx, place_client, w);
        if (!w->overtaken)
            return e;
        TRY(cache_poll(w->ctx->authority->cache));
    }
    REFUSE(UNAVAILABLE, "Many client applications are being changed at the moment; please try again.", "client: overtaken too often");
}

static fallible judge_id(struct context *ctx, str id, struct problems *p, str *out)
{
    if (!str_present(id)) {
        char uuid[37];
        random_uuid(uuid);
        *out = str_dup(ctx->arena, str_of(uuid));
        return check_arena(ctx->arena);
    }
    bool fit = id.n >= 1 && id.n <= ID_MAX;
    for (size_t i = 0; fit && i < id.n; i++)
        fit = ascii_visible(id.p[i]);
    if (!fit)
        problem_add(p, "id", STR("A client ID must have 1 to 255 visible ASCII characters, without spaces."));
    *out = id;
    return OK;
}

/* The raw secret: the given one, or a fresh one. */
static fallible secret_for(struct context *ctx, str given, str *raw)
{
    if (str_present(given)) {
        *raw = given;
        return OK;
    }
    struct token_raw made;
    TRY(opaque_plain_make(ctx->arena, OPAQUE_CLIENT_SECRET, &made));
    *raw = made.text;
    return OK;
}

static void judge_secret(const struct client_edit *edit, const struct db_client *next, struct problems *p)
{
    if (!str_present(edit->secret))
        return;
    const char *wrong = !client_has_secret(next) ? "A client that authenticates without a secret cannot have one." : client_rules_secret(edit->secret);
    if (wrong != NULL)
        problem_add(p, "secret", str_of(wrong));
}

/* The id is taken now or ever, or the secret is; facts in memory do not know removed clients. */
static fallible explain_add_conflict(err e, const struct client_edit *edit, struct problems *p)
{
    if (e.kind != ERR_CONFLICT)
        return e;
    if (str_present(edit->id))
        problem_add(p, "id", STR("This ID was used before, and IDs are never used twice. Choose another one."));
    else
        problem_add(p, "secret", STR("This secret is in use. A secret can be used for only one client."));
    return problem_result(p);
}

fallible client_add(struct context *ctx, const struct actor *by, const struct client_edit *edit, struct problems *p, struct client_added *out)
{
    TRY(client_permission(by, "create-auth_clients"));
    struct db_client *next = ARENA_NEW(ctx->arena, struct db_client);
    if (next == NULL)
        FAIL(UNAVAILABLE, "memory");
    next->created_at = next->updated_at = ctx->now;
    next->version = next->epoch = 1;
    next->registration = edit->registration;
    struct client_rules_draft draft = {.ctx = ctx, .by = by, .edit = edit, .problems = p, .next = next};
    TRY(judge_id(ctx, edit->id, p, &next->id));
    TRY(client_rules_apply(&draft));
    judge_secret(edit, next, p);
    TRY(problem_result(p));
    str raw = STR_ABSENT;
    if (client_has_secret(next)) {
        TRY(secret_for(ctx, edit->secret, &raw));
        next->secrets[0] = (struct db_client_secret){.hash = token_hash_of(raw), .created_at = ctx->now};
        next->secret_count = 1;
        TRY(client_secret_keep(ctx, raw, next)); /* CA-14 */
    }
    struct db_client *kept = NULL;
    TRY(copy_client(ctx->arena, next, &kept)); /* what the caller gave may be gone when the caller reads this */
    TRY(explain_add_conflict(
        place_unique(&(struct placing){.ctx = ctx, .client = kept, .hash = kept->secret_count > 0 ? &kept->secrets[0].hash : NULL, .edit = edit, .adds = true},
                     p),
        edit, p));
    check_event(ctx, by, "client.added",
                &(struct authority_event_facts){
                    .client_id = kept->id, .subject = kept->id, .detail = kept->first_party ? STR("first party: no consent is asked") : STR_ABSENT});
    out->client = kept;
    out->secret = raw;
    return OK;
}

fallible client_change(struct context *ctx, const struct actor *by, str id, const struct client_edit *edit, struct problems *p)
{
    TRY(client_permission(by, "edit-auth_clients"));
    struct db_client *before = NULL;
    TRY(load_current_client(ctx, id, &before));
    if (client_rules_beyond(ctx, by, before))
        REFUSE(INSUFFICIENT_SCOPE, "Only an administrator may change this client: it has more permissions than you have.",
               "the client has more rights than the actor");
    if (edit->version != 0 && edit->version != before->version) /* AD-05 */
        FAIL(CONFLICT, "the client was changed meanwhile");
    struct db_client next = *before;
    struct client_rules_draft draft = {.ctx = ctx, .by = by, .edit = edit, .problems = p, .before = before, .next = &next};
    if (str_present(edit->id) && !str_equal(edit->id, before->id)) /* AD-04 */
        problem_add(p, "id", STR("A client's ID cannot be changed."));
    if (str_present(edit->secret))
        problem_add(p, "secret", STR("A secret cannot be set here; rotate it instead."));
    TRY(client_rules_apply(&draft));
    TRY(problem_result(p));
    next.updated_at = ctx->now;
    if (!client_secret_kept(&next)) /* CA-14 */
        next.metadata.sealed_secret = STR_ABSENT;
    TRY(place_unique(&(struct placing){.ctx = ctx, .client = &next, .edit = edit}, p));
    check_event(ctx, by, "client.changed", &(struct authority_event_facts){.client_id = before->id, .subject = before->id});
    return OK;
}

struct renewal {
    struct context *ctx;
    struct db_client *client;
    const struct token_hash *hash;
    unix_time until;
    bool overtaken;
};

static err store_renewed_secret(void *context)
{
    struct renewal *r = context;
    if (client_secret_kept(r->client)) {
        err saved = db_client_save(r->ctx->tx, r->client);
        r->overtaken = saved.kind == ERR_CONFLICT;
        TRY(saved);
    }
    return db_client_secret_add(r->ctx->tx, r->client->number, r->hash, r->until);
}

fallible client_rotate_secret(struct context *ctx, const struct actor *by, str id, const struct client_rotation *how, str *secret)
{
    TRY(client_permission(by, "edit-auth_clients"));
    struct db_client *client = NULL;
    TRY(load_current_client(ctx, id, &client));
    if (client_rules_beyond(ctx, by, client))
        REFUSE(INSUFFICIENT_SCOPE, "Only an administrator may renew this secret: the client has more permissions than you have.",
               "the client has more rights than the actor");
    if (!client_has_secret(client))
        REFUSE(UNPROCESSABLE, "This client authenticates without a secret.", "rotation for a client without secrets");
    if (how->overlap < -1 || how->overlap > OVERLAP_MAX)
        REFUSE(UNPROCESSABLE, "The old secret can keep working for 0 to 7776000 seconds (90 days).", "overlap out of range");
    if (str_present(how->secret) && client_rules_secret(how->secret) != NULL)
        REFUSE(UNPROCESSABLE, "A secret must have 32 to 1024 visible ASCII characters, without spaces.", "unfit secret");
    int64_t overlap = how->overlap == -1 ? ctx->authority->policy.secret_overlap : how->overlap;
    str raw;
    TRY(secret_for(ctx, how->secret, &raw));
    struct token_hash hash = token_hash_of(raw);
    unix_time until = overlap > 0 ? clock_add(ctx->now, overlap) : 0;
    TRY(client_secret_keep(ctx, raw, client));
    struct renewal renewal = {ctx, client, &hash, until, false};
    err e = authority_together(ctx, store_renewed_secret, &renewal);
    if (e.kind == ERR_CONFLICT && !renewal.overtaken)
        REFUSE(UNPROCESSABLE, "This secret is or was in use; choose another one.", "secret used before");
    TRY(e);
    check_event(ctx, by, "client.secret_rotated", &(struct authority_event_facts){.client_id = client->id, .subject = client->id});
    *secret = raw;
    return OK;
}

fallible client_set_disabled(struct context *ctx, const struct actor *by, str id, bool disabled)
{
    TRY(client_permission(by, "edit-auth_clients"));
    struct db_client *client = NULL;
    TRY(load_current_client(ctx, id, &client));
    if (client_rules_beyond(ctx, by, client)) /* AD-04: to enable is to give, to disable takes everybody's tokens */
        REFUSE(INSUFFICIENT_SCOPE, "Only an administrator may enable or disable this client: it has more permissions than you have.",
               "the client has more rights than the actor");
    if (client->disabled == disabled)
        return OK;
    TRY(db_client_set_disabled(ctx->tx, client->number, disabled));
    check_event(ctx, by, disabled ? "client.disabled" : "client.enabled", &(struct authority_event_facts){.client_id = client->id, .subject = client->id});
    return OK;
}

fallible client_remove(struct context *ctx, const struct actor *by, str id)
{
    TRY(client_permission(by, "delete-auth_clients"));
    struct db_client *client = NULL;
    TRY(load_current_client(ctx, id, &client));
    TRY(db_client_remove(ctx->tx, client->number));
    check_event(ctx, by, "client.removed", &(struct authority_event_facts){.client_id = client->id, .subject = client->id});
    return OK;
}

const struct db_client *client_find(const struct context *ctx, str id)
{
    return cache_client(ctx->snapshot, id);
}

bool client_has_secret(const struct db_client *client)
{
    const struct auth_method *method = auth_methods_find(client->auth_method);
    return !client->is_public && method != NULL && method->secret;
}

bool client_allows_grant(const struct db_client *client, str grant)
{
    return str_has_word(client->grants, grant);
}

/* ---- the list ---- */

static bool contains_nocase(str text, str wanted)
{
    for (size_t i = 0; i + wanted.n <= text.n; i++)
        if (str_equal_nocase((str){text.p + i, wanted.n}, wanted))
            return true;
    return false;
}

static int by_number(const struct db_client *a, const struct db_client *b)
{
    return (a->number > b->number) - (a->number < b->number);
}

static int compare_name(const void *a, const void *b)
{
    const struct db_client *x = *(const struct db_client *const *)a, *y = *(const struct db_client *const *)b;
    for (size_t i = 0; i < x->name.n && i < y->name.n; i++) {
        int c = (unsigned char)ascii_lower(x->name.p[i]), d = (unsigned char)ascii_lower(y->name.p[i]);
        if (c != d)
            return c - d;
    }
    if (x->name.n != y->name.n)
        return x->name.n < y->name.n ? -1 : 1;
    return by_number(x, y);
}

static int compare_id(const void *a, const void *b)
{
    const struct db_client *x = *(const struct db_client *const *)a, *y = *(const struct db_client *const *)b;
    return str_compare(x->id, y->id);
}

static int compare_created(const void *a, const void *b)
{
    const struct db_client *x = *(const struct db_client *const *)a, *y = *(const struct db_client *const *)b;
    if (x->created_at != y->created_at)
        return x->created_at < y->created_at ? -1 : 1;
    return by_number(x, y);
}

typedef int comparison(const void *a, const void *b);
static const struct order {
    const char *column;
    comparison *compare;
} orders[] = {{"name", compare_name}, {"id", compare_id}, {"created_at", compare_created}};

fallible client_list(struct context *ctx, const struct actor *by, const struct db_page *page, struct client_rows *out)
{
    TRY(client_permission(by, "view-auth_clients"));
    TRY(check_page(page));
    comparison *compare = str_present(page->order_by) ? NULL : compare_name;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (str_is(page->order_by, orders[i].column))
            compare = orders[i].compare;
    if (compare == NULL) /* AD-09 */
        REFUSE(UNPROCESSABLE, "order_by must be name, id or created_at.", "unknown column");
    size_t count = 0, kept = 0;
    const struct db_client **rows = cache_clients(ctx->snapshot, ctx->arena, &count);
    if (rows == NULL)
        FAIL(UNAVAILABLE, "memory");
    for (size_t i = 0; i < count; i++)
        if (!str_filled(page->filter) || contains_nocase(rows[i]->name, page->filter) || contains_nocase(rows[i]->id, page->filter))
            rows[kept++] = rows[i];
    qsort(rows, kept, sizeof *rows, compare);
    for (size_t i = 0; page->descending && i < kept / 2; i++) {
        const struct db_client *other = rows[i];
        rows[i] = rows[kept - 1 - i];
        rows[kept - 1 - i] = other;
    }
    size_t from = (uint64_t)page->offset < kept ? (size_t)page->offset : kept;
    size_t left = kept - from, limit = (size_t)page->limit;
    *out = (struct client_rows){rows + from, left < limit ? left : limit, (int64_t)kept};
    return OK;
}
