/* SPDX-License-Identifier: MIT
 * cmd_token: `jeton token`: gets a token from any OAuth server and prints it, the access token alone or the whole response;
 * asks about tokens and ends them. Relies on token_flow. Secrets come by standard input, one line each in the order of their
 * options, or are asked for on a terminal; keys come from files that nobody else can read. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/client/received.h"
#include "cli/client/server_call.h"
#include "cli/client/token_userinfo.h"
#include "codec/form.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include "base/banned.h"

#define METHODS                                                                                                             \
    "client_secret_basic|client_secret_post|client_secret_jwt|private_key_jwt|tls_client_auth|self_signed_tls_client_auth|" \
    "none"
#define GRANTS "authorization_code|password|client_credentials|refresh_token|device_code|token_exchange|jwt_bearer|ciba"
#define MODES  "query|form_post|jwt|query.jwt|form_post.jwt"

/* clang-format off */
/* Whom we ask, and who we are: the same for every verb. */
#define ROWS_WHO                                                                                                               \
    {"issuer",                 OPTION_URL,    "URL",   0, 0, "Issuer of the server. The rest is read from its metadata."},     \
    {"client-id",              OPTION_ID,     "ID",    0, 0, "The client ID."},                                                \
    {"client-secret-stdin",    OPTION_SECRET, NULL,    0, 0, "Read the client secret from a line of standard input."},         \
    {"auth-method",            OPTION_CHOICE, METHODS, 0, 0, "How the client authenticates. Default: what the server supports."}, \
    {"key",                    OPTION_TEXT,   "FILE",  1, 0,                                                                   \
     "The client's private key (PEM, mode 0600), for private_key_jwt, signed requests, assertions and --cert."},               \
    {"key-id",                 OPTION_ID,     "KID",   0, 0, "The key's ID at the server. Default: its thumbprint (RFC 7638)."}, \
    {"alg",                    OPTION_ID,     "ALG",   0, 0, "Signature algorithm, such as PS256. Default: one that suits the key and the server."}, \
    {"cert",                   OPTION_TEXT,   "FILE",  1, 0, "TLS client certificate (PEM). Give its private key with --key."}, \
    {"cert-key",               OPTION_TEXT,   "FILE",  1, 0, "The private key of --cert, if it is not --key."},                \
    {"assertion-audience",     OPTION_ID,     "AUD",   0, 0, "The aud claim of assertions and signed requests. Default: the issuer."}, \
    {"ca",                     OPTION_TEXT,   "FILE",  1, 0, "Certificate authorities to trust, such as DIR/tls/ca.pem."}

