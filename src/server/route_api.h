/* SPDX-License-Identifier: MIT
 * route_api: the rows under /api/1.0. The last column names what a token must reach to get in; whose things they are, and what
 * the person or client behind it may, is asked by the rules themselves. */
#ifndef JETON_SERVER_ROUTE_API_H
#define JETON_SERVER_ROUTE_API_H
/* clang-format off */
#define ROUTES_API \
    {HTTP_GET,    "/api/1.0/openapi.json",              ANYONE, NOTHING,   PUBLIC_JSON, INLINE, api_openapi_get,        NULL, NULL, AS_PUBLIC}, \
    {HTTP_GET,    "/api/1.0/users/me",                  BEARER, NOTHING,   API_JSON,    INLINE, api_me_get,             NULL, ROUTE_REACH_ANY, AS_API}, \
    {HTTP_GET,    "/api/1.0/users",                     BEARER, QUERY,     API_JSON,    READ, api_users_get,          NULL, "view-users", AS_API}, \
    {HTTP_POST,   "/api/1.0/users",                     BEARER, JSON_BODY, API_JSON,    HASH,   api_users_post,         NULL, "create-users", AS_API}, \
    {HTTP_GET,    "/api/1.0/users/{id}",                BEARER, NOTHING,   API_JSON,    READ, api_user_get,           NULL, "view-own-profile view-users", AS_API}, \
    {HTTP_PUT,    "/api/1.0/users/{id}",                BEARER, JSON_BODY, API_JSON,    HASH,   api_user_put,           NULL, "edit-own-profile edit-users", AS_API}, \
    {HTTP_DELETE, "/api/1.0/users/{id}",                BEARER, NOTHING,   API_JSON,    READ, api_user_delete,        NULL, "delete-users", AS_API}, \
    {HTTP_GET,    "/api/1.0/users/{id}/tokens",         BEARER, QUERY,     API_JSON,    READ, api_tokens_get,         NULL, "view-own-tokens edit-users", AS_API}, \
    {HTTP_POST,   "/api/1.0/users/{id}/tokens",         BEARER, JSON_BODY, API_JSON,    READ, api_tokens_post,        NULL, ROUTE_REACH_FULL, AS_API}, \
    {HTTP_GET,    "/api/1.0/users/{id}/tokens/{token}", BEARER, NOTHING,   API_JSON,    READ, api_token_get,          NULL, "view-own-tokens edit-users", AS_API}, \
    {HTTP_DELETE, "/api/1.0/users/{id}/tokens/{token}", BEARER, NOTHING,   API_JSON,    READ, api_token_delete,       NULL, "delete-own-tokens edit-users", AS_API}, \
    {HTTP_GET,    "/api/1.0/users/{id}/authenticators", BEARER, NOTHING,   API_JSON,    READ, api_factors_get,        NULL, "view-own-profile edit-users", AS_API}, \
    {HTTP_POST,   "/api/1.0/users/{id}/authenticators/reset", BEARER, JSON_BODY, API_JSON, READ, api_factors_reset_post, NULL, "edit-users", AS_API}, \
    {HTTP_GET,    "/api/1.0/clients",                   BEARER, QUERY,     API_JSON,    READ, api_clients_get,        NULL, "view-auth_clients", AS_API}, \
    {HTTP_POST,   "/api/1.0/clients",                   BEARER, JSON_BODY, API_JSON,    READ, api_clients_post,       NULL, "create-auth_clients", AS_API}, \
    {HTTP_GET,    "/api/1.0/clients/{id}",              BEARER, NOTHING,   API_JSON,    READ, api_client_get,         NULL, "view-auth_clients", AS_API}, \
    {HTTP_PUT,    "/api/1.0/clients/{id}",              BEARER, JSON_BODY, API_JSON,    READ, api_client_put,         NULL, "edit-auth_clients", AS_API}, \
    {HTTP_DELETE, "/api/1.0/clients/{id}",              BEARER, NOTHING,   API_JSON,    READ, api_client_delete,      NULL, "delete-auth_clients", AS_API}, \
    {HTTP_POST,   "/api/1.0/clients/{id}/secret",       BEARER, JSON_BODY, API_JSON,    READ, api_client_secret_post, NULL, "edit-auth_clients", AS_API}, \
    {HTTP_PUT,    "/api/1.0/clients/{id}/secret",       BEARER, JSON_BODY, API_JSON,    READ, api_client_secret_post, NULL, "edit-auth_clients", AS_API}, \
    {HTTP_GET,    "/api/1.0/scopes",                    BEARER, QUERY,     API_JSON,    INLINE, api_scopes_get,         NULL, "view-scopes", AS_API}, \
    {HTTP_POST,   "/api/1.0/scopes",                    BEARER, JSON_BODY, API_JSON,    READ, api_scopes_post,        NULL, "edit-scopes", AS_API}, \
    {HTTP_DELETE, "/api/1.0/scopes/{name}",             BEARER, NOTHING,   API_JSON,    READ, api_scope_delete,       NULL, "edit-scopes", AS_API}, \
    {HTTP_GET,    "/api/1.0/events",                    BEARER, QUERY,     API_JSON,    READ, api_events_get,         NULL, "view-own-events view-events", AS_API}, \
    {HTTP_GET,    "/api/1.0/sessions",                  BEARER, QUERY,     API_JSON,    READ, api_sessions_get,       NULL, "view-own-sessions", AS_API}, \
    {HTTP_DELETE, "/api/1.0/sessions/{id}",             BEARER, QUERY,     API_JSON,    READ, api_session_delete,     NULL, "delete-own-sessions", AS_API}, \
    {HTTP_GET,    "/api/1.0/grants",                    BEARER, QUERY,     API_JSON,    READ, api_grants_get,         NULL, "view-own-authorizations", AS_API}, \
    {HTTP_DELETE, "/api/1.0/grants/{id}",               BEARER, NOTHING,   API_JSON,    READ, api_grant_delete,       NULL, "delete-own-authorizations", AS_API},
/* clang-format on */
#endif
