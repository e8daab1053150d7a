/* SPDX-License-Identifier: MIT
 * authorize_check: judges an authorization request whose answer may be sent to the client. Relies on authorize for where the parameters come
 * from; promises that nothing in them is silently dropped that the standards want answered, and that the way of the answer is known
 * before anything can fail. */
#include "client/profile.h"
#include "authorize/authorize.h"
#include "authorize/claims_request.h"
#include "scope/details.h"
#include "authorize/pkce.h"
#include "scope/resource.h"
#include "scope/scope.h"
#include "codec/b64url.h"
#include "codec/utf8.h"
#include "token/id_token.h"
#include "base/banned.h"

enum { THUMBPRINT_BYTES = 32 };

/* Every way, and by which of three roads the answer comes: the address's query, its fragment, a form. */
static const struct way_back {
    const char *word;
    enum redirect_mode mode;
    char road;
} ways[] = {
    {"query", REDIRECT_QUERY, 'q'},         {"form_post", REDIRECT_FORM_POST, 'p'},         {"fragment", REDIRECT_FRAGMENT, 'f'},
    {"query.jwt", REDIRECT_QUERY_JWT, 'q'}, {"form_post.jwt", REDIRECT_FORM_POST_JWT, 'p'}, {"fragment.jwt", REDIRECT_FRAGMENT_JWT, 'f'},
};

static char road_of(enum redirect_mode mode)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (ways[i].mode == mode)
            return ways[i].road;
    return 'q';
}

static bool may_use(const struct context *ctx, const struct db_client *client, const struct way_back *way)
{
    str allowed = client->metadata.response_modes;
    bool listed = str_has_word(allowed, str_of(way->word)) || (way->mode == REDIRECT_QUERY_JWT && str_has_word(allowed, STR("jwt")));
    if (redirect_mode_fragment(way->mode))
        return listed && !profile_demands(ctx, client, PROFILE_RULE_NO_FRAGMENT);
    if (profile_demands(ctx, client, PROFILE_RULE_SIGNED_RESPONSE) && !redirect_mode_signed(way->mode))
        return false;
    return listed || !str_filled(allowed);
}

/* AZ-09: for what is refused the answer goes the nearest way that the client and its profile allow. */
static enum redirect_mode nearest_response_mode(const struct context *ctx, const struct db_client *client, enum redirect_mode asked)
{
    enum redirect_mode best = profile_demands(ctx, client, PROFILE_RULE_SIGNED_RESPONSE) ? REDIRECT_QUERY_JWT : REDIRECT_QUERY;
    int most = -1;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int alike = 2 * (ways[i].road == road_of(asked)) + (redirect_mode_signed(ways[i].mode) == redirect_mode_signed(asked));
        if (alike <= most || !may_use(ctx, client, &ways[i]))
            continue;
        best = ways[i].mode;
        most = alike;
    }
    return best;
}

/* AZ-09; JARM 2.3 */
static fallible read_mode(const struct context *ctx, struct authorize_request *request)
{
    str word = form_get(&request->parameters, "response_mode"), allowed = request->client->metadata.response_modes;
    enum redirect_mode mode = REDIRECT_QUERY;
    bool signed_alone = profile_demands(ctx, request->client, PROFILE_RULE_SIGNED_RESPONSE);
    bool known = !str_present(word) || redirect_mode_of(word, &mode);
    request->mode = nearest_response_mode(ctx, request->client, mode);
    if (!known)
        REFUSE(INVALID_REQUEST, "response_mode may be query, fragment, form_post, jwt, query.jwt, fragment.jwt or form_post.jwt.",
               "authorize: unknown response_mode");
    if (redirect_mode_fragment(mode) && (!str_has_word(allowed, word) || profile_demands(ctx, request->client, PROFILE_RULE_NO_FRAGMENT))) /* AZ-09 */
        REFUSE(INVALID_REQUEST, "response_mode=fragment is only for clients that are registered for it (response_modes), and never under a FAPI profile.",
               "authorize: fragment, without being registered for it");
    if (str_filled(allowed) && !str_has_word(allowed, str_present(word) ? word : STR("query")))
        REFUSE(INVALID_REQUEST, "This client may not use this response_mode.", "authorize: response_mode not in the client's list");
    if (signed_alone && !redirect_mode_signed(mode)) /* FAPI 2.0 Message Signing 5.4 */
        REFUSE(INVALID_REQUEST, "The profile of this client requires signed responses: send response_mode=jwt.", "authorize: plain response_mode");
    request->mode = mode;
    return OK;
}

