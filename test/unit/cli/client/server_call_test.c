/* SPDX-License-Identifier: MIT
 * server_call: how the client proves itself, where its secret goes, and what counts as an answer. */
#include "cli/client/server_call.h"
#include "codec/b64url.h"
#include "codec/form.h"
#include "standin.h"

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(server_call, .init = begin, .timeout = 60);

Test(server_call, the_way_of_authentication_is_what_the_server_names)
{
    struct token_flow f = {.client_secret = STR("x")};
    cr_expect_str_eq(server_call_method(&f), "client_secret_basic", "RFC 8414 2: the default");
    f.server.metadata = standin_object(a, "{\"token_endpoint_auth_methods_supported\":[\"client_secret_post\",\"private_key_jwt\"]}");
    cr_expect_str_eq(server_call_method(&f), "client_secret_post");
    f.client_secret = STR_ABSENT;
    cr_expect_str_eq(server_call_method(&f), "none");
    cr_assert(!FAILED(client_key_fresh(a, &f.key)));
    cr_expect_str_eq(server_call_method(&f), "private_key_jwt");
    f.auth_method = STR("none");
    cr_expect_str_eq(server_call_method(&f), "none");
}

static err post(struct standin *s, struct token_flow *f, const struct server_call *call, struct server_answer *out)
{
    *out = (struct server_answer){0};
    standin_begin(s);
    err e = server_call_post(a, f, call, out, &trouble);
    standin_end(s);
    return e;
}
static const struct server_call plain = {.endpoint = "token_endpoint", .form = {"grant_type=x", 12}, .proof = true};
static str sent(struct standin *s, size_t i, const char *name)
{
    struct form form;
    cr_assert(!FAILED(form_parse(a, s->bodies[i], &form)));
    return form_get(&form, name);
}
Test(server_call, the_secret_goes_where_its_way_says_and_nowhere_else)
{
    static const char *const ways[] = {"client_secret_basic", "client_secret_post", "client_secret_jwt", "none"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct standin *s = standin_new(a);
        struct token_flow f = standin_flow(s, a, "client_credentials");
        struct server_answer answer;
        f.client_id = STR("app:1");
        f.client_secret = STR("s:0123456789abcdef0123456789 abcdef%");
        f.auth_method = str_of(ways[i]);
        standin_add(s, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
        cr_assert(!FAILED(post(s, &f, &plain, &answer)), "%s", trouble);
        cr_expect_eq(standin_has(s->heads[0], "Authorization: Basic "), i == 0);
        cr_expect_eq(str_present(sent(s, 0, "client_secret")), i == 1);
        cr_expect_eq(str_present(sent(s, 0, "client_assertion")), i == 2);
        cr_expect_eq(str_present(sent(s, 0, "client_id")), i != 0);
        if (i == 1)
            cr_expect(str_equal(sent(s, 0, "client_secret"), f.client_secret));
        if (i == 0) /* RFC 6749 2.3.1: both are form-encoded first, so that a colon in the id is no border */
            cr_expect(standin_has(s->heads[0], "Basic YXBwJTNBMTpzJTNB"), "%.*s", STR_FMT(s->heads[0]));
        cr_expect(!standin_has(s->heads[0], "abcdef%") && str_is(sent(s, 0, "grant_type"), "x"));
    }
}
Test(server_call, a_redirect_takes_no_secret_along)
{
    static const int statuses[] = {301, 302, 307, 308};
    for (size_t i = 0; i < 4; i++) {
        struct standin *s = standin_new(a), *other = standin_new(a);
        struct token_flow f = standin_flow(s, a, "client_credentials");
        struct server_answer answer;
        f.client_secret = STR("hidden");
        str more = str_format(a, "Location: %.*s/token\r\n", STR_FMT(other->url));
        standin_add(s, (struct standin_row){"/token", statuses[i], more.p, STR("{\"access_token\":\"t\"}"), 0});
        standin_add(other, (struct standin_row){"/token", 200, NULL, STR("{\"access_token\":\"t\"}"), 0});
        standin_begin(other);
        cr_expect(FAILED(post(s, &f, &plain, &answer)), "%d", statuses[i]);
        standin_end(other);
        cr_expect_eq(other->seen, 0);
    }
}
Test(server_call, what_is_no_answer_is_told_and_leaves_nothing)
{
    static char large[BUF_JSON_MAX + 2];
    memset(large, ' ', sizeof large);
    static const struct {
        int status;
        const char *body;
    } rows[] = {{200, "<html>"},           {200, "[]"}, {200, "\"x\""}, {200, ""}, {500, "{}"}, {204, ""}, {200, "{\"a\":1,\"a\":2}"},
                {200, "{\"a\":\"\xff\"}"}, {200, large}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct standin *s = standin_new(a);
        struct token_flow f = standin_flow(s, a, "client_credentials");
        struct server_answer answer;
        str body = rows[i].body == large ? (str){large, sizeof large} : str_of(rows[i].body);
        standin_add(s, (struct standin_row){"/token", rows[i].status, NULL, body, 0});
        cr_expect(FAILED(post(s, &f, &plain, &answer)) && trouble, "%zu", i);
        cr_expect(!answer.body && answer.status == 0, "%zu", i);
        cr_expect_eq(s->seen, 1);
    }
    struct standin *s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "client_credentials");
    struct server_answer answer;
    struct server_call ends = {.endpoint = "revocation_endpoint", .form = STR("token=t"), .empty = true};
    standin_add(s, (struct standin_row){"/revoke", 200, NULL, STR(""), 0});
    cr_expect(!FAILED(post(s, &f, &ends, &answer)) && answer.body == NULL, "RFC 7009 2.2: empty is an answer there");
}
Test(server_call, an_endpoint_that_is_not_named_or_lies_in_the_open_gets_nothing)
{
    struct token_flow f = {.client_id = STR("app"), .client_secret = STR("hidden"), .server = {.metadata = json_object_new(a)}};
    struct server_answer answer;
    cr_expect_eq(server_call_post(a, &f, &plain, &answer, &trouble).kind, ERR_NOT_FOUND);
    json_put_text(a, f.server.metadata, "token_endpoint", STR("http://192.0.2.1/token"));
    cr_expect_eq(server_call_post(a, &f, &plain, &answer, &trouble).kind, ERR_INVALID_REQUEST);
    cr_expect_null(strstr(trouble, "hidden"));
}
static str nonce_of(struct standin *s, size_t i)
{
    size_t at = 0;
    while (at + 6 < s->heads[i].n && !str_equal_nocase((str){s->heads[i].p + at, 6}, STR("DPoP: ")))
        at++;
    cr_assert_lt(at + 6, s->heads[i].n);
    str rest = {s->heads[i].p + at + 6, s->heads[i].n - at - 6};
    json *both;
    cr_assert(!FAILED(token_flow_decode(a, (str){rest.p, str_find(rest, '\r')}, &both)));
    return json_member_text(json_member(both, "claims"), "nonce");
}
Test(server_call, a_wanted_nonce_is_tried_once_with_a_fresh_proof) /* RFC 9449 8 */
{
    struct standin *s = standin_new(a);
    struct token_flow f = standin_flow(s, a, "client_credentials");
    struct server_answer answer;
    cr_assert(!FAILED(client_key_fresh(a, &f.proof)));
    standin_add(s, (struct standin_row){"/token", 400, "DPoP-Nonce: n1\r\n", STR("{\"error\":\"use_dpop_nonce\"}"), 0});
    cr_assert(!FAILED(post(s, &f, &plain, &answer)));
    cr_expect_eq(s->seen, 2, "and not for ever");
    cr_expect(!str_present(nonce_of(s, 0)) && str_is(nonce_of(s, 1), "n1"));
    cr_expect(FAILED(server_call_judge(a, &f, &answer, &trouble)));
    s = standin_new(a);
    f = standin_flow(s, a, "client_credentials");
    standin_add(s, (struct standin_row){"/token", 400, "DPoP-Nonce: n1\r\n", STR("{\"error\":\"use_dpop_nonce\"}"), 0});
    cr_assert(!FAILED(post(s, &f, &plain, &answer)));
    cr_expect_eq(s->seen, 1, "without a key there is nothing to prove");
    cr_expect(FAILED(server_call_judge(a, &f, &answer, &trouble)) && strstr(trouble, "--dpop"));
}
Test(server_call, what_the_server_says_is_told_without_its_control_bytes)
{
    struct token_flow f = {0};
    struct server_answer answer = {.status = 400, .body = standin_object(a, "{\"error_description\":\"a\\u001bb\\u009bc\"}"), .error = STR("invalid_scope")};
    cr_assert(FAILED(server_call_judge(a, &f, &answer, &trouble)));
    for (const char *p = trouble; *p; p++)
        cr_expect(*p >= 0x20 && *p < 0x7f);
    cr_expect(strstr(trouble, "invalid_scope") && strstr(trouble, "--scope") && strstr(trouble, "400"));
    answer.error = STR_ABSENT;
    cr_expect(!FAILED(server_call_judge(a, &f, &answer, &trouble)));
}
