/* SPDX-License-Identifier: MIT
 * grant_code: the code grant of a native application (RFC 6749 4.1, RFC 8252). Relies on loopback for the way back, on
 * server_call for a pushed request, on assertion for a signed one, on received for a signed answer. Promises PKCE with S256, a
 * fresh state and, with openid, a fresh nonce; an answer with another state or issuer is refused before its code is looked at.
 *
 *   parameters --signed (RFC 9101)--> request --pushed (RFC 9126)--> address shown --person logs in--> loopback_wait --> judged
 *   --> code */
#include "cli/client/grant_code.h"
#include "cli/client/assertion.h"
#include "cli/client/grant_rows.h"
#include "cli/client/loopback.h"
#include "cli/client/received.h"
#include "cli/client/server_call.h"
#include "codec/b64url.h"
#include "codec/form.h"
#include "codec/url.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "base/banned.h"

enum { PERSON_SECONDS = 600, PORT_MAX = 65535 };

/* Every parameter of the authorization request: JSON, as a request object has them (RFC 9101 4); the forms are made of it. */
static void put_request_text(struct arena *a, json *request, const char *name, str value)
{
    if (str_filled(value))
        json_put_text(a, request, name, value);
}
static fallible put_json(struct arena *a, json *request, const char *name, str text)
{
    json *value;
    if (!str_filled(text))
        return OK;
    TRY(json_parse(a, text, &value));
    json_put(a, request, name, value);
    return OK;
}
static void put_list(struct arena *a, json *request, const char *name, str words)
{
    if (!str_filled(words))
        return;
    if (str_find(words, ' ') == words.n)
        json_put_text(a, request, name, words);
    else
        json_put_words(a, request, name, words);
}
static fallible build_code_request(struct arena *a, struct token_flow *f, const struct grant_code_secrets *secrets, json **out)
{
    uint8_t digest[DIGEST_SIZE];
    json *r = json_object_new(a);
    digest_sha256(secrets->verifier, digest); /* RFC 7636 4.2 */
    put_request_text(a, r, "response_type", STR("code"));
    put_request_text(a, r, "client_id", f->client_id);
    put_request_text(a, r, "redirect_uri", secrets->redirect_uri);
    put_request_text(a, r, "scope", f->scope);
    put_list(a, r, "resource", f->resource); /* RFC 8707 2 */
    put_list(a, r, "audience", f->audience);
    put_request_text(a, r, "state", secrets->state);
    put_request_text(a, r, "code_challenge", b64url_encode(a, digest, sizeof digest));
    put_request_text(a, r, "code_challenge_method", STR("S256"));
    put_request_text(a, r, "response_mode", f->response_mode);
    put_request_text(a, r, "prompt", f->prompt);
    put_request_text(a, r, "login_hint", f->login_hint);
    put_request_text(a, r, "acr_values", f->acr_values);
    if (f->max_age >= 0)
        json_put_integer(a, r, "max_age", f->max_age);
    f->asked_age = f->max_age;
    if (str_present(f->scope) && str_has_word(f->scope, STR("openid"))) {
        f->nonce = token_flow_random(a); /* OpenID Connect Core 3.1.2.1 */
        json_put_text(a, r, "nonce", f->nonce);
    }
    if (f->proof)
        put_request_text(a, r, "dpop_jkt", f->proof->thumbprint); /* RFC 9449 10 */
    TRY(put_json(a, r, "claims", f->claims));
    TRY(put_json(a, r, "authorization_details", f->authorization_details)); /* RFC 9396 2 */
    *out = r;
    return OK;
}
/* As parameters of a query or a form: one for each text of a list of texts, JSON for everything else that is no text. */
static fallible add_parameter(struct arena *a, struct buf *form, str name, const json *value)
{
    str text = json_text_of(value);
    bool list = json_is_list(value) && json_is_text(json_at(value, 0));
    for (size_t i = 0; list && i < json_count(value); i++)
        form_add(form, name, json_text_of(json_at(value, i)));
    if (list)
        return OK;
    if (!str_present(text))
        TRY(json_text(a, value, &text));
    form_add(form, name, text);
    return OK;
}
static fallible add_all(struct arena *a, struct buf *form, const json *request)
{
    void *at = NULL;
    str name;
    const json *value;
    while (json_each(request, &at, &name, &value))
        TRY(add_parameter(a, form, name, value));
    return OK;
}
/* What is sent, by the address or pushed. RFC 9101 5: OpenID wants response_type and scope outside a signed request too, and
 * RFC 9126 3 wants nothing but it and the client. */