static const struct option options_token[] = {
    {"grant",                  OPTION_CHOICE, GRANTS,  0, 0, "How to get the token."},
    ROWS_WHO,
    {"scope",                  OPTION_WORDS,  "WORDS", 0, 0, "Scopes to ask for. With openid, the ID token is checked."},
    {"resource",               OPTION_WORDS,  "URI",   0, 0, "The service that the token is for (RFC 8707)."},
    {"audience",               OPTION_WORDS,  "NAME",  0, 0, "The same, by name (RFC 8693)."},
    {"authorization-details",  OPTION_TEXT,   "JSON",  1, 0, "Authorization details to ask for (RFC 9396)."},
    {"dpop",                   OPTION_FLAG,   NULL,    0, 0, "Bind the token to a key created for this call (RFC 9449)."},
    {"dpop-key",               OPTION_TEXT,   "FILE",  1, 0, "The same with the key in FILE, which is created if it does not exist."},
    {"username",               OPTION_TEXT,   "NAME",  1, 0, "Username for the password grant."},
    {"password-stdin",         OPTION_SECRET, NULL,    0, 0, "Read the password from a line of standard input."},
    {"refresh-token-stdin",    OPTION_SECRET, NULL,    0, 0, "Read the refresh token from a line of standard input."},
    {"redirect-port",          OPTION_NUMBER, "PORT",  1, 65535,
     "Port of the redirect URI http://127.0.0.1:PORT/callback. Default: a free one."},
    {"redirect-uri",           OPTION_URL,    "URI",   0, 0, "A loopback redirect URI to use instead."},
    {"par",                    OPTION_FLAG,   NULL,    0, 0, "Push the authorization request first (RFC 9126)."},
    {"request-object",         OPTION_FLAG,   NULL,    0, 0, "Sign the request with --key (RFC 9101)."},
    {"response-mode",          OPTION_CHOICE, MODES,   0, 0, "How the answer comes back through the browser. Modes with jwt are signed (JARM)."},
    {"prompt",                 OPTION_WORDS,  "WORDS", 0, 0, "Values of prompt: none, login, consent, select_account."},
    {"max-age",                OPTION_NUMBER, "SECONDS", 0, INT32_MAX, "How old the user's login may be."},
    {"login-hint",             OPTION_TEXT,   "NAME",  1, 0, "Who the user is. Required for ciba."},
    {"acr-values",             OPTION_WORDS,  "WORDS", 0, 0, "The kinds of login to ask for."},
    {"claims",                 OPTION_TEXT,   "JSON",  1, 0, "The claims parameter (OpenID Connect Core 5.5)."},
    {"binding-message",        OPTION_TEXT,   "TEXT",  1, 0, "Message that the user sees with a ciba request."},
    {"subject-token-stdin",    OPTION_SECRET, NULL,    0, 0, "Read the token to exchange from a line of standard input."},
    {"subject-token-type",     OPTION_ID,     "TYPE",  0, 0,
     "Type of that token: access_token (the default), refresh_token, id_token, jwt, saml1, saml2, or a URI."},
    {"actor-token-stdin",      OPTION_SECRET, NULL,    0, 0, "Read the token of the acting party from a line of standard input."},
    {"actor-token-type",       OPTION_ID,     "TYPE",  0, 0, "Type of that token, as for --subject-token-type."},
    {"requested-token-type",   OPTION_ID,     "TYPE",  0, 0, "Type of token to get, as for --subject-token-type."},
    {"assertion-stdin",        OPTION_SECRET, NULL,    0, 0, "For jwt_bearer: read the JWT from a line of standard input. Default: it is created with --key."},
    {"issuer-claim",           OPTION_ID,     "ISS",   0, 0, "The iss claim of the JWT that is created. Default: the client ID."},
    {"subject",                OPTION_TEXT,   "SUB",   1, 0, "The sub claim of that JWT. Default: its iss."},
    {"token-endpoint",         OPTION_URL,    "URL",   0, 0, "For servers without metadata."},
    {"authorization-endpoint", OPTION_URL,    "URL",   0, 0, "For servers without metadata."},
    {"jwks-uri",               OPTION_URL,    "URL",   0, 0, "For servers without metadata."},
    {"userinfo",               OPTION_FLAG,   NULL,    0, 0, "Call the userinfo endpoint with the token and add the answer."},
    {"decode",                 OPTION_FLAG,   NULL,    0, 0,
     "Print the header and claims of the ID token, of an access token that is a JWT, and what was checked."},
    OPTION_LAST,
};
static const struct option options_known[] = {
    ROWS_WHO,
    {"token-stdin",            OPTION_SECRET, NULL,    0, 0, "Read the token from a line of standard input."},
    {"token-type-hint",        OPTION_CHOICE, "access_token|refresh_token", 0, 0, "The type of the token, if you know it."},
    OPTION_LAST,
};
/* clang-format on */

