/* SPDX-License-Identifier: MIT
 * discover: metadata of a foreign server. Relies on fetch for the wire. Promises that a document which speaks for another
 * issuer is refused, so that no server can send us, and our credentials, to a third one's endpoints unnoticed (RFC 8414 6.2).
 */
#include "cli/client/discover.h"
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
fallible discover_read(struct arena *a, str issuer, str document, struct discover_facts *out)
{
    json *j;
    struct discover_facts facts = {0};
    if (FAILED(json_parse(a, document, &j)))
        REFUSE(INVALID_REQUEST, "what it publishes as its metadata is not a JSON object", "no metadata");
    facts.issuer = json_member_text(j, "issuer");
    /* RFC 8414 3.3: must be identical; a slash at the end, which people forget, is let pass */
    if (!str_present(facts.issuer) || !str_equal(without_slash(facts.issuer), without_slash(issuer)))
        REFUSE(INVALID_REQUEST, "its metadata names a different issuer; write the issuer exactly as the server does", "issuer mismatch");
    facts.metadata = j;
    facts.iss_promised = discover_flag(&facts, "authorization_response_iss_parameter_supported");
    *out = facts;
    return OK;
}
fallible discover_run(struct arena *a, str issuer, str authority, struct discover_facts *out, const char **trouble)
{
    struct fetch_answer answer = {0};
    err e = ERR(NOT_FOUND, "no metadata");
    bool found = false;
    *trouble = "no memory";
    for (int i = 0; i < 2; i++) { /* a server of one standard may answer the other's address with anything */
        struct fetch_request request = {.url = discover_address(a, issuer, i == 0), .authority = authority};
        if (!str_present(request.url))
            FAIL(INVALID_REQUEST, "the issuer is no URL");
        TRY(fetch_run(a, &request, &answer, trouble));
        if (answer.status != 200)
            continue;
        e = discover_read(a, issuer, answer.body, out);
        if (!FAILED(e))
            return OK;
        found = true;
        *trouble = err_say(e);
    }
    if (!found)
        *trouble = str_format(a, "it publishes no metadata (status %ld); give --token-endpoint", answer.status).p;
    return e;
}
str discover_endpoint(const struct discover_facts *facts, const char *name, bool mtls)
{
    str alias = json_member_text(json_member(facts->metadata, "mtls_endpoint_aliases"), name);
    return mtls && str_present(alias) ? alias : json_member_text(facts->metadata, name);
}
bool discover_flag(const struct discover_facts *facts, const char *name)
{
    bool value = false;
    return json_boolean_of(json_member(facts->metadata, name), &value) && value;
}
bool discover_lists(const struct discover_facts *facts, const char *name, const char *word, bool fallback)
{
    const json *list = json_member(facts->metadata, name);
    if (!json_is_list(list))
        return fallback;
    for (size_t i = 0; i < json_count(list); i++) {
        if (str_is(json_text_of(json_at(list, i)), word))
            return true;
    }
    return false;
}
