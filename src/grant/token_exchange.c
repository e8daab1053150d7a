/* SPDX-License-Identifier: MIT
 * token_exchange: RFC 8693. Relies on grant/exchange_token for what was handed in. Promises, for each exchange:
 *   1. the client may exchange in this way (impersonation without an actor_token, delegation with one), and hand in this client's tokens;
 *   2. the result is for a service that the client may ask for, else invalid_target;
 *   3. never more than the subject token: scope within it and within the client's list, end not after it, the same grant, so that whatever
 *      ends the person's grant ends this too;
 *   4. who acts is told in the token (`act`, with those before nested inside, 4.1) and in the audit trail.
 * A client's own token may be handed in by that client alone, to narrow it; nobody acts for a client. */
#include "grant/token_exchange.h"
#include "codec/json_writer.h"
#include "crypto/random.h"
#include "authorize/consent.h"
#include "grant/exchange_token.h"
#include "scope/resource.h"
#include "client/subject.h"
#include "store/table/db_consent.h"
#include "base/banned.h"

struct exchange {
    const struct db_client *client;
    struct exchange_token subject, actor;
    bool delegated;
    const struct db_resource *resource;
    str scope, act, authorization_id;
    unix_time expires_at;
};

/* ---- who may ---- */

static fallible may_exchange(const struct exchange *x)
{
    const char *mode = x->delegated ? "delegation" : "impersonation";
    if (!str_has_word(x->client->metadata.exchange_modes, str_of(mode)))
        REFUSE(UNAUTHORIZED_CLIENT, "This client may not exchange tokens in this way (with an actor_token: delegation; without: impersonation).",
               "exchange: mode not enabled for the client");
    return OK;
}

/* Whose tokens may this client hand in? Its own always. Of a token for a service, that service or whom it was issued to. */
static fallible may_hand_in(const struct exchange *x)
{
    const struct exchange_token *t = &x->subject;
    if (!t->user && x->delegated)
        REFUSE(INVALID_REQUEST, "Nobody can act for a client.", "exchange: an actor for a client's own token");
    if (str_equal(t->client_id, x->client->id))
        return OK;
    if (!t->user)
        REFUSE(INVALID_REQUEST, "A client's own token can be exchanged only by that client.", "exchange: another client's own token");
    str allowed = x->client->metadata.exchange_subjects;
    if (!str_has_line(allowed, t->client_id) && !str_has_line(allowed, STR("*")))
        REFUSE(INVALID_REQUEST, "This client may not exchange tokens that were issued to that client.", "exchange: subject's client not allowed");
    if (t->resource && !str_equal(t->resource->client_id, x->client->id))
        REFUSE(INVALID_REQUEST, "The subject token was issued for another service.", "exchange: subject token of another service");
    return OK;
}

static fallible require_bound_key(const struct context *ctx, const struct exchange_token *t)
{
    if ((str_present(t->jkt) && !str_equal(t->jkt, ctx->bind.jkt)) || (str_present(t->x5t) && !str_equal(t->x5t, ctx->bind.x5t)))
        REFUSE(INVALID_REQUEST, "A token in this request is bound to a key that the request does not prove possession of.",
               "exchange: bound token without its key");
    return OK;
}

/* DP-02: a bound token is handed in by its holder alone, and stays bound: a thief could change it into one that is bound to nothing.
 * Only the service that it was made for has it from its holder, with a proof that was judged there, and cannot show the key. */
static fallible still_bound(const struct context *ctx, const struct exchange *x)
{
    const struct exchange_token *t = &x->subject;
    bool served = t->resource && str_equal(t->resource->client_id, x->client->id) && !str_equal(t->client_id, x->client->id);
    if (!served)
        TRY(require_bound_key(ctx, t));
    return x->delegated ? require_bound_key(ctx, &x->actor) : OK;
}

