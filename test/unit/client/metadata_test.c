/* SPDX-License-Identifier: MIT
 * metadata: every member goes in, stays, and comes out whole; what may not be registered is refused by name. */
#include "people.h"

#include "client/client_rules.h"

#include "base/banned.h"

/* One good value for each member; all of them may stand together but the two sources of keys and the certificate's other names. */
#define P256                                                                                   \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}"
static const struct sample {
    size_t member;
    const char *value;
} samples[] = {
    {METADATA_client_uri, "https://app.example.com/"},
    {METADATA_scope_policy, "only"},
    {METADATA_id_token_claims, "email name"},
    {METADATA_logo_uri, "https://app.example.com/logo.png"},
    {METADATA_tos_uri, "https://app.example.com/tos"},
    {METADATA_policy_uri, "https://app.example.com/policy"},
    {METADATA_contacts, "a@example.com\nb@example.com"},
    {METADATA_software_id, "4NRB1-0XZABZI9E6-5SM3R"},
    {METADATA_software_version, "2.1"},
    {METADATA_application_type, "web"},
    {METADATA_subject_type, "pairwise"},
    {METADATA_id_token_signed_response_alg, "ES256"},
    {METADATA_userinfo_signed_response_alg, "RS256"},
    {METADATA_default_max_age, "3600"},
    {METADATA_require_auth_time, "true"},
    {METADATA_default_acr_values, "urn:one urn:two"},
    {METADATA_initiate_login_uri, "https://app.example.com/login"},
    {METADATA_backchannel_logout_uri, "https://app.example.com/logout"},
    {METADATA_backchannel_logout_session_required, "true"},
    {METADATA_jwks, "{\"keys\":[" P256 "]}"},
    {METADATA_token_endpoint_auth_signing_alg, "PS256"},
    {METADATA_tls_client_auth_san_ip, "192.0.2.1"},
    {METADATA_tls_client_certificate_bound_access_tokens, "true"},
    {METADATA_dpop_bound_access_tokens, "true"},
    {METADATA_request_uris, "https://app.example.com/r#hash\nhttps://app.example.com/s"},
    {METADATA_request_object_signing_alg, "ES256"},
    {METADATA_require_signed_request_object, "true"},
    {METADATA_require_pushed_authorization_requests, "true"},
    {METADATA_response_modes, "query form_post.jwt"},
    {METADATA_authorization_signed_response_alg, "EdDSA"},
    {METADATA_introspection_signed_response_alg, "ES256"},
    {METADATA_authorization_details_types, "payment account"},
    {METADATA_backchannel_token_delivery_mode, "ping"},
    {METADATA_backchannel_client_notification_endpoint, "https://app.example.com/ping"},
    {METADATA_backchannel_authentication_request_signing_alg, "ES256"},
    {METADATA_redirect_custom_schemes, "true"},
    {METADATA_redirect_private_http, "true"},
    {METADATA_profile, "oauth2.1"},
    {METADATA_exchange_modes, "impersonation delegation"},
    {METADATA_exchange_audiences, "https://api.example.com\nother"},
    {METADATA_exchange_subjects, "*"},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static struct client_edit app(void)
{
    struct client_edit edit = client_edit_nothing();
    edit.name = STR("App");
    edit.grants = STR("authorization_code");
    edit.auth_method = STR("private_key_jwt");
    edit.redirect_uris = STR("https://app.example.com/cb");
    edit.metadata[METADATA_jwks] = STR("{\"keys\":[" P256 "]}");
    return edit;
}

static struct client_edit full(void)
{
    struct client_edit edit = app();
    for (size_t i = 0; i < SAMPLES; i++)
        edit.metadata[samples[i].member] = str_of(samples[i].value);
    return edit;
}

static const struct db_client *made(struct scene *s, struct client_edit edit)
{
    struct client_added out = {0};
    err e = client_add(s->ctx, &actor_owner, &edit, &s->p, &out);
    cr_assert(!FAILED(e), "%s: %s", err_why(e), s->p.count ? s->p.rows[0].message.p : "");
    str id = str_dup(s->a, out.client->id);
    scene_next(s);
    return client_find(s->ctx, id);
}

static void expect_full(const struct db_client *c)
{
    for (size_t i = 0; i < SAMPLES; i++)
        cr_expect(str_is(metadata_value(&c->metadata, samples[i].member), samples[i].value), "%s: %.*s", metadata_rows[samples[i].member].name,
                  STR_FMT(metadata_value(&c->metadata, samples[i].member)));
    cr_expect(str_is(c->metadata.sector, "app.example.com"));
}

Test(metadata, every_member_that_can_be_set_has_a_sample)
{
    size_t settable = 0;
    for (size_t i = 0; i < METADATA_COUNT; i++)
        settable += metadata_rows[i].setter != METADATA_BY_SYSTEM;
    cr_expect_eq(SAMPLES, settable - 6); /* jwks_uri, sector_identifier_uri (e2e), and four names of a certificate */
}

Test(metadata, every_member_is_kept_and_an_edit_drops_none_that_it_does_not_name) /* CVE-2026-107623, AD-05 */
{
    struct scene s = scene_new();
    const struct db_client *c = made(&s, full());
    str id = str_dup(s.a, c->id);
    expect_full(c);
    struct client_edit edit = client_edit_nothing();
    edit.description = STR("Changed");
    cr_assert(!FAILED(client_change(s.ctx, &actor_owner, id, &edit, &s.p)));
    scene_next(&s);
    expect_full(client_find(s.ctx, id));
}

Test(metadata, every_member_is_removed_by_an_empty_value)
{
    struct scene s = scene_new();
    struct client_edit whole = full();
    whole.auth_method = STR("client_secret_basic");
    whole.metadata[METADATA_token_endpoint_auth_signing_alg] = STR_ABSENT;
    const struct db_client *c = made(&s, whole);
    str id = str_dup(s.a, c->id);
    struct client_edit edit = client_edit_nothing();
    for (size_t i = 0; i < METADATA_COUNT; i++)
        if (metadata_rows[i].setter != METADATA_BY_SYSTEM)
            edit.metadata[i] = STR("");
    err e = client_change(s.ctx, &actor_owner, id, &edit, &s.p);
    cr_assert(!FAILED(e), "%s: %s", err_why(e), s.p.count ? s.p.rows[0].message.p : "");
    scene_next(&s);
    c = client_find(s.ctx, id);
    for (size_t i = 0; i < METADATA_COUNT; i++)
        cr_expect(!str_present(metadata_value(&c->metadata, i)) || i == METADATA_scope_policy, "%s", metadata_rows[i].name);
    cr_expect(str_is(c->metadata.scope_policy, "only"), "what follows from the list, never more than before");
}

Test(metadata, json_and_back_is_the_same)
{
    struct scene s = scene_new();
    const struct db_client *c = made(&s, full());
    json *o = json_object_new(s.a), *parsed = NULL;
    str text, values[METADATA_COUNT] = {{0}};
    metadata_put(s.a, o, &c->metadata, METADATA_BY_SYSTEM);
    cr_assert(!FAILED(json_text(s.a, o, &text)));
    cr_assert(!FAILED(json_parse(s.a, text, &parsed)));
    metadata_read(s.a, parsed, METADATA_BY_ADMIN, values, &s.p);
    cr_assert_eq(s.p.count, 0);
    for (size_t i = 0; i < SAMPLES; i++)
        cr_expect(str_is(values[samples[i].member], samples[i].value), "%s", metadata_rows[samples[i].member].name);
    cr_expect(!str_present(values[METADATA_sector]) && !str_present(values[METADATA_origin]));
}

Test(metadata, software_cannot_read_in_what_administrators_alone_set)
{
    struct scene s = scene_new();
    json *o = NULL;
    str values[METADATA_COUNT] = {{0}};
    cr_assert(!FAILED(json_parse(s.a,
                                 STR("{\"profile\":\"oauth2.1\",\"exchange_modes\":[\"delegation\"],\"origin\":\"x\","
                                     "\"sector\":\"x\",\"software_id\":\"7\"}"),
                                 &o)));
    metadata_read(s.a, o, METADATA_BY_SOFTWARE, values, &s.p);
    for (size_t i = 0; i < METADATA_COUNT; i++)
        cr_expect_eq(str_present(values[i]), i == METADATA_software_id, "%s", metadata_rows[i].name);
}

Test(metadata, a_member_of_the_wrong_type_is_a_problem_not_an_absence)
{
    struct scene s = scene_new();
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        json *o = NULL;
        str values[METADATA_COUNT] = {{0}};
        const char *odd = metadata_rows[i].kind == METADATA_KIND_TEXT ? "[1]" : "-1.5";
        if (metadata_rows[i].setter == METADATA_BY_SYSTEM)
            continue;
        s.p.count = 0;
        cr_assert(!FAILED(json_parse(s.a, str_format(s.a, "{\"%s\":%s}", metadata_rows[i].name, odd), &o)));
        metadata_read(s.a, o, METADATA_BY_ADMIN, values, &s.p);
        cr_expect_eq(s.p.count, 1, "%s", metadata_rows[i].name);
    }
}

