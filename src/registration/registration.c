/* SPDX-License-Identifier: MIT
 * registration: software that registers itself. Relies on client/client for every rule, as the actor SOFTWARE, which can neither be
 * first party nor get permissions; on store/table/db_initial for initial access tokens. Promises: off unless set (MD-04); attempts are counted
 * by address before anything is judged (RL-05); there are never more than registration_max such clients, and those of open registration
 * that nobody used make room (RL-06); the registration access token is stored as a hash; an update drops nothing that an administrator
 * set.
 *
 *   registration_add ──▶ [registered] ──registration_replace──▶ [registered] ──registration_remove──▶ gone
 *                        [registered, open, unused] ──registration_room, after a time──▶ gone */
#include "registration/registration.h"

#include "client/auth_methods.h"
#include "context/check.h"
#include "client/client_rules.h"
#include "client/grant_types.h"
#include "client/client_secret.h"
#include "client/profile.h"
#include "registration/registration_form.h"
#include "context/source.h"
#include "store/table/db_initial.h"
#include "token/opaque.h"

#include "base/share.h"

#include "base/banned.h"

static fallible count_attempt(struct context *ctx, struct registration_made *out)
{
    struct db_throttle state = {0};
    bool allowed = true;
    str key = source_key(ctx->arena, "reg", ctx->address);
    if (!str_present(key))
        return check_arena(ctx->arena);
    TRY(db_throttle_try(ctx->tx, key, &ctx->authority->policy.registration_rule, &allowed, &state));
    if (allowed)
        return OK;
    out->retry_after = state.until > ctx->now ? state.until - ctx->now : 1;
    REFUSE(THROTTLED, "There were too many registrations from this address; please wait a moment.", "registration: throttled");
}

/* *out NULL: none was given, and none is needed. */
static fallible judge_bearer(struct context *ctx, str bearer, struct db_initial **out)
{
    *out = NULL;
    if (!str_present(bearer)) {
        if (ctx->authority->policy.registration == REGISTRATION_OPEN)
            return OK;
        REFUSE(INVALID_TOKEN, "Registration needs an initial access token in the Authorization header.", "registration: no initial token");
    }
    if (FAILED(opaque_plain_check(bearer, OPAQUE_INITIAL)))
        REFUSE(INVALID_TOKEN, "This is not an initial access token of this server.", "registration: not an initial token");
    struct token_hash hash = token_hash_of(bearer);
    TRY(db_initial_find(ctx->tx, ctx->arena, &hash, ctx->now, out));
    if (*out == NULL)
        REFUSE(INVALID_TOKEN, "The initial access token is unknown, expired or used up.", "registration: initial token unknown or spent");
    return OK;
}

size_t registration_count(const struct context *ctx)
{
    size_t bytes;
    return cache_registered(ctx->snapshot, &bytes);
}

/* All clients are in memory: too many bytes of strangers there would stop the server for everybody. */
static fallible light_enough(const struct context *ctx)
{
    size_t bytes;
    (void)cache_registered(ctx->snapshot, &bytes);
    if (bytes + REGISTRATION_BYTES > REGISTRATION_BYTES_ALL)
        REFUSE(UNAVAILABLE, "There is no room for more registered metadata; an administrator can make room.", "registration: too many bytes in all");
    return OK;
}

static fallible no_room(void)
{
    REFUSE(UNAVAILABLE, "There is no room for another registered client; an administrator can make room.", "registration: registration_max is reached");
}

/* RL-06: is this source's share used up? Whoever has an initial access token was let in by an administrator and has none. */
static fallible judge_share(struct context *ctx, int64_t all)
{
    const struct policy *policy = &ctx->authority->policy;
    str source = source_key(ctx->arena, "at", ctx->address);
    int64_t held = 0;
    if (!str_present(source))
        return check_arena(ctx->arena);
    TRY(db_registration_held(ctx->tx, source, &held));
    int64_t room = policy->registration_max;
    bool most = policy->registration_per_address > 0 && held >= policy->registration_per_address;
    bool shared = room >= REGISTRATION_SHARED && all < room; /* of less there is nothing to share */
    if (most || (shared && !share_allows(held, all, room)))
        REFUSE(BUSY, "Too many applications have registered themselves from this address. Unused ones are removed after a while. Try again later.",
               "registration: this source has its share");
    return OK;
}

fallible registration_room(struct context *ctx, bool by_token)
{
    const struct policy *policy = &ctx->authority->policy;
    int64_t removed = 0, more = 0;
    TRY(db_initial_purge_unused(ctx->tx, ctx->now - policy->registration_unused, &removed));
    int64_t all = (int64_t)registration_count(ctx) - removed;
    if (!by_token)
        TRY(judge_share(ctx, all));
    if (all >= policy->registration_max) /* the fullest source makes room; a client that may be at its first login just now does not */
        TRY(db_registration_make_room(ctx->tx, ctx->now - REGISTRATION_FIRST_USE, &more));
    if (all - more >= policy->registration_max)
        return no_room();
    return light_enough(ctx);
}

