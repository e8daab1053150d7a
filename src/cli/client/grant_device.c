/* SPDX-License-Identifier: MIT
 * grant_device: the grant for machines without a browser (RFC 8628). Relies on server_call and grant_poll. Promises that what a
 * person is told to open is an address without control bytes.
 *
 *   device authorization request --> address and code shown --> grant_poll --> response */
#include "cli/client/grant_rows.h"
#include "cli/client/server_call.h"
#include "base/banned.h"

static fallible begin_device_request(struct arena *a, struct token_flow *f, json **response, const char **trouble)
{
    struct buf form = buf_new(a, BUF_JSON_MAX);
    struct server_call call = {.endpoint = f->grant->endpoint};
    struct server_answer answer;
    token_flow_add_filled(&form, "scope", f->scope);
    token_flow_add_words(&form, "resource", f->resource);
    token_flow_add_filled(&form, "authorization_details", f->authorization_details);
    TRY(buf_done(&form, &call.form));
    TRY(server_call_post(a, f, &call, &answer, trouble));
    TRY(server_call_judge(a, f, &answer, trouble));
    *response = answer.body;
    return OK;
}
fallible grant_device(struct arena *a, struct token_flow *f, json **response, const char **trouble)
{
    json *begun;
    TRY(begin_device_request(a, f, &begun, trouble));
    struct grant_poll poll = {.name = "device_code", .code = json_member_text(begun, "device_code"), .answer = begun};
    str code = json_member_text(begun, "user_code"), address = json_member_text(begun, "verification_uri");
    str whole = json_member_text(begun, "verification_uri_complete");
    *trouble = "the server's answer lacks device_code, user_code or verification_uri"; /* RFC 8628 3.2 */
    if (!str_filled(poll.code) || !str_filled(code) || !str_filled(address))
        FAIL(INVALID_REQUEST, "no code");
    bool more = str_filled(whole);
    f->show(str_format(a, "Open this address in any browser:\n%.*s\nand enter this code:\n%.*s%s%.*s", STR_FMT(server_call_printable(a, address)),
                       STR_FMT(server_call_printable(a, code)), more ? "\nor open this one, which has the code in it:\n" : "",
                       STR_FMT(more ? server_call_printable(a, whole) : STR(""))));
    return grant_poll(a, f, &poll, response, trouble);
}