/* RFC 8693 4.4: the token itself says who may act. */
static fallible may_act(const struct exchange *x)
{
    const json *rule = x->subject.may_act;
    if (!rule)
        return OK;
    str sub = json_member_text(rule, "sub"), client_id = json_member_text(rule, "client_id");
    str self[] = {STR("client:"), x->client->id};
    bool by_subject = str_present(sub) &&
                      (x->delegated ? str_equal(sub, x->actor.subject) : str_starts(sub, self[0]) && sub.n == self[0].n + self[1].n && str_ends(sub, self[1]));
    bool by_client = str_present(client_id) && str_equal(client_id, x->client->id);
    bool fits = (str_present(sub) || str_present(client_id)) && (!str_present(sub) || by_subject) && (!str_present(client_id) || by_client);
    if (!fits)
        REFUSE(INVALID_REQUEST, "The subject token says that someone else may act for its subject.", "exchange: may_act names another");
    return OK;
}

/* ---- for whom ---- */

/* A logical name: a resource's URI, or the client that is such a service. */
static fallible by_audience(const struct context *ctx, str audience, const struct db_resource **out)
{
    size_t count, found = 0;
    const struct db_resource **all = cache_resources(ctx->snapshot, ctx->arena, &count);
    *out = cache_resource(ctx->snapshot, audience);
    for (size_t i = 0; !*out && i < count; i++)
        found += str_equal(all[i]->client_id, audience);
    for (size_t i = 0; !*out && found == 1 && i < count; i++)
        if (str_equal(all[i]->client_id, audience))
            *out = all[i];
    if (!*out)
        REFUSE(INVALID_TARGET, "The audience is unknown, or it stands for several services; send resource instead.", "exchange: unknown audience");
    return OK;
}

static fallible find_exchange_target(const struct context *ctx, const struct form *f, struct exchange *x)
{
    str audience = form_get(f, "audience");
    const struct db_resource *named = NULL;
    TRY(resource_one(ctx, f, &x->resource));
    if (str_present(audience) && !str_equal(audience, ctx->authority->issuer))
        TRY(by_audience(ctx, audience, &named));
    if (resource_named(f) && str_present(audience) && named != x->resource)
        REFUSE(INVALID_TARGET, "resource and audience name different services, but a token is for one service.", "exchange: two targets");
    if (str_present(audience))
        x->resource = named;
    if (!x->resource && x->subject.resource && !str_filled(x->subject.scope)) /* here that is the person's own account: contract 7, AT-03 */
        REFUSE(INVALID_TARGET, "A token without scope that was issued for a service cannot be used for anything else.",
               "exchange: a service's token without scope for this server");
    if (!x->resource)
        return OK;
    str allowed = x->client->metadata.exchange_audiences;
    if (!str_has_line(allowed, x->resource->uri) && !(str_filled(x->resource->client_id) && str_has_line(allowed, x->resource->client_id)))
        REFUSE(INVALID_TARGET, "This client may not ask for tokens for that service.", "exchange: target not allowed for the client");
    return OK;
}

static fallible wanted_type(const struct exchange *x, str type, struct token_answer *answer)
{
    bool jwt = x->resource && str_is(x->resource->token_format, "jwt");
    bool any = !str_present(type) || str_is(type, EXCHANGE_TYPE "access_token");
    if (!any && !(jwt && str_is(type, EXCHANGE_TYPE "jwt")))
        REFUSE(INVALID_REQUEST, "requested_token_type must be access_token, or jwt for a service whose tokens are JWTs.", "exchange: requested_token_type");
    answer->issued_token_type = any ? STR(EXCHANGE_TYPE "access_token") : STR(EXCHANGE_TYPE "jwt");
    return OK;
}

/* ---- how much ---- */

/* An ID token has no scope: what the person has agreed to for this client bounds it then, or the client's list for one of the house. */
static fallible reach_of(struct context *ctx, const struct exchange *x, str *reach)
{
    const struct db_client *client = x->client;
    *reach = x->subject.scope;
    if (str_present(x->subject.scope))
        return OK;
    *reach = client->scopes;
    if (!client->first_party)
        TRY(db_consent_get(ctx->tx, ctx->arena, x->subject.user->number, client->number, reach));
    TRY(consent_scope(ctx, *reach, x->resource, reach));
    if (!str_present(*reach))
        REFUSE(INVALID_SCOPE, "The user has not allowed this client anything yet.", "exchange: nothing was agreed to");
    return OK;
}

