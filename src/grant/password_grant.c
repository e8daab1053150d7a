/* SPDX-License-Identifier: MIT
 * password_grant: RFC 6749 4.3, for clients that an administrator trusts with people's passwords. Relies on session/login for the
 * whole judgement, so that throttling, blocking and timing are those of the login page (TE-06, LS-16). HASH pool: the hash blocks
 * this thread, the store's commit too. */
#include "user/user.h"
#include "grant/password_grant.h"
#include "crypto/random.h"
#include "client/profile.h"
#include "scope/resource.h"
#include "clientauth/sender.h"
#include "session/login.h"
#include "session/second_factor.h"
#include "token/opaque.h"
#include "base/banned.h"

static fallible open_authorization(struct context *ctx, const struct db_client *client, struct db_authorization *authorization, struct token_answer *answer)
{
    TRY(token_request_user(ctx, client, authorization, authorization->scope, answer));
    authorization->expires_at = clock_add(ctx->now, answer->expires_in);
    if (client_allows_grant(client, STR("refresh_token"))) {
        struct token_raw refresh;
        const int64_t numbers[2] = {authorization->number, 1};
        TRY(opaque_numbers_make(ctx->arena, ctx->keys, OPAQUE_REFRESH, numbers, &refresh));
        authorization->generation = 1;
        authorization->current = token_hash_of(refresh.text);
        answer->refresh_token = refresh.text;
        unix_time end = token_request_refresh_end(ctx, client, ctx->now);
        authorization->expires_at = end > authorization->expires_at ? end : authorization->expires_at;
    }
    return db_authorization_add(ctx->tx, authorization);
}

/* Judging a password takes long; a block or a password change that overtook it must win (LS-05, contract 7). */
static fallible still_the_same(struct context *ctx, const struct db_authorization *authorization, const struct db_user *judged)
{
    bool overtaken;
    TRY(login_overtaken(ctx, judged, &overtaken));
    if (!overtaken)
        return OK;
    TRY(db_authorization_revoke(ctx->tx, authorization->number, ctx->now));
    FAIL(INVALID_GRANT, "password: the person was changed while the password was judged");
}

fallible password_grant_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    str username = form_get(f, "username"), password = form_get(f, "password"), scope;
    const struct db_resource *resource;
    if (!str_present(username) || !str_present(password))
        REFUSE(INVALID_REQUEST, "username and password are both required.", "password: username or password missing");
    if (profile_demands(ctx, proof->client, PROFILE_RULE_NO_PASSWORD)) /* OAuth 2.1 10.1 */
        REFUSE(UNAUTHORIZED_CLIENT, "The profile of this client does not allow the password grant.", "password: forbidden by the profile");
    TRY(scope_grant(ctx, proof->client, STR_ABSENT, form_get(f, "scope"), &scope));
    TRY(resource_one(ctx, f, &resource));
    struct login_result login = {0};
    struct login_try attempt = {.username = username, .proof = password, .event = "password_grant", .client_id = proof->client->id};
    attempt.alone = proof->client->metadata.password_grant_single_factor;
    err judged = login_check(ctx, &attempt, &login);
    out->retry_after = login.retry_after;
    TRY(judged);
    if (!login.user) /* no page here for another step; what was counted stays */
        REFUSE(INVALID_GRANT, "This user needs more than a password to log in: use the authorization code grant.", "password: another step is needed");
    if (second_factor_due(ctx, login.user) && !attempt.alone)
        REFUSE(INVALID_GRANT, "This user must add a second factor first: they are asked for it when they log in at this server.",
               "password: a second factor is due");
    if (login.user->must_change_password) /* LS-14 */
        REFUSE(INVALID_GRANT, USER_MUST_CHANGE_SAY, "password: the person must change it first");
    char id[37];
    random_uuid(id);
    struct db_authorization authorization = {
        .id = str_dup(ctx->arena, str_of(id)),
        .user_number = login.user->number,
        .client_number = proof->client->number,
        .client_epoch = proof->client->epoch,
        .scope = scope,
        .resource = resource ? resource->uri : STR_ABSENT,
        .flow = STR("password"),
        .created_at = ctx->now,
        .auth_time = ctx->now,
        .amr = login.amr,
        .acr = login.acr,
        .last_used_at = ctx->now,
        .jkt = sender_keeps(ctx, proof->client).jkt,
        .x5t = sender_keeps(ctx, proof->client).x5t,
    };
    TRY(db_authorization_reserve(ctx->tx, &authorization.number));
    struct token_answer answer = {0};
    TRY(open_authorization(ctx, proof->client, &authorization, &answer));
    TRY(still_the_same(ctx, &authorization, login.user));
    *out = answer;
    return OK;
}
