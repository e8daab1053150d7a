/* SPDX-License-Identifier: MIT
 * token_request: the grants table and what all grants share: may this client use this grant, which service is the token for, how
 * long does it live, sealed or signed. Relies on client_auth having named the client; promises that a grant that is not in the
 * client's list is never run, that every yes passes through a struct permit, and that every token is bound to what the request has
 * proved (sender_bind) before a row spends anything.
 *
 *   token_request_answer ─ row: rules, effects, sealed tokens ─▶ [owed] ──effects are durable──▶ token_request_finish: signatures
 */
#include "grant/token_request.h"
#include "user/user.h"
#include "grant/authorization_code.h"
#include "grant/ciba.h"
#include "grant/client_credentials.h"
#include "grant/device_code.h"
#include "grant/jwt_bearer.h"
#include "grant/password_grant.h"
#include "grant/refresh_token.h"
#include "scope/details.h"
#include "scope/resource.h"
#include "clientauth/sender.h"
#include "client/signing.h"
#include "client/subject.h"
#include "grant/token_exchange.h"
#include "resource/userinfo.h"
#include "token/access.h"
#include "token/opaque.h"
#include "base/banned.h"

typedef err redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out);
static redeem *const redeems[GRANT_TYPE_COUNT] = {
#define X(word_, wire_, redirects_, refreshes_, public_may_, as_itself_, audited_, pool_, redeem_, ...) [GRANT_TYPE_##word_] = redeem_,
    GRANT_TYPES(X)
#undef X
};

static void tell_deprecated(const struct context *ctx, const struct client_proof *proof)
{
    if (proof->by_secret_alone)
        authority_event(ctx, "client.deprecated",
                        &(struct authority_event_facts){.client_id = proof->client->id, .detail = STR("token request without client_id, found by its secret")});
}

fallible token_request_answer(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    str type = form_get(f, "grant_type");
    if (!str_present(type))
        REFUSE(INVALID_REQUEST, "grant_type is missing.", "token: grant_type missing");
    const struct grant_type *row = grant_types_offered(type);
    if (!row) /* TE-05 */
        REFUSE(UNSUPPORTED_GRANT_TYPE, "This server does not know this grant_type; grant_types_supported in its metadata lists those that it supports.",
               "token: unknown grant_type");
    if (!row->public_may && !proof->authenticated) /* TE-07 */
        REFUSE(UNAUTHORIZED_CLIENT, "A public client may not use this grant type.", "token: grant for confidential clients only");
    if (!client_allows_grant(proof->client, str_of(row->word)))
        REFUSE(UNAUTHORIZED_CLIENT, "This grant type is not enabled for this client. An administrator can enable it: jeton client edit ID --grant.",
               "token: grant not enabled for the client");
    TRY(sender_bind(ctx, proof)); /* DP-01 */
    err redeemed = redeems[row - grant_types](ctx, proof, f, out);
    if (redeemed.kind != ERR_ELSEWHERE) /* else it is run again, and told then */
        tell_deprecated(ctx, proof);
    TRY(redeemed);
    if (row->audited) /* LG-01; the others are in the access log alone, for the audit trail is not for machines' traffic */
        authority_event(ctx, "token.issued", &(struct authority_event_facts){.client_id = proof->client->id, .detail = str_of(row->wire)});
    return OK;
}

fallible token_request_details(struct arena *a, str granted, str asked, str *details)
{
    json *whole = NULL, *part;
    if (!str_present(asked)) {
        *details = granted;
        return OK;
    }
    err parsed = asked.n > PERMIT_DETAILS_MAX ? ERR(INVALID_REQUEST, "token: details too long") : json_parse(a, asked, &part);
    if (FAILED(parsed) && parsed.kind != ERR_INVALID_REQUEST)
        return parsed;
    if (FAILED(parsed) || !json_is_list(part) || json_count(part) == 0)
        FAIL(INVALID_AUTHORIZATION_DETAILS, "token: authorization_details is no list");
    if (str_present(granted))
        TRY(json_parse(a, granted, &whole));
    for (size_t i = 0; i < json_count(part); i++) {
        bool found = false;
        for (size_t k = 0; whole && k < json_count(whole) && !found; k++)
            found = json_same(json_at(part, i), json_at(whole, k));
        if (!found)
            REFUSE(INVALID_AUTHORIZATION_DETAILS, "A token request may contain only authorization details that were granted.",
                   "token: details that were not granted");
    }
    return json_text(a, part, details);
}