/* Memory knows all but this one: nobody else adds any before it is committed. */
static int64_t count_now(const struct context *ctx)
{
    size_t bytes;
    const struct snapshot *snapshot = cache_hold(ctx->authority->cache);
    int64_t count = (int64_t)cache_registered(snapshot, &bytes);
    cache_let_go(ctx->authority->cache, snapshot);
    return count;
}

fallible registration_settle(struct context *ctx, const struct db_client *client)
{
    bool by_token = str_is(client->metadata.origin, "dynamic");
    int64_t all = count_now(ctx);
    if (!by_token)
        TRY(judge_share(ctx, all));
    if (all >= ctx->authority->policy.registration_max)
        return no_room();
    str source = source_key(ctx->arena, "at", ctx->address);
    TRY(check_arena(ctx->arena));
    return str_present(source) && !by_token ? db_registration_note(ctx->tx, client->number, source) : OK;
}

static struct registration_right right_of(const struct context *ctx, const struct db_initial *initial)
{
    const struct policy *policy = &ctx->authority->policy;
    struct registration_right right = {policy->registration_grants, policy->registration_scopes, STR_ABSENT, redirect_rules_leave(ctx, NULL, NULL)};
    if (initial != NULL && str_filled(initial->grants))
        right.grants = initial->grants;
    if (initial != NULL && str_filled(initial->scopes))
        right.scopes = initial->scopes;
    return right;
}

static fallible make_registration(struct context *ctx, const struct client_edit *edit, struct problems *p, struct registration_made *out)
{
    struct client_added added = {0};
    struct token_raw token;
    struct client_edit next = *edit;
    TRY(opaque_plain_make(ctx->arena, OPAQUE_REGISTRATION, &token));
    next.registration = token_hash_of(token.text);
    next.settle = registration_settle;
    err e = client_add(ctx, &actor_software, &next, p, &added);
    registration_form_rename(p);
    TRY(e);
    *out = (struct registration_made){.client = added.client, .secret = added.secret, .token = token.text};
    return OK;
}

fallible registration_add(struct context *ctx, str bearer, const json *body, struct problems *p, struct registration_made *out)
{
    struct client_edit edit = client_edit_nothing();
    struct db_initial *initial = NULL;
    bool taken = true;
    if (ctx->authority->policy.registration == REGISTRATION_OFF) /* MD-04 */
        REFUSE(NOT_FOUND, "Clients cannot register themselves here.", "registration is off");
    TRY(count_attempt(ctx, out));
    TRY(judge_bearer(ctx, bearer, &initial));
    out->retry_after = REGISTRATION_FIRST_USE;
    TRY(registration_room(ctx, initial != NULL));
    struct registration_right right = right_of(ctx, initial);
    TRY(registration_form_read(ctx, body, &right, &edit, p));
    TRY(problem_result(p));
    edit.origin = initial != NULL ? STR("dynamic") : STR("open");
    edit.initial_grants = initial != NULL ? initial->grants : STR_ABSENT;
    edit.initial_scopes = initial != NULL ? initial->scopes : STR_ABSENT;
    if (initial != NULL)
        TRY(db_initial_take(ctx->tx, initial->number, ctx->now, &taken));
    if (!taken)
        REFUSE(INVALID_TOKEN, "The initial access token is used up.", "registration: the last use went to somebody else");
    err made = make_registration(ctx, &edit, p, out);
    if (FAILED(made) && initial != NULL)
        TRY(db_initial_give_back(ctx->tx, initial->number));
    return made;
}

fallible registration_find(struct context *ctx, str id, str token, const struct db_client **out)
{
    const struct db_client *client = client_find(ctx, id);
    static const struct token_hash none;
    if (!str_present(token) || FAILED(opaque_plain_check(token, OPAQUE_REGISTRATION)))
        REFUSE(INVALID_TOKEN, "Send the registration access token of this client in the Authorization header.", "registration: no such token");
    struct token_hash hash = token_hash_of(token);
    if (client == NULL || client->disabled || token_hash_equal(&client->registration, &none) || !token_hash_equal(&client->registration, &hash))
        REFUSE(INVALID_TOKEN, "This is not the registration access token of this client.", "registration: token of another client, or none");
    *out = client;
    return OK;
}