static void print_to_stderr(str sentence)
{
    (void)fprintf(stderr, "%.*s\n", STR_FMT(sentence));
    (void)fflush(stderr);
}
static void wait_for(int64_t seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

enum { ONE_OF = 3 };
/* What one option asks of others: the first of these rows that fails is told. */
struct demand {
    const char *option, *value; /* value NULL: any */
    const char *one_of[ONE_OF]; /* at least one must be there */
};
static const struct demand demands[] = {
    {"grant", "client_credentials", {"client-secret-stdin", "key", "cert"}},
    {"grant", "jwt_bearer", {"assertion-stdin", "key", NULL}},
    {"auth-method", "client_secret_basic", {"client-secret-stdin", NULL, NULL}},
    {"auth-method", "client_secret_post", {"client-secret-stdin", NULL, NULL}},
    {"auth-method", "client_secret_jwt", {"client-secret-stdin", NULL, NULL}},
    {"auth-method", "private_key_jwt", {"key", NULL, NULL}},
    {"auth-method", "tls_client_auth", {"cert", NULL, NULL}},
    {"auth-method", "self_signed_tls_client_auth", {"cert", NULL, NULL}},
    {"cert", NULL, {"key", "cert-key", NULL}},
    {"client-secret-stdin", NULL, {"client-id", NULL, NULL}},
    {"request-object", NULL, {"key", NULL, NULL}},
    {"alg", NULL, {"key", NULL, NULL}},
};
static bool has_option_row(const struct options *o, const char *name)
{
    for (size_t i = 0; i < o->count; i++) {
        if (str_is(str_of(name), o->rows[i]->name))
            return true;
    }
    return false;
}
static bool does_demand_apply(const struct options *o, const struct demand *d)
{
    return has_option_row(o, d->option) && options_has(o, d->option) && (!d->value || str_is(options_text(o, d->option), d->value));
}
static const char *find_unmet_demand(struct command_call *call)
{
    const struct options *o = &call->options;
    for (size_t i = 0; i < sizeof demands / sizeof demands[0]; i++) {
        const struct demand *d = &demands[i];
        bool met = !does_demand_apply(o, d);
        struct buf wanted = buf_new(call->arena, BUF_LINE_MAX);
        str text;
        for (size_t j = 0; j < ONE_OF && d->one_of[j]; j++) {
            met = met || options_has(o, d->one_of[j]);
            buf_format(&wanted, "%s --%s", j > 0 ? " or" : "", d->one_of[j]);
        }
        if (!met && !FAILED(buf_done(&wanted, &text)))
            return str_format(call->arena, "--%s%s%s needs%.*s", d->option, d->value ? " " : "", d->value ? d->value : "", STR_FMT(text)).p;
    }
    return NULL;
}
/* What would be given in vain: options that only these grants know. */
static const struct {
    const char *option, *grants;
} belongs[] = {
    {"par", "authorization_code"},
    {"request-object", "authorization_code ciba"},
    {"response-mode", "authorization_code"},
    {"prompt", "authorization_code"},
    {"max-age", "authorization_code"},
    {"claims", "authorization_code"},
    {"acr-values", "authorization_code ciba"},
    {"login-hint", "authorization_code ciba"},
    {"binding-message", "ciba"},
    {"subject-token-stdin", "token_exchange"},
    {"subject-token-type", "token_exchange"},
    {"actor-token-stdin", "token_exchange"},
    {"actor-token-type", "token_exchange"},
    {"requested-token-type", "token_exchange"},
    {"assertion-stdin", "jwt_bearer"},
    {"issuer-claim", "jwt_bearer"},
    {"subject", "jwt_bearer"},
    {"audience", "authorization_code client_credentials token_exchange"},
    {"authorization-details", "authorization_code client_credentials refresh_token device_code ciba"},
};
static const char *find_stray_option(struct command_call *call, const struct token_grant *grant)
{
    for (size_t i = 0; i < sizeof belongs / sizeof belongs[0]; i++) {
        if (options_has(&call->options, belongs[i].option) && !str_has_word(str_of(belongs[i].grants), str_of(grant->word)))
            return str_format(call->arena, "--%s goes with: %s", belongs[i].option, belongs[i].grants).p;
    }
    return NULL;
}
static bool is_json(struct command_call *call, const char *option)
{
    json *value;
    return !options_has(&call->options, option) || !FAILED(json_parse(call->arena, options_text(&call->options, option), &value));
}
static const char *find_missing_option(struct command_call *call, const struct token_grant *grant)
{
    const struct options *o = &call->options;
    if (!options_has(o, "issuer") && !options_has(o, "token-endpoint"))
        return "jeton token needs --issuer";
    if (!grant)
        return "jeton token needs --grant";
    if (!grant->anonymous && !options_has(o, "client-id"))
        return "this grant needs --client-id";
    if (grant->needs && !options_has(o, grant->needs))
        return str_format(call->arena, "this grant needs --%s", grant->needs).p;
    if (!is_json(call, "claims") || !is_json(call, "authorization-details"))
        return "--claims and --authorization-details must be JSON";
    const char *vain = find_stray_option(call, grant);
    return vain ? vain : find_unmet_demand(call);
}
static int ask_secret_option(struct command_call *call, const char *option, const char *question, str *secret)
{
    *secret = options_text(&call->options, option);
    if (str_present(*secret))
        return COMMAND_DONE;
    if (!prompt_possible())
        return command_misused(call, "this grant needs --%s", option);
    err e = prompt_hidden(call->arena, question, secret);
    return FAILED(e) ? command_failed(call, e, NULL) : COMMAND_DONE;
}
static int ask_secret(struct command_call *call, struct token_flow *f)
{
    str secret;
    if (!f->grant->secret)
        return COMMAND_DONE;
    int status = ask_secret_option(call, f->grant->secret, f->grant->question, &secret);
    if (status != COMMAND_DONE)
        return status;
    f->password = f->refresh_token = f->subject_token = secret; /* each grant reads its own */
    return COMMAND_DONE;
}
/* What the person tells beats what the metadata says. */
static void take_told(struct command_call *call, json *metadata)
{
    static const char *const told[][2] = {{"token-endpoint", "token_endpoint"}, {"authorization-endpoint", "authorization_endpoint"}, {"jwks-uri", "jwks_uri"}};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (options_has(&call->options, told[i][0]))
            json_put_text(call->arena, metadata, told[i][1], options_text(&call->options, told[i][0]));
    }
}
/* Everything that the grant needs was told, so that no metadata is asked for. */
static bool all_told(const struct options *o, const struct token_grant *grant)
{
    bool usual = !grant->endpoint || str_is(str_of(grant->endpoint), "authorization_endpoint");
    return usual && options_has(o, "token-endpoint") && (!grant->endpoint || options_has(o, "authorization-endpoint"));
}
static int find_server(struct command_call *call, struct token_flow *f)
{
    const struct options *o = &call->options;
    const char *trouble = NULL;
    str issuer = options_text(o, "issuer");
    bool told = f->grant && all_told(o, f->grant);
    f->server = (struct discover_facts){.issuer = issuer, .metadata = json_object_new(call->arena)};
    if (!told && !str_present(issuer))
        return command_misused(call, "this grant needs --issuer, or all of its endpoints");
    err e = told ? OK : discover_run(call->arena, issuer, f->authority, &f->server, &trouble);
    if (FAILED(e))
        return command_refuse(call, "%.*s: %s", STR_FMT(issuer), trouble ? trouble : err_say(e));
    if (!f->grant)
        return COMMAND_DONE;
    take_told(call, f->server.metadata);
    const char *first = f->grant->endpoint ? f->grant->endpoint : "token_endpoint";
    if (str_present(discover_endpoint(&f->server, "token_endpoint", false)) && str_present(discover_endpoint(&f->server, first, false)))
        return COMMAND_DONE;
    return command_refuse(call, "%.*s: the server does not offer this grant: its metadata contains no %s", STR_FMT(issuer), first);
}
static int load_keys(struct command_call *call, struct token_flow *f)
{
    const struct options *o = &call->options;
    struct client_key_file own = {options_text(o, "key"), options_text(o, "alg"), options_text(o, "key-id"),
                                  json_member(f->server.metadata, "token_endpoint_auth_signing_alg_values_supported")};
    struct client_key_file shown = {.file = options_text(o, "cert-key")};
    const struct client_key *judged; /* its file is, for libcurl */
    const char *trouble = NULL;
    err e = options_has(o, "key") ? client_key_load(call->arena, &own, &f->key, &trouble) : OK;
    if (!FAILED(e) && options_has(o, "cert-key"))
        e = client_key_load(call->arena, &shown, &judged, &trouble);
    if (!FAILED(e) && f->grant && options_has(o, "dpop-key"))
        e = client_key_keep(call->arena, options_text(o, "dpop-key"), &f->proof, &trouble);
    else if (!FAILED(e) && f->grant && options_has(o, "dpop"))
        e = client_key_fresh(call->arena, &f->proof);
    if (FAILED(e))
        return command_refuse(call, "%s", trouble ? trouble : err_say(e));
    f->certificate = options_text(o, "cert");
    f->certificate_key = options_has(o, "cert-key") ? options_text(o, "cert-key") : own.file;
    return COMMAND_DONE;
}
static struct token_flow read_client_options(const struct options *o)
{
    return (struct token_flow){
        .client_id = options_text(o, "client-id"),
        .client_secret = options_text(o, "client-secret-stdin"),
        .auth_method = options_text(o, "auth-method"),
        .assertion_audience = options_text(o, "assertion-audience"),
        .authority = options_text(o, "ca"),
        .max_age = -1,
        .asked_age = -1,
        .show = print_to_stderr,
        .wait = wait_for,
    };
}
static void take_options(const struct options *o, struct token_flow *f)
{
    const struct {
        const char *name;
        str *into;
    } texts[] = {
        {"scope", &f->scope},
        {"resource", &f->resource},
        {"audience", &f->audience},
        {"authorization-details", &f->authorization_details},
        {"username", &f->username},
        {"redirect-uri", &f->redirect_uri},
        {"response-mode", &f->response_mode},
        {"prompt", &f->prompt},
        {"login-hint", &f->login_hint},
        {"acr-values", &f->acr_values},
        {"claims", &f->claims},
        {"binding-message", &f->binding_message},
        {"subject-token-type", &f->subject_token_type},
        {"actor-token-stdin", &f->actor_token},
        {"actor-token-type", &f->actor_token_type},
        {"requested-token-type", &f->requested_token_type},
        {"assertion-stdin", &f->assertion},
        {"issuer-claim", &f->assertion_issuer},
        {"subject", &f->subject},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i].into = options_text(o, texts[i].name);
    f->redirect_port = (uint16_t)options_number(o, "redirect-port", 0);
    f->max_age = options_number(o, "max-age", -1);
    f->pushed = options_has(o, "par");
    f->request_object = options_has(o, "request-object");
}

