/* SPDX-License-Identifier: MIT
 * oauth: the handlers under /oauth and /.well-known. */
#ifndef JETON_ENDPOINT_OAUTH_OAUTH_H
#define JETON_ENDPOINT_OAUTH_OAUTH_H
#include "endpoint/call.h"
#include "grant/token_request.h"
call_handler oauth_authorize_any;                             /* GET, POST /oauth/authorize */
call_handler oauth_consent_post;                              /* POST /oauth/consent */
call_handler oauth_pushed_post;                               /* POST /oauth/par */
bool oauth_pushed_waits(const struct form *form);             /* may it have to wait for others? Then not on the store's writer */
call_handler oauth_logout_any;                                /* GET, POST /oauth/logout */
call_handler oauth_logout_page_get, oauth_logout_answer_post; /* GET, POST /logout */
call_handler oauth_token_post;                                /* POST /oauth/token */
enum grant_pool oauth_token_pool(const struct form *form);    /* where this token request must run */
call_handler oauth_introspect_post;                           /* POST /oauth/introspect */
call_handler oauth_userinfo_any;                              /* GET, POST /oauth/userinfo */
call_handler oauth_revoke_post;                               /* POST /oauth/revoke */
call_handler oauth_device_code_post;                          /* POST /oauth/device/code */
call_handler oauth_device_get;                                /* GET /oauth/device */
call_handler oauth_device_post;                               /* POST /oauth/device */
call_handler oauth_device_qr_get;                             /* GET /oauth/device/qr.svg */
call_handler oauth_ciba_post;                                 /* POST /oauth/ciba */
call_handler oauth_metadata_get; /* GET /.well-known/oauth-authorization-server, openid-configuration, and their forms for issuers with a path */
call_handler oauth_jwks_get;     /* GET /oauth/jwks */
call_handler oauth_resource_get, oauth_resource_api_get;                                /* /.well-known/oauth-protected-resource and …/api/1.0 */
call_handler oauth_register_post;                                                       /* POST /oauth/register */
call_handler oauth_register_one_get, oauth_register_one_put, oauth_register_one_delete; /* /oauth/register/{id} */
#endif
