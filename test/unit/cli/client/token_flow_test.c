/* SPDX-License-Identifier: MIT
 * token_flow, discover, loopback: what is sent, what is believed. */
#include "cli/client/token_flow.h"
#include "cli/client/assertion.h"
#include "fetch/fetch.h"
#include "cli/client/grant_code.h"
#include "cli/client/grant_rows.h"
#include "cli/client/server_call.h"
#include "cli/client/loopback.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = arena_new(1 << 20);
    trouble = NULL;
}
static void end(void)
{
    arena_release(a);
}
TestSuite(token_flow, .init = begin, .fini = end);

static bool contains(str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}
static json *object(const char *text)
{
    json *j;
    cr_assert(!FAILED(json_parse(a, str_of(text), &j)));
    return j;
}
static bool judge(const char *query, bool iss_promised)
{
    struct token_flow f = {.server = {.issuer = STR("https://as.example"), .iss_promised = iss_promised}};
    str code;
    return !FAILED(grant_code_judge(a, &f, STR("S"), str_of(query), &code, &trouble)) && str_is(code, "C");
}

/* RFC 7636 appendix B */
Test(token_flow, the_challenge_is_the_one_of_the_rfc)
{
    struct token_flow f = {
        .client_id = STR("c"), .scope = STR("a b"), .max_age = -1, .server = {.metadata = object("{\"authorization_endpoint\":\"https://as/a?x=1\"}")}};
    struct grant_code_secrets secrets = {STR("S"), STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), STR("http://127.0.0.1:1/callback")};
    str address;
    cr_assert(!FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_assert(contains(address, "https://as/a?x=1&response_type=code&client_id=c"));
    cr_assert(contains(address, "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"));
    cr_assert(!contains(address, "dBjft"), "the verifier stays here");
    cr_assert(!contains(address, "max_age") && !contains(address, "nonce"));
    f.scope = STR("openid");
    cr_assert(!FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_assert(contains(address, "nonce=") && f.nonce.n >= 43);
}
Test(token_flow, an_authorization_endpoint_in_the_open_is_refused)
{
    struct token_flow f = {.client_id = STR("c"), .server = {.metadata = object("{\"authorization_endpoint\":\"http://as.example/a\"}")}};
    struct grant_code_secrets secrets = {STR("S"), STR("V"), STR("http://127.0.0.1:1/callback")};
    str address;
    cr_assert(FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_assert_not_null(strstr(trouble, "https://"));
}
Test(token_flow, an_answer_needs_our_state_and_the_right_issuer)
{
    cr_expect(judge("code=C&state=S", false));
    cr_expect(judge("code=C&state=S&iss=https%3A%2F%2Fas.example", true));
    cr_expect(!judge("code=C", false));
    cr_expect(!judge("code=C&state=T", false));
    cr_expect(!judge("code=C&state=S&iss=https%3A%2F%2Fevil.example", false));
    cr_expect(!judge("code=C&state=S", true), "a promised iss is missing");
    cr_expect(!judge("state=S", false));
    cr_expect(!judge("code=C&code=C&state=S", false));
}
/* JARM 2.4 */
Test(token_flow, a_plain_answer_is_no_signed_one)
{
    struct token_flow f = {.response_mode = STR("form_post.jwt"), .server = {.issuer = STR("https://as.example")}};
    str code;
    cr_assert(FAILED(grant_code_judge(a, &f, STR("S"), STR("code=C&state=S"), &code, &trouble)));
    cr_assert_not_null(strstr(trouble, "not signed"));
}
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
static int64_t waits[4];
static size_t waited;
static void note_wait(int64_t seconds)
{
    waits[waited++ % 4] = seconds;
}
Test(token_flow, the_server_s_interval_is_waited_before_the_first_question)
{
    struct token_flow f = {
        .grant = token_flow_grant(STR("device_code")), .wait = note_wait, .server = {.metadata = object("{\"token_endpoint\":\"http://127.0.0.1:1/t\"}")}};
    const struct grant_poll poll = {"device_code", STR("D"), object("{\"interval\":7,\"expires_in\":30}")};
    json *response;
    cr_assert(FAILED(grant_poll(a, &f, &poll, &response, &trouble)), "nobody listens there");
    cr_expect_eq(waited, 1);
    cr_expect_eq(waits[0], 7);
}
/* RFC 8628 3.5, CIBA 11 */
Test(token_flow, polling_slows_down_when_told_and_ends_at_any_other_word)
{
    cr_expect_eq(grant_poll_next(STR("authorization_pending"), 5), 5);
    cr_expect_eq(grant_poll_next(STR("authorization_pending"), 0), 1, "never at the speed of the network");
    cr_expect_eq(grant_poll_next(STR("slow_down"), 5), 10);
    cr_expect_eq(grant_poll_next(STR("slow_down"), 299), 300);
    cr_expect_lt(grant_poll_next(STR("expired_token"), 5), 0);
    cr_expect_lt(grant_poll_next(STR_ABSENT, 5), 0);
}
Test(token_flow, the_way_of_authentication_is_what_the_server_names)
{
    struct token_flow f = {.client_secret = STR("x")};
    cr_expect_str_eq(server_call_method(&f), "client_secret_basic", "RFC 8414 2: the default");
    f.server.metadata = object("{\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",\"private_key_jwt\"]}");
    cr_expect_str_eq(server_call_method(&f), "client_secret_post");
    f.client_secret = STR_ABSENT;
    cr_expect_str_eq(server_call_method(&f), "none");
    cr_assert(!FAILED(client_key_fresh(a, &f.key)));
    cr_expect_str_eq(server_call_method(&f), "private_key_jwt");
    f.auth_method = STR("none");
    cr_expect_str_eq(server_call_method(&f), "none");
}
/* RFC 8705 5 */
Test(token_flow, a_certificate_goes_to_the_aliases)
{
    struct discover_facts facts = {.metadata = object("{\"token_endpoint\":\"https://a/t\",\"userinfo_endpoint\":\"https://a/u\","
                                                      "\"mtls_endpoint_aliases\":{\"token_endpoint\":\"https://m/t\"}}")};
    cr_expect(str_is(discover_endpoint(&facts, "token_endpoint", true), "https://m/t"));
    cr_expect(str_is(discover_endpoint(&facts, "token_endpoint", false), "https://a/t"));
    cr_expect(str_is(discover_endpoint(&facts, "userinfo_endpoint", true), "https://a/u"));
    cr_expect(!str_present(discover_endpoint(&facts, "revocation_endpoint", true)));
}
/* RFC 9449 4.2 */
Test(token_flow, a_proof_names_method_and_bare_address_and_the_token_it_goes_with)
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
Test(token_flow, an_assertion_addresses_the_issuer_and_lives_for_a_minute)
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
Test(token_flow, a_refusal_is_told_without_control_bytes)
{
    cr_assert(!judge("error=access_denied&error_description=a%0Ab&state=S", false));
    cr_assert_not_null(strstr(trouble, "access_denied: a?b"));
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
/* RFC 8414 3.1 and OpenID Connect Discovery 4.1 */
Test(token_flow, the_well_known_part_goes_where_each_standard_puts_it)
{
    cr_assert(str_is(discover_address(a, STR("https://a.example/x"), true), "https://a.example/.well-known/oauth-authorization-server/x"));
    cr_assert(str_is(discover_address(a, STR("https://a.example/x"), false), "https://a.example/x/.well-known/openid-configuration"));
    cr_assert(str_is(discover_address(a, STR("https://a.example/"), true), "https://a.example/.well-known/oauth-authorization-server"));
}
Test(token_flow, metadata_of_another_issuer_is_refused)
{
    struct discover_facts facts = {0};
    str document = STR("{\"issuer\":\"https://a.example\",\"token_endpoint\":\"https://a.example/t\","
                       "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]}");
    cr_assert(FAILED(discover_read(a, STR("https://b.example"), document, &facts)));
    cr_assert_null(facts.metadata);
    cr_assert(!FAILED(discover_read(a, STR("https://a.example"), document, &facts)));
    cr_assert(discover_lists(&facts, "token_endpoint_auth_methods_supported", "client_secret_post", false));
    cr_assert(!facts.iss_promised && !discover_lists(&facts, "token_endpoint_auth_methods_supported", "client_secret_basic", true));
    cr_assert(!str_present(discover_endpoint(&facts, "authorization_endpoint", false)));
}
Test(token_flow, credentials_do_not_travel_in_the_open)
{
    struct fetch_request request = {.url = STR("http://as.example/token"), .form = STR("a=b")};
    struct fetch_answer answer;
    cr_assert(FAILED(fetch_run(a, &request, &answer, &trouble)));
    cr_assert_not_null(strstr(trouble, "loopback"));
}

static void ask(uint16_t port, const char *request)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char answer[1024];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && write(fd, request, strlen(request)) > 0) {
        while (read(fd, answer, sizeof answer) > 0)
            continue;
    }
    close(fd);
}
static void *browser(void *port)
{
    ask(*(uint16_t *)port, "GET /favicon.ico HTTP/1.1\r\n\r\n");
    ask(*(uint16_t *)port, "POST /callback?code=evil HTTP/1.1\r\n\r\n");
    ask(*(uint16_t *)port, "GET /callback?code=C&state=S HTTP/1.1\r\nHost: x\r\n\r\n");
    return NULL;
}
Test(token_flow, the_loopback_takes_one_get_of_its_path, .timeout = 20)
{
    struct loopback l = {0};
    pthread_t thread;
    str query;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    cr_assert_neq(l.port, 0);
    cr_assert_eq(pthread_create(&thread, NULL, browser, &l.port), 0);
    cr_assert(!FAILED(loopback_wait(a, &l, STR("/callback"), 10, &query)));
    cr_assert(str_is(query, "code=C&state=S"));
    pthread_join(thread, NULL);
    loopback_close(&l);
}
static void *poster(void *port)
{
    ask(*(uint16_t *)port, "POST /other HTTP/1.1\r\nContent-Length: 6\r\n\r\ncode=X");
    ask(*(uint16_t *)port, "POST /callback HTTP/1.1\r\nContent-Length: 999999\r\n\r\ncode=Y");
    ask(*(uint16_t *)port, "POST /callback HTTP/1.1\r\ncontent-length: 14\r\nHost: x\r\n\r\ncode=C&state=S");
    return NULL;
}
Test(token_flow, the_loopback_takes_a_form_when_one_was_asked_for, .timeout = 20)
{
    struct loopback l = {.posts = true};
    pthread_t thread;
    str query;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    cr_assert_eq(pthread_create(&thread, NULL, poster, &l.port), 0);
    cr_assert(!FAILED(loopback_wait(a, &l, STR("/callback"), 10, &query)));
    cr_assert(str_is(query, "code=C&state=S"), "%.*s", STR_FMT(query));
    pthread_join(thread, NULL);
    loopback_close(&l);
}
Test(token_flow, the_loopback_gives_up_at_its_deadline)
{
    struct loopback l;
    str query = STR_ABSENT;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    cr_assert(FAILED(loopback_wait(a, &l, STR("/"), 0, &query)));
    cr_assert(!str_present(query));
    loopback_close(&l);
}
