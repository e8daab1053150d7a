/* SPDX-License-Identifier: MIT
 * token_flow, discover, loopback: what is sent, what is believed. */
#include "cli/token_flow.h"
#include "fetch/fetch.h"
#include "cli/loopback.h"
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
static bool judge(const char *query, bool iss_promised)
{
    struct token_flow f = {.server = {.issuer = STR("https://as.example"), .iss_promised = iss_promised}};
    struct token_flow_answer answer = {.state = STR("S"), .query = str_of(query)};
    str code;
    return !FAILED(token_flow_judge(a, &f, &answer, &code, &trouble)) && str_is(code, "C");
}

/* RFC 7636 appendix B */
Test(token_flow, the_challenge_is_the_one_of_the_rfc)
{
    struct token_flow f = {
        .client_id = STR("c"), .scope = STR("a b"), .server = {.authorization_endpoint = STR("https://as/a?x=1")}};
    struct token_flow_secrets secrets = {STR("S"), STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")};
    str address;
    cr_assert(!FAILED(token_flow_address(a, &f, &secrets, STR("http://127.0.0.1:1/callback"), &address)));
    cr_assert(contains(address, "https://as/a?x=1&response_type=code&client_id=c"));
    cr_assert(contains(address, "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"));
    cr_assert(!contains(address, "dBjft"), "the verifier stays here");
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
    cr_assert(str_is(discover_address(a, STR("https://a.example/x"), true),
                     "https://a.example/.well-known/oauth-authorization-server/x"));
    cr_assert(
        str_is(discover_address(a, STR("https://a.example/x"), false), "https://a.example/x/.well-known/openid-configuration"));
    cr_assert(str_is(discover_address(a, STR("https://a.example/"), true),
                     "https://a.example/.well-known/oauth-authorization-server"));
}
Test(token_flow, metadata_of_another_issuer_is_refused)
{
    struct discover_facts facts = {0};
    str document = STR("{\"issuer\":\"https://a.example\",\"token_endpoint\":\"https://a.example/t\","
                       "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]}");
    cr_assert(FAILED(discover_read(a, STR("https://b.example"), document, &facts)));
    cr_assert(!str_present(facts.token_endpoint));
    cr_assert(!FAILED(discover_read(a, STR("https://a.example"), document, &facts)));
    cr_assert(facts.post && !facts.basic && !facts.iss_promised);
    cr_assert(!str_present(facts.authorization_endpoint));
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
    struct loopback l;
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
Test(token_flow, the_loopback_gives_up_at_its_deadline)
{
    struct loopback l;
    str query = STR_ABSENT;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    cr_assert(FAILED(loopback_wait(a, &l, STR("/"), 0, &query)));
    cr_assert(!str_present(query));
    loopback_close(&l);
}
