/* SPDX-License-Identifier: MIT
 * route_api: the rows under /api/1.0. The permission that each needs is asked by its handler and again by directory/. */
#ifndef JETON_SERVER_ROUTE_API_H
#define JETON_SERVER_ROUTE_API_H
/* clang-format off */
#define ROUTES_API \
    {HTTP_GET,    "/api/1.0/openapi.json",              ANYONE, NOTHING,   PUBLIC_JSON, INLINE, api_openapi_get,        NULL}, \
    {HTTP_GET,    "/api/1.0/users/me",                  BEARER, NOTHING,   API_JSON,    INLINE, api_me_get,             NULL}, \
    {HTTP_GET,    "/api/1.0/users",                     BEARER, QUERY,     API_JSON,    WORKER, api_users_get,          NULL}, \
    {HTTP_POST,   "/api/1.0/users",                     BEARER, JSON_BODY, API_JSON,    HASH,   api_users_post,         NULL}, \
    {HTTP_GET,    "/api/1.0/users/{id}",                BEARER, NOTHING,   API_JSON,    WORKER, api_user_get,           NULL}, \
    {HTTP_PUT,    "/api/1.0/users/{id}",                BEARER, JSON_BODY, API_JSON,    HASH,   api_user_put,           NULL}, \
    {HTTP_DELETE, "/api/1.0/users/{id}",                BEARER, NOTHING,   API_JSON,    WORKER, api_user_delete,        NULL}, \
    {HTTP_GET,    "/api/1.0/users/{id}/tokens",         BEARER, QUERY,     API_JSON,    WORKER, api_tokens_get,         NULL}, \
    {HTTP_POST,   "/api/1.0/users/{id}/tokens",         BEARER, JSON_BODY, API_JSON,    WORKER, api_tokens_post,        NULL}, \
    {HTTP_GET,    "/api/1.0/users/{id}/tokens/{token}", BEARER, NOTHING,   API_JSON,    WORKER, api_token_get,          NULL}, \
    {HTTP_DELETE, "/api/1.0/users/{id}/tokens/{token}", BEARER, NOTHING,   API_JSON,    WORKER, api_token_delete,       NULL}, \
    {HTTP_GET,    "/api/1.0/clients",                   BEARER, QUERY,     API_JSON,    WORKER, api_clients_get,        NULL}, \
    {HTTP_POST,   "/api/1.0/clients",                   BEARER, JSON_BODY, API_JSON,    WORKER, api_clients_post,       NULL}, \
    {HTTP_GET,    "/api/1.0/clients/{id}",              BEARER, NOTHING,   API_JSON,    WORKER, api_client_get,         NULL}, \
    {HTTP_PUT,    "/api/1.0/clients/{id}",              BEARER, JSON_BODY, API_JSON,    WORKER, api_client_put,         NULL}, \
    {HTTP_DELETE, "/api/1.0/clients/{id}",              BEARER, NOTHING,   API_JSON,    WORKER, api_client_delete,      NULL}, \
    {HTTP_POST,   "/api/1.0/clients/{id}/secret",       BEARER, JSON_BODY, API_JSON,    WORKER, api_client_secret_post, NULL}, \
    {HTTP_PUT,    "/api/1.0/clients/{id}/secret",       BEARER, JSON_BODY, API_JSON,    WORKER, api_client_secret_post, NULL}, \
    {HTTP_GET,    "/api/1.0/scopes",                    BEARER, QUERY,     API_JSON,    INLINE, api_scopes_get,         NULL}, \
    {HTTP_POST,   "/api/1.0/scopes",                    BEARER, JSON_BODY, API_JSON,    WORKER, api_scopes_post,        NULL}, \
    {HTTP_DELETE, "/api/1.0/scopes/{name}",             BEARER, NOTHING,   API_JSON,    WORKER, api_scope_delete,       NULL}, \
    {HTTP_GET,    "/api/1.0/events",                    BEARER, QUERY,     API_JSON,    WORKER, api_events_get,         NULL}, \
    {HTTP_GET,    "/api/1.0/sessions",                  BEARER, QUERY,     API_JSON,    WORKER, api_sessions_get,       NULL}, \
    {HTTP_DELETE, "/api/1.0/sessions/{id}",             BEARER, QUERY,     API_JSON,    WORKER, api_session_delete,     NULL}, \
    {HTTP_GET,    "/api/1.0/grants",                    BEARER, QUERY,     API_JSON,    WORKER, api_grants_get,         NULL}, \
    {HTTP_DELETE, "/api/1.0/grants/{id}",               BEARER, NOTHING,   API_JSON,    WORKER, api_grant_delete,       NULL},
/* clang-format on */
#endif
