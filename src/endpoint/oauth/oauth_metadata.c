/* SPDX-License-Identifier: MIT
 * oauth_metadata: what this server is (RFC 8414, OpenID Connect Discovery 3, and the members that RFC 8705, 9101, 9126, 9207, 9396, 9449,
 * 9701, JARM, CIBA and the logout specifications add), and its keys (RFC 7517). Relies on the tables that do the work: grants, ways to
 * authenticate, response modes, keys, scopes, types of details. Promises that nothing comes from the request (MD-02), that both
 * documents are one (MD-01), and that a member is there only while its feature is on (MD-03).
 *
 * To add a member is to add a row: an ADDRESS below the issuer, WORDS, a FLAG, or a LIST whose items a function writes; in the last column, when. */
#include "codec/url.h"
#include "client/auth_methods.h"
#include "client/profile.h"
#include "endpoint/oauth/oauth.h"
#include "authorize/redirect.h"
#include "token/dpop.h"
#include "base/banned.h"

#define GRANT_DEVICE "urn:ietf:params:oauth:grant-type:device_code"
#define GRANT_CIBA   "urn:openid:params:grant-type:ciba"

/* ---- when ---- */

static bool is_rule_demanded(const struct call *c, enum profile_rule rule) /* of every client */
{
    return profile_includes(c->context->authority->policy.profile, rule);
}

static bool is_grant_offered(const struct call *c, const char *grant)
{
    (void)c;
    return grant_types_offered(str_of(grant)) != NULL;
}

static bool with_device(const struct call *c)
{
    return is_grant_offered(c, GRANT_DEVICE);
}

static bool with_ciba(const struct call *c)
{
    return is_grant_offered(c, GRANT_CIBA);
}

static bool with_certificates(const struct call *c)
{
    return c->context->authority->certificates;
}

static bool with_registration(const struct call *c)
{
    return c->context->authority->policy.registration != REGISTRATION_OFF;
}

static bool with_documents(const struct call *c)
{
    return c->context->authority->policy.client_documents;
}

static bool with_mtls_host(const struct call *c)
{
    return str_filled(c->context->authority->issuer_mtls);
}

static bool with_details(const struct call *c)
{
    return cache_details_any(c->context->snapshot);
}

static bool par_required(const struct call *c)
{
    return c->context->authority->policy.require_par || is_rule_demanded(c, PROFILE_RULE_PUSHED);
}

static bool objects_required(const struct call *c)
{
    return is_rule_demanded(c, PROFILE_RULE_SIGNED_REQUEST);
}

/* ---- what: the items of a list that is open ---- */

static void write_ui_locales(struct call *c, struct json_writer *w)
{
    (void)c;
    for (size_t i = 0; message_language_at(i); i++)
        json_write_text(w, NULL, message_tag(message_language_at(i)));
}

static void write_scopes(struct call *c, struct json_writer *w)
{
    size_t count;
    const struct db_scope **rows = cache_scopes(c->context->snapshot, c->context->arena, &count);
    for (size_t i = 0; i < count; i++)
        json_write_text(w, NULL, rows[i]->name);
}

static void write_grant_types(struct call *c, struct json_writer *w)
{
    for (const struct grant_type *row = grant_types; row < grant_types + GRANT_TYPE_COUNT; row++)
        if (row->pool != GRANT_NOWHERE && (row != &grant_types[GRANT_TYPE_password] || !is_rule_demanded(c, PROFILE_RULE_NO_PASSWORD)))
            json_write_text(w, NULL, str_of(row->wire));
}

/* The ways to authenticate that work here and that the server's profile leaves. */
static void write_auth_methods(struct call *c, struct json_writer *w, bool public_too)
{
    for (const struct auth_method *row = auth_methods; row->name; row++) {
        bool none = str_is(str_of(row->name), "none");
        if (!row->listed || (row->tls && !with_certificates(c)) || (none && (!public_too || is_rule_demanded(c, PROFILE_RULE_CONFIDENTIAL))))
            continue;
        if (row->secret && is_rule_demanded(c, PROFILE_RULE_ASYMMETRIC_AUTH))
            continue;
        json_write_text(w, NULL, str_of(row->name));
    }
}

