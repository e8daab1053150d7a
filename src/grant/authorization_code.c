/* SPDX-License-Identifier: MIT
 * authorization_code: redeems a code (RFC 6749 4.1.3). The code names its row, sealed, so a forged one never reaches the store.
 * Relies on db_code_take deciding in one statement; runs on the WRITE pool, so the answer leaves only after the commit.
 * Promises, in this order:
 *   1. a code is taken at most once; the second time everything that came from it is revoked (AC-03, AC-04);
 *   2. whoever takes it wrongly (client, redirect_uri, verifier) has burnt it (AC-05, PK-06);
 *   3. a grant that was revoked between consent and exchange yields nothing (AC-08);
 *   4. a proof that must be sent again (RFC 9449 8) costs nothing: it is judged before the code is taken (token_request). */
#include "grant/authorization_code.h"
#include "client/profile.h"
#include "authorize/pkce.h"
#include "authorize/redirect.h"
#include "scope/resource.h"
#include "clientauth/sender.h"
#include "token/opaque.h"
#include "base/banned.h"

static fallible refuse_replayed_code(struct context *ctx, const struct db_taken *taken, const struct db_client *client)
{
    unix_time horizon = clock_add(ctx->now, ctx->authority->policy.access_lifetime_max);
    TRY(cache_revoke(ctx->authority->cache, ctx->tx, "grant", taken->authorization->id, horizon));
    authority_event(ctx, "code.replayed",
                    &(struct authority_event_facts){.client_id = client->id,
                                                    .subject = taken->authorization->id,
                                                    .detail = STR("a used authorization code came again; its grant was revoked")});
    REFUSE(INVALID_GRANT, "The authorization code was used before; every token that came from it has been revoked.", "code: used before");
}

static fallible take_code(struct context *ctx, str text, const struct db_client *client, struct db_taken *taken)
{
    int64_t numbers[2];
    err opened = opaque_numbers_open(ctx->arena, ctx->keys, OPAQUE_CODE, text, numbers);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened)) /* AC-11 */
        REFUSE(INVALID_GRANT, "The authorization code is malformed or was not issued by this server.", "code: not ours");
    struct token_hash hash = token_hash_of(text);
    TRY(db_code_take(ctx->tx, ctx->arena, numbers[0], &hash, taken));
    switch (taken->how) {
    case DB_TAKEN:
        return OK;
    case DB_TAKE_USED_BEFORE:
        return refuse_replayed_code(ctx, taken, client);
    case DB_TAKE_EXPIRED:
        REFUSE(INVALID_GRANT, "The authorization code has expired; start again at the authorization endpoint.", "code: expired");
    case DB_TAKE_UNKNOWN:
        break;
    }
    REFUSE(INVALID_GRANT, "The authorization code is unknown or has expired.", "code: unknown");
}

static fallible same_redirect(struct context *ctx, const struct db_client *client, const struct db_code *code, str sent)
{
    if (str_present(code->redirect_uri)) { /* RFC 6749 4.1.3; RU-08 */
        if (!str_present(sent))
            REFUSE(INVALID_GRANT, "redirect_uri is missing; it must equal the one in the authorization request.", "code: redirect_uri missing");
        if (!str_equal(code->redirect_uri, sent))
            REFUSE(INVALID_GRANT, "redirect_uri differs from the one in the authorization request.", "code: redirect_uri differs");
        return OK;
    }
    str matched;
    if (str_present(sent) && FAILED(redirect_match(ctx->arena, client, sent, &matched)))
        REFUSE(INVALID_GRANT, "redirect_uri is not the one that the code was sent to.", "code: redirect_uri not registered");
    return OK;
}

/* RFC 9449 10 (AC-06); FAPI 2.0 Security Profile 5.3.2.1 */
static fallible right_key_in_time(const struct context *ctx, const struct client_proof *proof, const struct db_taken *taken)
{
    enum { MINUTE = 60, LONGEST = 600 };
    str jkt = taken->code->jkt;
    if (str_present(jkt) && !str_present(ctx->bind.jkt))
        REFUSE(INVALID_GRANT, "The authorization code is bound to a key: send a DPoP proof made with it.", "code: dpop_jkt, and no proof");
    if (str_present(jkt) && !str_equal(jkt, ctx->bind.jkt))
        REFUSE(INVALID_GRANT, "The authorization code is bound to a different key than the DPoP proof.", "code: dpop_jkt of another key");
    bool strict = profile_demands(ctx, proof->client, PROFILE_RULE_CODE_MINUTE);
    if (!clock_within(ctx->now, taken->authorization->created_at, strict ? MINUTE : LONGEST)) /* the store has judged the code's own end; AC-02 */
        REFUSE(INVALID_GRANT, "The authorization code has expired; start again at the authorization endpoint.", "code: older than its profile allows");
    return OK;
}

static fallible still_good(struct context *ctx, const struct client_proof *proof, const struct form *f, const struct db_taken *taken)
{
    const struct db_authorization *authorization = taken->authorization;
    if (authorization->client_number != proof->client->number)
        REFUSE(INVALID_GRANT, "The authorization code was issued to another client.", "code: issued to another client");
    if (authorization->revoked_at != 0 || authorization->client_epoch != proof->client->epoch)
        REFUSE(INVALID_GRANT, "The authorization that this code belongs to was revoked.", "code: grant revoked");
    TRY(right_key_in_time(ctx, proof, taken));
    TRY(same_redirect(ctx, proof->client, taken->code, form_get(f, "redirect_uri")));
    TRY(resource_pick(ctx, f, authorization->resource, &taken->authorization->resource));
    /* PK-08: the challenge lies with the code, not with the browser or the client */
    return pkce_check(taken->code->code_challenge, form_get_raw(f, "code_verifier"));
}

fallible authorization_code_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    const struct db_client *client = proof->client;
    struct db_taken taken = {0};
    str code = form_get(f, "code");
    if (!str_present(code))
        REFUSE(INVALID_REQUEST, "code is missing.", "code: missing");
    TRY(take_code(ctx, code, client, &taken));
    TRY(still_good(ctx, proof, f, &taken));
    struct token_answer answer = {0};
    TRY(token_request_details(ctx->arena, taken.authorization->details, form_get(f, "authorization_details"), &taken.authorization->details));
    TRY(token_request_user(ctx, client, taken.authorization, taken.authorization->scope, &answer));
    answer.owed.id_token.nonce = taken.code->nonce; /* OpenID Connect Core 3.1.3.7 11 */
    TRY(token_request_begin(ctx, client, taken.authorization, &answer));
    *out = answer;
    return OK;
}
