/* SPDX-License-Identifier: MIT
 * token_flow: from a grant to a response that may be believed. */
#include "cli/client/token_flow.h"
#include "fetch/fetch.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(token_flow, .init = begin, .timeout = 60);

Test(token_flow, every_grant_has_a_row)
{
    const char *const words[] = {"authorization_code", "password",       "client_credentials", "refresh_token",
                                 "device_code",        "token_exchange", "jwt_bearer",         "ciba"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const struct token_grant *g = token_flow_grant(str_of(words[i]));
        cr_assert_not_null(g, "%s", words[i]);
        cr_expect((g->prepare == NULL) != (g->redeem == NULL), "%s", words[i]);
    }
    cr_expect_null(token_flow_grant(STR("implicit")));
    cr_expect_null(token_flow_grant(STR_ABSENT));
}
Test(token_flow, a_header_of_an_answer_is_found_by_any_case_and_only_alone)
{
    struct fetch_answer answer = {.headers = STR("HTTP/1.1 200 OK\r\ndpop-nonce:  n1 \r\nA: 1\r\na: 2\r\n\r\n")};
    cr_expect(str_is(fetch_header(&answer, "DPoP-Nonce"), "n1"));
    cr_expect(!str_present(fetch_header(&answer, "A")) && !str_present(fetch_header(&answer, "B")));
}
Test(token_flow, a_header_line_cannot_be_split)
{
    str line = STR("DPoP: a\r\nX: y");
    struct fetch_request request = {.url = STR("http://127.0.0.1:1/"), .headers = &line, .header_count = 1};
    struct fetch_answer answer;
    err e = fetch_run(a, &request, &answer, &trouble);
    cr_assert_eq(e.kind, ERR_INVALID_REQUEST);
}
Test(token_flow, a_jwt_is_decoded_and_anything_else_is_not)
{
    json *both;
    cr_assert(!FAILED(token_flow_decode(a, STR("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA"), &both)));
    cr_assert(str_is(json_member_text(json_member(both, "claims"), "sub"), "x"));
    cr_assert(FAILED(token_flow_decode(a, STR("jtn_at_abc"), &both)));
    cr_assert(FAILED(token_flow_decode(a, STR("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0"), &both)));
    cr_assert(FAILED(token_flow_decode(a, STR("a.b.c.d"), &both)));
}
Test(token_flow, credentials_do_not_travel_in_the_open)
{
    struct fetch_request request = {.url = STR("http://as.example/token"), .form = STR("a=b")};
    struct fetch_answer answer;
    cr_assert(FAILED(fetch_run(a, &request, &answer, &trouble)));
    cr_assert_not_null(strstr(trouble, "loopback"));
}

/* The response of a server that answers the token request with this. */
static err answered_with(const char *body, bool bound, bool *has_claims)
{
    struct standin *s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "client_credentials");
    struct token_flow_result result = {0};
    f.client_secret = STR("hidden");
    if (bound)
        cr_assert(!FAILED(client_key_fresh(a, &f.proof)));
    standin_add(s, (struct standin_row){"/token", 200, NULL, str_of(body), 0});
    standin_begin(s);
    err e = token_flow_run(a, &f, &result, &trouble);
    standin_end(s);
    cr_expect_eq(FAILED(e), result.response == NULL);
    *has_claims = result.claims != NULL;
    return e;
}
Test(token_flow, a_response_needs_a_token_that_can_stand_in_a_header) /* RFC 6749 5.1 */
{
    bool claims;
    cr_expect(!FAILED(answered_with("{\"access_token\":\"t\",\"token_type\":\"Bearer\"}", false, &claims)) && !claims);
    static const char *const wrong[] = {"{}",
                                        "{\"access_token\":\"\"}",
                                        "{\"access_token\":7}",
                                        "{\"access_token\":\"a\\r\\nX: y\"}",
                                        "{\"access_token\":\"\\u001b[2J\"}",
                                        "{\"access_token\":\"\\u00e9\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect(FAILED(answered_with(wrong[i], false, &claims)), "%s", wrong[i]);
}
Test(token_flow, a_token_that_was_to_be_bound_and_is_not_is_refused) /* RFC 9449 5 */
{
    bool claims;
    cr_expect(FAILED(answered_with("{\"access_token\":\"t\",\"token_type\":\"Bearer\"}", true, &claims)));
    cr_expect(FAILED(answered_with("{\"access_token\":\"t\"}", true, &claims)));
    cr_expect(!FAILED(answered_with("{\"access_token\":\"t\",\"token_type\":\"dpop\"}", true, &claims)));
}
Test(token_flow, an_id_token_that_cannot_be_checked_spoils_the_whole)
{
    bool claims;
    cr_expect(FAILED(answered_with("{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"id_token\":\"eyJhbGciOiJub25lIn0.e30.\"}", false, &claims)));
    cr_expect(FAILED(answered_with("{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"id_token\":\"\"}", false, &claims)));
}