/* Must the parameters have come another way? */
static fallible check_source(const struct context *ctx, const struct authorize_request *request)
{
    const struct db_client *client = request->client;
    bool pushed =
        client->metadata.require_pushed_authorization_requests || ctx->authority->policy.require_par || profile_demands(ctx, client, PROFILE_RULE_PUSHED);
    if (pushed && request->source != AUTHORIZE_PUSHED) /* PR-03; RFC 9126 5, 6 */
        REFUSE(INVALID_REQUEST, "Authorization requests of this client must be pushed (PAR) first.", "authorize: must be pushed");
    bool signed_object = client->metadata.require_signed_request_object || profile_demands(ctx, client, PROFILE_RULE_SIGNED_REQUEST);
    bool judged_before = request->pushed != 0;                      /* when it arrived */
    if (signed_object && !request->signed_object && !judged_before) /* RFC 9101 10.5 */
        REFUSE(INVALID_REQUEST, "Authorization requests of this client must be signed request objects.", "authorize: must be signed");
    return OK;
}

static fallible check_response(struct authorize_request *request)
{
    const struct form *p = &request->parameters;
    str type = form_get(p, "response_type");
    if (str_present(form_get(p, "registration"))) /* OpenID Connect Core 7.2.1 */
        FAIL(REGISTRATION_NOT_SUPPORTED, "authorize: registration parameter");
    if (!str_present(type) && request->client->compat_processmaker)
        request->assumed_code = true; /* contract 4 */
    else if (!str_present(type))
        REFUSE(INVALID_REQUEST, "response_type is missing; send response_type=code.", "authorize: response_type missing");
    else if (!str_is(type, "code")) /* AZ-02 */
        FAIL(UNSUPPORTED_RESPONSE_TYPE, "authorize: response_type is not code");
    return OK;
}

static fallible check_client(const struct context *ctx, const struct authorize_request *request)
{
    if (!client_allows_grant(request->client, STR("authorization_code")))
        REFUSE(UNAUTHORIZED_CLIENT, "The authorization code grant is not enabled for this application.", "authorize: grant not enabled");
    if (request->client->is_public && profile_demands(ctx, request->client, PROFILE_RULE_CONFIDENTIAL))
        REFUSE(UNAUTHORIZED_CLIENT, "The profile of this application requires a confidential client.", "authorize: public client under a profile");
    return OK;
}

static fallible read_pkce(const struct context *ctx, struct authorize_request *request)
{
    const struct form *p = &request->parameters;
    request->challenge = form_get(p, "code_challenge");
    if (!str_present(request->challenge) && profile_demands(ctx, request->client, PROFILE_RULE_PKCE))
        REFUSE(INVALID_REQUEST, "The profile of this client requires PKCE: send code_challenge and code_challenge_method=S256.",
               "authorize: challenge demanded by profile");
    return pkce_request(request->client, request->challenge, form_get(p, "code_challenge_method"));
}

static fallible read_prompt(struct authorize_request *request)
{
    str word;
    for (str rest = form_get(&request->parameters, "prompt"); str_filled(rest) && str_next(&rest, ' ', &word);) {
        if (str_is(word, "none"))
            request->prompt_none = true;
        else if (str_is(word, "login"))
            request->prompt_login = true;
        else if (str_is(word, "select_account"))
            request->prompt_select = true;
        else if (str_is(word, "consent"))
            request->prompt_consent = true;
        else
            REFUSE(INVALID_REQUEST, "prompt may be none, login, consent or select_account.", "authorize: unknown prompt");
    }
    if (request->prompt_none && (request->prompt_login || request->prompt_consent || request->prompt_select)) /* AZ-12 */
        REFUSE(INVALID_REQUEST, "prompt=none cannot be combined with another prompt.", "authorize: prompt none with others");
    return OK;
}

