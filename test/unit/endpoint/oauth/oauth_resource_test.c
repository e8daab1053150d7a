/* SPDX-License-Identifier: MIT
 * oauth_resource: what the API says of itself as a protected resource (RFC 9728). */
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(oauth_resource, .init = visit_open);

static bool lists(const json *j, const char *member, const char *word)
{
    const json *list = json_member(j, member);
    for (size_t i = 0; i < json_count(list); i++)
        if (str_is(json_text_of(json_at(list, i)), word))
            return true;
    return false;
}

Test(oauth_resource, each_document_names_the_resource_that_its_address_names) /* RFC 9728 3.3 */
{
    struct answer whole = visit_get(NULL, "/.well-known/oauth-protected-resource"), api = visit_get(NULL, "/.well-known/oauth-protected-resource/api/1.0");
    cr_assert(whole.status == 200 && api.status == 200);
    cr_expect(visit_member_is(visit_json(&whole), "resource", FIXTURE_ISSUER) && visit_member_is(visit_json(&api), "resource", FIXTURE_ISSUER "/api/1.0"));
    cr_expect(lists(visit_json(&api), "authorization_servers", FIXTURE_ISSUER) && json_count(json_member(visit_json(&api), "authorization_servers")) == 1);
    cr_expect(str_is(visit_answer_header(&api, "Access-Control-Allow-Origin"), "*"));
}

Test(oauth_resource, its_scopes_are_the_permissions_over_this_server_and_no_others)
{
    struct answer r = visit_get(NULL, "/.well-known/oauth-protected-resource/api/1.0");
    const json *j = visit_json(&r);
    cr_expect(lists(j, "scopes_supported", "view-users") && lists(j, "scopes_supported", "view-own-profile"));
    cr_expect(!lists(j, "scopes_supported", "openid") && !lists(j, "scopes_supported", "read"));
    cr_expect(lists(j, "bearer_methods_supported", "header") && !lists(j, "bearer_methods_supported", "query"));
}

Test(oauth_resource, the_challenge_of_the_api_leads_here) /* RFC 9728 5.1 */
{
    struct answer r = visit_api("GET", STR_ABSENT, "/api/1.0/users", NULL);
    str challenge = visit_answer_header(&r, "WWW-Authenticate");
    const char *place = "resource_metadata=\"" FIXTURE_ISSUER "/.well-known/oauth-protected-resource/api/1.0\"";
    cr_expect(r.status == 401 && challenge.n > 0 && memmem(challenge.p, challenge.n, place, strlen(place)) != NULL);
}

Test(oauth_resource, certificates_are_told_where_they_reach_this_server)
{
    struct answer r = visit_get(NULL, "/.well-known/oauth-protected-resource");
    cr_expect_not(visit_flag(visit_json(&r), "tls_client_certificate_bound_access_tokens"));
    stage.s.authority->certificates = true;
    r = visit_get(NULL, "/.well-known/oauth-protected-resource");
    cr_expect(visit_flag(visit_json(&r), "tls_client_certificate_bound_access_tokens"));
}
