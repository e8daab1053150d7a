/* SPDX-License-Identifier: MIT
 * oauth_metadata: RFC 8414 and RFC 7517. Everything comes from the configured issuer and from the tables that do the work, never from the
 * request (MD-02), so that it tells the truth (MD-03). */
#include "crypto/sign.h"
#include "endpoint/oauth/oauth.h"
#include "base/banned.h"

static void put_address(struct call *c, json *body, const char *name, const char *path)
{
    str parts[] = {c->ground->authority->issuer, str_of(path)};
    json_put_text(c->ground->arena, body, name, str_join(c->ground->arena, parts, 2));
}

static void put_scopes(struct call *c, json *body)
{
    size_t count;
    const struct db_scope *scopes = hot_scopes(c->ground->facts, &count);
    json *list = json_list_new(c->ground->arena);
    for (size_t i = 0; i < count; i++)
        json_add_text(c->ground->arena, list, scopes[i].name);
    json_put(c->ground->arena, body, "scopes_supported", list);
}

static void put_grants(struct call *c, json *body)
{
    size_t count;
    const struct grant_row *rows = token_request_rows(&count);
    json *list = json_list_new(c->ground->arena);
    for (size_t i = 0; i < count; i++)
        json_add_text(c->ground->arena, list, str_of(rows[i].type));
    json_put(c->ground->arena, body, "grant_types_supported", list);
}

static void put_backchannel(struct call *c, json *body) /* CIBA Core 4 */
{
    struct arena *a = c->ground->arena;
    put_address(c, body, "backchannel_authentication_endpoint", "/oauth/ciba");
    json_put_words(a, body, "backchannel_token_delivery_modes_supported", STR("poll ping"));
    json_put_words(a, body, "backchannel_authentication_request_signing_alg_values_supported", sign_alg_words);
    json_put_boolean(a, body, "backchannel_user_code_parameter_supported", false);
}

fallible oauth_metadata_get(struct call *c)
{
    struct arena *a = c->ground->arena;
    json *body = json_object_new(a);
    json_put_text(a, body, "issuer", c->ground->authority->issuer); /* MD-01 */
    put_address(c, body, "authorization_endpoint", "/oauth/authorize");
    put_address(c, body, "token_endpoint", "/oauth/token");
    put_address(c, body, "introspection_endpoint", "/oauth/introspect");
    put_address(c, body, "revocation_endpoint", "/oauth/revoke");
    put_address(c, body, "device_authorization_endpoint", "/oauth/device/code"); /* RFC 8628 4 */
    put_address(c, body, "jwks_uri", "/oauth/jwks");
    put_backchannel(c, body);
    put_scopes(c, body);
    json_put_words(a, body, "response_types_supported", STR("code"));
    json_put_words(a, body, "response_modes_supported", STR("query"));
    put_grants(c, body);
    json_put_words(a, body, "token_endpoint_auth_methods_supported", STR("client_secret_basic client_secret_post none"));
    json_put_words(a, body, "introspection_endpoint_auth_methods_supported", STR("client_secret_basic client_secret_post"));
    json_put_words(a, body, "revocation_endpoint_auth_methods_supported", STR("client_secret_basic client_secret_post none"));
    json_put_words(a, body, "code_challenge_methods_supported", STR("S256")); /* PK-09 */
    json_put_boolean(a, body, "authorization_response_iss_parameter_supported", true); /* RFC 9207 3 */
    json_put_boolean(a, body, "request_parameter_supported", false);
    json_put_boolean(a, body, "request_uri_parameter_supported", false);
    return call_json(c, 200, body);
}

fallible oauth_jwks_get(struct call *c)
{
    str keys = str_dup(c->ground->arena, keyring_jwks(c->ground->keys)); /* sent when the keyring may be gone already */
    if (!str_present(keys))
        FAIL(UNAVAILABLE, "metadata: no memory");
    response_body(c->response, 200, "application/jwk-set+json", keys);
    return OK;
}
