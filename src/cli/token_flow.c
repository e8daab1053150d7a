/* SPDX-License-Identifier: MIT
 * token_flow: gets a token from any OAuth server. Relies on fetch, loopback and discover. Promises: the code grant always uses
 * PKCE with S256 and a fresh state; an answer with another state or issuer is refused before its code is looked at; a client
 * secret goes to the token endpoint alone.
 *
 *   address shown --person logs in--> loopback_wait --query--> token_flow_judge --code--> token endpoint --> response */
#include "cli/token_flow.h"
#include "base/ascii.h"
#include "fetch/fetch.h"
#include "cli/loopback.h"
#include "codec/b64url.h"
#include "codec/form.h"
#include "codec/percent.h"
#include "codec/url.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "base/banned.h"

enum { RANDOM_BYTES = 32, PERSON_SECONDS = 600, PORT_MAX = 65535 };

static str printable(struct arena *a, str text)
{
    struct buf b = buf_new(a, BUF_URL_MAX);
    str out;
    for (size_t i = 0; i < text.n; i++)
        buf_char(&b, ascii_printable(text.p[i]) ? text.p[i] : '?');
    return FAILED(buf_done(&b, &out)) ? STR("?") : out;
}
static str refusal(struct arena *a, str error, str description)
{
    bool more = str_filled(description);
    return str_format(a, "the server refused: %.*s%s%.*s", STR_FMT(printable(a, error)), more ? ": " : "",
                      STR_FMT(more ? printable(a, description) : description));
}
static str random_text(struct arena *a)
{
    uint8_t bytes[RANDOM_BYTES];
    random_bytes(bytes, sizeof bytes);
    str text = b64url_encode(a, bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
    return text;
}
static void add_words(struct buf *b, const char *name, str words)
{
    str rest = words, word;
    while (str_filled(words) && str_next(&rest, ' ', &word))
        form_add(b, str_of(name), word);
}

fallible token_flow_address(struct arena *a, const struct token_flow *f, const struct token_flow_secrets *secrets,
                            str redirect_uri, str *address)
{
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(secrets->verifier, digest); /* RFC 7636 4.2 */
    struct buf b = buf_new(a, BUF_URL_MAX);
    buf_add(&b, f->server.authorization_endpoint);
    url_add_parameter(&b, STR("response_type"), STR("code"));
    url_add_parameter(&b, STR("client_id"), f->client_id);
    url_add_parameter(&b, STR("redirect_uri"), redirect_uri);
    if (str_filled(f->scope))
        url_add_parameter(&b, STR("scope"), f->scope);
    str rest = f->resource, word;
    while (str_filled(f->resource) && str_next(&rest, ' ', &word))
        url_add_parameter(&b, STR("resource"), word); /* RFC 8707 2 */
    url_add_parameter(&b, STR("state"), secrets->state);
    url_add_parameter(&b, STR("code_challenge"), b64url_encode(a, digest, sizeof digest));
    url_add_parameter(&b, STR("code_challenge_method"), STR("S256"));
    return buf_done(&b, address);
}
fallible token_flow_judge(struct arena *a, const struct token_flow *f, const struct token_flow_answer *answer, str *code,
                          const char **trouble)
{
    struct form form;
    *trouble = "the answer from the browser is malformed";
    TRY(form_parse(a, answer->query, &form));
    *trouble = "the answer carries another state than the request; begin again"; /* RFC 6749 10.12 */
    if (!secret_equal(form_get(&form, "state"), answer->state))
        FAIL(INVALID_REQUEST, "state mismatch");
    str iss = form_get(&form, "iss");
    *trouble = "the answer comes from another issuer; begin again"; /* RFC 9207 2.4 */
    if (str_present(iss) ? !str_equal(iss, f->server.issuer) : f->server.iss_promised)
        FAIL(INVALID_REQUEST, "iss mismatch");
    if (str_present(form_get(&form, "error"))) {
        *trouble = refusal(a, form_get(&form, "error"), form_get(&form, "error_description")).p;
        FAIL(ACCESS_DENIED, "the server refused");
    }
    *trouble = "the answer carries no code";
    if (!str_present(form_get(&form, "code")))
        FAIL(INVALID_REQUEST, "no code");
    *code = form_get(&form, "code");
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
        REFUSE(INVALID_REQUEST, "the redirect URI must be http:// on a loopback host, without query and fragment",
               "not a loopback URI");
    if (port == 0 && str_present(u.port))
        TRY(str_u64(u.port, PORT_MAX, &port));
    TRY(loopback_open(u.host, (uint16_t)port, l));
    *path = u.path.n > 0 ? u.path : STR("/");
    *uri = str_format(a, "http://%.*s:%u%.*s", STR_FMT(u.host), (unsigned)l->port, STR_FMT(u.path));
    return str_present(*uri) ? OK : ERR(UNAVAILABLE, "no memory for the redirect URI");
}
struct code_facts {
    str code, redirect_uri, verifier;
};
static fallible get_code(struct arena *a, const struct token_flow *f, struct code_facts *out, const char **trouble)
{
    struct loopback l = {.descriptor = -1};
    struct token_flow_secrets secrets = {.state = random_text(a), .verifier = random_text(a)};
    struct token_flow_answer answer = {.state = secrets.state};
    str path, address;
    if (!str_present(secrets.state) || !str_present(secrets.verifier))
        FAIL(UNAVAILABLE, "no memory for the state");
    err e = open_redirect(a, f, &l, &out->redirect_uri, &path);
    if (!FAILED(e))
        e = token_flow_address(a, f, &secrets, out->redirect_uri, &address);
    if (!FAILED(e)) {
        f->show(address);
        e = loopback_wait(a, &l, path, PERSON_SECONDS, &answer.query);
    }
    loopback_close(&l);
    if (FAILED(e)) {
        *trouble = err_say(e);
        return e;
    }
    out->verifier = secrets.verifier;
    return token_flow_judge(a, f, &answer, &out->code, trouble);
}

static void add_grant(struct buf *b, const struct token_flow *f, const struct code_facts *code)
{
    form_add(b, STR("grant_type"), f->grant);
    if (str_present(code->code)) {
        form_add(b, STR("code"), code->code);
        form_add(b, STR("redirect_uri"), code->redirect_uri);
        form_add(b, STR("code_verifier"), code->verifier);
    }
    if (str_is(f->grant, "password")) {
        form_add(b, STR("username"), f->username);
        form_add(b, STR("password"), f->password);
    }
    if (str_is(f->grant, "refresh_token"))
        form_add(b, STR("refresh_token"), f->refresh_token);
    if (str_filled(f->scope) && !str_present(code->code))
        form_add(b, STR("scope"), f->scope);
    add_words(b, "resource", f->resource);
}
/* RFC 6749 2.3.1: id and secret are form-encoded before they become user and password. */
static fallible encoded(struct arena *a, str text, str *out)
{
    struct buf b = buf_new(a, BUF_URL_MAX);
    percent_add(&b, text);
    return buf_done(&b, out);
}
static fallible add_client(struct arena *a, const struct token_flow *f, struct buf *b, struct fetch_request *request)
{
    bool secret = str_present(f->client_secret);
    bool post =
        str_is(f->auth_method, "client_secret_post") || (!str_present(f->auth_method) && !f->server.basic && f->server.post);
    if (secret && !post && !str_is(f->auth_method, "none")) {
        TRY(encoded(a, f->client_id, &request->user));
        return encoded(a, f->client_secret, &request->password);
    }
    if (str_present(f->client_id))
        form_add(b, STR("client_id"), f->client_id);
    if (secret && post)
        form_add(b, STR("client_secret"), f->client_secret);
    return OK;
}
static fallible read_response(struct arena *a, const struct fetch_answer *answer, json **response, const char **trouble)
{
    json *j;
    *trouble = str_format(a, "the token endpoint answered with status %ld and no JSON object", answer->status).p;
    TRY(json_parse(a, answer->body, &j));
    str error = json_member_text(j, "error"), token = json_member_text(j, "access_token");
    if (str_present(error))
        *trouble = refusal(a, error, json_member_text(j, "error_description")).p;
    if (str_present(error) || answer->status != 200 || !json_is_object(j))
        FAIL(INVALID_GRANT, "the server refused");
    *trouble = "the token response has no usable access_token"; /* RFC 6749 5.1 */
    if (!str_filled(token) || printable(a, token).n != token.n || !str_equal(printable(a, token), token))
        FAIL(INVALID_REQUEST, "no access_token");
    *response = j;
    return OK;
}
fallible token_flow_run(struct arena *a, const struct token_flow *f, json **response, const char **trouble)
{
    struct code_facts code = {0};
    struct fetch_answer answer;
    struct buf form = buf_new(a, BUF_JSON_MAX);
    *trouble = "no memory";
    if (str_is(f->grant, "authorization_code"))
        TRY(get_code(a, f, &code, trouble));
    struct fetch_request request = {.url = f->server.token_endpoint, .authority = f->authority};
    add_grant(&form, f, &code);
    TRY(add_client(a, f, &form, &request));
    TRY(buf_done(&form, &request.form));
    TRY(fetch_run(a, &request, &answer, trouble));
    return read_response(a, &answer, response, trouble);
}

static fallible decode_part(struct arena *a, str part, json **out)
{
    size_t n = 0;
    uint8_t *bytes = arena_take(a, part.n + 1);
    if (!bytes)
        FAIL(UNAVAILABLE, "no memory for a token's part");
    TRY(b64url_decode(part, bytes, part.n, &n));
    return json_parse(a, (str){(char *)bytes, n}, out);
}
fallible token_flow_decode(struct arena *a, str token, json **decoded)
{
    str rest = token, header, claims, signature, more;
    json *h, *c;
    if (!str_next(&rest, '.', &header) || !str_next(&rest, '.', &claims) || !str_next(&rest, '.', &signature) ||
        str_next(&rest, '.', &more))
        FAIL(INVALID_REQUEST, "not three parts");
    TRY(decode_part(a, header, &h));
    TRY(decode_part(a, claims, &c));
    json *both = json_object_new(a);
    json_put(a, both, "header", h);
    json_put(a, both, "claims", c);
    *decoded = both;
    return OK;
}
