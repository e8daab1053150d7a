/* SPDX-License-Identifier: MIT
 * client_credentials: a client acts for itself (RFC 6749 4.4). No person, no grant row, no refresh token (RF-09), no disk. Its subject is
 * `client:<client_id>`, which no person's id can be (TE-08). */
#include "grant/client_credentials.h"
#include "scope/resource.h"
#include "client/signing.h"
#include "base/banned.h"

fallible client_credentials_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    const struct db_client *client = proof->client;
    const struct db_resource *resource;
    str scope, parts[] = {STR("client:"), client->id};
    TRY(scope_grant_own(ctx, client, form_get(f, "scope"), &scope));
    TRY(resource_one(ctx, f, &resource));
    enum sign_alg alg;
    bool is_signed = resource && str_is(resource->token_format, "jwt") && sign_alg_of(resource->alg, &alg);
    if (is_signed && signing_is_slow(alg) && cache_is_inline())
        return ERR(ELSEWHERE, "token: a signature takes long");
    struct permit permit = {
        .subject = str_join(ctx->arena, parts, 2),
        .client_number = client->number,
        .client_epoch = client->epoch,
        .client_id = client->id,
        .scope = scope,
        .resource_number = resource ? resource->number : 0,
        .audience = resource ? resource->uri : ctx->authority->issuer,
        .issued_at = ctx->now,
        .expires_at = clock_add(ctx->now, token_request_lifetime(ctx, client)),
    };
    if (!str_present(permit.subject))
        FAIL(UNAVAILABLE, "token: no memory");
    return token_request_mint(ctx, &permit, out);
}