static fallible write_request(struct arena *a, const struct token_flow *f, json *request, bool pushed, struct buf *form)
{
    str jwt;
    if (!f->request_object && !discover_flag(&f->server, "require_signed_request_object"))
        return add_all(a, form, request);
    if (!f->key)
        REFUSE(INVALID_REQUEST, "a signed request needs --key", "no key");
    TRY(assertion_request(a, f, request, false, &jwt));
    form_add(form, STR("client_id"), f->client_id);
    if (!pushed) {
        form_add(form, STR("response_type"), STR("code"));
        token_flow_add_filled(form, "scope", f->scope);
    }
    form_add(form, STR("request"), jwt);
    return OK;
}
static fallible push_code_request(struct arena *a, struct token_flow *f, str form, str *query, const char **trouble)
{
    struct server_call call = {.endpoint = "pushed_authorization_request_endpoint", .form = form, .proof = true, .named = true};
    struct server_answer answer;
    struct buf b = buf_new(a, BUF_URL_MAX);
    TRY(server_call_post(a, f, &call, &answer, trouble));
    TRY(server_call_judge(a, f, &answer, trouble));
    str uri = json_member_text(answer.body, "request_uri");
    *trouble = "the server's answer to the pushed request contains no request_uri"; /* RFC 9126 2.2 */
    if (!str_filled(uri))
        FAIL(INVALID_REQUEST, "no request_uri");
    form_add(&b, STR("client_id"), f->client_id);
    form_add(&b, STR("request_uri"), uri);
    return buf_done(&b, query);
}
/* http:// on another machine would show the person's password to the way there; behind a fragment (RFC 6749 3.1: none) the request would be lost. */
static fallible check_address(struct arena *a, str address, const char **trouble)
{
    struct url u;
    *trouble = str_format(a, "the server's authorization_endpoint must be https://, without a fragment: %.*s", STR_FMT(address)).p;
    TRY(url_parse(address, &u));
    if (str_present(u.fragment))
        FAIL(INVALID_REQUEST, "an authorization endpoint with a fragment");
    if (!str_equal_nocase(u.scheme, STR("https")) && !(str_equal_nocase(u.scheme, STR("http")) && url_loopback(&u)))
        FAIL(INVALID_REQUEST, "an authorization endpoint in the open");
    return OK;
}
fallible grant_code_address(struct arena *a, struct token_flow *f, const struct grant_code_secrets *secrets, str *address, const char **trouble)
{
    json *request;
    str endpoint = discover_endpoint(&f->server, "authorization_endpoint", false), query;
    bool pushed = f->pushed || discover_flag(&f->server, "require_pushed_authorization_requests");
    struct buf form = buf_new(a, BUF_JSON_MAX), b = buf_new(a, BUF_TOKEN_MAX);
    TRY(check_address(a, endpoint, trouble));
    *trouble = "--claims and --authorization-details must be JSON";
    TRY(build_code_request(a, f, secrets, &request));
    *trouble = "the request could not be made; a signed one needs --key";
    TRY(write_request(a, f, request, pushed, &form));
    TRY(buf_done(&form, &query));
    if (pushed)
        TRY(push_code_request(a, f, query, &query, trouble));
    buf_add(&b, endpoint);
    if (!str_ends(endpoint, STR("?")) && !str_ends(endpoint, STR("&")))
        buf_char(&b, str_find(endpoint, '?') < endpoint.n ? '&' : '?');
    buf_add(&b, query);
    return buf_done(&b, address);
}

