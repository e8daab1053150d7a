/* SPDX-License-Identifier: MIT
 * grant_code: what is asked, what came back, and the way through a browser. */
#include "cli/client/grant_code.h"
#include "cli/client/grant_rows.h"
#include "codec/form.h"
#include "codec/percent.h"
#include "codec/url.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(grant_code, .init = begin, .timeout = 60);

static bool judge(const char *query, bool iss_promised)
{
    struct token_flow f = {.server = {.issuer = STR("https://as.example"), .iss_promised = iss_promised}};
    str code;
    return !FAILED(grant_code_judge(a, &f, STR("S"), str_of(query), &code, &trouble)) && str_is(code, "C");
}
/* RFC 7636 appendix B */
Test(grant_code, the_challenge_is_the_one_of_the_rfc)
{
    struct token_flow f = {.client_id = STR("c"),
                           .scope = STR("a b"),
                           .max_age = -1,
                           .server = {.metadata = standin_object(a, "{\"authorization_endpoint\":\"https://as/a?x=1\"}")}};
    struct grant_code_secrets secrets = {STR("S"), STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), STR("http://127.0.0.1:1/callback")};
    str address;
    cr_assert(!FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_assert(standin_has(address, "https://as/a?x=1&response_type=code&client_id=c"));
    cr_assert(standin_has(address, "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"));
    cr_assert(!standin_has(address, "dBjft"), "the verifier stays here");
    cr_assert(!standin_has(address, "max_age") && !standin_has(address, "nonce"));
    f.scope = STR("openid");
    cr_assert(!FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_assert(standin_has(address, "nonce=") && f.nonce.n >= 43);
}
Test(grant_code, an_authorization_endpoint_in_the_open_is_refused)
{
    struct token_flow f = {.client_id = STR("c"), .server = {.metadata = standin_object(a, "{\"authorization_endpoint\":\"http://as.example/a\"}")}};
    struct grant_code_secrets secrets = {STR("S"), STR("V"), STR("http://127.0.0.1:1/callback")};
    str address;
    cr_assert(FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_assert_not_null(strstr(trouble, "https://"));
}
Test(grant_code, an_answer_needs_our_state_and_the_right_issuer)
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
Test(grant_code, a_plain_answer_is_no_signed_one)
{
    struct token_flow f = {.response_mode = STR("form_post.jwt"), .server = {.issuer = STR("https://as.example")}};
    str code;
    cr_assert(FAILED(grant_code_judge(a, &f, STR("S"), STR("code=C&state=S"), &code, &trouble)));
    cr_assert_not_null(strstr(trouble, "not signed"));
}
Test(grant_code, a_refusal_is_told_without_control_bytes)
{
    cr_assert(!judge("error=access_denied&error_description=a%0Ab&state=S", false));
    cr_assert_not_null(strstr(trouble, "access_denied: a?b"));
}

Test(grant_code, an_authorization_endpoint_that_is_no_plain_address_is_refused)
{
    static const char *const wrong[] = {"https://as.example/a#x", "as.example", "javascript:alert(1)", "https://as.example/\x1b[2J", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct token_flow f = {.client_id = STR("c"), .max_age = -1, .server = {.metadata = json_object_new(a)}};
        struct grant_code_secrets secrets = {STR("S"), STR("V"), STR("http://127.0.0.1:1/callback")};
        str address;
        json_put_text(a, f.server.metadata, "authorization_endpoint", str_of(wrong[i]));
        cr_expect(FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)), "%s", wrong[i]);
    }
}

