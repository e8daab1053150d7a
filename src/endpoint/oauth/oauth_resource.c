/* SPDX-License-Identifier: MIT
 * oauth_resource: jeton's own API as a protected resource (RFC 9728): who gives tokens for it, for which scopes, and how they are sent.
 * Promises that nothing comes from the request but which of the two addresses was asked, and that the resource named is the one that the
 * address was made from (RFC 9728 3.3). */
#include "endpoint/oauth/oauth.h"
#include "token/dpop.h"
#include "base/banned.h"

static fallible answer(struct call *c, const char *path)
{
    struct arena *a = c->ground->arena;
    const struct authority *authority = c->ground->authority;
    size_t count = 0;
    const struct db_scope **rows = hot_scopes(c->ground->facts, c->ground->arena, &count);
    json *body = json_object_new(a), *scopes = json_list_new(a), *servers = json_list_new(a);
    for (size_t i = 0; i < count; i++)
        if (rows[i]->builtin && !rows[i]->identity)
            json_add_text(a, scopes, rows[i]->name);
    json_add_text(a, servers, authority->issuer);
    json_put_text(a, body, "resource", str_format(a, "%.*s%s", STR_FMT(authority->issuer), path));
    json_put(a, body, "authorization_servers", servers);
    json_put(a, body, "scopes_supported", scopes);
    json_put_words(a, body, "bearer_methods_supported", STR("header"));
    json_put_words(a, body, "dpop_signing_alg_values_supported", dpop_algs);
    json_put_boolean(a, body, "tls_client_certificate_bound_access_tokens", authority->certificates);
    json_put_text(a, body, "resource_name", STR("jeton"));
    json_put_text(a, body, "resource_documentation", str_format(a, "%.*s/api/1.0/openapi.json", STR_FMT(authority->issuer)));
    return call_json(c, 200, body);
}

fallible oauth_resource_get(struct call *c)
{
    return answer(c, "");
}

fallible oauth_resource_api_get(struct call *c)
{
    return answer(c, "/api/1.0");
}
