/* SPDX-License-Identifier: MIT
 * oauth_metadata: what this server says of itself: the same in both documents, true, and nothing of the request's. */
#include "endpoint/oauth/oauth.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(oauth_metadata, .init = visit_open);

static const json *told(void)
{
    struct answer r = visit_get(NULL, "/.well-known/oauth-authorization-server");
    cr_assert_eq(r.status, 200);
    return visit_json(&r);
}

static bool lists(const json *j, const char *member, const char *word)
{
    const json *list = json_member(j, member);
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_text_of(json_at(list, i)), word))
            return true;
    return false;
}

static struct policy *policy(void)
{
    return &stage.s.authority->policy;
}

Test(oauth_metadata, both_documents_are_one_and_come_from_the_settings) /* MD-01, MD-02 */
{
    struct visit v = {.target = "/.well-known/openid-configuration", .bearer = STR_ABSENT, .more = {{STR("X-Forwarded-Host"), STR("evil.example")}}};
    struct answer one = visit(&v), other = visit_get(NULL, "/.well-known/oauth-authorization-server");
    cr_expect(one.status == 200 && str_equal(one.body, other.body) && visit_member_is(visit_json(&one), "issuer", FIXTURE_ISSUER));
    cr_expect(!visit_shows(&one, "evil.example") && str_is(visit_answer_header(&one, "Access-Control-Allow-Origin"), "*"));
}

Test(oauth_metadata, each_address_is_below_the_issuer_and_has_a_row)
{
    const json *j = told(), *value;
    void *at = NULL;
    str name, start = STR(FIXTURE_ISSUER "/");
    size_t seen = 0;
    while (json_each(j, &at, &name, &value)) {
        if (!str_ends(name, STR("_endpoint")) && !str_ends(name, STR("_uri")))
            continue;
        str address = json_text_of(value);
        cr_assert(str_starts(address, start), "%.*s", STR_FMT(name));
        cr_expect_not_null(route_find_any((str){address.p + start.n - 1, address.n - start.n + 1}), "%.*s", STR_FMT(address));
        seen++;
    }
    cr_expect_gt(seen, 8);
}

Test(oauth_metadata, a_member_is_there_while_its_feature_is_on) /* MD-03 */
{
    static const char *const members[] = {"registration_endpoint", "client_id_metadata_document_supported", "mtls_endpoint_aliases",
                                          "tls_client_certificate_bound_access_tokens", "require_pushed_authorization_requests"};
    const json *j = told();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cr_expect_null(json_member(j, members[i]), "%s", members[i]);
    policy()->registration = REGISTRATION_TOKEN;
    policy()->client_documents = policy()->require_par = true;
    stage.s.authority->certificates = true;
    stage.s.authority->issuer_mtls = STR("https://mtls.example.com");
    j = told();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cr_expect_not_null(json_member(j, members[i]), "%s", members[i]);
    const json *aliases = json_member(j, "mtls_endpoint_aliases");
    cr_expect(visit_member_is(aliases, "token_endpoint", "https://mtls.example.com/oauth/token") && json_member(aliases, "authorization_endpoint") == NULL);
    cr_expect(lists(j, "token_endpoint_auth_methods_supported", "tls_client_auth"));
}

Test(oauth_metadata, what_is_defined_here_is_told)
{
    const json *j = told();
    cr_expect(lists(j, "scopes_supported", "read") && lists(j, "scopes_supported", "openid") && lists(j, "code_challenge_methods_supported", "S256"));
    cr_expect(json_count(json_member(j, "code_challenge_methods_supported")) == 1); /* PK-09 */
    bool removed;
    assert_done(scopes_remove(stage.s.ctx, &actor_owner, STR("read"), &removed));
    cr_expect_not(lists(told(), "scopes_supported", "read"));
}

Test(oauth_metadata, a_profile_of_the_server_narrows_what_is_offered)
{
    const json *before = told();
    cr_expect(lists(before, "grant_types_supported", "password") && lists(before, "token_endpoint_auth_methods_supported", "client_secret_basic"));
    cr_expect(lists(before, "token_endpoint_auth_signing_alg_values_supported", "HS256") && lists(before, "response_modes_supported", "fragment"));
    policy()->profile = PROFILE_FAPI2_MESSAGE_SIGNING;
    const json *j = told();
    cr_expect(!lists(j, "grant_types_supported", "password") && !lists(j, "token_endpoint_auth_methods_supported", "client_secret_basic"));
    cr_expect(!lists(j, "token_endpoint_auth_methods_supported", "none") && lists(j, "token_endpoint_auth_methods_supported", "private_key_jwt"));
    cr_expect(!lists(j, "token_endpoint_auth_signing_alg_values_supported", "HS256") && !lists(j, "token_endpoint_auth_signing_alg_values_supported", "RS256"));
    cr_expect(!lists(j, "response_modes_supported", "query") && lists(j, "response_modes_supported", "query.jwt"));
    cr_expect(visit_flag(j, "require_signed_request_object") && visit_flag(j, "require_pushed_authorization_requests"));
    cr_expect(!lists(j, "dpop_signing_alg_values_supported", "RS256"));
}

Test(oauth_metadata, keys_are_public_halves_and_only_those_that_somebody_needs)
{
    struct answer r = visit_get(NULL, "/oauth/jwks");
    const json *keys = json_member(visit_json(&r), "keys");
    static const char *const private[] = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"};
    cr_assert(r.status == 200 && json_count(keys) > 0);
    for (size_t i = 0; i < json_count(keys); i++)
        for (size_t k = 0; k < sizeof private / sizeof *private; k++)
            cr_expect_null(json_member(json_at(keys, i), private[k]), "%s", private[k]);
    cr_expect(visit_shows(&r, "\"RS256\"") && !visit_shows(&r, "\"EdDSA\"") && !visit_shows(&r, "\"OKP\""));
    struct client_edit edit = client_edit_nothing();
    edit.metadata[METADATA_id_token_signed_response_alg] = STR("EdDSA");
    assert_done(client_change(stage.s.ctx, &actor_owner, STR("web"), &edit, &stage.s.p));
    r = visit_get(NULL, "/oauth/jwks");
    cr_expect(visit_shows(&r, "\"OKP\""));
}

Test(oauth_metadata, memory_that_ends_anywhere_gives_no_half_document)
{
    static const char *const targets[] = {"/.well-known/openid-configuration", "/oauth/jwks"};
    for (size_t i = 0; i < 2; i++) {
        struct visit v = {.target = targets[i], .bearer = STR_ABSENT};
        struct answer r = {0};
        for (size_t n = 1; n < 300 && r.status != 200; n++) {
            v.memory = n;
            r = visit(&v);
            cr_assert(r.status == 200 || r.status == 503, "%zu: %d", n, r.status);
        }
        cr_expect(r.status == 200 && json_is_object(visit_json(&r)));
    }
}