static fallible scope_of(struct context *ctx, struct exchange *x, str asked)
{
    str reach, whole;
    TRY(reach_of(ctx, x, &reach));
    TRY(scope_reach(ctx, x->client, STR_ABSENT, reach, &whole));
    if (str_filled(reach) && !str_filled(whole)) /* a token without scope would be another kind, not a narrower one */
        REFUSE(INVALID_SCOPE, "This client may not ask for any of the scopes of the subject token.", "exchange: no scope in common");
    if (!str_filled(asked)) {
        x->scope = whole;
        return OK;
    }
    err narrowed = scope_narrow(ctx->arena, whole, asked, &x->scope);
    if (narrowed.kind == ERR_INVALID_SCOPE)
        REFUSE(INVALID_SCOPE, "The scope goes beyond that of the subject token, or beyond what this client may ask for.", "exchange: scope too wide");
    return narrowed;
}

/* A chain that nests deeper than JSON is read here would make tokens that nobody can ask about (IN-01). */
enum { ACTORS_MAX = 8 };

static fallible act_of(struct context *ctx, struct exchange *x)
{
    x->act = x->subject.act; /* impersonation adds nobody and hides nobody */
    if (!x->delegated)
        return OK;
    size_t actors = 1;
    json *before;
    struct json_writer act = json_writer_new(ctx->arena);
    str sub = x->actor.subject;
    if (x->actor.user) /* the name that this client, and whoever reads its tokens, knows them by (AT-14) */
        TRY(subject_of(ctx, x->client, x->actor.user, &sub));
    json_write_object(&act, NULL);
    json_write_text(&act, "sub", sub);
    if (str_present(x->subject.act)) { /* RFC 8693 4.1 */
        TRY(json_parse(ctx->arena, x->subject.act, &before));
        json_write_value(&act, "act", before);
        for (const json *inner = before; inner; inner = json_member(inner, "act"))
            actors++;
    }
    json_write_end(&act);
    TRY(json_writer_done(&act, &x->act));
    if (x->act.n > PERMIT_ACT_MAX || actors > ACTORS_MAX)
        REFUSE(INVALID_REQUEST, "The chain of actors has become too long.", "exchange: act too long");
    return OK;
}

/* A logout, a block or a withdrawal that overtook the exchange must win: its end of all grants came before this one (RF-08). */
static fallible still_there(struct context *ctx, const struct form *f, const struct exchange *x, int64_t authorization_number)
{
    struct exchange_token again;
    err e = exchange_token_read(ctx, x->client, form_get(f, "subject_token"), form_get(f, "subject_token_type"), &again);
    if (FAILED(e))
        TRY(db_authorization_revoke(ctx->tx, authorization_number, ctx->now));
    return e;
}

/* An ID token hangs on a login, not on a grant: the exchange makes one, which the person sees and can end. */
static fallible grant_of(struct context *ctx, const struct form *f, struct exchange *x)
{
    char id[37];
    x->authorization_id = x->subject.authorization_id;
    if (str_present(x->authorization_id) || !x->subject.user)
        return OK;
    random_uuid(id);
    struct db_authorization authorization = {
        .id = str_dup(ctx->arena, str_of(id)),
        .user_number = x->subject.user->number,
        .client_number = x->client->number,
        .client_epoch = x->client->epoch,
        .scope = x->scope,
        .resource = x->resource ? x->resource->uri : STR_ABSENT,
        .session_id = x->subject.session_id,
        .flow = STR("token_exchange"),
        .created_at = ctx->now,
        .amr = x->subject.amr,
        .acr = x->subject.acr,
        .auth_time = x->subject.auth_time,
        .last_used_at = ctx->now,
        .expires_at = x->expires_at,
    };
    TRY(db_authorization_reserve(ctx->tx, &authorization.number));
    TRY(db_authorization_add(ctx->tx, &authorization));
    x->authorization_id = authorization.id;
    return still_there(ctx, f, x, authorization.number);
}