static void expect_refused(struct scene *scene, struct client_edit edit, const char *field)
{
    struct scene s = *scene;
    struct client_added out = {0};
    s.p.count = 0;
    err e = client_add(s.ctx, &actor_owner, &edit, &s.p, &out);
    cr_expect_eq(e.kind, ERR_UNPROCESSABLE, "%s", field);
    bool named = false;
    for (size_t i = 0; i < s.p.count; i++)
        named = named || str_is(str_of(s.p.rows[i].field), field);
    cr_expect(named, "%s is not named", field);
}

Test(metadata, what_may_not_stand_in_a_member_is_refused_by_its_name)
{
    static const struct sample bad[] = {
        {METADATA_logo_uri, "http://app.example.com/x"},
        {METADATA_logo_uri, "javascript:alert(1)"},
        {METADATA_backchannel_logout_uri, "https://app.example.com/#f"},
        {METADATA_request_uris, "https://ok.example.com\nhttp://no.example.com"},
        {METADATA_id_token_signed_response_alg, "none"},
        {METADATA_id_token_signed_response_alg, "HS256"},
        {METADATA_request_object_signing_alg, "none"},
        {METADATA_request_object_signing_alg, "HS256"},
        {METADATA_token_endpoint_auth_signing_alg, "HS256"},
        {METADATA_subject_type, "secret"},
        {METADATA_default_max_age, "-1"},
        {METADATA_require_auth_time, "yes"},
        {METADATA_response_modes, "query web_message"},
        {METADATA_profile, "fapi1"},
        {METADATA_backchannel_token_delivery_mode, "push"},
        {METADATA_tls_client_auth_san_ip, "one"},
        {METADATA_jwks, "[]"},
        {METADATA_jwks, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"},
        {METADATA_sector, "other.example.com"},
        {METADATA_origin, "document"},
    };
    struct scene s = scene_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client_edit edit = app();
        edit.metadata[bad[i].member] = str_of(bad[i].value);
        expect_refused(&s, edit, metadata_rows[bad[i].member].name);
    }
}

