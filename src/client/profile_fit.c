/* SPDX-License-Identifier: MIT
 * profile_fit: one row for each demand of a profile: what in a registration contradicts it, and what in a registration already fulfils
 * it. Relies on client/profile for which profile demands what. Promises that a client that contradicts the profile to which it is
 * held cannot be registered, and that nobody is said to meet a profile of which a demand would be refused at run time.
 *
 *   contradicts: refused at registration. fulfilled: NULL when the server alone sees to it, once the client is held to the profile. */
#include "client/profile_fit.h"

#include "client/auth_methods.h"
#include "client/redirect_rules.h"

#include "base/banned.h"

typedef bool fit_question(const struct db_client *c);

static bool has_password(const struct db_client *c)
{
    return str_has_word(c->grants, STR("password"));
}

static bool is_public(const struct db_client *c)
{
    return c->is_public;
}

/* FAPI 2.0 Security Profile 5.3.2.1: private_key_jwt or mutual TLS */
static bool weak_auth(const struct db_client *c)
{
    const struct auth_method *method = auth_methods_find(c->auth_method);
    return method == NULL || !(method->keys || method->tls);
}

static bool is_weak_alg(str alg)
{
    return str_filled(alg) && !str_has_word(STR(PROFILE_ALGS_STRONG), alg);
}

static bool weak_algs(const struct db_client *c) /* FAPI 2.0 Security Profile 5.4 */
{
    const struct db_client_metadata *m = &c->metadata;
    return is_weak_alg(m->token_endpoint_auth_signing_alg) || is_weak_alg(m->request_object_signing_alg) || is_weak_alg(m->id_token_signed_response_alg) ||
           is_weak_alg(m->userinfo_signed_response_alg) || is_weak_alg(m->authorization_signed_response_alg) ||
           is_weak_alg(m->introspection_signed_response_alg) || is_weak_alg(m->backchannel_authentication_request_signing_alg);
}

static bool odd_redirects(const struct db_client *c) /* RFC 8252 7; RFC 9700 2.6 */
{
    return !redirect_rules_all_usual(c->redirect_uris) || !redirect_rules_all_usual(c->post_logout_redirect_uris);
}

static bool is_code_client_keyless(const struct db_client *c)
{
    bool asks = str_has_word(c->grants, STR("authorization_code"));
    return asks && !str_present(c->metadata.jwks) && !str_present(c->metadata.jwks_uri);
}

static bool plain_answers_alone(const struct db_client *c)
{
    str modes = c->metadata.response_modes;
    return str_filled(modes) && !str_has_word(modes, STR("jwt")) && !str_has_word(modes, STR("query.jwt")) && !str_has_word(modes, STR("form_post.jwt"));
}

static bool is_pkce_required(const struct db_client *c)
{
    return c->require_pkce || c->is_public;
}

static bool is_par_required(const struct db_client *c)
{
    return c->metadata.require_pushed_authorization_requests;
}

static bool has_bound_tokens(const struct db_client *c)
{
    return c->metadata.dpop_bound_access_tokens || c->metadata.tls_client_certificate_bound_access_tokens;
}

static bool signed_request(const struct db_client *c)
{
    return c->metadata.require_signed_request_object;
}

static bool signed_response(const struct db_client *c)
{
    return str_filled(c->metadata.response_modes); /* and none that contradicts: jwt modes are among them */
}

static bool uses_fragment_mode(const struct db_client *c)
{
    return str_has_word(c->metadata.response_modes, STR("fragment")) || str_has_word(c->metadata.response_modes, STR("fragment.jwt"));
}

static bool signed_introspection(const struct db_client *c)
{
    return str_present(c->metadata.introspection_signed_response_alg);
}

