/* SPDX-License-Identifier: MIT
 * grant_ciba: a person decides on their own device (OpenID Connect CIBA Core, poll mode). Relies on server_call, grant_poll
 * and, for a signed request, assertion.
 *
 *   backchannel request --> auth_req_id --> grant_poll --> response */
#include "cli/client/assertion.h"
#include "cli/client/grant_rows.h"
#include "cli/client/server_call.h"
#include "codec/form.h"
#include "base/banned.h"

struct parameter {
    const char *name;
    str value;
    bool is_json; /* a value of its own in a signed request, a text in a form */
};
static fallible put_claim_parameter(struct arena *a, json *claims, const struct parameter *p)
{
    json *value;
    if (!str_filled(p->value))
        return OK;
    if (!p->is_json) {
        json_put_text(a, claims, p->name, p->value);
        return OK;
    }
    TRY(json_parse(a, p->value, &value));
    json_put(a, claims, p->name, value);
    return OK;
}
/* CIBA 7.1.1: all of the request stands in the JWT. */
static fallible add_request(struct arena *a, const struct token_flow *f, const struct parameter *rows, size_t count, struct buf *form)
{
    str jwt;
    json *claims = json_object_new(a);
    for (size_t i = 0; i < count; i++)
        TRY(put_claim_parameter(a, claims, &rows[i]));
    TRY(assertion_request(a, f, claims, true, &jwt));
    form_add(form, STR("request"), jwt);
    return OK;
}
static fallible begin_ciba_request(struct arena *a, struct token_flow *f, json **response, const char **trouble)
{
    struct buf form = buf_new(a, BUF_JSON_MAX);
    struct server_call call = {.endpoint = f->grant->endpoint};
    struct server_answer answer;
    const struct parameter rows[] = {
        {"scope", str_filled(f->scope) ? f->scope : STR("openid"), false}, /* CIBA 7.1: openid must be there */
        {"login_hint", f->login_hint, false},
        {"binding_message", f->binding_message, false},
        {"acr_values", f->acr_values, false},
        {"authorization_details", f->authorization_details, true},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    *trouble = "the signed request could not be made";
    if (f->request_object)
        TRY(add_request(a, f, rows, count, &form));
    for (size_t i = 0; !f->request_object && i < count; i++)
        token_flow_add_filled(&form, rows[i].name, rows[i].value);
    token_flow_add_words(&form, "resource", f->resource);
    TRY(buf_done(&form, &call.form));
    TRY(server_call_post(a, f, &call, &answer, trouble));
    TRY(server_call_judge(a, f, &answer, trouble));
    *response = answer.body;
    return OK;
}
fallible grant_ciba(struct arena *a, struct token_flow *f, json **response, const char **trouble)
{
    json *begun;
    TRY(begin_ciba_request(a, f, &begun, trouble));
    struct grant_poll poll = {.name = "auth_req_id", .code = json_member_text(begun, "auth_req_id"), .answer = begun};
    *trouble = "the server's answer contains no auth_req_id"; /* CIBA 7.3 */
    if (!str_filled(poll.code))
        FAIL(INVALID_REQUEST, "no auth_req_id");
    f->show(STR("Waiting for the user to decide on their own device."));
    return grant_poll(a, f, &poll, response, trouble);
}
