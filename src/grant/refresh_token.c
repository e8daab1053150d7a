/* SPDX-License-Identifier: MIT
 * refresh_token: RFC 6749 6 with rotation (RFC 9700 4.14). The token names, sealed, its grant and its generation; the row knows the
 * current generation g. Relies on db_refresh_rotate changing the row only from the generation it was read at; runs on the durable
 * pool. A token of generation t:
 *   t = g, hash is current                           ──db_refresh_rotate──▶ g + 1, a new token
 *   t = g - 1, hash is previous, within the grace    ──▶ the same successor again: a retry is not a theft (RF-05)
 *   t < g otherwise                                  ──db_authorization_revoke──▶ the family ends: somebody has a copy (RF-02)
 *   anything else                                    ──▶ refused, nothing changes (a restored backup, RF-12)
 * Under a profile with steady refresh tokens (FAPI 2.0 Security Profile 5.3.2.1) the current one stays current and lives on:
 *   t = g, hash is current                           ──db_refresh_rotate──▶ g, the same token
 * Where several write at once, another may have moved the row since it was read: db_refresh_rotate then changes nothing, and the row is read anew.
 * Promises: one winner; the loser of a race is a retry and gets the winner's token; nothing is ever widened (RF-06). */
#include "grant/refresh_token.h"
#include "client/profile.h"
#include "scope/resource.h"
#include "scope/scope.h"
#include "clientauth/sender.h"
#include "token/opaque.h"
#include "base/banned.h"

static fallible find_refresh_grant(struct context *ctx, const struct client_proof *proof, str text, struct db_authorization **authorization,
                                   int64_t *generation)
{
    int64_t numbers[2];
    struct db_authorization *row;
    err opened = opaque_numbers_open(ctx->arena, ctx->keys, OPAQUE_REFRESH, text, numbers);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened))
        REFUSE(INVALID_GRANT, "The refresh token is malformed or was not issued by this server.", "refresh: not ours");
    TRY(db_authorization_get(ctx->tx, ctx->arena, numbers[0], &row));
    if (!row)
        REFUSE(INVALID_GRANT, "The refresh token has expired or was revoked.", "refresh: no such grant");
    if (row->client_number != proof->client->number) /* RF-01 */
        REFUSE(INVALID_GRANT, "The refresh token was issued to another client.", "refresh: issued to another client");
    if (row->revoked_at != 0 || row->client_epoch != proof->client->epoch)
        REFUSE(INVALID_GRANT, "The refresh token was revoked.", "refresh: grant revoked");
    if (row->expires_at <= ctx->now)
        REFUSE(INVALID_GRANT, "The refresh token has expired.", "refresh: expired");
    *authorization = row;
    *generation = numbers[1];
    return OK;
}

/* A public client's refresh token is the key holder's (RFC 9449 5, RFC 8705 4; RF-01, DP-04). Who tries with another key spends nothing. */
static fallible same_holder(const struct context *ctx, const struct db_authorization *authorization)
{
    if (str_present(authorization->jkt) && !str_present(ctx->bind.jkt))
        REFUSE(INVALID_GRANT, "The refresh token is bound to a key: send a DPoP proof made with it.", "refresh: bound, and no proof");
    if (str_present(authorization->jkt) && !str_equal(authorization->jkt, ctx->bind.jkt))
        REFUSE(INVALID_GRANT, "The refresh token is bound to a different key than the DPoP proof.", "refresh: another key");
    if (str_present(authorization->x5t) && !str_equal(authorization->x5t, ctx->bind.x5t))
        REFUSE(INVALID_GRANT, "The refresh token is bound to a TLS client certificate, which was not presented.", "refresh: another certificate, or none");
    return OK;
}

static fallible refuse_stolen_refresh(struct context *ctx, const struct db_authorization *authorization, const struct db_client *client)
{
    TRY(db_authorization_revoke(ctx->tx, authorization->number, ctx->now));
    TRY(cache_revoke(ctx->authority->cache, ctx->tx, "grant", authorization->id, clock_add(ctx->now, ctx->authority->policy.access_lifetime_max)));
    authority_event(ctx, "refresh.replayed",
                    &(struct authority_event_facts){
                        .client_id = client->id, .subject = authorization->id, .detail = STR("an old refresh token came again; its grant was revoked")});
    REFUSE(INVALID_GRANT, "The refresh token was used before; every token of this authorization has been revoked.", "refresh: used before");
}

