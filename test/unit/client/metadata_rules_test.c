/* SPDX-License-Identifier: MIT
 * metadata_rules: what may be registered, member by member and beside the others, and what is said of the rest. */
#include "app.h"
#include "client/metadata_rules.h"
#include "far.h"

Test(metadata_rules, what_may_not_stand_in_a_member_is_refused_by_its_name)
{
    static const struct app_sample bad[] = {
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
        struct client_edit edit = app_edit();
        edit.metadata[bad[i].member] = str_of(bad[i].value);
        app_expect_refused(&s, edit, metadata_rows[bad[i].member].name);
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

Test(metadata_rules, an_address_at_a_port_that_this_server_may_not_call_is_refused_by_the_setting_s_name)
{
    static const struct app_sample bad[] = {
        {METADATA_jwks_uri, "https://app.example.com:8443/keys"},
        {METADATA_sector_identifier_uri, "https://app.example.com:8443/sector"},
        {METADATA_backchannel_logout_uri, "https://app.example.com:8443/logout"},
        {METADATA_request_uris, "https://app.example.com/one\nhttps://app.example.com:8443/two"},
        {METADATA_backchannel_client_notification_endpoint, "https://app.example.com:8443/ping"},
    };
    struct scene s = scene_new();
    s.authority->policy.fetch.ports = STR("443");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct client_edit edit = app_edit();
        edit.metadata[bad[i].member] = str_of(bad[i].value);
        app_expect_refused(&s, edit, metadata_rows[bad[i].member].name);
        cr_expect(is_told_of_the_setting(&s, edit), "%s", bad[i].value);
    }
}

Test(metadata_rules, ports_that_are_due_pages_and_what_is_inside_are_let)
{
    struct scene s = scene_new();
    struct client_edit edit = app_edit();
    s.authority->policy.fetch.ports = STR("443 8443");
    edit.metadata[METADATA_request_uris] = STR("https://app.example.com:8443/r");
    edit.metadata[METADATA_initiate_login_uri] = STR("https://app.example.com:9443/login");
    edit.metadata[METADATA_backchannel_logout_uri] = STR("https://localhost:9443/logout");
    edit.metadata[METADATA_logo_uri] = STR("https://app.example.com:9443/logo.png");
    (void)app_made(&s, edit);
}

Test(metadata_rules, an_address_that_was_there_stays_when_its_port_is_due_no_more)
{
    struct scene s = scene_new();
    struct client_edit edit = app_edit();
    edit.metadata[METADATA_backchannel_logout_uri] = STR("https://app.example.com:8443/logout");
    str id = app_made(&s, edit)->id;
    s.authority->policy.fetch.ports = STR("443");
    cr_expect(!FAILED(client_change(s.ctx, &actor_owner, id, &edit, &s.p)));
    edit.metadata[METADATA_backchannel_logout_uri] = STR("https://app.example.com:8443/other");
    cr_expect_eq(client_change(s.ctx, &actor_owner, id, &edit, &s.p).kind, ERR_UNPROCESSABLE);
}

Test(metadata_rules, members_that_exclude_or_need_each_other)
{
    struct scene s = scene_new();
    struct client_edit edit = app_edit();
    edit.metadata[METADATA_jwks_uri] = STR("https://app.example.com/jwks");
    app_expect_refused(&s, edit, "jwks_uri");
    edit = app_edit();
    edit.metadata[METADATA_jwks] = STR_ABSENT;
    app_expect_refused(&s, edit, "jwks");
    edit = app_edit();
    edit.auth_method = STR("tls_client_auth");
    app_expect_refused(&s, edit, "tls_client_auth_subject_dn");
    edit.metadata[METADATA_tls_client_auth_san_dns] = STR("a.example.com");
    edit.metadata[METADATA_tls_client_auth_san_ip] = STR("192.0.2.1");
    app_expect_refused(&s, edit, "tls_client_auth_subject_dn");
    edit = app_edit();
    edit.metadata[METADATA_backchannel_token_delivery_mode] = STR("ping");
    app_expect_refused(&s, edit, "backchannel_client_notification_endpoint");
    edit = app_edit();
    edit.metadata[METADATA_subject_type] = STR("pairwise");
    edit.redirect_uris = STR("https://a.example.com/cb\nhttps://b.example.com/cb");
    app_expect_refused(&s, edit, "sector_identifier_uri");
    edit = app_edit();
    edit.metadata[METADATA_application_type] = STR("web");
    edit.redirect_uris = STR("com.example.app:/cb");
    app_expect_refused(&s, edit, "redirect_uris");
}

Test(metadata_rules, pairwise_takes_the_one_host_of_the_redirect_uris)
{
    struct scene s = scene_new();
    struct client_edit edit = app_edit();
    edit.metadata[METADATA_subject_type] = STR("pairwise");
    edit.redirect_uris = STR("https://A.example.com/cb\nhttps://a.example.com/other");
    cr_expect(str_is(app_made(&s, edit)->metadata.sector, "a.example.com"));
}

Test(metadata_rules, each_piece_of_a_list_is_judged_and_empty_is_always_let)
{
    struct arena *a = fixture_arena();
    for (size_t i = 0; i < METADATA_COUNT; i++)
        cr_expect(metadata_rules_refuses(a, i, STR("")) == NULL && metadata_rules_refuses(a, i, STR_ABSENT) == NULL, "%s", metadata_rows[i].name);
    static const struct {
        size_t member;
        const char *value;
        bool good;
    } rows[] = {
        {METADATA_contacts, "a@app.example\nb@app.example", true},
        {METADATA_contacts, "a@app.example\nb\tc", false},
        {METADATA_response_modes, "query jwt", true},
        {METADATA_response_modes, "query Query", false},
        {METADATA_request_uris, "https://app.example/r#one\nhttps://app.example/s", true},
        {METADATA_jwks_uri, "https://app.example/keys#one", false}, /* a fragment is for request_uris alone */
        {METADATA_policy_uri, "https://app.example/policy#one", true},
        {METADATA_jwks_uri, "https://user@app.example/keys", false},
        {METADATA_default_max_age, "0", true},
        {METADATA_default_max_age, "315360000", true},
        {METADATA_default_max_age, "315360001", false},
        {METADATA_default_max_age, "+1", false},
        {METADATA_default_max_age, " 1", false},
        {METADATA_tls_client_auth_san_ip, "2001:db8::1", true},
        {METADATA_tls_client_auth_san_ip, "192.0.2.1/24", false},
        {METADATA_require_auth_time, "True", false},
        {METADATA_token_endpoint_auth_signing_alg, "HS256", true}, /* with the others it is judged: see below */
        {METADATA_token_endpoint_auth_signing_alg, "none", false}, /* AT-05 */
        {METADATA_userinfo_signed_response_alg, "PS256", false},   /* not one that this server signs with */
        {METADATA_jwks, "{\"keys\":[" P256 "]}", true},
        {METADATA_jwks, "{\"keys\":[]}", false},
        {METADATA_jwks, P256, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(metadata_rules_refuses(a, rows[i].member, str_of(rows[i].value)) == NULL, rows[i].good, "%s", rows[i].value);
    char longer[2002];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    memcpy(longer, "https://a/", 10);
    cr_expect(metadata_rules_refuses(a, METADATA_tos_uri, str_of(longer)) != NULL && metadata_rules_refuses(a, METADATA_tos_uri, str_of(longer + 1)) != NULL);
    longer[2000] = '\0';
    cr_expect_null(metadata_rules_refuses(a, METADATA_tos_uri, str_of(longer)));
    cr_expect(metadata_rules_refuses(a, METADATA_software_id, str_of(longer)) != NULL);
}

Test(metadata_rules, what_is_said_names_the_member)
{
    struct arena *a = fixture_arena();
    static const struct app_sample bad[] = {{METADATA_jwks_uri, "http://x"},
                                            {METADATA_subject_type, "x"},
                                            {METADATA_id_token_signed_response_alg, "none"},
                                            {METADATA_request_object_signing_alg, "x"},
                                            {METADATA_jwks, "x"},
                                            {METADATA_jwks_uri, "x"},
                                            {METADATA_default_max_age, "x"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *why = metadata_rules_refuses(a, bad[i].member, str_of(bad[i].value));
        cr_assert_not_null(why);
        struct message m = metadata_rules_message(bad[i].member, why);
        struct problems p = {0};
        problem_tell(&p, "x", a, &m);
        str said = p.rows[0].message;
        cr_expect_not_null(memmem(said.p, said.n, metadata_rows[bad[i].member].name, strlen(metadata_rows[bad[i].member].name)), "%.*s", STR_FMT(said));
        cr_expect_null(memchr(said.p, '{', said.n), "%.*s", STR_FMT(said));
    }
}

Test(metadata_rules, a_shared_secret_signs_for_client_secret_jwt_alone) /* CA-14 */
{
    struct scene s = scene_new();
    struct client_edit edit = app_edit();
    cr_expect(metadata_rules_by_secret(STR("HS256")) && !metadata_rules_by_secret(STR("ES256")) && !metadata_rules_by_secret(STR("HS")));
    edit.auth_method = STR("client_secret_jwt");
    edit.metadata[METADATA_token_endpoint_auth_signing_alg] = STR("ES256");
    app_expect_refused(&s, edit, "token_endpoint_auth_signing_alg");
    edit.auth_method = STR("client_secret_basic");
    edit.metadata[METADATA_token_endpoint_auth_signing_alg] = STR("HS256");
    app_expect_refused(&s, edit, "token_endpoint_auth_signing_alg");
}

static struct client_edit pairwise_edit(const char *redirects)
{
    struct client_edit edit = app_edit();
    edit.metadata[METADATA_subject_type] = STR("pairwise");
    edit.redirect_uris = str_of(redirects);
    return edit;
}

Test(metadata_rules, AT_14_a_sector_is_a_host_of_the_web_and_of_no_other_scheme)
{
    struct scene s = scene_new();
    static const char *const none[] = {"com.example.app://app.example.com/cb", "https://a.example.com/cb\ncom.example.app:/cb", "com.example.app:/cb"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        app_expect_refused(&s, pairwise_edit(none[i]), "sector_identifier_uri");
    struct client_edit poll = pairwise_edit("");
    poll.grants = STR("ciba");
    app_expect_refused(&s, poll, "sector_identifier_uri");
    poll.metadata[METADATA_jwks] = STR_ABSENT;
    poll.metadata[METADATA_jwks_uri] = STR("https://Keys.example.com/jwks"); /* CIBA Core 4 */
    cr_expect(str_is(app_made(&s, poll)->metadata.sector, "keys.example.com"));
    struct client_edit plain = app_edit();
    plain.name = STR("Plain");
    plain.metadata[METADATA_sector] = STR_ABSENT;
    cr_expect_not(str_filled(app_made(&s, plain)->metadata.sector));
}

struct desk {
    struct scene s;
    struct far *far;
    struct client_edit edit;
};

/* Two hosts, so a list at another server must name both addresses. */
static struct desk desk_new(void)
{
    struct desk d = {.s = scene_new()};
    d.far = far_start(d.s.a, "127.0.0.1", 60);
    d.s.authority->policy.fetch = far_manners(d.far, d.s.a);
    d.edit = pairwise_edit("https://a.example.com/cb\nhttps://b.example.com/cb");
    d.edit.metadata[METADATA_sector_identifier_uri] = far_url(d.far, d.s.a, "/sector");
    return d;
}

#define BOTH "[\"https://b.example.com/cb\",\"https://c.example.com/cb\",\"https://a.example.com/cb\"]"

Test(metadata_rules, AT_14_the_list_of_a_sector_holds_every_redirect_uri) /* OpenID Connect Registration 5 */
{
    struct desk d = desk_new();
    static const char *const lists[] = {"[]",
                                        "[\"https://a.example.com/cb\"]",
                                        "{\"https://a.example.com/cb\":1}",
                                        "\"https://a.example.com/cb\"",
                                        "nonsense",
                                        "[\"https://a.example.com/cb\",\"https://b.example.com/cb/\"]"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        far_gives(d.far, "", lists[i]);
        app_expect_refused(&d.s, d.edit, "sector_identifier_uri");
    }
    far_says(d.far, "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n" BOTH);
    app_expect_refused(&d.s, d.edit, "sector_identifier_uri");
    far_gives(d.far, "", BOTH);
    cr_expect(str_is(app_made(&d.s, d.edit)->metadata.sector, "127.0.0.1"));
    far_stop(d.far);
}

Test(metadata_rules, the_list_is_asked_for_when_something_of_it_changes_and_not_after_a_problem)
{
    struct desk d = desk_new();
    far_gives(d.far, "", BOTH);
    struct client_edit wrong = d.edit;
    wrong.metadata[METADATA_logo_uri] = STR("http://x");
    app_expect_refused(&d.s, wrong, "logo_uri");
    cr_expect_eq(atomic_load(&d.far->asked), 0);
    str id = str_dup(d.s.a, app_made(&d.s, d.edit)->id);
    cr_expect_eq(atomic_load(&d.far->asked), 1);
    struct client_edit edit = client_edit_nothing();
    edit.metadata[METADATA_tos_uri] = STR("https://a.example.com/tos");
    assert_done(client_change(d.s.ctx, &actor_owner, id, &edit, &d.s.p));
    cr_expect_eq(atomic_load(&d.far->asked), 1);
    scene_next(&d.s);
    edit.redirect_uris = STR("https://a.example.com/cb\nhttps://evil.example.com/cb");
    expect_kind(client_change(d.s.ctx, &actor_owner, id, &edit, &d.s.p), UNPROCESSABLE);
    cr_expect(problem_at(&d.s.p, "sector_identifier_uri") && atomic_load(&d.far->asked) == 2);
    far_stop(d.far);
}
