/* SPDX-License-Identifier: MIT
 * oauth_resource: jeton's own API as a protected resource (RFC 9728): who gives tokens for it, for which scopes, and how they are sent.
 * Promises that nothing comes from the request but which of the two addresses was asked, and that the resource named is the one that the
 * address was made from (RFC 9728 3.3). */
#include "endpoint/oauth/oauth.h"
#include "token/dpop.h"
#include "base/banned.h"

static fallible answer_resource_metadata(struct call *c, const char *path)
{
    struct arena *a = c->context->arena;
    const struct authority *authority = c->context->authority;
    size_t count = 0;
    const struct db_scope **rows = cache_scopes(c->context->snapshot, c->context->arena, &count);
    struct json_writer body = call_object(c);
    json_write_text(&body, "resource", str_format(a, "%.*s%s", STR_FMT(authority->issuer), path));
    json_write_list(&body, "authorization_servers");
    json_write_text(&body, NULL, authority->issuer);
    json_write_end(&body);
    json_write_list(&body, "scopes_supported");
    for (size_t i = 0; i < count; i++)
        if (rows[i]->builtin && !rows[i]->identity)
            json_write_text(&body, NULL, rows[i]->name);
    json_write_end(&body);
    json_write_words(&body, "bearer_methods_supported", STR("header"));
    json_write_words(&body, "dpop_signing_alg_values_supported", dpop_algs);
    json_write_boolean(&body, "tls_client_certificate_bound_access_tokens", authority->certificates);
    json_write_text(&body, "resource_name", STR("jeton"));
    json_write_text(&body, "resource_documentation", str_format(a, "%.*s/api/1.0/openapi.json", STR_FMT(authority->issuer)));
    return call_json(c, 200, &body);
}

fallible oauth_resource_get(struct call *c)
{
    return answer_resource_metadata(c, "");
}

fallible oauth_resource_api_get(struct call *c)
{
    return answer_resource_metadata(c, "/api/1.0");
}
