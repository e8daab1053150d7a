/* SPDX-License-Identifier: MIT
 * ciba_request: reads what a client asks for. A client that registered a signing algorithm must sign (CIBA Core 7.1.1); then the JWT's claims
 * are the parameters and none may stand beside it. Relies on token/jwt and clientauth/client_keys for the signature. Promises: one hint, one
 * reading of each parameter, a signed request is taken once. */
#include "grant/ciba_request.h"
#include "base/ascii.h"
#include "grant/ciba.h"
#include "clientauth/client_keys.h"
#include "scope/resource.h"
#include "store/table/db_event.h"
#include "base/banned.h"

enum { SKEW = 10, LIFE_MAX = 3600, HELD = 60 /* seconds that a request may have waited for this */ }; /* FAPI-CIBA 5.2.2: no more than 60 minutes */
static const char *const parameters[] = {"scope",      "client_notification_token", "acr_values", "login_hint_token", "id_token_hint",
                                         "login_hint", "binding_message",           "user_code",  "requested_expiry", "resource"};
enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

/* ---- signed ---- */

static fallible nothing_beside(const struct form *f)
{
    for (size_t i = 0; i < PARAMETERS; i++)
        if (form_has(f, parameters[i]))
            REFUSE(INVALID_REQUEST, "With a signed request, all parameters must be inside it.", "ciba: parameter beside the request object");
    return OK;
}

static fallible parameter_of(struct context *ctx, const json *value, const char *name, struct form *out)
{
    int64_t number;
    str text = json_text_of(value);
    if (!str_present(text) && str_is(str_of(name), "requested_expiry") && json_integer_of(value, &number))
        text = str_format(ctx->arena, "%lld", (long long)number);
    if (arena_failed(ctx->arena))
        FAIL(UNAVAILABLE, "ciba: no memory");
    if (!str_present(text))
        REFUSE(INVALID_REQUEST, "A claim of the signed request has the wrong type.", "ciba: claim of the request object is no text");
    if (out->count == PARAMETERS + RESOURCES_MAX)
        REFUSE(INVALID_REQUEST, "The signed request names too many resources.", "ciba: too many values in the request object");
    out->fields[out->count++] = (struct form_field){str_of(name), text};
    return OK;
}

static fallible take_request_jti(struct context *ctx, const struct db_client *client, const struct jwt_facts *facts)
{
    bool first;
    str id = str_format(ctx->arena, "%lld %.*s", (long long)client->number, STR_FMT(facts->jti));
    if (!str_present(id))
        FAIL(UNAVAILABLE, "ciba: no memory");
    TRY(db_once_take(ctx->tx, "ciba-request", id, clock_add(facts->expires_at, SKEW + HELD), &first));
    if (!first)
        REFUSE(INVALID_REQUEST, "The signed request was sent before: each one needs a new jti.", "ciba: request object replayed");
    return OK;
}

static fallible judge_ciba_request(struct context *ctx, const struct db_client *client, str token, struct jwt *t, struct jwt_facts *facts)
{
    str registered = client->metadata.backchannel_authentication_request_signing_alg;
    const str audiences[] = {ctx->authority->issuer};
    const struct jwt_rule rule = {.issuer = client->id,
                                  .audiences = audiences,
                                  .audience_count = 1,
                                  .now = ctx->now,
                                  .skew = SKEW,
                                  .life_max = LIFE_MAX,
                                  .span_max = LIFE_MAX,
                                  .age_max = LIFE_MAX,
                                  .need_exp = true,
                                  .need_jti = true,
                                  .need_iat = true,
                                  .need_nbf = true};
    struct jwk_set *keys;
    TRY(jwt_read(ctx->arena, token, t));
    TRY(client_keys_get(ctx, client, t, &keys));
    TRY(jwt_check(ctx->arena, t, keys, str_filled(registered) ? registered : sign_alg_words));
    return jwt_judge(t, &rule, facts);
}

static fallible read_signed_request(struct context *ctx, const struct db_client *client, const struct form *f, struct form *out)
{
    struct jwt t;
    struct jwt_facts facts;
    TRY(nothing_beside(f));
    err judged = judge_ciba_request(ctx, client, form_get(f, "request"), &t, &facts);
    if (judged.kind == ERR_UNAVAILABLE || judged.kind == ERR_SERVER_ERROR || judged.kind == ERR_ELSEWHERE)
        return judged;
    if (FAILED(judged)) /* CIBA Core 13 knows no other word for it */
        return (err){ERR_INVALID_REQUEST, judged.reason};
    TRY(take_request_jti(ctx, client, &facts));
    out->fields = arena_array(ctx->arena, PARAMETERS + RESOURCES_MAX, sizeof *out->fields);
    out->count = 0;
    if (!out->fields)
        FAIL(UNAVAILABLE, "ciba: no memory");
    for (size_t i = 0; i < PARAMETERS; i++) {
        const json *value = json_member(t.claims, parameters[i]);
        bool several = value && json_is_list(value) && form_may_repeat(str_of(parameters[i]));
        for (size_t k = 0; several && k < json_count(value); k++)
            TRY(parameter_of(ctx, json_at(value, k), parameters[i], out));
        if (value && !several)
            TRY(parameter_of(ctx, value, parameters[i], out));
    }
    return OK;
}

/* ---- what was asked ---- */

static fallible judge_hints(const struct form *f)
{
    bool token = str_present(form_get(f, "login_hint_token"));
    int hints = token + str_present(form_get(f, "id_token_hint")) + str_present(form_get(f, "login_hint"));
    if (hints != 1) /* CIBA Core 7.1 */
        REFUSE(INVALID_REQUEST, "Send exactly one of login_hint and id_token_hint.", "ciba: no hint or several");
    if (token)
        REFUSE(INVALID_REQUEST, "This server does not support login_hint_token; send login_hint or id_token_hint.", "ciba: login_hint_token");
    return OK;
}

static fallible judge_binding(str message)
{
    if (!str_present(message))
        return OK;
    if (message.n > CIBA_BINDING_MAX)
        FAIL(INVALID_BINDING_MESSAGE, "ciba: binding message too long");
    for (size_t i = 0; i < message.n; i++)
        if (!ascii_printable(message.p[i]))
            FAIL(INVALID_BINDING_MESSAGE, "ciba: binding message is not plain");
    return OK;
}

fallible ciba_request_read(struct context *ctx, const struct db_client *client, const struct form *f, struct ciba_ask *out)
{
    struct form inside = *f;
    if (form_has(f, "request"))
        TRY(read_signed_request(ctx, client, f, &inside));
    else if (str_filled(client->metadata.backchannel_authentication_request_signing_alg))
        REFUSE(INVALID_REQUEST, "This client is registered to sign its requests: send the parameters as a JWT in request.", "ciba: unsigned request");
    f = &inside;
    TRY(judge_hints(f));
    TRY(judge_binding(form_get(f, "binding_message")));
    if (!str_has_word(form_get(f, "scope"), STR("openid")))
        REFUSE(INVALID_SCOPE, "The scope of a backchannel authentication request must contain openid.", "ciba: no openid");
    *out = (struct ciba_ask){
        .scope = form_get(f, "scope"),
        .notification_token = form_get(f, "client_notification_token"),
        .acr_values = form_get(f, "acr_values"),
        .id_token_hint = form_get(f, "id_token_hint"),
        .login_hint = form_get(f, "login_hint"),
        .binding_message = form_get(f, "binding_message"),
        .requested_expiry = form_get(f, "requested_expiry"),
    };
    return resource_words(ctx, f, &out->resources);
}
