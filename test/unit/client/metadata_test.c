/* SPDX-License-Identifier: MIT
 * metadata: every member goes in, stays, and comes out whole; what may not be registered is refused by name. */
#include "app.h"

#include "base/banned.h"

/* One good value for each member; all of them may stand together but the two sources of keys and the certificate's other names. */
static const struct app_sample samples[] = {
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
    {METADATA_password_grant_single_factor, "true"},
    {METADATA_profile, "oauth2.1"},
    {METADATA_exchange_modes, "impersonation delegation"},
    {METADATA_exchange_audiences, "https://api.example.com\nother"},
    {METADATA_exchange_subjects, "*"},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static struct client_edit full(void)
{
    struct client_edit edit = app_edit();
    for (size_t i = 0; i < SAMPLES; i++)
        edit.metadata[samples[i].member] = str_of(samples[i].value);
    return edit;
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
    const struct db_client *c = app_made(&s, full());
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
    const struct db_client *c = app_made(&s, whole);
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
    const struct db_client *c = app_made(&s, full());
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