static bool is_told_of_the_setting(struct scene *s, struct client_edit edit)
{
    struct client_added out = {0};
    s->p.count = 0;
    if (client_add(s->ctx, &actor_owner, &edit, &s->p, &out).kind != ERR_UNPROCESSABLE || s->p.count == 0)
        return false;
    return memmem(s->p.rows[0].message.p, s->p.rows[0].message.n, "outgoing_ports", 14) != NULL;
}

Test(metadata, an_address_at_a_port_that_this_server_may_not_call_is_refused_by_the_setting_s_name)
{
    static const struct sample bad[] = {
        {METADATA_jwks_uri, "https://app.example.com:8443/keys"},
        {METADATA_sector_identifier_uri, "https://app.example.com:8443/sector"},
        {METADATA_backchannel_logout_uri, "https://app.example.com:8443/logout"},
        {METADATA_request_uris, "https://app.example.com/one\nhttps://app.example.com:8443/two"},
        {METADATA_backchannel_client_notification_endpoint, "https://app.example.com:8443/ping"},
    };
    struct scene s = scene_new();
    s.authority->policy.fetch.ports = STR("443");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client_edit edit = app();
        edit.metadata[bad[i].member] = str_of(bad[i].value);
        expect_refused(&s, edit, metadata_rows[bad[i].member].name);
        cr_expect(is_told_of_the_setting(&s, edit), "%s", bad[i].value);
    }
}