/* *fresh absent: another was first. */
static fallible rotate_refresh_token(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, str old, str *fresh)
{
    struct db_authorization next = *authorization;
    struct token_raw token;
    const int64_t numbers[2] = {authorization->number, authorization->generation + 1};
    TRY(opaque_numbers_make(ctx->arena, ctx->keys, OPAQUE_REFRESH, numbers, &token));
    TRY(opaque_successor_close(ctx->arena, old, token.text, &next.successor));
    next.generation = authorization->generation + 1;
    next.previous = authorization->current;
    next.current = token_hash_of(token.text); /* RF-10 */
    next.rotated_at = next.last_used_at = ctx->now;
    next.expires_at = token_request_refresh_end(ctx, client, authorization->created_at);
    bool rotated;
    TRY(db_refresh_rotate(ctx->tx, &next, authorization->generation, &rotated));
    *fresh = rotated ? token.text : STR_ABSENT;
    return OK;
}

static fallible keep_refresh_token(struct context *ctx, const struct db_client *client, const struct db_authorization *authorization, str old, str *fresh)
{
    struct db_authorization next = *authorization;
    bool kept;
    next.last_used_at = ctx->now;
    next.expires_at = token_request_refresh_end(ctx, client, authorization->created_at);
    TRY(db_refresh_rotate(ctx->tx, &next, authorization->generation, &kept));
    *fresh = kept ? old : STR_ABSENT;
    return OK;
}

/* The same successor once more: only while it is unused, which the generations already say. */
static fallible reopen_successor(struct context *ctx, const struct db_authorization *authorization, str old, str *fresh)
{
    str successor;
    TRY(opaque_successor_open(ctx->arena, old, authorization->successor, &successor));
    struct token_hash hash = token_hash_of(successor);
    if (!token_hash_equal(&hash, &authorization->current))
        FAIL(SERVER_ERROR, "refresh: the kept successor is not the current token");
    *fresh = successor;
    return OK;
}

/* By the row as it is read now. out->refresh_token absent: that was no longer so when it was to change. */
static fallible redeem_as_read(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    str text = form_get(f, "refresh_token"), scope, fresh;
    struct db_authorization *authorization;
    int64_t generation;
    TRY(find_refresh_grant(ctx, proof, text, &authorization, &generation));
    struct token_hash hash = token_hash_of(text);
    bool current = generation == authorization->generation && token_hash_equal(&hash, &authorization->current);
    bool retry = generation == authorization->generation - 1 && token_hash_equal(&hash, &authorization->previous) && str_filled(authorization->successor) &&
                 clock_within(ctx->now, authorization->rotated_at, ctx->authority->policy.refresh_grace); /* RF-12: nor after the clock went back */
    if (!current && !retry) {
        if (generation < authorization->generation)
            return refuse_stolen_refresh(ctx, authorization, proof->client);
        REFUSE(INVALID_GRANT, "The refresh token is not the current one of its authorization.", "refresh: unknown generation");
    }
    TRY(same_holder(ctx, authorization));
    TRY(scope_refresh(ctx, proof->client, authorization->scope, form_get(f, "scope"), &scope));
    struct token_answer answer = {0};
    struct db_authorization narrowed = *authorization; /* the grant keeps what it has (RF-06) */
    TRY(resource_pick(ctx, f, authorization->resource, &narrowed.resource));
    TRY(token_request_details(ctx->arena, authorization->details, form_get(f, "authorization_details"), &narrowed.details));
    TRY(token_request_user(ctx, proof->client, &narrowed, scope, &answer));
    bool steady = profile_demands(ctx, proof->client, PROFILE_RULE_STEADY_REFRESH);
    if (current)
        TRY(steady ? keep_refresh_token(ctx, proof->client, authorization, text, &fresh)
                   : rotate_refresh_token(ctx, proof->client, authorization, text, &fresh));
    else
        TRY(reopen_successor(ctx, authorization, text, &fresh));
    answer.refresh_token = fresh;
    *out = answer;
    return OK;
}

fallible refresh_token_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    if (!str_present(form_get(f, "refresh_token")))
        REFUSE(INVALID_REQUEST, "refresh_token is missing.", "refresh: missing");
    TRY(redeem_as_read(ctx, proof, f, out));
    if (!str_present(out->refresh_token))
        TRY(redeem_as_read(ctx, proof, f, out)); /* RF-03: the winner's successor, or what ended the grant */
    if (!str_present(out->refresh_token))
        REFUSE(INVALID_GRANT, "The refresh token has just been used or revoked.", "refresh: lost the race twice");
    return OK;
}
