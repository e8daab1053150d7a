/* SPDX-License-Identifier: MIT
 * cmd_token: `jeton token`: gets a token from any OAuth server and prints it, the access token alone or the whole response.
 * Relies on token_flow. Secrets come by standard input, one line each in the order of their options, or are asked for on a
 * terminal. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/token_flow.h"
#include <stdio.h>
#include "base/banned.h"

/* clang-format off */
static const struct option options_token[] = {
    {"issuer",                 OPTION_URL,    "URL",   0, 0, "the server; its metadata says the rest"},
    {"grant",                  OPTION_CHOICE, "authorization_code|password|client_credentials|refresh_token", 0, 0,
     "how to get the token"},
    {"client-id",              OPTION_ID,     "ID",    0, 0, "the client application"},
    {"client-secret-stdin",    OPTION_SECRET, NULL,    0, 0, "read its secret from a line of standard input"},
    {"auth-method",            OPTION_CHOICE, "client_secret_basic|client_secret_post|none", 0, 0,
     "how it authenticates; else what the server likes"},
    {"scope",                  OPTION_WORDS,  "WORDS", 0, 0, "scopes to ask for"},
    {"resource",               OPTION_WORDS,  "URI",   0, 0, "the service that the token is for (RFC 8707)"},
    {"username",               OPTION_TEXT,   "NAME",  1, 0, "for the password grant"},
    {"password-stdin",         OPTION_SECRET, NULL,    0, 0, "read the password from a line of standard input"},
    {"refresh-token-stdin",    OPTION_SECRET, NULL,    0, 0, "read the refresh token from a line of standard input"},
    {"redirect-port",          OPTION_NUMBER, "PORT",  1, 65535,
     "port of the redirect to http://127.0.0.1/callback; else a free one"},
    {"redirect-uri",           OPTION_URL,    "URI",   0, 0, "another loopback address than that"},
    {"token-endpoint",         OPTION_URL,    "URL",   0, 0, "for servers without metadata"},
    {"authorization-endpoint", OPTION_URL,    "URL",   0, 0, "for servers without metadata"},
    {"ca",                     OPTION_TEXT,   "FILE",  1, 0, "certificates to trust, such as DIR/tls/ca.pem"},
    {"decode",                 OPTION_FLAG,   NULL,    0, 0, "print header and claims of an access token that is a JWT"},
    OPTION_LAST,
};
/* clang-format on */

static void show(str address)
{
    (void)fprintf(stderr, "Open this address in a browser:\n%.*s\n", STR_FMT(address));
    (void)fflush(stderr);
}
/* What the grant needs and the command line does not give. */
static const char *missing(const struct options *o, str grant)
{
    if (!options_has(o, "client-id") && !str_is(grant, "refresh_token"))
        return "--client-id";
    if (str_is(grant, "password") && !options_has(o, "username"))
        return "--username";
    if (str_is(grant, "client_credentials") && !options_has(o, "client-secret-stdin"))
        return "--client-secret-stdin";
    return NULL;
}
static int ask(struct command_call *call, const char *option, const char *question, str *secret)
{
    *secret = options_text(&call->options, option);
    if (str_present(*secret))
        return COMMAND_DONE;
    if (!prompt_possible())
        return command_misused(call, "this grant needs --%s", option);
    err e = prompt_hidden(call->arena, question, secret);
    return FAILED(e) ? command_failed(call, e, NULL) : COMMAND_DONE;
}
static int ask_secrets(struct command_call *call, struct token_flow *f)
{
    if (str_is(f->grant, "password"))
        return ask(call, "password-stdin", "Password", &f->password);
    if (str_is(f->grant, "refresh_token"))
        return ask(call, "refresh-token-stdin", "Refresh token", &f->refresh_token);
    return COMMAND_DONE;
}
static int find_server(struct command_call *call, struct token_flow *f)
{
    const struct options *o = &call->options;
    const char *trouble = NULL;
    str issuer = options_text(o, "issuer");
    bool code = str_is(f->grant, "authorization_code");
    bool told = options_has(o, "token-endpoint") && (!code || options_has(o, "authorization-endpoint"));
    f->server = (struct discover_facts){.issuer = issuer, .basic = true};
    if (!told) {
        err e = discover_run(call->arena, issuer, f->authority, &f->server, &trouble);
        if (FAILED(e))
            return command_refuse(call, "%.*s: %s", STR_FMT(issuer), trouble ? trouble : err_say(e));
    }
    if (options_has(o, "token-endpoint"))
        f->server.token_endpoint = options_text(o, "token-endpoint");
    if (options_has(o, "authorization-endpoint"))
        f->server.authorization_endpoint = options_text(o, "authorization-endpoint");
    if (!str_present(f->server.token_endpoint) || (code && !str_present(f->server.authorization_endpoint)))
        return command_refuse(call, "%.*s: its metadata names no endpoint for this grant", STR_FMT(issuer));
    return COMMAND_DONE;
}
static int print_response(struct command_call *call, json *response)
{
    str token = json_member_text(response, "access_token");
    json *decoded = NULL;
    bool jwt = options_has(&call->options, "decode") && !FAILED(token_flow_decode(call->arena, token, &decoded));
    if (options_has(&call->options, "decode") && !jwt)
        (void)fprintf(stderr, "jeton: this access token is opaque: there is nothing to decode\n");
    if (jwt && call->json)
        json_put(call->arena, response, "decoded", decoded);
    if (jwt && !call->json) {
        call->json = true; /* the answer is JSON by nature */
        return output_value(call, decoded, NULL);
    }
    if (call->json)
        return output_value(call, response, NULL);
    str parts[] = {token, STR("\n")}, line = str_join(call->arena, parts, 2);
    return str_present(line) ? output_text(call, "access_token", line) : command_refuse(call, "no memory");
}
static int run_token(struct command_call *call)
{
    const struct options *o = &call->options;
    const char *trouble = NULL;
    json *response = NULL;
    struct token_flow f = {
        .grant = options_text(o, "grant"),
        .client_id = options_text(o, "client-id"),
        .client_secret = options_text(o, "client-secret-stdin"),
        .auth_method = options_text(o, "auth-method"),
        .scope = options_text(o, "scope"),
        .resource = options_text(o, "resource"),
        .username = options_text(o, "username"),
        .redirect_uri = options_text(o, "redirect-uri"),
        .redirect_port = (uint16_t)options_number(o, "redirect-port", 0),
        .authority = options_text(o, "ca"),
        .show = show,
    };
    const char *lacks = !options_has(o, "issuer") && !options_has(o, "token-endpoint") ? "--issuer"
                        : !options_has(o, "grant")                                     ? "--grant"
                                                                                       : missing(o, f.grant);
    if (lacks)
        return command_misused(call, "jeton token needs %s", lacks);
    int status = ask_secrets(call, &f);
    if (status == COMMAND_DONE)
        status = find_server(call, &f);
    if (status != COMMAND_DONE)
        return status;
    err e = token_flow_run(call->arena, &f, &response, &trouble);
    if (FAILED(e))
        return command_refuse(call, "%s", trouble ? trouble : err_say(e));
    return print_response(call, response);
}

/* clang-format off */
const struct command cmd_token[] = {
    {NULL, NULL, options_token, run_token,
     "Get a token from any OAuth server and print it; the code grant waits for the browser's answer on 127.0.0.1"},
    COMMAND_END,
};
/* clang-format on */
