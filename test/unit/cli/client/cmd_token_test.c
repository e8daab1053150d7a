/* SPDX-License-Identifier: MIT
 * cmd_token: the whole command against a server of the test's own: what is wrong usage, what goes out, what is printed. */
#include "../console.h"
#include "standin.h"
#include <fcntl.h>
#include <sys/stat.h>

#define OAUTH "/.well-known/oauth-authorization-server"

static struct console c;
static struct standin *s;
static const char *issuer;
static void begin(void)
{
    c = console_bare();
    s = standin_new(c.a);
    issuer = s->url.p;
}
TestSuite(cmd_token, .init = begin, .timeout = 60);

static void add_metadata(void)
{
    str text = str_format(c.a,
                          "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/token\",\"userinfo_endpoint\":\"%s/userinfo\",\"jwks_uri\":\"%s/jwks\","
                          "\"introspection_endpoint\":\"%s/introspect\",\"revocation_endpoint\":\"%s/revoke\"}",
                          issuer, issuer, issuer, issuer, issuer, issuer);
    standin_add(s, (struct standin_row){OAUTH, 200, NULL, text, 0});
}
static void add_row(const char *path, int status, const char *body)
{
    standin_add(s, (struct standin_row){path, status, NULL, str_of(body), 0});
}
static int run_to_end(const char *const *words)
{
    standin_begin(s);
    int status = console_run(&c, words);
    standin_end(s);
    return status;
}
#define TOKEN(...) run_to_end((const char *const[]){"token", ##__VA_ARGS__, NULL})
#define BASICS     "--issuer", issuer, "--client-id", "app", "--client-secret-stdin", "--grant", "client_credentials"

