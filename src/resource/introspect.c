/* SPDX-License-Identifier: MIT
 * introspect: RFC 7662 and RFC 7009. Relies on bearer for the verdict; promises that a foreign service learns nothing, that a
 * failing store is a 5xx and never "inactive" or "revoked" (IR-09), and that nobody revokes what is not theirs. */
#include "resource/introspect.h"
#include "client/profile.h"
#include "client/signing.h"
#include "client/subject.h"
#include "store/table/db_authorization.h"
#include "token/jws.h"
#include "token/opaque.h"
#include "base/pace.h"
#include "base/banned.h"

/* The grant of a refresh token that is the asking client's; NULL when there is nothing to tell. */
static fallible own_refresh(struct context *ctx, const struct client_proof *proof, str token, struct db_authorization **authorization, int64_t *generation)
{
    int64_t numbers[2];
    *authorization = NULL;
    err opened = opaque_numbers_open(ctx->arena, ctx->keys, OPAQUE_REFRESH, token, numbers);
    if (FAILED(opened))
        return opened.kind == ERR_INVALID_TOKEN ? OK : opened;
    if (cache_is_inline())
        return ERR(ELSEWHERE, "introspect: a refresh token is on disk");
    struct db_authorization *row;
    TRY(db_authorization_get(ctx->tx, ctx->arena, numbers[0], &row));
    if (row && row->client_number == proof->client->number)
        *authorization = row;
    *generation = numbers[1];
    return OK;
}

/* RFC 9470 6.2. Nothing of a login that nobody is said to have made. */
static void tell_login(struct introspect_answer *out, str acr, unix_time auth_time)
{
    out->auth_time = auth_time;
    out->acr = auth_time > 0 ? acr : STR_ABSENT;
}

static fallible tell_refresh(struct context *ctx, const struct client_proof *proof, str token, struct introspect_answer *out)
{
    struct db_authorization *authorization;
    struct db_user *user;
    int64_t generation = 0;
    TRY(own_refresh(ctx, proof, token, &authorization, &generation));
    if (!authorization)
        return OK;
    struct token_hash hash = token_hash_of(token);
    bool live = authorization->revoked_at == 0 && authorization->expires_at > ctx->now && generation == authorization->generation &&
                authorization->client_epoch == proof->client->epoch && token_hash_equal(&hash, &authorization->current);
    TRY(cache_user(ctx->authority->cache, ctx->tx, ctx->arena, authorization->user_number, &user));
    if (!live || !user || user->blocked || user->must_change_password) /* LS-14 */
        return OK;
    out->active = true;
    out->scope = authorization->scope;
    out->client_id = proof->client->id;
    out->username = subject_pairwise(proof->client) ? STR_ABSENT : user->username;
    TRY(subject_of(ctx, proof->client, user, &out->sub));
    out->details = authorization->details;
    out->jkt = authorization->jkt;
    out->x5t = authorization->x5t;
    out->token_type = STR("refresh_token");
    out->aud = out->iss = ctx->authority->issuer;
    out->exp = authorization->expires_at;
    tell_login(out, authorization->acr, authorization->auth_time);
    out->iat = authorization->rotated_at ? authorization->rotated_at : authorization->last_used_at;
    return OK;
}