/* ---- the exchange ---- */

static fallible hand_in(struct context *ctx, const struct form *f, struct exchange *x)
{
    if (!str_present(form_get(f, "subject_token")))
        REFUSE(INVALID_REQUEST, "subject_token is missing.", "exchange: subject_token missing");
    TRY(exchange_token_read(ctx, x->client, form_get(f, "subject_token"), form_get(f, "subject_token_type"), &x->subject));
    x->delegated = form_has(f, "actor_token"); /* an empty one is an error, not an impersonation (CVE-2026-9704) */
    if (!x->delegated && form_has(f, "actor_token_type"))
        REFUSE(INVALID_REQUEST, "actor_token_type was sent without actor_token.", "exchange: actor_token_type alone"); /* RFC 8693 2.1 */
    if (!x->delegated)
        return OK;
    TRY(exchange_token_read(ctx, x->client, form_get(f, "actor_token"), form_get(f, "actor_token_type"), &x->actor));
    if (!str_equal(x->actor.client_id, x->client->id))
        REFUSE(INVALID_REQUEST, "The actor_token was issued to another client.", "exchange: actor token of another client");
    if (str_present(x->actor.act)) /* else who acts would be told nowhere */
        REFUSE(INVALID_REQUEST, "The actor_token has an actor of its own; send a token of the party that acts.",
               "exchange: an actor token that has an actor itself");
    return OK;
}

static fallible judge_exchange(struct context *ctx, const struct form *f, struct exchange *x)
{
    TRY(hand_in(ctx, f, x));
    TRY(may_exchange(x));
    TRY(may_hand_in(x));
    TRY(still_bound(ctx, x));
    TRY(may_act(x));
    TRY(find_exchange_target(ctx, f, x));
    TRY(scope_of(ctx, x, form_get(f, "scope")));
    TRY(act_of(ctx, x));
    unix_time own = clock_add(ctx->now, token_request_lifetime(ctx, x->client));
    x->expires_at = own < x->subject.expires_at ? own : x->subject.expires_at;
    return OK;
}

static fallible mint_exchanged_token(struct context *ctx, const struct exchange *x, struct token_answer *answer)
{
    const struct exchange_token *t = &x->subject;
    struct permit permit = {
        .user_number = t->user ? t->user->number : 0,
        .subject = t->subject,
        .client_number = x->client->number,
        .client_epoch = x->client->epoch,
        .client_id = x->client->id,
        .authorization_id = x->authorization_id,
        .scope = x->scope,
        .resource_number = x->resource ? x->resource->number : 0,
        .audience = x->resource ? x->resource->uri : ctx->authority->issuer,
        .act = x->act,
        .amr = t->amr,
        .acr = t->acr,
        .auth_time = t->auth_time,
        .issued_at = ctx->now,
        .expires_at = x->expires_at,
    };
    if (t->user && subject_pairwise(x->client))
        TRY(subject_of(ctx, x->client, t->user, &permit.pairwise));
    return token_request_mint(ctx, &permit, answer);
}

fallible token_exchange_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    struct exchange x = {.client = proof->client};
    struct token_answer answer = {0};
    TRY(judge_exchange(ctx, f, &x));
    TRY(wanted_type(&x, form_get(f, "requested_token_type"), &answer));
    TRY(grant_of(ctx, f, &x));
    TRY(mint_exchanged_token(ctx, &x, &answer));
    authority_event(ctx, x.delegated ? "token.delegated" : "token.impersonated",
                    &(struct authority_event_facts){.actor = x.delegated ? x.actor.subject : STR_ABSENT,
                                                    .client_id = x.client->id,
                                                    .subject = x.subject.subject,
                                                    .detail = x.resource ? x.resource->uri : ctx->authority->issuer});
    *out = answer;
    return OK;
}
