/* SPDX-License-Identifier: MIT
 * db_client_metadata: what a client may have registered beyond the columns, by the names of RFC 7591 and its family. One row here is a
 * member of struct db_client_metadata, a member of the stored JSON object, and (client/metadata) an option, an API field and a
 * registration member. Kept as one JSON text; read once, when the client is loaded.
 *   TEXT: a string, JSON text or decimal number; absent: not registered. WORDS: separated by one space. LINES: by \n. FLAG: false when
 *   not registered. */
#ifndef JETON_STORE_TABLE_DB_CLIENT_METADATA_H
#define JETON_STORE_TABLE_DB_CLIENT_METADATA_H
#include "base/str.h"
/* clang-format off */
#define DB_CLIENT_METADATA(TEXT, WORDS, LINES, FLAG)                                                                           \
    /* RFC 7591 2 */                                                                                                           \
    TEXT(client_uri) TEXT(logo_uri) TEXT(tos_uri) TEXT(policy_uri) LINES(contacts) TEXT(software_id) TEXT(software_version)    \
    TEXT(jwks)                        /* a JWK Set as JSON text; public keys alone */                                          \
    TEXT(jwks_uri)                                                                                                             \
    /* OpenID Connect Registration 2 */                                                                                        \
    TEXT(subject_type)                /* public or pairwise; absent: public */                                                 \
    TEXT(sector_identifier_uri) TEXT(sector)  /* sector: the host that pairwise subjects are made for, judged at registration */ \
    TEXT(id_token_signed_response_alg)  /* absent: RS256 */                                                                    \
    TEXT(userinfo_signed_response_alg)  /* absent: plain JSON */                                                               \
    TEXT(request_object_signing_alg)    /* absent: any that we check */                                                        \
    TEXT(token_endpoint_auth_signing_alg) /* absent: any that we check */                                                      \
    TEXT(default_max_age)             /* seconds; absent: none */                                                              \
    FLAG(require_auth_time) WORDS(default_acr_values) TEXT(initiate_login_uri) LINES(request_uris) TEXT(application_type)      \
    /* logout */                                                                                                               \
    TEXT(backchannel_logout_uri) FLAG(backchannel_logout_session_required)                                                     \
    /* RFC 8705 2.1.2, 3.4 */                                                                                                  \
    TEXT(tls_client_auth_subject_dn) TEXT(tls_client_auth_san_dns) TEXT(tls_client_auth_san_uri) TEXT(tls_client_auth_san_ip)  \
    TEXT(tls_client_auth_san_email) FLAG(tls_client_certificate_bound_access_tokens)                                           \
    /* RFC 9449 5.2, RFC 9126 6, RFC 9101 10.5, RFC 9396 10, JARM 3, RFC 9701 6 */                                             \
    FLAG(dpop_bound_access_tokens) FLAG(require_pushed_authorization_requests) FLAG(require_signed_request_object)             \
    WORDS(authorization_details_types) WORDS(response_modes) TEXT(authorization_signed_response_alg)                           \
    TEXT(introspection_signed_response_alg)                                                                                    \
    /* CIBA Core 4 */                                                                                                          \
    TEXT(backchannel_token_delivery_mode) TEXT(backchannel_client_notification_endpoint)                                       \
    TEXT(backchannel_authentication_request_signing_alg)                                                                       \
    FLAG(redirect_custom_schemes) FLAG(redirect_private_http) /* what its redirect URIs may be beyond the usual */            \
    WORDS(id_token_claims)            /* claims, or `scopes` for all: told by ID tokens too, as far as the scope goes */       \
    TEXT(scope_policy)                /* any, only; absent: follows from the list (client/client) */                        \
    /* jeton's own: the profile that the client is held to; for token exchange (RFC 8693) what it may ask for: */              \
    TEXT(profile)                     /* oauth2.1, fapi2-security, fapi2-message-signing; absent: the server's */              \
    FLAG(password_grant_single_factor)                                                                                         \
    WORDS(exchange_modes)             /* impersonation, delegation; absent: none */                                            \
    LINES(exchange_audiences)         /* resources and client ids that it may ask tokens for, beyond jeton itself */           \
    LINES(exchange_subjects)          /* client ids whose tokens it may hand in; * : any; its own always */                    \
    /* how it came: admin (absent), dynamic (RFC 7591, by an initial access token), open (without one), document (at its id) */ \
    TEXT(origin)                                                                                                               \
    WORDS(initial_grants) WORDS(initial_scopes) /* to what its initial access token holds it; absent: the server's settings */ \
    /* of a client with client_secret_jwt: its secrets, sealed (client/client_secret); never shown nor set from outside */  \
    TEXT(sealed_secret)
/* clang-format on */
struct db_client_metadata {
#define TEXT(name_) str name_;
#define FLAG(name_) bool name_;
    DB_CLIENT_METADATA(TEXT, TEXT, TEXT, FLAG)
#undef TEXT
#undef FLAG
};
/* As it is stored: one JSON object of what is registered; absent when nothing is. Members that the table lost are ignored on
 * reading. SERVER_ERROR: not a JSON object. */
fallible db_client_metadata_write(struct arena *a, const struct db_client_metadata *m, str *text);
fallible db_client_metadata_read(struct arena *a, str text, struct db_client_metadata *out);
#endif
