/* SPDX-License-Identifier: MIT
 * client_assertion: judges client assertions. Relies on token/jwt for form, signature and claims, on client_keys and client_secret for
 * what the client registered, on the store for things that happen once. Promises: the registration alone says which key and which
 * algorithms count (CA-10); an assertion is for this server and no other; it ends soon (CA-09) and works once, also in a race, also after
 * a restart (CA-07, CA-08); nothing is stored before the signature held.
 *
 *   read ──▶ client found by iss = sub ──▶ signature ──▶ claims ──▶ jti taken ──▶ yes */
#include "clientauth/client_assertion.h"

#include "codec/b64url.h"
#include "crypto/digest.h"
#include "client/client_secret.h"
#include "client/profile.h"
#include "clientauth/client_certificate.h"
#include "store/table/db_event.h"

#include "base/banned.h"

#define TYPE       "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define TOKEN_PATH "/oauth/token"
enum { SKEW = 10, LIFE = 600, LIFE_STRICT = 300, AUDIENCES = 4, HELD = 60 /* seconds that a request may have waited for this */ };

bool client_assertion_sent(const struct form *f)
{
    return form_has(f, "client_assertion") || form_has(f, "client_assertion_type");
}

/* What was read wrong tells nothing about any client, so its sentence may be sent. */
static err as_invalid_client(err e)
{
    return e.kind == ERR_INVALID_TOKEN ? (err){ERR_INVALID_CLIENT, e.reason} : e;
}

/* RFC 9101 10.8: signed by the same key for the same audience, but seen by browsers; one without a typ is known by what it asks for. */
static bool is_request_object(const json *claims)
{
    static const char *const names[] = {"response_type", "redirect_uri", "login_hint", "id_token_hint"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_member(claims, names[i]) != NULL)
            return true;
    return false;
}

fallible client_assertion_read(struct arena *a, const struct form *f, struct client_assertion *out)
{
    str text = form_get(f, "client_assertion"), type = form_get(f, "client_assertion_type"), id = form_get(f, "client_id");
    struct client_assertion read = {0};
    if (!str_present(text) || !str_present(type)) /* RFC 7521 4.2 */
        REFUSE(INVALID_REQUEST, "client_assertion and client_assertion_type must be sent together.", "assertion: without its type, or the type alone");
    if (!str_is(type, TYPE)) /* RFC 7523 2.2 */
        REFUSE(INVALID_CLIENT, "The only supported client_assertion_type is " TYPE ".", "assertion: unknown type");
    TRY(as_invalid_client(jwt_read(a, text, &read.token)));
    str typ = read.token.typ; /* RFC 8725 3.11: a token of another kind is none of this */
    if (str_present(typ) && !str_equal_nocase(typ, STR("JWT")) && !str_equal_nocase(typ, STR("client-authentication+jwt")))
        REFUSE(INVALID_CLIENT, "The typ of a client assertion must be JWT or client-authentication+jwt.", "assertion: typ of another kind");
    if (is_request_object(read.token.claims))
        REFUSE(INVALID_CLIENT, "A request object cannot be used as a client assertion.", "assertion: it asks for something, so it is a request object");
    str issuer = json_member_text(read.token.claims, "iss"), subject = json_member_text(read.token.claims, "sub");
    if (!str_filled(issuer) || !str_filled(subject)) /* RFC 7523 3: 1, 2 */
        REFUSE(INVALID_CLIENT, "A client assertion must name the client in iss and in sub.", "assertion: iss or sub missing");
    if (!str_equal(issuer, subject))
        REFUSE(INVALID_CLIENT, "iss and sub of a client assertion must be the same client_id.", "assertion: iss differs from sub");
    if (str_present(id) && !str_equal(id, subject)) /* RFC 7521 4.2 */
        REFUSE(INVALID_CLIENT, "client_id in the body differs from sub of the client assertion.", "assertion: sub differs from client_id");
    read.client_id = subject;
    *out = read;
    return OK;
}

static fallible accepted_audiences(const struct context *ctx, str out[AUDIENCES], size_t *count)
{
    const struct authority *authority = ctx->authority;
    const str bases[] = {authority->issuer, authority->issuer_mtls};
    size_t n = 0;
    out[n++] = authority->issuer;
    if (str_filled(ctx->url))
        out[n++] = ctx->url;
    for (size_t i = 0; i < 2; i++) {
        const str parts[] = {bases[i], STR(TOKEN_PATH)};
        str address = str_filled(bases[i]) ? str_join(ctx->arena, parts, 2) : STR_ABSENT;
        if (str_present(address))
            out[n++] = address;
    }
    *count = n;
    return OK;
}

static bool is_accepted_audience(str audience, const str *accepted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_filled(audience) && str_equal(audience, accepted[i]))
            return true;
    return false;
}

/* The issuer, as one string (FAPI 2.0 Security Profile 5.3.2.1). Without such a profile also what OpenID Connect Core 9 wants: the token
 * endpoint, or the address that was called; in a list, every one must be ours: what another server would take too is not for us. */