static void methods_all(struct call *c, struct json_writer *w)
{
    write_auth_methods(c, w, true);
}

static void methods_confidential(struct call *c, struct json_writer *w)
{
    write_auth_methods(c, w, false);
}

static void add_words(struct json_writer *w, str words)
{
    str word;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);)
        json_write_text(w, NULL, word);
}

/* What the signatures of others may be made with, as far as the server's profile goes. */
static str checked_algs(const struct call *c)
{
    return profile_algs(c->context, &(struct db_client){0}, STR_ABSENT);
}

static void algs_assertion(struct call *c, struct json_writer *w)
{
    add_words(w, checked_algs(c));
    if (!is_rule_demanded(c, PROFILE_RULE_ASYMMETRIC_AUTH)) /* client_secret_jwt */
        add_words(w, STR("HS256 HS384 HS512"));
}

static void algs_object(struct call *c, struct json_writer *w)
{
    add_words(w, checked_algs(c));
}

static void algs_own(struct call *c, struct json_writer *w)
{
    enum sign_alg algs[SIGN_ALG_COUNT];
    size_t count = keyring_algs(c->context->keys, algs);
    for (size_t i = 0; i < count; i++)
        json_write_text(w, NULL, str_of(sign_alg_name(algs[i])));
}

static void algs_dpop(struct call *c, struct json_writer *w)
{
    str word;
    for (str rest = dpop_algs; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (!is_rule_demanded(c, PROFILE_RULE_STRONG_ALGS) || str_has_word(checked_algs(c), word))
            json_write_text(w, NULL, word);
}

static void response_modes(struct call *c, struct json_writer *w)
{
    str plain = is_rule_demanded(c, PROFILE_RULE_NO_FRAGMENT) ? STR("query form_post jwt query.jwt form_post.jwt") : redirect_modes;
    add_words(w, is_rule_demanded(c, PROFILE_RULE_SIGNED_RESPONSE) ? STR("jwt query.jwt form_post.jwt") : plain);
}

static void details_types(struct call *c, struct json_writer *w)
{
    size_t count;
    const struct db_details_type **rows = cache_details_types(c->context->snapshot, c->context->arena, &count);
    for (size_t i = 0; i < count; i++)
        json_write_text(w, NULL, rows[i]->type);
}

/* ---- the table ---- */

enum kind { ADDRESS, WORDS, FLAG, LIST, ALIASES };
/* clang-format off */
#define CLAIMS                                                                                                                 \
    "sub iss aud exp iat auth_time nonce acr amr azp at_hash sid name family_name given_name middle_name nickname "           \
    "preferred_username profile picture website gender birthdate zoneinfo locale updated_at email email_verified address "    \
    "phone_number phone_number_verified"
static const struct row {
    const char *member;
    enum kind kind;
    const char *text;           /* ADDRESS: the path; WORDS: the words; FLAG: NULL is false */
    void (*put)(struct call *c, struct json_writer *w); /* LIST */
    bool (*when)(const struct call *c); /* NULL: always */
    bool alias;                 /* ADDRESS: found below issuer_mtls too (RFC 8705 5) */
} table[] = {
    /* RFC 8414 2, OpenID Connect Discovery 3 */
    {"authorization_endpoint",                            ADDRESS, "/oauth/authorize",   NULL,  NULL, false},
    {"token_endpoint",                                    ADDRESS, "/oauth/token",       NULL,  NULL, true},
    {"introspection_endpoint",                            ADDRESS, "/oauth/introspect",  NULL,  NULL, true},
    {"revocation_endpoint",                               ADDRESS, "/oauth/revoke",      NULL,  NULL, true},
    {"userinfo_endpoint",                                 ADDRESS, "/oauth/userinfo",    NULL,  NULL, true},
    {"jwks_uri",                                          ADDRESS, "/oauth/jwks",        NULL,  NULL, false},
    {"scopes_supported",                                  LIST,    NULL, write_scopes,                NULL, false},
    {"response_types_supported",                          WORDS,   "code",               NULL,  NULL, false},
    {"response_modes_supported",                          LIST,    NULL, response_modes,        NULL, false},
    {"grant_types_supported",                             LIST,    NULL, write_grant_types,                NULL, false},
    {"token_endpoint_auth_methods_supported",             LIST,    NULL, methods_all,           NULL, false},
    {"token_endpoint_auth_signing_alg_values_supported",  LIST,    NULL, algs_assertion,        NULL, false},
    {"introspection_endpoint_auth_methods_supported",     LIST,    NULL, methods_confidential,  NULL, false},
    {"introspection_endpoint_auth_signing_alg_values_supported", LIST, NULL, algs_assertion,     NULL, false},
    {"revocation_endpoint_auth_methods_supported",        LIST,    NULL, methods_all,           NULL, false},
    {"revocation_endpoint_auth_signing_alg_values_supported", LIST, NULL, algs_assertion,        NULL, false},
    {"code_challenge_methods_supported",                  WORDS,   "S256",               NULL,  NULL, false}, /* PK-09 */
    {"ui_locales_supported",                              LIST,    NULL, write_ui_locales,             NULL, false},
    {"subject_types_supported",                           WORDS,   "public pairwise",    NULL,  NULL, false},
    {"id_token_signing_alg_values_supported",             LIST,    NULL, algs_own,              NULL, false},
    {"userinfo_signing_alg_values_supported",             LIST,    NULL, algs_own,              NULL, false},
    {"acr_values_supported",                              WORDS,   ACR_WORDS,            NULL,  NULL, false},
    {"display_values_supported",                          WORDS,   "page",               NULL,  NULL, false},
    {"prompt_values_supported",                           WORDS,   "none login consent select_account", NULL, NULL, false},
    {"claim_types_supported",                             WORDS,   "normal",             NULL,  NULL, false},
    {"claims_supported",                                  WORDS,   CLAIMS,               NULL,  NULL, false},
    {"claims_parameter_supported",                        FLAG,    "true",               NULL,  NULL, false},
    /* RFC 9101 10.5, OpenID Connect Core 6 */
    {"request_parameter_supported",                       FLAG,    "true",               NULL,  NULL, false},
    {"request_uri_parameter_supported",                   FLAG,    "true",               NULL,  NULL, false},
    {"require_request_uri_registration",                  FLAG,    "true",               NULL,  NULL, false},
    {"require_signed_request_object",                     FLAG,    "true",               NULL,  objects_required, false},
    {"request_object_signing_alg_values_supported",       LIST,    NULL, algs_object,           NULL, false},
    /* RFC 9126 5, RFC 9207 3, JARM 4, RFC 9396 10, RFC 9449 5.1, RFC 9701 7 */
    {"pushed_authorization_request_endpoint",             ADDRESS, "/oauth/par",         NULL,  NULL, true},
    {"require_pushed_authorization_requests",             FLAG,    "true",               NULL,  par_required, false},
    {"authorization_response_iss_parameter_supported",    FLAG,    "true",               NULL,  NULL, false},
    {"authorization_signing_alg_values_supported",        LIST,    NULL, algs_own,              NULL, false},
    {"authorization_details_types_supported",             LIST,    NULL, details_types,         with_details, false},
    {"dpop_signing_alg_values_supported",                 LIST,    NULL, algs_dpop,             NULL, false},
    {"introspection_signing_alg_values_supported",        LIST,    NULL, algs_own,              NULL, false},
    /* RFC 8705 3.3, 5 */
    {"tls_client_certificate_bound_access_tokens",        FLAG,    "true",               NULL,  with_certificates, false},
    {"mtls_endpoint_aliases",                             ALIASES, NULL, NULL,                  with_mtls_host, false},
    /* RFC 7591 3, client identity metadata documents, RP-Initiated Logout 2.1, Back-Channel Logout 2.1 */
    {"registration_endpoint",                             ADDRESS, "/oauth/register",    NULL,  with_registration, false},
    {"client_id_metadata_document_supported",             FLAG,    "true",               NULL,  with_documents, false},
    {"end_session_endpoint",                              ADDRESS, "/oauth/logout",      NULL,  NULL, false},
    {"backchannel_logout_supported",                      FLAG,    "true",               NULL,  NULL, false},
    {"backchannel_logout_session_supported",              FLAG,    "true",               NULL,  NULL, false},
    /* RFC 8628 4, CIBA Core 4 */
    {"device_authorization_endpoint",                     ADDRESS, "/oauth/device/code", NULL,  with_device, true},
    {"backchannel_authentication_endpoint",               ADDRESS, "/oauth/ciba",        NULL,  with_ciba, true},
    {"backchannel_token_delivery_modes_supported",        WORDS,   "poll ping",          NULL,  with_ciba, false},
    {"backchannel_user_code_parameter_supported",         FLAG,    NULL,                 NULL,  with_ciba, false},
    {"backchannel_authentication_request_signing_alg_values_supported", LIST, NULL, algs_object, with_ciba, false},
};
/* clang-format on */
enum { ROWS = sizeof table / sizeof table[0] };

static str join_base_path(struct call *c, str base, const char *path)
{
    return str_join(c->context->arena, (const str[]){base, str_of(path)}, 2);
}

static void write_mtls_aliases(struct call *c, struct json_writer *w)
{
    for (size_t i = 0; i < ROWS; i++)
        if (table[i].alias && (!table[i].when || table[i].when(c)))
            json_write_text(w, table[i].member, join_base_path(c, c->context->authority->issuer_mtls, table[i].text));
}

static void write_row(struct call *c, struct json_writer *w, const struct row *row)
{
    switch (row->kind) {
    case ADDRESS:
        json_write_text(w, row->member, join_base_path(c, c->context->authority->issuer, row->text));
        return;
    case WORDS:
        json_write_words(w, row->member, str_of(row->text));
        return;
    case FLAG:
        json_write_boolean(w, row->member, row->text != NULL);
        return;
    case LIST:
        json_write_list(w, row->member);
        row->put(c, w);
        json_write_end(w);
        return;
    case ALIASES:
        json_write_object(w, row->member);
        write_mtls_aliases(c, w);
        json_write_end(w);
        return;
    }
}

fallible oauth_metadata_get(struct call *c)
{
    struct json_writer body = call_object(c);
    json_write_text(&body, "issuer", c->context->authority->issuer); /* MD-01 */
    for (size_t i = 0; i < ROWS; i++)
        if (!table[i].when || table[i].when(c))
            write_row(c, &body, &table[i]);
    return call_json(c, 200, &body);
}

/* RS256 and what the server's own profile signs with, always; the others as long as somebody is registered for them: readers that know no OKP
 * fail on a key set that holds one. */
static unsigned published_algs(struct call *c)
{
    unsigned algs = 1U << SIGN_RS256;
    if (is_rule_demanded(c, PROFILE_RULE_STRONG_ALGS))
        algs |= 1U << SIGN_ES256;
    for (unsigned alg = SIGN_NONE_CHOSEN + 1; alg < SIGN_OWN_COUNT; alg++)
        if (cache_sign_alg(c->context->snapshot, (enum sign_alg)alg))
            algs |= 1U << alg;
    return algs;
}

fallible oauth_jwks_get(struct call *c)
{
    str keys = str_dup(c->context->arena, keyring_jwks(c->context->keys, published_algs(c))); /* sent when the keyring may be gone already */
    if (!str_present(keys))
        FAIL(UNAVAILABLE, "metadata: no memory");
    response_body(c->response, 200, "application/jwk-set+json", keys);
    return OK;
}