/* Header and claims of the access token, and beside them the ID token; NULL: there is no JWT. */
static json *decode_all(struct command_call *call, const json *response)
{
    struct arena *a = call->arena;
    json *decoded = NULL, *identity = NULL;
    if (FAILED(token_flow_decode(a, json_member_text(response, "access_token"), &decoded)))
        (void)fprintf(stderr, "jeton: this access token is opaque, so it cannot be decoded\n");
    if (str_present(json_member_text(response, "id_token")) && !FAILED(token_flow_decode(a, json_member_text(response, "id_token"), &identity))) {
        json_put_text(a, identity, "checked", str_of(received_checks));
        decoded = decoded ? decoded : json_object_new(a);
        json_put(a, decoded, "id_token", identity);
    }
    return decoded;
}
static int print_result(struct command_call *call, const struct token_flow_result *result, json *userinfo)
{
    struct arena *a = call->arena;
    str token = json_member_text(result->response, "access_token"), about = STR("");
    json *decoded = options_has(&call->options, "decode") ? decode_all(call, result->response) : NULL;
    if (decoded && call->json)
        json_put(a, result->response, "decoded", decoded);
    if (userinfo)
        json_put(a, decoded && !call->json ? decoded : result->response, "userinfo", userinfo);
    if (decoded && !call->json) {
        call->json = true; /* the answer is JSON by nature */
        return output_value(call, decoded, NULL);
    }
    if (call->json)
        return output_value(call, result->response, NULL);
    if (userinfo && FAILED(output_json(a, userinfo, &about)))
        return command_refuse(call, "no memory");
    str parts[] = {token, STR("\n"), about, userinfo ? STR("\n") : STR("")}, text = str_join(a, parts, 4);
    return str_present(text) ? output_text(call, "access_token", text) : command_refuse(call, "no memory");
}
static int run_token(struct command_call *call)
{
    struct token_flow_result result = {0};
    json *userinfo = NULL;
    const char *trouble = NULL;
    struct token_flow f = read_client_options(&call->options);
    f.grant = token_flow_grant(options_text(&call->options, "grant"));
    take_options(&call->options, &f);
    const char *lacks = find_missing_option(call, f.grant);
    if (lacks)
        return command_misused(call, "%s", lacks);
    int status = ask_secret(call, &f);
    if (status == COMMAND_DONE)
        status = find_server(call, &f);
    if (status == COMMAND_DONE)
        status = load_keys(call, &f);
    if (status != COMMAND_DONE)
        return status;
    err e = token_flow_run(call->arena, &f, &result, &trouble);
    if (!FAILED(e) && options_has(&call->options, "userinfo"))
        e = token_userinfo_get(call->arena, &f, &result, &userinfo, &trouble);
    if (FAILED(e))
        return command_refuse(call, "%s", trouble ? trouble : err_say(e));
    return print_result(call, &result, userinfo);
}