/* RFC 7592 2.2: what stands in the body about the client itself must be true. */
static void judge_identity(const struct db_client *client, const json *body, struct problems *p)
{
    str secret = json_member_text(body, "client_secret");
    bool known = !str_present(secret);
    if (!str_equal(json_member_text(body, "client_id"), client->id))
        problem_add(p, "client_id", STR("must stand in the update, and be the id of this client."));
    struct token_hash hash = known ? (struct token_hash){{0}} : token_hash_of(secret);
    for (size_t i = 0; !known && i < client->secret_count; i++)
        known = token_hash_equal(&client->secrets[i].hash, &hash);
    if (!known)
        problem_add(p, "client_secret", STR("must be the present one, or be left out: software does not choose its secret."));
}

static str join_word_lists(struct arena *a, str one, str other)
{
    if (!str_filled(one))
        return other;
    return str_filled(other) ? str_join(a, (const str[]){one, STR(" "), other}, 3) : one;
}

/* What it may choose anew: what it has, and what it could have chosen when it came (MD-04). */
static struct registration_right right_again(const struct context *ctx, const struct db_client *client)
{
    const struct policy *policy = &ctx->authority->policy;
    const struct db_client_metadata *m = &client->metadata;
    str grants = str_filled(m->initial_grants) ? m->initial_grants : policy->registration_grants;
    str scopes = str_filled(m->initial_scopes) ? m->initial_scopes : policy->registration_scopes;
    return (struct registration_right){join_word_lists(ctx->arena, client->grants, grants), join_word_lists(ctx->arena, client->scopes, scopes),
                                       client->is_public ? STR("none") : STR_ABSENT, /* public or not is settled for good */
                                       redirect_rules_leave(ctx, client, NULL)};
}

fallible registration_replace(struct context *ctx, const struct db_client *client, const json *body, struct problems *p, struct registration_made *out)
{
    struct client_edit edit = client_edit_nothing();
    struct registration_right right = right_again(ctx, client);
    str id = str_dup(ctx->arena, client->id), secret = STR_ABSENT;
    TRY(check_arena(ctx->arena));
    TRY(light_enough(ctx));
    judge_identity(client, body, p);
    TRY(registration_form_read(ctx, body, &right, &edit, p));
    TRY(problem_result(p));
    edit.version = client->version; /* AD-05 */
    err e = client_change(ctx, &actor_software, id, &edit, p);
    registration_form_rename(p);
    TRY(e);
    TRY(client_now(ctx, id, &out->client));
    bool unkept = client_secret_kept(out->client) && !str_present(out->client->metadata.sealed_secret);
    if (client_has_secret(out->client) && (out->client->secret_count == 0 || unkept))
        TRY(client_rotate_secret(ctx, &actor_software, id, &(struct client_rotation){.overlap = 0}, &secret));
    out->secret = secret;
    return OK;
}

fallible registration_remove(struct context *ctx, const struct db_client *client)
{
    return client_remove(ctx, &actor_software, client->id);
}

/* ---- the answer ---- */

static void write_grants(struct json_writer *w, const struct db_client *client)
{
    str word;
    const struct grant_type *row;
    json_write_list(w, "grant_types");
    for (str rest = client->grants; rest.n > 0 && str_next(&rest, ' ', &word);)
        if ((row = grant_types_find(word)) != NULL)
            json_write_text(w, NULL, str_of(row->wire));
    json_write_end(w);
    json_write_words(w, "response_types", str_has_word(client->grants, STR("authorization_code")) ? STR("code") : STR(""));
}

static void write_lines(struct json_writer *w, const char *name, str lines)
{
    str line;
    json_write_list(w, name);
    for (str rest = lines; rest.n > 0 && str_next(&rest, '\n', &line);)
        json_write_text(w, NULL, line);
    json_write_end(w);
}

void registration_write(struct context *ctx, const struct db_client *client, struct json_writer *w)
{
    struct db_client_metadata told = client->metadata;
    json *members = json_object_new(ctx->arena);
    json_write_text(w, "client_id", client->id);
    json_write_integer(w, "client_id_issued_at", client->created_at);
    json_write_text(w, "client_name", client->name);
    write_lines(w, "redirect_uris", client->redirect_uris);
    if (client->post_logout_redirect_uris.n > 0)
        write_lines(w, "post_logout_redirect_uris", client->post_logout_redirect_uris);
    write_grants(w, client);
    json_write_text(w, "token_endpoint_auth_method", client->auth_method);
    json_write_text(w, "scope", client->scopes);
    if (!str_present(told.subject_type))
        told.subject_type = STR("public");
    if (!str_filled(told.id_token_signed_response_alg) || str_is(told.id_token_signed_response_alg, "RS256")) /* what it gets */
        told.id_token_signed_response_alg = profile_demands(ctx, client, PROFILE_RULE_STRONG_ALGS) ? STR("ES256") : STR("RS256");
    metadata_put(ctx->arena, members, &told, METADATA_BY_SOFTWARE);
    json_write_members(w, members);
}
