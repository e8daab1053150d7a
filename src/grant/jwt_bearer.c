/* SPDX-License-Identifier: MIT
 * jwt_bearer: RFC 7523 2.1. Relies on token/jwt for form, signature and claims, on clientauth/client_keys for the issuer's keys, on store/table/db_issuer
 * for whom to trust. Promises: the issuer is named in the store before its key is asked for, an assertion works once and for the clients and
 * scopes that the administrator gave its issuer, a blocked or removed person gets nothing (TE-06, CVE-2026-1609), there is no refresh token, and
 * nobody is said to have logged in: no ID token, no auth_time. */
#include "grant/jwt_bearer.h"
#include "user/user.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "codec/b64url.h"
#include "clientauth/client_keys.h"
#include "grant/user_hint.h"
#include "scope/resource.h"
#include "client/subject.h"
#include "session/login.h"
#include "store/table/db_event.h"
#include "store/table/db_issuer.h"
#include "base/banned.h"

enum { SKEW = 10, HELD = 60 /* seconds that a request may have waited for this */ };

struct asserted {
    const struct db_issuer *issuer;
    struct jwt_facts facts;
    struct db_user *user; /* NULL: the client itself */
};

/* RFC 7521 4.1.1: whatever is wrong with an assertion is invalid_grant. A failing store or address is not. */
static fallible as_grant_error(err e)
{
    if (e.kind == ERR_INVALID_TOKEN || e.kind == ERR_INVALID_REQUEST)
        return (err){ERR_INVALID_GRANT, e.reason};
    return e;
}

/* ---- the assertion ---- */

static fallible find_trusted_issuer(struct context *ctx, const struct db_client *client, const struct jwt *t, const struct db_issuer **out)
{
    struct db_issuer *issuer = NULL;
    str iss = json_member_text(t->claims, "iss");
    if (str_filled(iss))
        TRY(db_issuer_get(ctx->tx, ctx->arena, iss, &issuer));
    if (!issuer || !str_has_line(issuer->client_ids, client->id))
        REFUSE(INVALID_GRANT, "The assertion's issuer is not trusted for this client. An administrator adds it with: jeton issuer add.",
               "assertion: issuer unknown, or not for this client");
    *out = issuer;
    return OK;
}

static fallible judge_jwt_assertion(struct context *ctx, const struct db_client *client, str assertion, struct asserted *out)
{
    struct jwt t;
    struct jwk_set *keys;
    TRY(as_grant_error(jwt_read(ctx->arena, assertion, &t)));
    if (str_present(t.typ) && !str_equal_nocase(t.typ, STR("JWT")) && !str_equal_nocase(t.typ, STR("authorization-grant+jwt"))) /* AT-04; RFC 8725 3.11 */
        REFUSE(INVALID_GRANT, "The typ of an assertion must be JWT or authorization-grant+jwt.", "assertion: typ of another kind");
    TRY(find_trusted_issuer(ctx, client, &t, &out->issuer));
    const struct client_keys_source source = {out->issuer->issuer, out->issuer->jwks, out->issuer->jwks_uri};
    TRY(as_grant_error(client_keys_of(ctx, &source, &t, &keys)));
    TRY(as_grant_error(jwt_check(ctx->arena, &t, keys, sign_alg_words)));
    const str endpoint[] = {ctx->authority->issuer, STR("/oauth/token")};
    const str audiences[] = {ctx->authority->issuer, str_join(ctx->arena, endpoint, 2)}; /* RFC 7523 3, item 3 */
    const struct jwt_rule rule = {.issuer = out->issuer->issuer,
                                  .audiences = audiences,
                                  .audience_count = 2,
                                  .now = ctx->now,
                                  .skew = SKEW,
                                  .life_max = out->issuer->life_max,
                                  .need_exp = true,
                                  .need_jti = true};
    if (!str_present(audiences[1]))
        FAIL(UNAVAILABLE, "assertion: no memory");
    TRY(as_grant_error(jwt_judge(&t, &rule, &out->facts)));
    if (!str_filled(out->facts.subject))
        REFUSE(INVALID_GRANT, "The assertion names no subject.", "assertion: no sub");
    return OK;
}

/* Durable, so that it works once across restarts too (CA-08). */
static fallible take_assertion_jti(struct context *ctx, const struct asserted *x)
{
    bool first;
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(x->facts.jti, digest);
    str print = b64url_encode(ctx->arena, digest, sizeof digest);
    str id = str_format(ctx->arena, "%lld %.*s", (long long)x->issuer->number, STR_FMT(print));
    if (!str_present(print) || !str_present(id))
        FAIL(UNAVAILABLE, "assertion: no memory");
    TRY(db_once_take(ctx->tx, "assertion", id, clock_add(x->facts.expires_at, SKEW + HELD), &first));
    if (!first)
        REFUSE(INVALID_GRANT, "The assertion was used before: each one needs a new jti.", "assertion: replayed");
    return OK;
}

/* ---- whom it is about ---- */