static fallible judge_audience(struct context *ctx, const struct db_client *client, const struct jwt *t)
{
    const json *aud = json_member(t->claims, "aud");
    if (profile_demands(ctx, client, PROFILE_RULE_ISSUER_AUDIENCE)) {
        if (!str_equal(json_text_of(aud), ctx->authority->issuer))
            REFUSE(INVALID_CLIENT, "aud of a client assertion must be the issuer of this server, as a string.", "assertion: aud is not the issuer");
        return OK;
    }
    str accepted[AUDIENCES];
    size_t count, n = json_is_list(aud) ? json_count(aud) : 0;
    TRY(accepted_audiences(ctx, accepted, &count));
    bool good = json_is_list(aud) ? n > 0 && n <= AUDIENCES : is_accepted_audience(json_text_of(aud), accepted, count);
    for (size_t i = 0; good && i < n; i++)
        good = is_accepted_audience(json_text_of(json_at(aud, i)), accepted, count);
    if (!good)
        REFUSE(INVALID_CLIENT, "aud of a client assertion must be the issuer of this server or the address of its token endpoint, and nothing else.",
               "assertion: aud is not the issuer");
    return OK;
}

/* CA-08: one winner, for as long as the assertion lives. */
static fallible take_once(struct context *ctx, const struct db_client *client, const struct jwt_facts *facts)
{
    uint8_t hash[DIGEST_SIZE];
    bool first = false;
    digest_sha256(facts->jti, hash);
    str name = b64url_encode(ctx->arena, hash, sizeof hash);
    str id = str_present(name) ? str_format(ctx->arena, "%lld:%.*s", (long long)client->number, STR_FMT(name)) : STR_ABSENT;
    if (!str_present(id))
        FAIL(UNAVAILABLE, "no memory to take a jti");
    TRY(db_once_take(ctx->tx, "jti", id, clock_add(facts->expires_at, SKEW + HELD), &first));
    if (!first)
        REFUSE(INVALID_CLIENT, "This client assertion was used before: each one needs a new jti.", "assertion: jti used before");
    return OK;
}

/* After the signature held: whoever reads these sentences is the client. */
static fallible judge_claims(struct context *ctx, const struct db_client *client, const struct client_assertion *assertion)
{
    bool strict = profile_demands(ctx, client, PROFILE_RULE_ISSUER_AUDIENCE);
    struct jwt_rule rule = {
        .issuer = client->id,
        .subject = client->id,
        .now = ctx->now,
        .skew = SKEW,
        .life_max = (strict ? LIFE_STRICT : LIFE) + SKEW, /* CA-09 */
        .need_exp = true,
        .need_jti = true,
    };
    struct jwt_facts facts;
    TRY(judge_audience(ctx, client, &assertion->token));
    TRY(as_invalid_client(jwt_judge(&assertion->token, &rule, &facts)));
    return take_once(ctx, client, &facts);
}

/* Before the signature held: the log hears which check it was, the caller only that it did not work (TE-12). */
static err hide_assertion_failure(struct context *ctx, err e)
{
    bool verdict = e.kind == ERR_INVALID_TOKEN || e.kind == ERR_INVALID_REQUEST || e.kind == ERR_INVALID_CLIENT;
    return verdict ? client_certificate_refusal(ctx, e) : e;
}

fallible client_assertion_by_key(struct context *ctx, const struct db_client *client, const struct client_assertion *assertion)
{
    struct jwk_set *keys = NULL;
    if (cache_is_inline())
        FAIL(ELSEWHERE, "assertion: taking the jti waits for the disk");
    err e = client_keys_get(ctx, client, &assertion->token, &keys);
    if (!FAILED(e)) {
        str algs = profile_algs(ctx, client, client->metadata.token_endpoint_auth_signing_alg);
        e = jwt_check(ctx->arena, &assertion->token, keys, algs);
    }
    if (FAILED(e))
        return hide_assertion_failure(ctx, e);
    return judge_claims(ctx, client, assertion);
}

fallible client_assertion_by_secret(struct context *ctx, const struct db_client *client, const struct client_assertion *assertion)
{
    str secrets[DB_CLIENT_SECRETS], algs = STR("HS256 HS384 HS512"), registered = client->metadata.token_endpoint_auth_signing_alg;
    size_t count = 0;
    if (cache_is_inline())
        FAIL(ELSEWHERE, "assertion: taking the jti waits for the disk");
    if (str_filled(registered)) /* OpenID Connect Registration 2 */
        algs = str_has_word(algs, registered) ? registered : STR("");
    TRY(client_secret_live(ctx, client, secrets, &count));
    err e = ERR(INVALID_CLIENT, "assertion: no secret is kept for the client; renew it with rotate-secret");
    for (size_t i = 0; i < count; i++) {
        e = jwt_check_secret(&assertion->token, secrets[i], algs);
        if (!FAILED(e))
            return judge_claims(ctx, client, assertion);
    }
    return hide_assertion_failure(ctx, e);
}
