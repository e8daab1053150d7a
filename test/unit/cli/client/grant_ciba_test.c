/* SPDX-License-Identifier: MIT
 * grant_ciba: what is asked of the person elsewhere, plain or signed. */
#include "cli/client/grant_rows.h"
#include "codec/form.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(grant_ciba, .init = begin, .timeout = 60);

static err run_ciba(struct standin *s, struct token_flow *f, json **response)
{
    f->login_hint = STR("ada");
    f->binding_message = STR("42");
    f->authorization_details = STR("[{\"type\":\"pay\"}]");
    standin_begin(s);
    err e = grant_ciba(a, f, response, &trouble);
    standin_end(s);
    return e;
}
static void add_usual(struct standin *s)
{
    standin_add(s, (struct standin_row){"/ciba", 200, NULL, STR("{\"auth_req_id\":\"R\",\"expires_in\":600,\"interval\":1}"), 0});
    standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
}
static str sent(struct standin *s, size_t i, const char *name)
{
    struct form form;
    cr_assert(!FAILED(form_parse(a, s->bodies[i], &form)));
    return form_get(&form, name);
}
Test(grant_ciba, openid_is_asked_for_and_the_request_is_polled_by_its_id)
{
    struct standin *s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "ciba");
    json *response = NULL;
    add_usual(s);
    cr_assert(!FAILED(run_ciba(s, &f, &response)), "%s", trouble);
    cr_expect(str_is(sent(s, 0, "scope"), "openid") && str_is(sent(s, 0, "login_hint"), "ada") && str_is(sent(s, 0, "binding_message"), "42"));
    cr_expect(str_is(sent(s, 1, "auth_req_id"), "R") && str_is(sent(s, 1, "grant_type"), "urn:openid:params:grant-type:ciba"));
}
Test(grant_ciba, a_signed_request_carries_everything_inside) /* CIBA 7.1.1 */
{
    struct standin *s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "ciba");
    json *response = NULL, *both;
    add_usual(s);
    f.request_object = true;
    f.auth_method = STR("none");
    cr_assert(!FAILED(client_key_fresh(a, &f.key)));
    cr_assert(!FAILED(run_ciba(s, &f, &response)), "%s", trouble);
    cr_expect(!str_present(sent(s, 0, "login_hint")) && !str_present(sent(s, 0, "scope")));
    cr_assert(!FAILED(token_flow_decode(a, sent(s, 0, "request"), &both)));
    const json *claims = json_member(both, "claims");
    cr_expect(str_is(json_member_text(claims, "login_hint"), "ada") && str_equal(json_member_text(claims, "aud"), s->url));
    cr_expect(json_is_list(json_member(claims, "authorization_details")), "JSON of its own, no text");
}
Test(grant_ciba, an_answer_without_an_id_and_a_refusal_end_it)
{
    static const struct {
        int status;
        const char *body;
    } wrong[] = {{200, "{\"expires_in\":600}"}, {200, "{\"auth_req_id\":\"\"}"}, {400, "{\"error\":\"unknown_user_id\"}"}, {500, "down"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct standin *s = standin_new(a);
        struct token_flow f = standin_flow(s, a, "ciba");
        json *response = NULL;
        standin_add(s, (struct standin_row){"/ciba", wrong[i].status, NULL, str_of(wrong[i].body), 0});
        cr_expect(FAILED(run_ciba(s, &f, &response)), "%zu", i);
        cr_expect_eq(s->seen, 1);
    }
}
