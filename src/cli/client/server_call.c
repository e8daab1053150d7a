/* SPDX-License-Identifier: MIT
 * server_call: speaks with the authorization server's endpoints. Relies on fetch for the wire, on assertion for signed words.
 * Promises that a secret goes to an address of the server's metadata alone, that an assertion and a proof are fresh for each
 * request, and that a wanted nonce is tried once.
 *
 *   request --use_dpop_nonce, a new nonce--> the same request, once --> answer
 *           --anything else--> answer */
#include "cli/client/server_call.h"
#include "base/ascii.h"
#include "codec/form.h"
#include "codec/percent.h"
#include <string.h>
#include "base/banned.h"

str server_call_printable(struct arena *a, str text)
{
    struct buf b = buf_new(a, BUF_URL_MAX);
    str out;
    for (size_t i = 0; i < text.n; i++)
        buf_char(&b, ascii_printable(text.p[i]) ? text.p[i] : '?');
    return FAILED(buf_done(&b, &out)) ? STR("?") : out;
}
const char *server_call_refusal(struct arena *a, str error, str description)
{
    bool more = str_filled(description);
    return str_format(a, "the server refused: %.*s%s%.*s", STR_FMT(server_call_printable(a, error)), more ? ": " : "",
                      STR_FMT(more ? server_call_printable(a, description) : description))
        .p;
}
bool server_call_mutual(const struct token_flow *f)
{
    return str_present(f->certificate);
}
static bool supports_auth_method(const struct token_flow *f, const char *method, bool fallback)
{
    return discover_lists(&f->server, "token_endpoint_auth_methods_supported", method, fallback);
}
const char *server_call_method(const struct token_flow *f)
{
    /* In the order of our liking; RFC 8414 2: a server that names none takes Basic. */
    const struct {
        const char *word;
        bool possible, unnamed;
    } ways[] = {
        {"tls_client_auth", server_call_mutual(f) && !str_present(f->client_secret), false},
        {"self_signed_tls_client_auth", server_call_mutual(f) && !str_present(f->client_secret), false},
        {"private_key_jwt", f->key != NULL && !str_present(f->client_secret), false},
        {"client_secret_basic", str_present(f->client_secret), true},
        {"client_secret_post", str_present(f->client_secret), false},
        {"client_secret_jwt", str_present(f->client_secret), false},
    };
    for (size_t i = 0; !str_present(f->auth_method) && i < sizeof ways / sizeof ways[0]; i++) {
        if (ways[i].possible && supports_auth_method(f, ways[i].word, ways[i].unnamed))
            return ways[i].word;
    }
    if (str_present(f->auth_method))
        return f->auth_method.p; /* a word of the option's own list, NUL-terminated as all of the command line */
    return str_present(f->client_secret) ? "client_secret_basic" : "none";
}

