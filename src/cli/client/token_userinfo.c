/* SPDX-License-Identifier: MIT
 * token_userinfo: the userinfo endpoint with a Bearer or a DPoP token. Relies on fetch, and on received for signed answers.
 * Promises that an answer about another person than the ID token's is refused (OpenID Connect Core 5.3.2), and that a signed
 * one is checked.
 *
 *   request --401 with a nonce, DPoP--> the same request, once --> answer */
#include "cli/client/token_userinfo.h"
#include "cli/client/received.h"
#include "cli/client/server_call.h"
#include "base/banned.h"

static fallible fetch_userinfo(struct arena *a, struct token_flow *f, str token, struct fetch_answer *answer, const char **trouble)
{
    str headers[2], nonce = STR_ABSENT, before;
    struct fetch_request request = server_call_request(f, discover_endpoint(&f->server, "userinfo_endpoint", server_call_mutual(f)));
    *trouble = "the server's metadata contains no userinfo_endpoint";
    if (!str_present(request.url))
        FAIL(NOT_FOUND, "no such endpoint");
    str parts[] = {STR("Authorization: "), f->proof ? STR("DPoP ") : STR("Bearer "), token};
    headers[0] = str_join(a, parts, 3);
    request.headers = headers;
    request.header_count = f->proof ? 2 : 1;
    request.accept = STR("application/json, application/jwt");
    *trouble = "no memory";
    for (int attempt = 0;; attempt++) {
        struct assertion_proof about = {.method = "GET", .address = request.url, .token = token, .nonce = nonce};
        if (f->proof)
            TRY(server_call_prove(a, f, &about, &headers[1]));
        TRY(fetch_run(a, &request, answer, trouble));
        before = nonce;
        nonce = fetch_header(answer, "DPoP-Nonce"); /* RFC 9449 9 */
        if (!f->proof || answer->status != 401 || attempt > 0 || !str_present(nonce) || str_equal(nonce, before))
            return OK;
    }
}
static const char *format_userinfo_refusal(struct arena *a, const struct fetch_answer *answer)
{
    str told = fetch_header(answer, "WWW-Authenticate");
    return str_format(a, "the userinfo endpoint refused with status %ld%s%.*s", answer->status, str_filled(told) ? ": " : "",
                      STR_FMT(str_filled(told) ? server_call_printable(a, told) : STR("")))
        .p;
}
static fallible read_claims(struct arena *a, struct token_flow *f, const struct fetch_answer *answer, json **claims, const char **trouble)
{
    json *plain;
    str type = fetch_header(answer, "Content-Type");
    str bare = str_present(type) ? str_trim((str){type.p, str_find(type, ';')}) : STR("");
    str text = answer->body;
    if (str_equal_nocase(bare, STR("application/jwt"))) {
        const json *believed;
        TRY(received_userinfo(a, f, text, &believed, trouble));
        TRY(json_text(a, believed, &text));
    }
    *trouble = "the userinfo endpoint did not return a JSON object";
    TRY(json_parse(a, text, &plain));
    if (!json_is_object(plain))
        FAIL(INVALID_REQUEST, "no JSON object");
    *claims = plain;
    return OK;
}
fallible token_userinfo_get(struct arena *a, struct token_flow *f, const struct token_flow_result *result, json **claims, const char **trouble)
{
    struct fetch_answer answer;
    json *found = NULL;
    TRY(fetch_userinfo(a, f, json_member_text(result->response, "access_token"), &answer, trouble));
    if (answer.status != 200) {
        *trouble = format_userinfo_refusal(a, &answer);
        FAIL(ACCESS_DENIED, "userinfo was refused");
    }
    TRY(read_claims(a, f, &answer, &found, trouble));
    str sub = json_member_text(found, "sub");
    *trouble = "the userinfo answer has no sub, or is about a different user than the ID token"; /* 5.3.2 */
    if (!str_filled(sub) || (result->claims && !str_equal(sub, json_member_text(result->claims, "sub"))))
        FAIL(INVALID_TOKEN, "another sub");
    *claims = found;
    return OK;
}