/* A pairwise subject hides who it is from those who compare notes; a username beside it would tell (AT-14). */
static fallible tell_access(struct context *ctx, const struct bearer *b, struct introspect_answer *out)
{
    bool hidden = b->user && subject_pairwise(b->client);
    out->active = true;
    out->token_type = str_present(b->jkt) ? STR("DPoP") : STR("Bearer"); /* TE-10 */
    out->iss = ctx->authority->issuer;
    out->username = b->user && !hidden ? b->user->username : STR_ABSENT;
    out->jkt = b->jkt; /* IR-05 */
    out->x5t = b->x5t;
    if (b->kind == BEARER_PERSONAL) {
        out->scope = b->pat->scope;
        out->sub = b->user->id;
        out->aud = ctx->authority->issuer;
        out->jti = b->pat->id;
        out->exp = b->pat->expires_at;
        out->iat = b->pat->created_at;
        return OK;
    }
    const struct permit *p = &b->facts.permit;
    out->scope = p->scope;
    out->client_id = p->client_id;
    out->sub = p->subject;
    if (hidden && !b->facts.is_jwt)
        TRY(subject_of(ctx, b->client, b->user, &out->sub));
    out->aud = b->resource ? b->resource->uri : ctx->authority->issuer;
    out->details = p->details;
    out->act = p->act;
    tell_login(out, bearer_acr(b), p->auth_time);
    out->jti = b->facts.token_id;
    out->exp = p->expires_at;
    out->iat = p->issued_at;
    return OK;
}

fallible introspect_token(struct context *ctx, const struct client_proof *proof, str token, struct introspect_answer *out)
{
    struct bearer b;
    struct introspect_answer answer = {0};
    TRY(client_auth_confidential(proof)); /* IR-01 */
    if (opaque_kind_of(token) == OPAQUE_REFRESH) {
        TRY(tell_refresh(ctx, proof, token, &answer));
        *out = answer;
        return OK;
    }
    err judged = bearer_check(ctx, token, &b); /* IR-11: a guess fails at seal, checksum or signature, before any store */
    if (FAILED(judged) && judged.kind != ERR_INVALID_TOKEN)
        return judged;
    bool meant = !FAILED(judged) && (!b.resource || str_equal(b.resource->client_id, proof->client->id)); /* IR-02 */
    if (meant)
        TRY(tell_access(ctx, &b, &answer));
    *out = answer; /* IR-03 */
    return OK;
}

/* Is the type among those of an Accept header, and not refused with q=0? */
static bool accepts_media_type(str accept, str type)
{
    str piece;
    for (str rest = accept; str_filled(rest) && str_next(&rest, ',', &piece);) {
        str name = str_trim((str){piece.p, str_find(piece, ';')});
        str parameters = {piece.p + name.n, piece.n - name.n};
        if (str_equal_nocase(name, type))
            return !str_ends(str_trim(parameters), STR("q=0"));
    }
    return false;
}

fallible introspect_signs(struct context *ctx, const struct client_proof *proof, str accept, struct introspect_signed *how)
{
    const struct db_client *client = proof->client;
    str registered = client->metadata.introspection_signed_response_alg;
    how->is_signed = str_filled(registered) || accepts_media_type(accept, STR("application/token-introspection+jwt")) ||
                     profile_demands(ctx, client, PROFILE_RULE_SIGNED_INTROSPECTION);
    if (!how->is_signed)
        return OK;
    TRY(signing_alg(ctx, client, registered, &how->alg));
    if (signing_is_slow(how->alg) && cache_is_inline())
        return ERR(ELSEWHERE, "introspect: a signature takes long");
    return OK;
}

void introspect_begin(const struct context *ctx, const struct client_proof *proof, struct json_writer *claims)
{
    json_write_text(claims, "iss", ctx->authority->issuer); /* RFC 9701 5; no sub and no exp, so that it is no token */
    json_write_text(claims, "aud", proof->client->id);
    json_write_integer(claims, "iat", ctx->now);
    json_write_object(claims, "token_introspection");
}

fallible introspect_sign(struct context *ctx, const struct introspect_signed *how, struct json_writer *claims, str *jwt)
{
    str text;
    json_write_end(claims);
    json_write_end(claims);
    TRY(json_writer_done(claims, &text));
    return jws_sign(ctx->arena, ctx->keys, how->alg, "token-introspection+jwt", text, jwt);
}

/* RL-06: a revoked token lies in memory until it expires, so a client may revoke so many in a second, and less as the memory fills, which
 * is felt most by those who revoke most. What people and administrators end, and refresh tokens, whose grants a person made, never asks here. */