int64_t token_request_lifetime(const struct context *ctx, const struct db_client *client)
{
    const struct policy *p = &ctx->authority->policy;
    int64_t seconds = client->access_lifetime > 0 ? client->access_lifetime : p->access_lifetime;
    return seconds < p->access_lifetime_max ? seconds : p->access_lifetime_max;
}

unix_time token_request_refresh_end(const struct context *ctx, const struct db_client *client, unix_time begun)
{
    const struct policy *p = &ctx->authority->policy;
    unix_time idle = clock_add(ctx->now, client->refresh_lifetime > 0 ? client->refresh_lifetime : p->refresh_lifetime);
    unix_time absolute = clock_add(begun, p->refresh_absolute);
    return idle < absolute ? idle : absolute;
}

/* AZ-15: single claims are scopes by another way, and go when the administrator takes the scope from the client. */
static fallible claims_asked(struct context *ctx, const struct db_client *client, str claims, const char *place, str *words)
{
    str asked, allowed;
    TRY(userinfo_asked(ctx->arena, claims, place, &asked));
    TRY(scope_reach(ctx, client, STR_ABSENT, STR("profile email address phone"), &allowed));
    return userinfo_within(ctx->arena, asked, allowed, words);
}

/* What the ID token will say (OpenID Connect Core 2), as far as it is known before the access token is. */
static fallible owe_id_token(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, const struct db_user *user,
                             struct token_owed *owed)
{
    struct id_token *t = &owed->id_token;
    TRY(signing_alg(ctx, client, client->metadata.id_token_signed_response_alg, &owed->id_alg));
    TRY(claims_asked(ctx, client, authorization->claims, "id_token", &owed->claims)); /* 5.5 */
    TRY(subject_of(ctx, client, user, &t->subject));
    t->issuer = ctx->authority->issuer;
    t->client_id = client->id;
    t->acr = authorization->acr;
    t->amr = authorization->amr;
    if (str_filled(client->metadata.backchannel_logout_uri)) /* OpenID Connect Back-Channel Logout 2.1: for those who hear of it */
        t->session_id = authorization->session_id;
    else if (str_filled(authorization->session_id))
        TRY(subject_session_hint(ctx, client, authorization->session_id, &t->session_hint));
    t->auth_time = authorization->auth_time; /* RF-11 */
    t->issued_at = ctx->now;
    t->expires_at = clock_add(ctx->now, ctx->authority->policy.id_token_lifetime);
    owed->user = user;
    owed->id = true;
    return OK;
}

static fallible put_openid(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, struct permit *permit)
{
    if (authorization->details.n > PERMIT_DETAILS_MAX)
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "The authorization details are too long for a token.", "token: details too long");
    TRY(details_reach(ctx, client, authorization->details, &permit->details)); /* AZ-15: the administrator has taken some since */
    if (str_filled(authorization->details) && !str_present(permit->details) && !str_filled(permit->scope))
        REFUSE(INVALID_AUTHORIZATION_DETAILS, "This client may no longer ask for anything that was granted.", "token: no details are left");
    if (permit->resource_number == 0 && str_has_word(permit->scope, STR("openid")))
        TRY(claims_asked(ctx, client, authorization->claims, "userinfo", &permit->userinfo_claims));
    if (subject_pairwise(client)) {
        struct db_user person = {.id = permit->subject};
        TRY(subject_of(ctx, client, &person, &permit->pairwise));
    }
    return OK;
}

fallible token_request_user(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, str scope,
                            struct token_answer *out)
{
    struct db_user *user;
    const struct db_resource *resource;
    TRY(cache_user(ctx->authority->cache, ctx->tx, ctx->arena, authorization->user_number, &user));
    if (!user || user->blocked) /* TE-06, RF-08 */
        FAIL(INVALID_GRANT, "token: the person is blocked or gone");
    if (user->must_change_password) /* LS-14 */
        REFUSE(INVALID_GRANT, USER_MUST_CHANGE_SAY, "token: the person must change their password first");
    TRY(resource_find(ctx, authorization->resource, &resource));
    str reach;
    TRY(scope_reach(ctx, client, authorization->resource, scope, &reach)); /* AZ-15: the administrator has taken some from the client since */
    if (resource && str_filled(scope) && !str_filled(reach))               /* without scope it would be another kind of token, not a narrower one */
        REFUSE(INVALID_SCOPE, "None of what was granted may be asked for in a token for this resource.", "token: no scope for this resource");
    /* What is left after narrowing may be empty, and is never more: only a client that may ask for any scope has unscoped tokens. */
    bool unscoped = !str_filled(authorization->scope) && scopes_any(client);
    struct permit permit = {
        .user_number = user->number,
        .subject = user->id,
        .client_number = client->number,
        .client_epoch = client->epoch,
        .client_id = client->id,
        .authorization_id = authorization->id,
        .scope = reach,
        .unscoped = unscoped,
        .unscoped_full = unscoped && (client->first_party || str_is(authorization->flow, "password")),
        .resource_number = resource ? resource->number : 0,
        .audience = resource ? resource->uri : ctx->authority->issuer,
        .amr = authorization->amr,
        .acr = authorization->acr,
        .auth_time = authorization->auth_time,
        .issued_at = ctx->now,
        .expires_at = clock_add(ctx->now, token_request_lifetime(ctx, client)),
    };
    TRY(put_openid(ctx, client, authorization, &permit));
    TRY(token_request_mint(ctx, &permit, out));
    if (!str_has_word(reach, STR("openid")))
        return OK;
    TRY(owe_id_token(ctx, client, authorization, user, &out->owed));
    return userinfo_of_id_token(ctx->arena, reach, client->metadata.id_token_claims, out->owed.claims, &out->owed.claims);
}

