/* SPDX-License-Identifier: MIT
 * discover: whose metadata is believed, and where it is looked for. */
#include "cli/client/discover.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(discover, .init = begin, .timeout = 60);

/* RFC 8705 5 */
Test(discover, a_certificate_goes_to_the_aliases)
{
    struct discover_facts facts = {.metadata = standin_object(a, "{\"token_endpoint\":\"https://a/t\",\"userinfo_endpoint\":\"https://a/u\","
                                                                 "\"mtls_endpoint_aliases\":{\"token_endpoint\":\"https://m/t\"}}")};
    cr_expect(str_is(discover_endpoint(&facts, "token_endpoint", true), "https://m/t"));
    cr_expect(str_is(discover_endpoint(&facts, "token_endpoint", false), "https://a/t"));
    cr_expect(str_is(discover_endpoint(&facts, "userinfo_endpoint", true), "https://a/u"));
    cr_expect(!str_present(discover_endpoint(&facts, "revocation_endpoint", true)));
}
/* RFC 8414 3.1 and OpenID Connect Discovery 4.1 */
Test(discover, the_well_known_part_goes_where_each_standard_puts_it)
{
    cr_assert(str_is(discover_address(a, STR("https://a.example/x"), true), "https://a.example/.well-known/oauth-authorization-server/x"));
    cr_assert(str_is(discover_address(a, STR("https://a.example/x"), false), "https://a.example/x/.well-known/openid-configuration"));
    cr_assert(str_is(discover_address(a, STR("https://a.example/"), true), "https://a.example/.well-known/oauth-authorization-server"));
}
Test(discover, metadata_of_another_issuer_is_refused)
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

#define OAUTH  "/.well-known/oauth-authorization-server"
#define OPENID "/.well-known/openid-configuration"
static str document_of(str issuer)
{
    return str_format(a, "{\"issuer\":\"%.*s\",\"token_endpoint\":\"%.*s/token\"}", STR_FMT(issuer), STR_FMT(issuer));
}
/* Asks a server that has these rows. */
static err run_against(struct standin *s, struct discover_facts *facts)
{
    standin_begin(s);
    *facts = (struct discover_facts){0};
    err e = discover_run(a, s->url, STR_ABSENT, facts, &trouble);
    standin_end(s);
    return e;
}
Test(discover, both_addresses_are_asked_and_a_page_at_one_is_passed_over)
{
    struct standin *s = standin_new(a);
    struct discover_facts facts;
    standin_add(s, (struct standin_row){OAUTH, 200, "Content-Type: text/html\r\n", STR("<html>hello</html>"), 0});
    standin_add(s, (struct standin_row){OPENID, 200, NULL, document_of(s->url), 0});
    cr_assert(!FAILED(run_against(s, &facts)), "%s", trouble);
    cr_expect_eq(s->seen, 2);
    cr_expect(str_equal(facts.issuer, s->url) && str_present(discover_endpoint(&facts, "token_endpoint", false)));
}
Test(discover, the_first_that_fits_is_taken_and_the_second_not_asked)
{
    struct standin *s = standin_new(a);
    struct discover_facts facts;
    standin_add(s, (struct standin_row){OAUTH, 200, NULL, document_of(s->url), 0});
    cr_assert(!FAILED(run_against(s, &facts)));
    cr_expect_eq(s->seen, 1);
}
Test(discover, another_issuers_a_broken_and_an_endless_document_are_refused)
{
    static char large[BUF_JSON_MAX + 1];
    memset(large, ' ', sizeof large);
    const str wrong[] = {document_of(STR("http://127.0.0.1:1")), STR("{\"issuer\":"), STR("[]"), STR("{}"), STR(""), {large, sizeof large}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct standin *s = standin_new(a);
        struct discover_facts facts;
        standin_add(s, (struct standin_row){OAUTH, 200, NULL, wrong[i], 0});
        cr_expect(FAILED(run_against(s, &facts)), "%zu", i);
        cr_expect(trouble && facts.metadata == NULL && !str_present(facts.issuer), "%zu", i);
    }
}
Test(discover, a_redirect_is_not_followed)
{
    struct standin *s = standin_new(a), *other = standin_new(a);
    struct discover_facts facts;
    str more = str_format(a, "Location: %.*s/elsewhere\r\n", STR_FMT(other->url));
    standin_add(other, (struct standin_row){"/elsewhere", 200, NULL, document_of(s->url), 0});
    standin_add(s, (struct standin_row){OAUTH, 302, more.p, STR(""), 0});
    standin_add(s, (struct standin_row){OPENID, 307, more.p, STR(""), 0});
    standin_begin(other);
    cr_expect(FAILED(run_against(s, &facts)));
    standin_end(other);
    cr_expect_eq(other->seen, 0);
    cr_expect_eq(s->seen, 2);
}
Test(discover, a_server_that_hangs_up_or_is_not_there_is_told)
{
    struct standin *s = standin_new(a);
    struct discover_facts facts;
    standin_add(s, (struct standin_row){OAUTH, 0, NULL, STR(""), 0});
    cr_expect(FAILED(run_against(s, &facts)) && trouble);
    trouble = NULL;
    cr_expect(FAILED(discover_run(a, s->url, STR_ABSENT, &facts, &trouble)) && trouble, "nobody listens any more");
}