/* clang-format off */
static const struct fit {
    const char *field; /* of the problem */
    fit_question *contradicts, *fulfilled;
} fits[PROFILE_RULE_COUNT] = {
    [PROFILE_RULE_PKCE]                 = {"require_pkce",   NULL,                is_pkce_required},
    [PROFILE_RULE_NO_PASSWORD]          = {"grants",         has_password,        NULL},
    [PROFILE_RULE_REDIRECT_NAMED]       = {"redirect_uris",  NULL,                NULL},
    [PROFILE_RULE_REDIRECT_FIT]         = {"redirect_uris",  odd_redirects,       NULL},
    [PROFILE_RULE_CONFIDENTIAL]         = {"is_public",      is_public,           NULL},
    [PROFILE_RULE_ASYMMETRIC_AUTH]      = {"auth_method",    weak_auth,           NULL},
    [PROFILE_RULE_STRONG_ALGS]          = {"profile",        weak_algs,           NULL},
    [PROFILE_RULE_PUSHED]               = {"require_pushed_authorization_requests", NULL, is_par_required},
    [PROFILE_RULE_SENDER_CONSTRAINED]   = {"dpop_bound_access_tokens", NULL,      has_bound_tokens},
    [PROFILE_RULE_STEADY_REFRESH]       = {"grants",         NULL,                NULL},
    [PROFILE_RULE_ASKED]                = {"first_party",    NULL,                NULL}, /* ours, not FAPI's: who may refuse always can */
    [PROFILE_RULE_CODE_MINUTE]          = {"grants",         NULL,                NULL},
    [PROFILE_RULE_NO_FRAGMENT]          = {"response_modes", uses_fragment_mode,            NULL},
    [PROFILE_RULE_ISSUER_AUDIENCE]      = {"auth_method",    NULL,                NULL},
    [PROFILE_RULE_SIGNED_REQUEST]       = {"jwks",           is_code_client_keyless,             signed_request},
    [PROFILE_RULE_SIGNED_RESPONSE]      = {"response_modes", plain_answers_alone, signed_response},
    [PROFILE_RULE_SIGNED_INTROSPECTION] = {"introspection_signed_response_alg", NULL, signed_introspection},
};
/* clang-format on */

bool profile_fit_misses(const struct context *ctx, const struct db_client *client, enum profile p, enum profile_rule rule)
{
    const struct fit *fit = &fits[rule];
    if (!profile_includes(p, rule))
        return false;
    if (fit->contradicts != NULL && fit->contradicts(client))
        return true;
    return fit->fulfilled != NULL && !fit->fulfilled(client) && !profile_demands(ctx, client, rule);
}

bool profile_fit_meets(const struct context *ctx, const struct db_client *client, enum profile p)
{
    for (int rule = 0; rule < PROFILE_RULE_COUNT; rule++)
        if (profile_fit_misses(ctx, client, p, (enum profile_rule)rule))
            return false;
    return true;
}

json *profile_fit_json(const struct context *ctx, const struct db_client *client)
{
    struct arena *a = ctx->arena;
    json *o = json_object_new(a), *meets = json_list_new(a), *missing = json_object_new(a);
    json_put_text(a, o, "held_to", str_of(profile_name(profile_of(ctx, client))));
    for (int p = PROFILE_NONE + 1; p < PROFILE_COUNT; p++) {
        if (profile_fit_meets(ctx, client, (enum profile)p)) {
            json_add_text(a, meets, str_of(profile_name((enum profile)p)));
            continue;
        }
        json *list = json_list_new(a);
        for (int rule = 0; rule < PROFILE_RULE_COUNT; rule++)
            if (profile_fit_misses(ctx, client, (enum profile)p, (enum profile_rule)rule))
                json_add_text(a, list, str_of(profile_words((enum profile_rule)rule)));
        json_put(a, missing, profile_name((enum profile)p), list);
    }
    json_put(a, o, "meets", meets);
    json_put(a, o, "missing", missing);
    return o;
}

void profile_fit_judge(const struct context *ctx, const struct db_client *next, struct problems *p)
{
    enum profile held = profile_of(ctx, next);
    for (int rule = 0; rule < PROFILE_RULE_COUNT; rule++) {
        const struct fit *fit = &fits[rule];
        if (profile_includes(held, (enum profile_rule)rule) && fit->contradicts != NULL && fit->contradicts(next))
            problem_tell(p, fit->field, ctx->arena,
                         &MESSAGE("The profile {profile}, which this client must meet, requires {what}.", MESSAGE_TEXT("profile", str_of(profile_name(held))),
                                  MESSAGE_WORD("what", profile_words((enum profile_rule)rule))));
    }
}