fallible token_request_begin(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, struct token_answer *answer)
{
    unix_time end = clock_add(ctx->now, answer->expires_in);
    struct token_hash hash, *current = NULL;
    if (client_allows_grant(client, STR("refresh_token"))) {
        struct token_raw refresh;
        const int64_t numbers[2] = {authorization->number, 1};
        TRY(opaque_numbers_make(ctx->arena, ctx->keys, OPAQUE_REFRESH, numbers, &refresh));
        hash = token_hash_of(refresh.text);
        current = &hash;
        answer->refresh_token = refresh.text;
        unix_time refresh_end = token_request_refresh_end(ctx, client, ctx->now);
        end = refresh_end > end ? refresh_end : end;
    }
    TRY(db_authorization_begin(ctx->tx, authorization->number, current, ctx->now, end));
    struct sender keeps = sender_keeps(ctx, client); /* DP-04 */
    if (current && (str_present(keeps.jkt) || str_present(keeps.x5t)))
        TRY(db_authorization_bind(ctx->tx, authorization->number, keeps.jkt, keeps.x5t));
    return OK;
}

fallible token_request_mint(struct context *ctx, const struct permit *asked, struct token_answer *out)
{
    struct permit permit = *asked;
    const struct db_resource *resource = permit.resource_number ? cache_resource_by_number(ctx->snapshot, permit.resource_number) : NULL;
    if (permit.resource_number && !resource)
        REFUSE(INVALID_TARGET, "The resource is no longer registered here.", "token: resource removed meanwhile");
    if (!str_present(permit.jkt) && !str_present(permit.x5t)) {
        permit.jkt = ctx->bind.jkt;
        permit.x5t = ctx->bind.x5t;
    }
    struct token_owed owed = {0};
    str token = STR_ABSENT;
    if (resource && str_is(resource->token_format, "jwt")) {
        if (!sign_alg_of(resource->alg, &owed.access_alg))
            FAIL(SERVER_ERROR, "token: resource names an unknown algorithm");
        owed.access = true;
        owed.permit = permit;
    } else {
        TRY(access_seal(ctx->arena, ctx->keys, &permit, &token, NULL));
    }
    out->owed = owed;
    out->access_token = token;
    out->token_type = str_present(permit.jkt) ? STR("DPoP") : STR("Bearer"); /* RFC 9449 5; TE-10 */
    out->details = permit.details;
    out->scope = permit.scope.p ? permit.scope : STR("");
    out->expires_in = permit.expires_at - permit.issued_at;
    return OK;
}

static fallible finish_id(struct context *ctx, const struct token_answer *answer, str *token)
{
    struct id_token t = answer->owed.id_token;
    t.access_token = answer->access_token; /* AT-13 */
    if (str_filled(answer->owed.claims)) {
        json *more = json_object_new(ctx->arena);
        TRY(userinfo_put(ctx->arena, answer->owed.user, answer->owed.claims, more));
        t.more = more;
    }
    return id_token_sign(ctx->arena, ctx->keys, answer->owed.id_alg, &t, token);
}

fallible token_request_finish(struct context *ctx, struct token_answer *answer)
{
    struct token_answer whole = *answer;
    if (whole.owed.access) {
        struct access_jwt how = {.alg = whole.owed.access_alg, .issuer = ctx->authority->issuer};
        TRY(access_sign(ctx->arena, ctx->keys, &whole.owed.permit, &how, &whole.access_token));
    }
    if (whole.owed.id)
        TRY(finish_id(ctx, &whole, &whole.id_token));
    whole.owed = (struct token_owed){0};
    *answer = whole;
    return OK;
}