/* RFC 6749 2.3.1: id and secret are form-encoded before they become user and password. */
static fallible percent_encode_text(struct arena *a, str text, str *out)
{
    struct buf b = buf_new(a, BUF_URL_MAX);
    percent_add(&b, text);
    return buf_done(&b, out);
}
static fallible add_assertion(struct arena *a, const struct token_flow *f, bool with_secret, struct buf *form)
{
    str jwt;
    TRY(assertion_client(a, f, with_secret, &jwt));
    form_add(form, STR("client_assertion_type"), STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    form_add(form, STR("client_assertion"), jwt);
    return OK;
}
static fallible add_client(struct arena *a, const struct token_flow *f, bool named, struct buf *form, struct fetch_request *request)
{
    str method = str_of(server_call_method(f));
    if (str_is(method, "client_secret_basic")) {
        TRY(percent_encode_text(a, f->client_id, &request->user));
        return percent_encode_text(a, f->client_secret, &request->password);
    }
    if (str_present(f->client_id) && !named)
        form_add(form, STR("client_id"), f->client_id); /* beside an assertion too: RFC 7521 4.2 lets it, PAR wants it */
    if (str_is(method, "client_secret_post"))
        form_add(form, STR("client_secret"), f->client_secret);
    if (str_is(method, "private_key_jwt") || str_is(method, "client_secret_jwt"))
        return add_assertion(a, f, str_is(method, "client_secret_jwt"), form);
    return OK;
}

struct fetch_request server_call_request(const struct token_flow *f, str address)
{
    return (struct fetch_request){.url = address, .authority = f->authority, .certificate = f->certificate, .key = f->certificate_key};
}
fallible server_call_prove(struct arena *a, const struct token_flow *f, const struct assertion_proof *about, str *header)
{
    str proof;
    TRY(assertion_proof(a, f, about, &proof));
    str parts[] = {STR("DPoP: "), proof}, line = str_join(a, parts, 2);
    if (!str_present(line))
        FAIL(UNAVAILABLE, "no memory for a proof");
    *header = line;
    return OK;
}
/* One request, with everything that must be fresh. */
static fallible post_server_call(struct arena *a, const struct token_flow *f, const struct server_call *call, struct fetch_answer *answer, const char **trouble)
{
    struct fetch_request request = server_call_request(f, discover_endpoint(&f->server, call->endpoint, server_call_mutual(f)));
    struct assertion_proof about = {.method = "POST", .address = request.url, .nonce = f->server_nonce};
    struct buf form = buf_new(a, BUF_JSON_MAX);
    str proof;
    *trouble = str_format(a, "the server's metadata contains no %s", call->endpoint).p;
    if (!str_present(request.url))
        FAIL(NOT_FOUND, "no such endpoint");
    buf_add(&form, call->form);
    err e = add_client(a, f, call->named, &form, &request);
    *trouble = err_say(e); /* such as a secret that is too short for HMAC */
    TRY(e);
    TRY(buf_done(&form, &request.form));
    if (call->proof && f->proof) {
        TRY(server_call_prove(a, f, &about, &proof));
        request.headers = &proof;
        request.header_count = 1;
    }
    return fetch_run(a, &request, answer, trouble);
}
static fallible read_answer(struct arena *a, const struct server_call *call, const struct fetch_answer *answer, struct server_answer *out, const char **trouble)
{
    struct server_answer found = {.status = answer->status};
    bool success = answer->status == 200 || answer->status == 201;
    *trouble = str_format(a, "the %s answered with status %ld and did not return a JSON object", call->endpoint, answer->status).p;
    if (!(call->empty && success && answer->body.n == 0))
        TRY(json_parse(a, answer->body, &found.body));
    if (found.body && !json_is_object(found.body))
        FAIL(INVALID_REQUEST, "no JSON object");
    found.error = json_member_text(found.body, "error");
    if (!success && !str_present(found.error))
        FAIL(INVALID_REQUEST, "neither a success nor an error");
    *out = found;
    return OK;
}
fallible server_call_post(struct arena *a, struct token_flow *f, const struct server_call *call, struct server_answer *out, const char **trouble)
{
    struct fetch_answer answer;
    struct server_answer found;
    for (int attempt = 0;; attempt++) {
        TRY(post_server_call(a, f, call, &answer, trouble));
        str nonce = fetch_header(&answer, "DPoP-Nonce");
        if (str_present(nonce))
            f->server_nonce = nonce; /* RFC 9449 8.2: whatever the status */
        TRY(read_answer(a, call, &answer, &found, trouble));
        bool again = str_is(found.error, "use_dpop_nonce") && f->proof && str_present(nonce) && attempt == 0;
        if (!again)
            break;
    }
    *out = found;
    return OK;
}
static const struct {
    const char *error, *advice;
} help[] = {
    {"invalid_client", "check --client-id, the secret or key, and --auth-method"},
    {"use_dpop_nonce", "this server requires DPoP; add --dpop"},
    {"invalid_dpop_proof", "check the clock of this machine"},
    {"unauthorized_client", "the client must be allowed to use this grant"},
    {"invalid_scope", "check --scope"},
    {"invalid_target", "check --resource and --audience"},
    {"unknown_user_id", "check --login-hint"},
    {"invalid_authorization_details", "check --authorization-details"},
};
fallible server_call_judge(struct arena *a, const struct token_flow *f, const struct server_answer *answer, const char **trouble)
{
    if (!str_present(answer->error))
        return OK;
    const char *advice = NULL;
    for (size_t i = 0; i < sizeof help / sizeof help[0]; i++) {
        if (str_is(answer->error, help[i].error))
            advice = help[i].advice;
    }
    if (str_is(answer->error, "use_dpop_nonce") && f->proof)
        advice = "the server refused its own nonce";
    const char *said = server_call_refusal(a, answer->error, json_member_text(answer->body, "error_description"));
    *trouble = advice ? str_format(a, "%s (status %ld; %s)", said, answer->status, advice).p : str_format(a, "%s (status %ld)", said, answer->status).p;
    FAIL(INVALID_GRANT, "the server refused");
}
