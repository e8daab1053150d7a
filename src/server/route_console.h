/* SPDX-License-Identifier: MIT
 * route_console: the rows of THE table for people's pages (route.h), as a fragment that the table takes in. */
#ifndef JETON_SERVER_ROUTE_CONSOLE_H
#define JETON_SERVER_ROUTE_CONSOLE_H
#include "endpoint/console/console.h"
#include "endpoint/oauth/oauth.h"
/* clang-format off */
#define ROUTES_CONSOLE                                                                                                                       \
    {HTTP_GET,  "/",                                      ANYONE,  NOTHING, HTML,   INLINE, console_account_home_get,                 NULL, NULL, AS_FILE}, \
    {HTTP_GET,  "/assets/{id}",                           ANYONE,  QUERY,   STATIC, INLINE, console_static_get,                       NULL, NULL, AS_FILE}, \
    {HTTP_GET,  "/favicon.ico",                           ANYONE,  QUERY,   STATIC, INLINE, console_static_favicon_get,               NULL, NULL, AS_FILE}, \
    {HTTP_GET,  "/login",                                 BROWSER, QUERY,   HTML,   READ, console_login_get,                        NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/login",                                 BROWSER, FORM,    HTML,   HASH,   console_login_post,                       NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/logout",                                BROWSER, QUERY,   HTML,   READ, oauth_logout_page_get,                    NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/logout",                                BROWSER, FORM,    HTML,   READ, oauth_logout_answer_post,                 NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account",                               USER,    QUERY,   HTML,   READ, console_account_get,                      NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account",                               USER,    FORM,    HTML,   READ, console_account_post,                     NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/password",                      USER_DUE, QUERY,   HTML,   READ, console_account_password_get,             NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/password",                      USER_DUE, FORM,    HTML,   HASH,   console_account_password_post,            NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/sign-in-methods",              USER, QUERY,   HTML,   READ, console_factors_get,                      NULL, NULL, AS_PAGE}, \
    {HTTP_GET,  "/account/sign-in-methods/new",          USER_DUE, QUERY,   HTML,   READ, console_factors_new_get,                  NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/sign-in-methods/new",          USER_DUE, FORM,    HTML,   READ, console_factors_new_post,                 NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/sign-in-methods/{id}/remove",  USER, QUERY,   HTML,   READ, console_factors_remove_get,               NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/sign-in-methods/{id}/remove",  USER, FORM,    HTML,   READ, console_factors_remove_post,              NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/account/recovery-codes",               USER, FORM,    HTML,   READ, console_factors_recovery_post,            NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/tokens",                        USER,    QUERY,   HTML,   READ, console_tokens_get,                       NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/tokens",                        USER,    FORM,    HTML,   READ, console_tokens_post,                      NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/tokens/{id}/revoke",            USER,    QUERY,   HTML,   READ, console_tokens_revoke_get,                NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/tokens/{id}/revoke",            USER,    FORM,    HTML,   READ, console_tokens_revoke_post,               NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/applications",                  USER,    QUERY,   HTML,   READ, console_access_applications_get,          NULL, NULL, AS_PAGE}, \
    {HTTP_GET,  "/account/applications/{id}/revoke",      USER,    QUERY,   HTML,   READ, console_access_application_revoke_get,    NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/applications/{id}/revoke",      USER,    FORM,    HTML,   READ, console_access_application_revoke_post,   NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/sessions",                      USER,    QUERY,   HTML,   READ, console_access_sessions_get,              NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/sessions/end-others",           USER,    FORM,    HTML,   READ, console_access_sessions_end_others_post,  NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/account/sessions/{id}/end",             USER,    FORM,    HTML,   READ, console_access_session_end_post,          NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/account/requests",                      USER,    QUERY,   HTML,   READ, console_requests_get,                     NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/account/requests",                      USER,    FORM,    HTML,   READ, console_requests_post,                    NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin",                                 ADMIN,   QUERY,   HTML,   READ, console_admin_get,                        NULL, NULL, AS_PAGE}, \
    {HTTP_GET,  "/admin/clients",                         ADMIN,   QUERY,   HTML,   READ, console_clients_get,                      NULL, NULL, AS_PAGE}, \
    {HTTP_GET,  "/admin/new-client",                      ADMIN,   QUERY,   HTML,   READ, console_clients_new_get,                  NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/new-client",                      ADMIN,   FORM,    HTML,   READ, console_clients_new_post,                 NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/clients/{id}",                    ADMIN,   QUERY,   HTML,   READ, console_clients_one_get,                  NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/clients/{id}",                    ADMIN,   FORM,    HTML,   READ, console_clients_one_post,                 NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/clients/{id}/secret",             ADMIN,   FORM,    HTML,   READ, console_clients_secret_post,              NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/clients/{id}/disable",            ADMIN,   FORM,    HTML,   READ, console_clients_disable_post,             NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/clients/{id}/remove",             ADMIN,   QUERY,   HTML,   READ, console_clients_remove_get,               NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/clients/{id}/remove",             ADMIN,   FORM,    HTML,   READ, console_clients_remove_post,              NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/users",                           ADMIN,   QUERY,   HTML,   READ, console_users_get,                        NULL, NULL, AS_PAGE}, \
    {HTTP_GET,  "/admin/new-user",                        ADMIN,   QUERY,   HTML,   READ, console_users_new_get,                    NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/new-user",                        ADMIN,   FORM,    HTML,   HASH,   console_users_new_post,                   NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/users/{id}",                      ADMIN,   QUERY,   HTML,   READ, console_users_one_get,                    NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/users/{id}",                      ADMIN,   FORM,    HTML,   READ, console_users_one_post,                   NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/users/{id}/password",             ADMIN,   FORM,    HTML,   HASH,   console_users_password_post,              NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/users/{id}/sign-in-methods",     ADMIN, FORM,    HTML,   READ, console_users_factors_post,               NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/users/{id}/block",                ADMIN,   FORM,    HTML,   READ, console_users_block_post,                 NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/users/{id}/remove",               ADMIN,   QUERY,   HTML,   READ, console_users_remove_get,                 NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/users/{id}/remove",               ADMIN,   FORM,    HTML,   READ, console_users_remove_post,                NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/users/{id}/tokens/{id}/revoke",   ADMIN,   QUERY,   HTML,   READ, console_users_token_revoke_get,           NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/users/{id}/tokens/{id}/revoke",   ADMIN,   FORM,    HTML,   READ, console_users_token_revoke_post,          NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/users/{id}/grants/{id}/revoke",   ADMIN,   FORM,    HTML,   READ, console_users_grant_revoke_post,          NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/users/{id}/sessions/{id}/end",    ADMIN,   FORM,    HTML,   READ, console_users_session_end_post,           NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/scopes",                          ADMIN,   QUERY,   HTML,   READ, console_admin_scopes_get,                 NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/scopes",                          ADMIN,   FORM,    HTML,   READ, console_admin_scopes_post,                NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/scopes/remove",                   ADMIN,   QUERY,   HTML,   READ, console_admin_scope_remove_get,           NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/scopes/remove",                   ADMIN,   FORM,    HTML,   READ, console_admin_scope_remove_post,          NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/registrations",                   ADMIN,   QUERY,   HTML,   READ, console_registrations_get,                NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/registrations",                   ADMIN,   FORM,    HTML,   READ, console_registrations_post,               NULL, NULL, AS_FORM}, \
    {HTTP_POST, "/admin/registrations/{id}/remove",       ADMIN,   FORM,    HTML,   READ, console_registration_remove_post,         NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/resources",                       ADMIN,   QUERY,   HTML,   READ, console_admin_resources_get,              NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/resources",                       ADMIN,   FORM,    HTML,   READ, console_admin_resources_post,             NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/resources/edit",                  ADMIN,   QUERY,   HTML,   READ, console_admin_resource_get,               NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/resources/edit",                  ADMIN,   FORM,    HTML,   READ, console_admin_resource_post,              NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/resources/remove",                ADMIN,   QUERY,   HTML,   READ, console_admin_resource_remove_get,        NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/resources/remove",                ADMIN,   FORM,    HTML,   READ, console_admin_resource_remove_post,       NULL, NULL, AS_FORM}, \
    {HTTP_GET,  "/admin/events",                          ADMIN,   QUERY,   HTML,   READ, console_admin_events_get,                 NULL, NULL, AS_PAGE}, \
    {HTTP_GET,  "/admin/keys",                            ADMIN,   QUERY,   HTML,   READ, console_admin_keys_get,                   NULL, NULL, AS_PAGE}, \
    {HTTP_GET,  "/admin/keys/rotate",                     ADMIN,   QUERY,   HTML,   READ, console_admin_keys_rotate_get,            NULL, NULL, AS_PAGE}, \
    {HTTP_POST, "/admin/keys/rotate",                     ADMIN,   FORM,    HTML,   READ, console_admin_keys_rotate_post,           NULL, NULL, AS_FORM},
/* clang-format on */
#endif