/* A field of the answer, from a form or from the claims of a JWT. */
struct fields {
    const struct form *form;
    const json *claims;
};
static str get_answer_field(const struct fields *v, const char *name)
{
    return v->claims ? json_member_text(v->claims, name) : form_get(v->form, name);
}
fallible grant_code_judge(struct arena *a, struct token_flow *f, str state, str query, str *code, const char **trouble)
{
    struct form form;
    struct fields v = {.form = &form};
    *trouble = "the answer from the browser is malformed";
    TRY(form_parse(a, query, &form));
    if (str_present(form_get(&form, "response")))
        TRY(received_answer(a, f, form_get(&form, "response"), &v.claims, trouble));
    *trouble = "the answer is not signed, although --response-mode asked for it"; /* JARM 2.4 */
    if (!v.claims && str_present(f->response_mode) && str_ends(f->response_mode, STR("jwt")))
        FAIL(INVALID_REQUEST, "an answer without a signature");
    *trouble = "the state in the answer is not the one that was sent; start again"; /* RFC 6749 10.12 */
    if (!secret_equal(get_answer_field(&v, "state"), state))
        FAIL(INVALID_REQUEST, "state mismatch");
    str iss = get_answer_field(&v, "iss");
    *trouble = "the answer comes from another issuer; start again"; /* RFC 9207 2.4 */
    if (str_present(iss) ? !str_equal(iss, f->server.issuer) : f->server.iss_promised)
        FAIL(INVALID_REQUEST, "iss mismatch");
    if (str_present(get_answer_field(&v, "error"))) {
        *trouble = server_call_refusal(a, get_answer_field(&v, "error"), get_answer_field(&v, "error_description"));
        FAIL(ACCESS_DENIED, "the server refused");
    }
    *trouble = "the answer contains no code";
    if (!str_filled(get_answer_field(&v, "code")))
        FAIL(INVALID_REQUEST, "no code");
    *code = get_answer_field(&v, "code");
    return OK;
}

/* The redirect URI that is really used: as given, with the port that is really bound (RFC 8252 7.3). */
static fallible open_redirect(struct arena *a, const struct token_flow *f, struct loopback *l, str *uri, str *path)
{
    struct url u;
    uint64_t port = f->redirect_port;
    str given = str_present(f->redirect_uri) ? f->redirect_uri : STR("http://127.0.0.1/callback");
    TRY(url_parse(given, &u));
    if (!str_equal_nocase(u.scheme, STR("http")) || !url_loopback(&u) || str_present(u.query) || str_present(u.fragment))
        REFUSE(INVALID_REQUEST, "the redirect URI must be http:// on a loopback host, without query and fragment", "not a loopback URI");
    if (port == 0 && str_present(u.port))
        TRY(str_u64(u.port, PORT_MAX, &port));
    l->posts = str_present(f->response_mode) && str_starts(f->response_mode, STR("form_post"));
    TRY(loopback_open(u.host, (uint16_t)port, l));
    *path = u.path.n > 0 ? u.path : STR("/");
    *uri = str_format(a, "http://%.*s:%u%.*s", STR_FMT(u.host), (unsigned)l->port, STR_FMT(u.path));
    return str_present(*uri) ? OK : ERR(UNAVAILABLE, "no memory for the redirect URI");
}
static fallible await_browser_answer(struct arena *a, struct token_flow *f, struct grant_code_secrets *secrets, str *query, const char **trouble)
{
    struct loopback l = {.descriptor = -1};
    str path, address;
    *trouble = NULL;
    err e = open_redirect(a, f, &l, &secrets->redirect_uri, &path);
    if (!FAILED(e))
        e = grant_code_address(a, f, secrets, &address, trouble);
    if (!FAILED(e)) {
        f->show(str_format(a, "Open this address in a browser:\n%.*s", STR_FMT(address)));
        *trouble = NULL;
        e = loopback_wait(a, &l, path, PERSON_SECONDS, query);
    }
    loopback_close(&l);
    if (FAILED(e) && !*trouble)
        *trouble = err_say(e);
    return e;
}
fallible grant_code(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble)
{
    struct grant_code_secrets secrets = {.state = token_flow_random(a), .verifier = token_flow_random(a)};
    str query, code;
    if (!str_present(secrets.state) || !str_present(secrets.verifier))
        FAIL(UNAVAILABLE, "no memory for the state");
    TRY(await_browser_answer(a, f, &secrets, &query, trouble));
    TRY(grant_code_judge(a, f, secrets.state, query, &code, trouble));
    form_add(form, STR("code"), code);
    form_add(form, STR("redirect_uri"), secrets.redirect_uri);
    form_add(form, STR("code_verifier"), secrets.verifier);
    return OK;
}
