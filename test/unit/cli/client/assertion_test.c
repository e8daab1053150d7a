/* SPDX-License-Identifier: MIT
 * assertion: what a client signs addresses one server and lives shortly. */
#include "cli/client/assertion.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(assertion, .init = begin, .timeout = 60);

/* RFC 9449 4.2 */
Test(assertion, a_proof_names_method_and_bare_address_and_the_token_it_goes_with)
{
    struct token_flow f = {0};
    struct assertion_proof about = {"GET", STR("https://rs.example/x?a=b#c"), STR("T"), STR("N")};
    str jwt, again;
    json *both;
    cr_assert(!FAILED(client_key_fresh(a, &f.proof)));
    cr_assert(!FAILED(assertion_proof(a, &f, &about, &jwt)));
    cr_assert(!FAILED(assertion_proof(a, &f, &about, &again)));
    cr_assert(!str_equal(jwt, again));
    cr_assert(!FAILED(token_flow_decode(a, jwt, &both)));
    const json *header = json_member(both, "header"), *claims = json_member(both, "claims");
    cr_expect(str_is(json_member_text(header, "typ"), "dpop+jwt"));
    cr_expect(str_is(json_member_text(json_member(header, "jwk"), "kty"), "EC"));
    cr_expect_null(json_member(json_member(header, "jwk"), "d"));
    cr_expect_null(json_member(header, "kid"));
    cr_expect(str_is(json_member_text(claims, "htu"), "https://rs.example/x"));
    cr_expect(str_is(json_member_text(claims, "htm"), "GET") && str_is(json_member_text(claims, "nonce"), "N"));
    cr_expect(str_is(json_member_text(claims, "ath"), "5jK3CVsL8ywmD6TFOen9e4UtDeRU6b4m8k0Nb5HQadM"));
    cr_expect_eq(json_member_text(claims, "jti").n, 22);
}
/* RFC 7523 3; the issuer as the only audience */
Test(assertion, an_assertion_addresses_the_issuer_and_lives_for_a_minute)
{
    struct token_flow f = {.client_id = STR("c"), .server = {.issuer = STR("https://as.example")}};
    str jwt;
    json *both;
    int64_t issued = 0, ends = 0;
    cr_assert(!FAILED(client_key_fresh(a, &f.key)));
    cr_assert(!FAILED(assertion_client(a, &f, false, &jwt)));
    cr_assert(!FAILED(token_flow_decode(a, jwt, &both)));
    const json *claims = json_member(both, "claims");
    cr_expect(str_is(json_member_text(claims, "iss"), "c") && str_is(json_member_text(claims, "sub"), "c"));
    cr_expect(str_is(json_member_text(claims, "aud"), "https://as.example"));
    cr_assert(json_integer_of(json_member(claims, "iat"), &issued) && json_integer_of(json_member(claims, "exp"), &ends));
    cr_expect_eq(ends - issued, 60);
    cr_expect(str_equal(json_member_text(json_member(both, "header"), "kid"), f.key->thumbprint));
    f.client_secret = STR("short");
    cr_expect(FAILED(assertion_client(a, &f, true, &jwt)), "RFC 7518 3.2: no HMAC with a short secret");
}

static const json *part_of(str jwt, const char *part)
{
    json *both;
    cr_assert(!FAILED(token_flow_decode(a, jwt, &both)));
    return json_member(both, part);
}
static int64_t number_in(const json *claims, const char *name)
{
    int64_t n = -1;
    cr_expect(json_integer_of(json_member(claims, name), &n), "%s", name);
    return n;
}
Test(assertion, the_audience_is_what_the_person_says_else_the_issuer_else_the_endpoint)
{
    struct token_flow f = {.server = {.metadata = standin_object(a, "{\"token_endpoint\":\"https://as/t\"}")}};
    cr_expect(str_is(assertion_audience(&f), "https://as/t"));
    f.server.issuer = STR("https://as");
    cr_expect(str_is(assertion_audience(&f), "https://as"), "an endpoint could be another server's too");
    f.assertion_audience = STR("urn:told");
    cr_expect(str_is(assertion_audience(&f), "urn:told"));
}
Test(assertion, a_grant_speaks_for_whom_the_person_names_else_for_the_client)
{
    struct token_flow f = {.client_id = STR("app"), .server = {.issuer = STR("https://as")}};
    str jwt;
    cr_assert(!FAILED(client_key_fresh(a, &f.key)) && !FAILED(assertion_grant(a, &f, &jwt)));
    const json *claims = part_of(jwt, "claims");
    cr_expect(str_is(json_member_text(claims, "iss"), "app") && str_is(json_member_text(claims, "sub"), "app"));
    f.assertion_issuer = STR("https://idp");
    cr_assert(!FAILED(assertion_grant(a, &f, &jwt)));
    cr_expect(str_is(json_member_text(part_of(jwt, "claims"), "sub"), "https://idp"));
    f.subject = STR("ada");
    cr_assert(!FAILED(assertion_grant(a, &f, &jwt)));
    claims = part_of(jwt, "claims");
    cr_expect(str_is(json_member_text(claims, "iss"), "https://idp") && str_is(json_member_text(claims, "sub"), "ada"));
    cr_expect_eq(number_in(claims, "exp") - number_in(claims, "iat"), 60);
}
Test(assertion, a_request_object_has_its_own_type_and_lives_while_a_person_reads) /* RFC 9101 4, 10.8 */
{
    struct token_flow f = {.client_id = STR("app"), .server = {.issuer = STR("https://as")}};
    str jwt, other;
    cr_assert(!FAILED(client_key_fresh(a, &f.key)));
    cr_assert(!FAILED(assertion_request(a, &f, standin_object(a, "{\"scope\":\"x\"}"), false, &jwt)));
    const json *claims = part_of(jwt, "claims");
    cr_expect(str_is(json_member_text(part_of(jwt, "header"), "typ"), "oauth-authz-req+jwt"), "so that it is no client assertion");
    cr_expect(str_is(json_member_text(claims, "scope"), "x") && str_is(json_member_text(claims, "aud"), "https://as"));
    cr_expect_eq(number_in(claims, "exp") - number_in(claims, "iat"), 300);
    cr_expect_eq(number_in(claims, "nbf"), number_in(claims, "iat"));
    cr_assert(!FAILED(assertion_request(a, &f, standin_object(a, "{\"scope\":\"x\"}"), true, &other)));
    cr_expect(str_is(json_member_text(part_of(other, "header"), "typ"), "JWT"));
    cr_expect(!str_equal(json_member_text(part_of(other, "claims"), "jti"), json_member_text(claims, "jti")));
}