Test(metadata, ports_that_are_due_pages_and_what_is_inside_are_let)
{
    struct scene s = scene_new();
    struct client_edit edit = app();
    s.authority->policy.fetch.ports = STR("443 8443");
    edit.metadata[METADATA_request_uris] = STR("https://app.example.com:8443/r");
    edit.metadata[METADATA_initiate_login_uri] = STR("https://app.example.com:9443/login");
    edit.metadata[METADATA_backchannel_logout_uri] = STR("https://localhost:9443/logout");
    edit.metadata[METADATA_logo_uri] = STR("https://app.example.com:9443/logo.png");
    (void)made(&s, edit);
}

Test(metadata, an_address_that_was_there_stays_when_its_port_is_due_no_more)
{
    struct scene s = scene_new();
    struct client_edit edit = app();
    edit.metadata[METADATA_backchannel_logout_uri] = STR("https://app.example.com:8443/logout");
    str id = made(&s, edit)->id;
    s.authority->policy.fetch.ports = STR("443");
    cr_expect(!FAILED(client_change(s.ctx, &actor_owner, id, &edit, &s.p)));
    edit.metadata[METADATA_backchannel_logout_uri] = STR("https://app.example.com:8443/other");
    cr_expect_eq(client_change(s.ctx, &actor_owner, id, &edit, &s.p).kind, ERR_UNPROCESSABLE);
}

Test(metadata, members_that_exclude_or_need_each_other)
{
    struct scene s = scene_new();
    struct client_edit edit = app();
    edit.metadata[METADATA_jwks_uri] = STR("https://app.example.com/jwks");
    expect_refused(&s, edit, "jwks_uri");
    edit = app();
    edit.metadata[METADATA_jwks] = STR_ABSENT;
    expect_refused(&s, edit, "jwks");
    edit = app();
    edit.auth_method = STR("tls_client_auth");
    expect_refused(&s, edit, "tls_client_auth_subject_dn");
    edit.metadata[METADATA_tls_client_auth_san_dns] = STR("a.example.com");
    edit.metadata[METADATA_tls_client_auth_san_ip] = STR("192.0.2.1");
    expect_refused(&s, edit, "tls_client_auth_subject_dn");
    edit = app();
    edit.metadata[METADATA_backchannel_token_delivery_mode] = STR("ping");
    expect_refused(&s, edit, "backchannel_client_notification_endpoint");
    edit = app();
    edit.metadata[METADATA_subject_type] = STR("pairwise");
    edit.redirect_uris = STR("https://a.example.com/cb\nhttps://b.example.com/cb");
    expect_refused(&s, edit, "sector_identifier_uri");
    edit = app();
    edit.metadata[METADATA_application_type] = STR("web");
    edit.redirect_uris = STR("com.example.app:/cb");
    expect_refused(&s, edit, "redirect_uris");
}

Test(metadata, pairwise_takes_the_one_host_of_the_redirect_uris)
{
    struct scene s = scene_new();
    struct client_edit edit = app();
    edit.metadata[METADATA_subject_type] = STR("pairwise");
    edit.redirect_uris = STR("https://A.example.com/cb\nhttps://a.example.com/other");
    cr_expect(str_is(made(&s, edit)->metadata.sector, "a.example.com"));
}