static fallible find_assertion_subject(struct context *ctx, const struct db_client *client, struct asserted *x)
{
    str is = x->issuer->subject_is, sub = x->facts.subject;
    if (str_is(is, "client")) {
        if (!str_equal(sub, client->id))
            REFUSE(INVALID_GRANT, "The assertion is about another client.", "assertion: sub is another client");
        return OK;
    }
    if (str_is(is, "user_id"))
        TRY(db_user_by_id(ctx->tx, ctx->arena, sub, &x->user));
    else if (str_is(is, "username"))
        TRY(db_user_by_name(ctx->tx, ctx->arena, sub, &x->user));
    else if (str_is(is, "email"))
        TRY(user_hint_email(ctx, sub, &x->user));
    if (!x->user || x->user->blocked) /* TE-06 */
        REFUSE(INVALID_GRANT, "The assertion is not about a user of this server.", "assertion: the person is unknown, blocked or gone");
    if (x->user->must_change_password) /* LS-14 */
        REFUSE(INVALID_GRANT, USER_MUST_CHANGE_SAY, "assertion: the person must change their password first");
    return OK;
}

/* ---- what it gives ---- */

static fallible scope_of(struct context *ctx, const struct db_client *client, const struct asserted *x, str asked, str *scope)
{
    str whole;
    TRY(scope_common(ctx->arena, x->issuer->scopes, client->scopes, &whole));
    if (!str_filled(whole)) /* a token without scope would be another kind, not a narrower one */
        REFUSE(INVALID_SCOPE, "None of the scopes of the assertion's issuer is on this client's list.", "assertion: no scope in common");
    err narrowed = scope_narrow(ctx->arena, whole, asked, scope);
    if (narrowed.kind == ERR_INVALID_SCOPE)
        REFUSE(INVALID_SCOPE, "The scope goes beyond what this client and the assertion's issuer may ask for.", "assertion: scope too wide");
    return narrowed;
}

/* The person sees it among the applications and can end it. */
static fallible grant_of(struct context *ctx, const struct asserted *x, struct permit *permit)
{
    char id[37];
    random_uuid(id);
    struct db_authorization authorization = {
        .id = str_dup(ctx->arena, str_of(id)),
        .user_number = x->user->number,
        .client_number = permit->client_number,
        .client_epoch = permit->client_epoch,
        .scope = permit->scope,
        .resource = permit->resource_number ? permit->audience : STR_ABSENT,
        .flow = STR("jwt_bearer"),
        .created_at = ctx->now,
        .last_used_at = ctx->now,
        .expires_at = permit->expires_at,
    };
    bool overtaken;
    TRY(db_authorization_reserve(ctx->tx, &authorization.number));
    TRY(db_authorization_add(ctx->tx, &authorization));
    TRY(login_overtaken(ctx, x->user, &overtaken)); /* a block meanwhile ended all grants but this one: what it ended stays ended (TE-06) */
    if (overtaken) {
        TRY(db_authorization_revoke(ctx->tx, authorization.number, ctx->now));
        REFUSE(INVALID_GRANT, "The assertion is not about a user of this server.", "assertion: the person was changed meanwhile");
    }
    permit->authorization_id = authorization.id;
    return OK;
}

static fallible mint_asserted_token(struct context *ctx, const struct db_client *client, const struct asserted *x, const struct form *f,
                                    struct token_answer *out)
{
    const struct db_resource *resource;
    str scope, own[] = {STR("client:"), client->id};
    TRY(scope_of(ctx, client, x, form_get(f, "scope"), &scope));
    TRY(resource_one(ctx, f, &resource));
    struct permit permit = {
        .user_number = x->user ? x->user->number : 0,
        .subject = x->user ? x->user->id : str_join(ctx->arena, own, 2),
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
        FAIL(UNAVAILABLE, "assertion: no memory");
    TRY(take_assertion_jti(ctx, x));
    if (x->user)
        TRY(grant_of(ctx, x, &permit));
    if (x->user && subject_pairwise(client))
        TRY(subject_of(ctx, client, x->user, &permit.pairwise));
    return token_request_mint(ctx, &permit, out);
}

fallible jwt_bearer_redeem(struct context *ctx, const struct client_proof *proof, const struct form *f, struct token_answer *out)
{
    struct asserted x = {0};
    struct token_answer answer = {0};
    str assertion = form_get(f, "assertion");
    if (!str_present(assertion))
        REFUSE(INVALID_REQUEST, "assertion is missing.", "assertion: missing");
    TRY(judge_jwt_assertion(ctx, proof->client, assertion, &x));
    TRY(find_assertion_subject(ctx, proof->client, &x));
    TRY(mint_asserted_token(ctx, proof->client, &x, f, &answer));
    authority_event(ctx, "token.asserted",
                    &(struct authority_event_facts){.client_id = proof->client->id, .subject = x.user ? x.user->id : STR_ABSENT, .detail = x.issuer->issuer});
    *out = answer;
    return OK;
}