/* One question about a token that exists: RFC 7662 2.1, RFC 7009 2.1. */
static int ask_about(struct command_call *call, const char *endpoint, json **body)
{
    const struct options *o = &call->options;
    struct token_flow f = read_client_options(o);
    struct server_call question = {.endpoint = endpoint, .empty = true};
    struct server_answer answer = {0};
    struct buf form = buf_new(call->arena, BUF_JSON_MAX);
    const char *trouble = NULL, *lacks = !options_has(o, "issuer") ? "this needs --issuer" : find_unmet_demand(call);
    str token;
    if (lacks)
        return command_misused(call, "%s", lacks);
    int status = ask_secret_option(call, "token-stdin", "Token", &token);
    if (status == COMMAND_DONE)
        status = find_server(call, &f);
    if (status == COMMAND_DONE)
        status = load_keys(call, &f);
    if (status != COMMAND_DONE)
        return status;
    form_add(&form, STR("token"), token);
    token_flow_add_filled(&form, "token_type_hint", options_text(o, "token-type-hint"));
    err e = buf_done(&form, &question.form);
    if (!FAILED(e))
        e = server_call_post(call->arena, &f, &question, &answer, &trouble);
    if (!FAILED(e))
        e = server_call_judge(call->arena, &f, &answer, &trouble);
    if (FAILED(e))
        return command_refuse(call, "%s", trouble ? trouble : err_say(e));
    *body = answer.body;
    return COMMAND_DONE;
}
static int run_introspect(struct command_call *call)
{
    json *body = NULL;
    bool active;
    int status = ask_about(call, "introspection_endpoint", &body);
    if (status != COMMAND_DONE)
        return status;
    if (!json_boolean_of(json_member(body, "active"), &active)) /* RFC 7662 2.2 */
        return command_refuse(call, "the server's answer does not say whether the token is active");
    return output_value(call, body, NULL);
}
static int run_revoke(struct command_call *call)
{
    json *body = NULL;
    int status = ask_about(call, "revocation_endpoint", &body);
    return status == COMMAND_DONE ? output_done(call, json_object_new(call->arena), "revoked") : status;
}

/* clang-format off */
const struct command cmd_token[] = {
    {"introspect", NULL, options_known, run_introspect, "Ask a server about a token (RFC 7662)"},
    {"revoke", NULL, options_known, run_revoke, "Ask a server to revoke a token (RFC 7009)"},
    {NULL, NULL, options_token, run_token,
     "Get a token from any OAuth server and print it. For an authorization code, it waits for the browser on 127.0.0.1"},
    COMMAND_END,
};
/* clang-format on */