static fallible read_max_age(struct authorize_request *request)
{
    uint64_t seconds;
    str text = form_get(&request->parameters, "max_age"), registered = request->client->metadata.default_max_age;
    if (str_present(text) && FAILED(str_u64(text, 1U << 30, &seconds)))
        REFUSE(INVALID_REQUEST, "max_age must be a whole number of seconds.", "authorize: malformed max_age");
    if (!str_present(text) && (!str_filled(registered) || FAILED(str_u64(registered, 1U << 30, &seconds))))
        return OK;
    request->max_age = (int64_t)seconds; /* OpenID Connect Registration 2: the request overrides the registration */
    return OK;
}

/* OpenID Connect Core 3.1.2.1, Registration 2: a wish, and the request overrides the registration. */
static void read_acr(struct authorize_request *request)
{
    str asked = form_get(&request->parameters, "acr_values");
    request->acr_wished = str_present(asked) ? asked : request->client->metadata.default_acr_values;
}

/* AZ-14; OpenID Connect Core 3.1.2.1. An ID token of ours says whom it is about long after it has expired. */
static fallible read_hint(struct context *ctx, struct authorize_request *request)
{
    struct id_token told;
    str hint = form_get(&request->parameters, "id_token_hint");
    if (!str_present(hint))
        return OK;
    err read = id_token_read(ctx->arena, ctx->keys, hint, ctx->authority->issuer, &told);
    if (read.kind == ERR_INVALID_TOKEN)
        REFUSE(INVALID_REQUEST, "id_token_hint is not an ID token of this server.", "authorize: id_token_hint is not ours");
    TRY(read);
    request->subjects[0] = told.subject;
    return OK;
}

static fallible read_openid(struct context *ctx, struct authorize_request *request)
{
    struct claims_request claims;
    str allowed;
    request->nonce = form_get(&request->parameters, "nonce");
    if (request->nonce.n > AUTHORIZE_NONCE_MAX)
        REFUSE(INVALID_REQUEST, "The nonce parameter is longer than 1024 bytes.", "authorize: nonce too long");
    if (str_present(request->nonce) && !utf8_no_controls(request->nonce)) /* six bytes each in a JWT, which has a limit */
        REFUSE(INVALID_REQUEST, "The nonce parameter contains control characters.", "authorize: control characters in nonce");
    TRY(scope_reach(ctx, request->client, STR_ABSENT, STR("profile email address phone"), &allowed));
    TRY(claims_request_read(ctx->arena, form_get(&request->parameters, "claims"), allowed, &claims));
    TRY(read_hint(ctx, request));
    if (!str_has_word(request->scope, STR("openid"))) /* the claims parameter is OpenID Connect's alone (5.5) */
        return OK;
    request->claims = claims.text;
    request->claims_scopes = claims.scopes;
    request->acr_essential = claims.acr;
    request->subjects[1] = claims.sub;
    return OK;
}

static fallible read_key(struct authorize_request *request)
{
    uint8_t bytes[THUMBPRINT_BYTES];
    str jkt = form_get(&request->parameters, "dpop_jkt");
    if (str_present(request->jkt) || !str_present(jkt)) /* what was bound when it was pushed holds */
        return OK;
    if (FAILED(b64url_decode_exact(jkt, bytes, sizeof bytes))) /* RFC 9449 10 */
        REFUSE(INVALID_REQUEST, "dpop_jkt must be a base64url SHA-256 thumbprint: 43 characters without padding.", "authorize: malformed dpop_jkt");
    request->jkt = jkt;
    return OK;
}

fallible authorize_check(struct context *ctx, const struct form *f, struct authorize_request *request)
{
    const struct form *p = &request->parameters;
    request->login_ticket = form_get(f, "login_ticket");
    TRY(read_mode(ctx, request));
    TRY(request->broken);
    TRY(check_source(ctx, request));
    TRY(check_response(request));
    TRY(check_client(ctx, request));
    TRY(read_pkce(ctx, request));
    TRY(read_prompt(request));
    TRY(read_max_age(request));
    read_acr(request);
    TRY(resource_words(ctx, p, &request->resources));
    TRY(scope_grant(ctx, request->client, request->resources, form_get(p, "scope"), &request->scope));
    TRY(read_openid(ctx, request));
    TRY(read_key(request));
    request->login_hint = form_get(p, "login_hint");
    return details_read(ctx, request->client, form_get(p, "authorization_details"), &request->details);
}