static fallible pace_revocations(const struct context *ctx, const struct db_client *client, int64_t *retry_after)
{
    enum { MINUTE = 60, SECOND_MS = 1000, HALF_FULL = 8, NEARLY_FULL = 64 };
    const struct policy *policy = &ctx->authority->policy;
    const int64_t a_second = policy->revocations_a_second, most = policy->revocations_max;
    const struct pace_key key = {PACE_REVOKE, (uint64_t)client->number, 0};
    size_t count;
    if (a_second == 0) /* not bounded */
        return OK;
    const struct pace_rule rule = {a_second * MINUTE, SECOND_MS / a_second > 0 ? SECOND_MS / a_second : 1};
    TRY(cache_revocations(ctx->authority->cache, &count));
    int64_t cost = (int64_t)count >= most / 4 * 3 ? NEARLY_FULL : (int64_t)count >= most / 2 ? HALF_FULL : 1;
    *retry_after = MINUTE;
    if ((int64_t)count >= most)
        REFUSE(BUSY, "The token was not revoked: too many revoked tokens have yet to expire. Try again later.", "revoke: revocations_max is reached");
    if (!pace_take(&key, &rule, cost, retry_after))
        REFUSE(BUSY, "The token was not revoked: this client is revoking too many at once. Try again later.", "revoke: paced");
    return OK;
}

static fallible end_access(struct context *ctx, const struct client_proof *proof, const struct access_facts *facts, int64_t *retry_after)
{
    if (!str_equal(facts->permit.client_id, proof->client->id)) /* IR-06 */
        return OK;
    if (cache_revoked_settled(ctx->authority->cache, "token", facts->token_id))
        return OK; /* RFC 7009 2.2: once is enough; but what a failing store has not kept is no once (IR-09) */
    TRY(pace_revocations(ctx, proof->client, retry_after));
    TRY(cache_revoke(ctx->authority->cache, ctx->tx, "token", facts->token_id, facts->permit.expires_at));
    authority_event(ctx, "token.revoked",
                    &(struct authority_event_facts){.client_id = proof->client->id, .subject = facts->token_id, .detail = STR("access token")});
    return OK;
}

static fallible end_authorization(struct context *ctx, const struct client_proof *proof, str token)
{
    struct db_authorization *authorization;
    int64_t generation;
    TRY(own_refresh(ctx, proof, token, &authorization, &generation));
    if (!authorization || authorization->revoked_at != 0)
        return OK;
    TRY(db_authorization_revoke(ctx->tx, authorization->number, ctx->now)); /* IR-08 */
    TRY(cache_revoke(ctx->authority->cache, ctx->tx, "grant", authorization->id, clock_add(ctx->now, ctx->authority->policy.access_lifetime_max)));
    authority_event(ctx, "grant.revoked",
                    &(struct authority_event_facts){.client_id = proof->client->id, .subject = authorization->id, .detail = STR("refresh token")});
    return OK;
}

fallible introspect_revoke(struct context *ctx, const struct client_proof *proof, str token, int64_t *retry_after)
{
    struct access_facts facts;
    enum opaque_kind kind = opaque_kind_of(token);
    if (kind == OPAQUE_REFRESH)
        return end_authorization(ctx, proof, token);
    struct access_reader reader = {ctx->authority->issuer, ctx->now};
    err read = ERR(INVALID_TOKEN, "revoke: not an access token");
    if (kind == OPAQUE_ACCESS)
        read = access_open(ctx->arena, ctx->keys, token, ctx->now, &facts);
    else if (kind == OPAQUE_NONE)
        read = access_check(ctx->arena, ctx->keys, token, &reader, &facts);
    if (FAILED(read)) /* RFC 7009 2.2: unknown, expired or foreign is fine (IR-07) */
        return read.kind == ERR_INVALID_TOKEN ? OK : read;
    return end_access(ctx, proof, &facts, retry_after);
}
