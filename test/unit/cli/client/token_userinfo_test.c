/* SPDX-License-Identifier: MIT
 * token_userinfo: whom an answer must speak of, and where the token goes. */
#include "cli/client/token_userinfo.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(token_userinfo, .init = begin, .timeout = 60);

static err ask_server(struct standin *s, struct token_flow *f, const char *id_claims, json **claims)
{
    struct token_flow_result result = {.response = standin_object(a, "{\"access_token\":\"T1\"}")};
    if (id_claims)
        result.claims = standin_object(a, id_claims);
    *claims = NULL;
    standin_begin(s);
    err e = token_userinfo_get(a, f, &result, claims, &trouble);
    standin_end(s);
    cr_expect_eq(FAILED(e), *claims == NULL);
    return e;
}
/* One answer of one server. */
static err answered(int status, const char *more, str body, const char *id_claims)
{
    struct standin *s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "client_credentials");
    json *claims;
    standin_add(s, (struct standin_row){"/userinfo", status, more, body, 0});
    err e = ask_server(s, &f, id_claims, &claims);
    cr_expect_eq(s->seen, 1);
    cr_expect(standin_has(s->heads[0], "Authorization: Bearer T1\r\n"));
    return e;
}
Test(token_userinfo, the_answer_speaks_of_the_person_of_the_id_token) /* OpenID Connect Core 5.3.2 */
{
    str ada = STR("{\"sub\":\"ada\",\"name\":\"Ada\"}");
    cr_expect(!FAILED(answered(200, NULL, ada, "{\"sub\":\"ada\"}")));
    cr_expect(!FAILED(answered(200, NULL, ada, NULL)), "no ID token: nobody to compare with");
    cr_expect(FAILED(answered(200, NULL, ada, "{\"sub\":\"eve\"}")));
    cr_expect(FAILED(answered(200, NULL, ada, "{}")));
    cr_expect(FAILED(answered(200, NULL, STR("{\"name\":\"Ada\"}"), NULL)));
    cr_expect(FAILED(answered(200, NULL, STR("{\"sub\":\"\"}"), NULL)));
    cr_expect(FAILED(answered(200, NULL, STR("{\"sub\":7}"), NULL)));
}
Test(token_userinfo, what_is_no_answer_is_refused)
{
    cr_expect(FAILED(answered(200, NULL, STR("[]"), NULL)) && FAILED(answered(200, NULL, STR("sub=ada"), NULL)) && FAILED(answered(200, NULL, STR(""), NULL)));
    cr_expect(FAILED(answered(401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", STR("{\"sub\":\"ada\"}"), NULL)));
    cr_expect_not_null(strstr(trouble, "invalid_token"));
    cr_expect(FAILED(answered(302, "Location: http://127.0.0.1:1/\r\n", STR("{\"sub\":\"ada\"}"), NULL)), "a redirect takes no token along");
    struct token_flow f = {.server = {.metadata = json_object_new(a)}};
    struct token_flow_result result = {.response = standin_object(a, "{\"access_token\":\"T1\"}")};
    json *claims = NULL;
    cr_expect_eq(token_userinfo_get(a, &f, &result, &claims, &trouble).kind, ERR_NOT_FOUND);
    json_put_text(a, f.server.metadata, "userinfo_endpoint", STR("http://192.0.2.1/userinfo"));
    cr_expect(FAILED(token_userinfo_get(a, &f, &result, &claims, &trouble)), "no token in the open");
}
Test(token_userinfo, a_signed_answer_is_checked)
{
    for (int honest = 0; honest < 2; honest++) {
        struct standin *s = standin_new(a);
        struct token_flow f = standin_flow(s, a, "client_credentials");
        const struct client_key *key, *other;
        json *claims = json_object_new(a), *out;
        cr_assert(!FAILED(client_key_fresh(a, &key)) && !FAILED(client_key_fresh(a, &other)));
        json_put_text(a, claims, "iss", s->url);
        json_put_text(a, claims, "aud", STR("app"));
        json_put_text(a, claims, "sub", STR("ada"));
        standin_add(s, (struct standin_row){"/jwks", 200, NULL, standin_jwks(a, key), 0});
        standin_add(
            s, (struct standin_row){"/userinfo", 200, "Content-Type: application/jwt; charset=utf-8\r\n", standin_sign(a, honest ? key : other, claims), 0});
        cr_expect_eq(FAILED(ask_server(s, &f, NULL, &out)), !honest, "%s", trouble);
    }
}
Test(token_userinfo, a_bound_token_comes_with_a_proof_and_a_wanted_nonce_is_tried_once) /* RFC 9449 7.1, 9 */
{
    struct standin *s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "client_credentials");
    json *claims;
    cr_assert(!FAILED(client_key_fresh(a, &f.proof)));
    standin_add(s, (struct standin_row){"/userinfo", 401, "DPoP-Nonce: n1\r\n", STR(""), 1});
    standin_add(s, (struct standin_row){"/userinfo", 200, NULL, STR("{\"sub\":\"ada\"}"), 0});
    cr_expect(!FAILED(ask_server(s, &f, NULL, &claims)), "%s", trouble);
    cr_expect_eq(s->seen, 2);
    cr_expect(standin_has(s->heads[1], "Authorization: DPoP T1\r\n") && standin_has(s->heads[1], "DPoP: ey"));
    s = standin_new(a);
    standin_add(s, (struct standin_row){"/userinfo", 401, "DPoP-Nonce: n1\r\n", STR(""), 1});
    standin_add(s, (struct standin_row){"/userinfo", 401, "DPoP-Nonce: n2\r\n", STR(""), 0});
    struct token_flow again = standin_flow(s, a, "client_credentials");
    again.proof = f.proof;
    cr_expect(FAILED(ask_server(s, &again, NULL, &claims)));
    cr_expect_eq(s->seen, 2, "and not for ever, whatever nonce comes next");
}
