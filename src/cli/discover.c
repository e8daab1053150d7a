/* SPDX-License-Identifier: MIT
 * discover: metadata of a foreign server. Relies on fetch for the wire. Promises that a document which speaks for another
 * issuer is refused, so that no server can send us, and our credentials, to a third one's endpoints unnoticed (RFC 8414 6.2).
 */
#include "cli/discover.h"
#include "fetch/fetch.h"
#include "codec/url.h"
#include "base/banned.h"

static str without_slash(str issuer)
{
    return str_ends(issuer, STR("/")) ? (str){issuer.p, issuer.n - 1} : issuer;
}
str discover_address(struct arena *a, str issuer, bool oauth)
{
    struct url u;
    str plain = without_slash(issuer);
    if (!oauth)
        return str_format(a, "%.*s/.well-known/openid-configuration", STR_FMT(plain));
    if (FAILED(url_parse(plain, &u)))
        return STR_ABSENT;
    str origin = {plain.p, plain.n - u.path.n};
    return str_format(a, "%.*s/.well-known/oauth-authorization-server%.*s", STR_FMT(origin), STR_FMT(u.path));
}
static void read_methods(const json *list, struct discover_facts *facts)
{
    facts->basic = !json_is_list(list);
    facts->post = false;
    for (size_t i = 0; i < json_count(list); i++) {
        str method = json_text_of(json_at(list, i));
        facts->basic |= str_is(method, "client_secret_basic");
        facts->post |= str_is(method, "client_secret_post");
    }
}
fallible discover_read(struct arena *a, str issuer, str document, struct discover_facts *out)
{
    json *j;
    bool promised = false;
    struct discover_facts facts = {0};
    TRY(json_parse(a, document, &j));
    facts.issuer = json_member_text(j, "issuer");
    /* RFC 8414 3.3: must be identical; a slash at the end, which people forget, is let pass */
    if (!str_present(facts.issuer) || !str_equal(without_slash(facts.issuer), without_slash(issuer)))
        REFUSE(INVALID_REQUEST, "its metadata speaks for another issuer; give the issuer as the server spells it",
               "issuer mismatch");
    facts.authorization_endpoint = json_member_text(j, "authorization_endpoint");
    facts.token_endpoint = json_member_text(j, "token_endpoint");
    read_methods(json_member(j, "token_endpoint_auth_methods_supported"), &facts);
    facts.iss_promised =
        json_boolean_of(json_member(j, "authorization_response_iss_parameter_supported"), &promised) && promised;
    *out = facts;
    return OK;
}
fallible discover_run(struct arena *a, str issuer, str authority, struct discover_facts *out, const char **trouble)
{
    struct fetch_answer answer = {0};
    *trouble = "no memory";
    for (int i = 0; i < 2; i++) {
        struct fetch_request request = {.url = discover_address(a, issuer, i == 0), .authority = authority};
        if (!str_present(request.url))
            FAIL(INVALID_REQUEST, "the issuer is no URL");
        TRY(fetch_run(a, &request, &answer, trouble));
        if (answer.status != 200)
            continue;
        err e = discover_read(a, issuer, answer.body, out);
        if (FAILED(e))
            *trouble = err_say(e);
        return e;
    }
    *trouble = str_format(a, "it publishes no metadata (status %ld); give --token-endpoint", answer.status).p;
    FAIL(NOT_FOUND, "no metadata");
}