Test(cmd_token, what_is_missing_or_in_vain_is_wrong_usage_and_nobody_is_asked)
{
    static const char *const lines[][12] = {
        {"token"},
        {"token", "--issuer", "https://as.example"},
        {"token", "--grant", "client_credentials", "--client-id", "x"},
        {"token", "--issuer", "https://as.example", "--grant", "client_credentials"},
        {"token", "--issuer", "https://as.example", "--grant", "client_credentials", "--client-id", "x"},
        {"token", "--issuer", "https://as.example", "--grant", "implicit", "--client-id", "x"},
        {"token", "--issuer", "https://as.example", "--grant", "password", "--client-id", "x"},
        {"token", "--issuer", "https://as.example", "--grant", "password", "--client-id", "x", "--username", "ada"},
        {"token", "--issuer", "https://as.example", "--grant", "ciba", "--client-id", "x"},
        {"token", "--issuer", "https://as.example", "--grant", "jwt_bearer"},
        {"token", "--issuer", "https://as.example", "--grant", "device_code", "--client-id", "x", "--par"},
        {"token", "--issuer", "https://as.example", "--grant", "device_code", "--client-id", "x", "--alg", "ES256"},
        {"token", "--issuer", "https://as.example", "--grant", "authorization_code", "--client-id", "x", "--claims", "{"},
        {"token", "--issuer", "https://as.example", "--grant", "authorization_code", "--client-id", "x", "--request-object"},
        {"token", "--issuer", "https://as.example", "--grant", "authorization_code", "--client-id", "x", "--auth-method", "client_secret_post"},
        {"token", "--issuer", "https://as.example", "--grant", "authorization_code", "--client-id", "x", "--cert", "f"},
        {"token", "--token-endpoint", "https://as.example/t", "--grant", "device_code", "--client-id", "x"},
        {"token", "introspect"},
        {"token", "introspect", "--issuer", "https://as.example"},
        {"token", "revoke", "--issuer", "https://as.example", "--token-type-hint", "id_token"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_expect_eq(console_run(&c, lines[i]), COMMAND_USAGE, "%zu: %.*s", i, STR_FMT(c.err));
        cr_expect(c.out.n == 0 && console_lines(c.err) == 1, "%zu", i);
    }
}
Test(cmd_token, the_token_alone_or_the_whole_response_is_printed)
{
    add_metadata();
    add_row("/token", 200, "{\"access_token\":\"T1\",\"token_type\":\"Bearer\",\"scope\":\"read\"}");
    c.input = "hidden secret\n";
    cr_assert_eq(TOKEN(BASICS, "--scope", "read"), COMMAND_DONE, "%.*s", STR_FMT(c.err));
    cr_expect(str_is(c.out, "T1\n"), "%.*s", STR_FMT(c.out));
    cr_expect_eq(s->seen, 2);
    cr_expect(standin_has(s->bodies[1], "grant_type=client_credentials") && standin_has(s->bodies[1], "scope=read"));
    cr_expect(standin_has(s->heads[1], "Authorization: Basic ") && !standin_has(s->heads[0], "Authorization"), "the secret goes to the token endpoint alone");
    s = standin_new(c.a);
    issuer = s->url.p;
    add_metadata();
    add_row("/token", 200, "{\"access_token\":\"T1\",\"token_type\":\"Bearer\",\"scope\":\"read\"}");
    c.input = "hidden secret\n";
    cr_assert_eq(TOKEN(BASICS, "--json"), COMMAND_DONE);
    cr_expect(str_is(json_member_text(console_parse(&c), "scope"), "read"));
    cr_expect(!console_has(c.out, "hidden") && !console_has(c.err, "hidden"));
}
Test(cmd_token, endpoints_that_are_told_need_no_metadata)
{
    str endpoint = str_format(c.a, "%s/own", issuer);
    add_row("/own", 200, "{\"access_token\":\"T1\",\"token_type\":\"Bearer\"}");
    c.input = "hidden\n";
    cr_assert_eq(TOKEN("--token-endpoint", endpoint.p, "--client-id", "app", "--client-secret-stdin", "--grant", "client_credentials"), COMMAND_DONE, "%.*s",
                 STR_FMT(c.err));
    cr_expect_eq(s->seen, 1);
}
Test(cmd_token, an_endpoint_that_is_told_beats_the_one_of_the_metadata)
{
    str endpoint = str_format(c.a, "%s/own", issuer), jwks = str_format(c.a, "%s/keys", issuer);
    add_metadata();
    add_row("/own", 200, "{\"access_token\":\"T1\",\"token_type\":\"Bearer\"}");
    add_row("/device", 200, "{\"device_code\":\"D\",\"user_code\":\"U\",\"verification_uri\":\"https://as/\",\"interval\":0}");
    s->rows[0].body =
        str_format(c.a, "{\"issuer\":\"%s\",\"token_endpoint\":\"%s/token\",\"device_authorization_endpoint\":\"%s/device\"}", issuer, issuer, issuer);
    cr_assert_eq(TOKEN("--issuer", issuer, "--token-endpoint", endpoint.p, "--jwks-uri", jwks.p, "--client-id", "app", "--grant", "device_code"), COMMAND_DONE,
                 "%.*s", STR_FMT(c.err));
    cr_expect(str_is(c.out, "T1\n"));
    cr_expect(standin_has(s->heads[2], "POST /own "), "%.*s", STR_FMT(s->heads[2]));
}
Test(cmd_token, what_a_server_does_wrong_is_refused_in_one_line_and_prints_nothing)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {{400, "{\"error\":\"invalid_client\",\"error_description\":\"no\\u001b[2J\\n\"}"},
                {200, "{\"token_type\":\"Bearer\"}"},
                {200, "<html>"},
                {302, ""},
                {200, "{\"access_token\":\"T1\",\"id_token\":\"a.b.c\"}"},
                {0, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s = standin_new(c.a);
        issuer = s->url.p;
        add_metadata();
        add_row("/token", rows[i].status, rows[i].body);
        c.input = "hidden\n";
        cr_expect_eq(TOKEN(BASICS, "--json"), COMMAND_REFUSED, "%zu", i);
        cr_expect(c.out.n == 0 && console_lines(c.err) == 1 && !console_has(c.err, "\x1b") && !console_has(c.err, "hidden"), "%zu: %.*s", i, STR_FMT(c.err));
    }
}
Test(cmd_token, a_server_of_another_name_never_sees_the_secret)
{
    str text = str_format(c.a, "{\"issuer\":\"https://other.example\",\"token_endpoint\":\"%s/token\"}", issuer);
    standin_add(s, (struct standin_row){OAUTH, 200, NULL, text, 0});
    add_row("/token", 200, "{\"access_token\":\"T1\"}");
    c.input = "hidden\n";
    cr_expect_eq(TOKEN(BASICS), COMMAND_REFUSED);
    cr_expect_eq(c.out.n, 0);
    for (size_t i = 0; i < s->seen; i++)
        cr_expect(standin_has(s->heads[i], "GET /.well-known/"), "%.*s", STR_FMT(s->heads[i]));
}
Test(cmd_token, a_grant_that_the_metadata_does_not_offer_is_told)
{
    add_metadata();
    cr_expect_eq(TOKEN("--issuer", issuer, "--client-id", "app", "--grant", "device_code"), COMMAND_REFUSED);
    cr_expect(console_has(c.err, "device_authorization_endpoint"));
    cr_expect_eq(s->seen, 1);
}
Test(cmd_token, userinfo_stands_beside_the_token_or_in_the_response)
{
    for (int as_json = 0; as_json < 2; as_json++) {
        s = standin_new(c.a);
        issuer = s->url.p;
        add_metadata();
        add_row("/token", 200, "{\"access_token\":\"T1\",\"token_type\":\"Bearer\"}");
        add_row("/userinfo", 200, "{\"sub\":\"ada\"}");
        c.input = "hidden\n";
        cr_assert_eq(TOKEN(BASICS, "--userinfo", as_json ? "--json" : NULL), COMMAND_DONE, "%.*s", STR_FMT(c.err));
        if (as_json)
            cr_expect(str_is(json_member_text(json_member(console_parse(&c), "userinfo"), "sub"), "ada"));
        else
            cr_expect(str_is(c.out, "T1\n{\"sub\":\"ada\"}\n"), "%.*s", STR_FMT(c.out));
    }
}
Test(cmd_token, claims_of_a_stranger_steer_no_terminal_in_any_form)
{
    static const char *const ways[][2] = {{"--userinfo", NULL}, {"--userinfo", "--json"}, {"--decode", NULL}, {"--decode", "--json"}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        s = standin_new(c.a);
        issuer = s->url.p;
        add_metadata(); /* the payload: {"sub":"x", CSI of eight bits, "2J"} */
        add_row("/token", 200, "{\"access_token\":\"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4wpsySiJ9.AAAA\",\"token_type\":\"Bearer\"}");
        add_row("/userinfo", 200, "{\"sub\":\"ada\\u009b2J\"}");
        c.input = "hidden\n";
        cr_assert_eq(TOKEN(BASICS, ways[i][0], ways[i][1]), COMMAND_DONE, "%.*s", STR_FMT(c.err));
        cr_expect(console_has(c.out, "\\u009b2J") && !console_has(c.out, "\xc2\x9b"), "%.*s", STR_FMT(c.out));
    }
}
Test(cmd_token, an_opaque_token_is_not_decoded_and_a_jwt_is)
{
    add_metadata();
    add_row("/token", 200, "{\"access_token\":\"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA\",\"token_type\":\"Bearer\"}");
    c.input = "hidden\n";
    cr_assert_eq(TOKEN(BASICS, "--decode"), COMMAND_DONE);
    cr_expect(str_is(json_member_text(json_member(console_parse(&c), "claims"), "sub"), "x"));
    s = standin_new(c.a);
    issuer = s->url.p;
    add_metadata();
    add_row("/token", 200, "{\"access_token\":\"opaque\",\"token_type\":\"Bearer\"}");
    c.input = "hidden\n";
    cr_assert_eq(TOKEN(BASICS, "--decode"), COMMAND_DONE);
    cr_expect(str_is(c.out, "opaque\n") && console_lines(c.err) == 1);
}
Test(cmd_token, two_secrets_are_read_in_the_order_of_their_options)
{
    add_metadata();
    add_row("/token", 200, "{\"access_token\":\"T1\",\"token_type\":\"Bearer\"}");
    c.input = "the password\nthe secret\n";
    cr_assert_eq(TOKEN("--issuer", issuer, "--grant", "password", "--username", "ada", "--password-stdin", "--client-id", "app", "--client-secret-stdin",
                       "--auth-method", "client_secret_post"),
                 COMMAND_DONE, "%.*s", STR_FMT(c.err));
    cr_expect(standin_has(s->bodies[1], "&password=the%20password&") && standin_has(s->bodies[1], "client_secret=the%20secret"), "%.*s", STR_FMT(s->bodies[1]));
}
Test(cmd_token, a_key_that_others_can_read_is_not_used)
{
    str file = str_format(c.a, "%s/key.pem", fixture_directory());
    int fd = open(file.p, O_WRONLY | O_CREAT | O_EXCL, 0644);
    cr_assert(fd >= 0 && fchmod(fd, 0644) == 0 && close(fd) == 0);
    add_metadata();
    cr_expect_eq(TOKEN("--issuer", issuer, "--client-id", "app", "--grant", "client_credentials", "--key", file.p), COMMAND_REFUSED);
    cr_expect(console_has(c.err, "chmod 600"));
    cr_expect_eq(s->seen, 1, "metadata alone was asked for");
}
Test(cmd_token, a_question_about_a_token_is_answered_as_it_is_and_a_wrong_answer_is_none) /* RFC 7662 2.2, RFC 7009 2.2 */
{
    add_metadata();
    add_row("/introspect", 200, "{\"active\":true,\"sub\":\"ada\"}");
    c.input = "hidden\nT1\n";
    cr_assert_eq(run_to_end((const char *const[]){"token", "introspect", "--issuer", issuer, "--client-id", "app", "--client-secret-stdin", "--token-stdin",
                                                  "--token-type-hint", "access_token", "--json", NULL}),
                 COMMAND_DONE, "%.*s", STR_FMT(c.err));
    cr_expect(console_flag(console_parse(&c), "active"));
    cr_expect(standin_has(s->bodies[1], "token=T1") && standin_has(s->bodies[1], "token_type_hint=access_token"));
    static const char *const wrong[] = {"{}", "{\"active\":\"true\"}", "", "[]", "{\"active\":1}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        s = standin_new(c.a);
        issuer = s->url.p;
        add_metadata();
        add_row("/introspect", 200, wrong[i]);
        c.input = "T1\n";
        cr_expect_eq(run_to_end((const char *const[]){"token", "introspect", "--issuer", issuer, "--token-stdin", NULL}), COMMAND_REFUSED, "%s", wrong[i]);
        cr_expect_eq(c.out.n, 0);
    }
    s = standin_new(c.a);
    issuer = s->url.p;
    add_metadata();
    add_row("/revoke", 200, "");
    c.input = "T1\n";
    cr_expect_eq(run_to_end((const char *const[]){"token", "revoke", "--issuer", issuer, "--token-stdin", "--json", NULL}), COMMAND_DONE);
    cr_expect(str_is(c.out, "{}\n") && standin_has(s->bodies[1], "token=T1"));
    s = standin_new(c.a);
    issuer = s->url.p;
    add_metadata();
    add_row("/revoke", 503, "");
    c.input = "T1\n";
    cr_expect_eq(run_to_end((const char *const[]){"token", "revoke", "--issuer", issuer, "--token-stdin", NULL}), COMMAND_REFUSED, "not revoked");
}