/* ---- a browser: opens what is shown, and brings back what `brings` makes of the request */
static struct standin *s;
static const char *(*brings)(const struct form *request);
static str shown_address;
static struct form asked;
static pthread_t browser_thread;
static char browser_got[2048];
static void *go_back(void *unused)
{
    (void)unused;
    struct url u;
    uint64_t port = 0;
    cr_assert(!FAILED(url_parse(form_get(&asked, "redirect_uri"), &u)) && !FAILED(str_u64(u.port, 65535, &port)));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    char request[4096];
    int n = snprintf(request, sizeof request, "GET %.*s?%s HTTP/1.1\r\nHost: x\r\n\r\n", STR_FMT(u.path), brings(&asked));
    standin_send(fd, request, (size_t)n);
    size_t at = 0;
    for (ssize_t got; at + 1 < sizeof browser_got && (got = recv(fd, browser_got + at, sizeof browser_got - 1 - at, 0)) > 0;)
        at += (size_t)got;
    close(fd);
    return NULL;
}
static void open_browser(str sentence)
{
    size_t line = str_find(sentence, '\n');
    shown_address = str_dup(a, (str){sentence.p + line + 1, sentence.n - line - 1});
    size_t mark = str_find(shown_address, '?');
    cr_assert(!FAILED(form_parse(a, (str){shown_address.p + mark + 1, shown_address.n - mark - 1}, &asked)));
    cr_assert_eq(pthread_create(&browser_thread, NULL, go_back, NULL), 0);
}
static const char *bring_code(const struct form *request)
{
    return str_format(s->a, "code=C%%2F1&state=%.*s", STR_FMT(form_get(request, "state"))).p;
}
static const char *bring_foreign_state(const struct form *request)
{
    (void)request;
    return "code=EVIL&state=other";
}
static const char *bring_foreign_issuer(const struct form *request)
{
    return str_format(s->a, "code=EVIL&iss=https%%3A%%2F%%2Fevil.example&state=%.*s", STR_FMT(form_get(request, "state"))).p;
}
static err walk(const char *(*how)(const struct form *), struct token_flow *f, struct token_flow_result *result)
{
    brings = how;
    f->show = open_browser;
    standin_begin(s);
    err e = token_flow_run(a, f, result, &trouble);
    standin_end(s);
    pthread_join(browser_thread, NULL);
    return e;
}
static str sent_to_token(const char *name)
{
    struct form form;
    cr_assert(s->seen > 0 && !FAILED(form_parse(a, s->bodies[s->seen - 1], &form)));
    return str_dup(a, form_get(&form, name));
}
Test(grant_code, the_code_is_redeemed_with_the_verifier_of_the_challenge)
{
    struct token_flow_result result = {0};
    s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "authorization_code");
    standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\",\"token_type\":\"Bearer\"}"), 0});
    cr_assert(!FAILED(walk(bring_code, &f, &result)), "%s", trouble);
    cr_expect(str_starts(shown_address, str_format(a, "%.*s/authorize?", STR_FMT(s->url))));
    cr_expect(str_is(sent_to_token("code"), "C/1") && str_is(sent_to_token("grant_type"), "authorization_code"));
    cr_expect(str_equal(sent_to_token("redirect_uri"), form_get(&asked, "redirect_uri")));
    cr_expect(str_starts(form_get(&asked, "redirect_uri"), STR("http://127.0.0.1:")) && str_ends(form_get(&asked, "redirect_uri"), STR("/callback")));
    str verifier = sent_to_token("code_verifier");
    cr_expect(verifier.n >= 43 && !standin_has(shown_address, verifier.p), "RFC 7636 4.1: it stays here until now");
    cr_expect(str_is(form_get(&asked, "code_challenge_method"), "S256") && form_get(&asked, "code_challenge").n == 43);
    cr_expect(strstr(browser_got, "200 OK") && strstr(browser_got, "no-referrer"));
}
Test(grant_code, a_foreign_answer_is_not_redeemed)
{
    const char *(*const foreign[])(const struct form *) = {bring_foreign_state, bring_foreign_issuer};
    for (size_t i = 0; i < 2; i++) {
        struct token_flow_result result = {0};
        s = standin_new(a);
        struct token_flow f = standin_flow(s, a, "authorization_code");
        cr_expect(FAILED(walk(foreign[i], &f, &result)) && !result.response);
        cr_expect_eq(s->seen, 0, "the code of a stranger goes to nobody");
    }
}
Test(grant_code, state_nonce_and_verifier_are_new_each_time)
{
    struct token_flow_result result;
    str states[2], nonces[2], challenges[2];
    for (size_t i = 0; i < 2; i++) {
        s = standin_new(a);
        struct token_flow f = standin_flow(s, a, "authorization_code");
        f.scope = STR("openid");
        (void)walk(bring_code, &f, &result);
        states[i] = str_dup(a, form_get(&asked, "state"));
        nonces[i] = str_dup(a, form_get(&asked, "nonce"));
        challenges[i] = str_dup(a, form_get(&asked, "code_challenge"));
        cr_expect(states[i].n == 43 && nonces[i].n == 43 && !str_equal(states[i], nonces[i]));
    }
    cr_expect(!str_equal(states[0], states[1]) && !str_equal(nonces[0], nonces[1]) && !str_equal(challenges[0], challenges[1]));
}
Test(grant_code, a_pushed_request_leaves_only_its_name_in_the_address) /* RFC 9126 4 */
{
    struct token_flow_result result = {0};
    s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "authorization_code");
    f.pushed = true;
    f.scope = STR("read");
    standin_add(s, (struct standin_row){"/par", 201, NULL, STR("{\"request_uri\":\"urn:x:1\",\"expires_in\":60}"), 0});
    struct grant_code_secrets secrets = {STR("S"), STR("V"), STR("http://127.0.0.1:1/callback")};
    str address;
    standin_begin(s);
    err e = grant_code_address(a, &f, &secrets, &address, &trouble);
    standin_end(s);
    cr_assert(!FAILED(e), "%s", trouble);
    cr_expect(str_ends(address, STR("/authorize?client_id=app&request_uri=urn%3Ax%3A1")), "%.*s", STR_FMT(address));
    cr_expect(standin_has(s->bodies[0], "state=S") && standin_has(s->bodies[0], "code_challenge="));
    s = standin_new(a);
    f = standin_flow(s, a, "authorization_code");
    json_put_boolean(a, f.server.metadata, "require_pushed_authorization_requests", true);
    standin_add(s, (struct standin_row){"/par", 201, NULL, STR("{\"expires_in\":60}"), 0});
    standin_begin(s);
    cr_expect(FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)), "the server demands it, and then gives no name");
    standin_end(s);
    cr_expect_eq(s->seen, 1);
    (void)result;
}
Test(grant_code, a_signed_request_needs_a_key_and_hides_the_rest) /* RFC 9101 */
{
    s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "authorization_code");
    struct grant_code_secrets secrets = {STR("S"), STR("V"), STR("http://127.0.0.1:1/callback")};
    str address;
    json_put_boolean(a, f.server.metadata, "require_signed_request_object", true);
    cr_expect(FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_assert(!FAILED(client_key_fresh(a, &f.key)));
    cr_assert(!FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
    cr_expect(standin_has(address, "request=ey") && !standin_has(address, "state=S") && !standin_has(address, "redirect_uri"));
    f.claims = STR("{not json");
    cr_expect(FAILED(grant_code_address(a, &f, &secrets, &address, &trouble)));
}
Test(grant_code, a_redirect_beyond_loopback_is_refused_before_anything_is_shown)
{
    static const char *const wrong[] = {"http://192.0.2.1/cb",   "https://127.0.0.1/cb",   "http://127.0.0.1/cb?x=1",
                                        "http://127.0.0.1/cb#f", "http://evil.example/cb", "cb"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        s = standin_new(a);
        struct token_flow f = standin_flow(s, a, "authorization_code");
        struct token_flow_result result = {0};
        f.redirect_uri = str_of(wrong[i]);
        cr_expect(FAILED(token_flow_run(a, &f, &result, &trouble)), "%s", wrong[i]);
        cr_expect_eq(standin_shown[0], '\0');
        close(s->listener);
    }
}
