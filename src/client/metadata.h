/* SPDX-License-Identifier: MIT
 * metadata: what may be registered for a client beyond the columns: one table from which come the members of struct client_edit, the
 * options of `jeton client`, the fields of the API and of the console, the members of dynamic registration, and the checks. A value
 * travels as text everywhere: flags as true and false, numbers as digits, lists by one space (WORDS) or \n (LINES), KEYS as JSON.
 * Absent: as it is; empty: remove. */
#ifndef JETON_CLIENT_METADATA_H
#define JETON_CLIENT_METADATA_H
#include "codec/json.h"
#include "context/problem.h"
#include "store/table/db_client_metadata.h"
/* clang-format off */
/* X(name, kind, group, check, shape, label, help). WISH and NEED: registered by administrators and by software itself (RFC 7591); where software
 * asks for what cannot be registered, a WISH is left out (in a list: that piece), which leaves the default, and a NEED is refused, since
 * leaving it out would weaken what protects the client (MD-06). ADMIN: by administrators alone; SYSTEM: by nobody, the rules fill it in.
 * The name of the option has dashes in place of underscores. */
#define METADATA_ROWS(WISH, NEED, ADMIN, SYSTEM)                                                                                            \
    WISH(client_uri, TEXT, ABOUT, web_page, "URL", "Home page", "Address of the client's home page.")                                       \
    WISH(logo_uri, TEXT, ABOUT, web_page, "URL", "Logo", "Address of the client's logo.")                                                   \
    WISH(tos_uri, TEXT, ABOUT, web_page, "URL", "Terms of service", "Address of the client's terms of service.")                            \
    WISH(policy_uri, TEXT, ABOUT, web_page, "URL", "Privacy policy", "Address of the client's privacy policy.")                             \
    WISH(contacts, LINES, ABOUT, plain, "ADDRESS", "Contacts", "E-mail addresses of the people responsible for the client.")                \
    WISH(software_id, TEXT, ABOUT, plain, "ID", "Software ID", "Identifies the software that the client is an installation of.")            \
    WISH(software_version, TEXT, ABOUT, plain, "VERSION", "Software version", "Version of that software.")                                  \
    WISH(application_type, TEXT, ABOUT, choice, "web|native",                                                                               \
         "Application type", "A web application (web), or one installed on a device (native).")                                             \
    WISH(subject_type, TEXT, LOGIN, choice, "public|pairwise",                                                                              \
         "User IDs", "The same user ID for all clients (public), or one for this client alone (pairwise).")                                 \
    NEED(sector_identifier_uri, TEXT, LOGIN, fetched, "URL",                                                                                \
         "Sector identifier", "Address of a list of the redirect URIs that share pairwise user IDs.")                                       \
    SYSTEM(sector, TEXT, LOGIN, plain, "HOST", "", "the host that pairwise user ids are made for")                                          \
    WISH(id_token_signed_response_alg, TEXT, LOGIN, own_alg, "ALG",                                                                         \
         "ID token algorithm", "Algorithm that ID tokens are signed with. Default: RS256.")                                                 \
    WISH(userinfo_signed_response_alg, TEXT, LOGIN, own_alg, "ALG",                                                                         \
         "Userinfo algorithm", "Algorithm that userinfo is signed with, as a JWT. Default: plain JSON, not signed.")                        \
    WISH(default_max_age, NUMBER, LOGIN, seconds, "SECONDS",                                                                                \
         "Maximum login age", "How many seconds old a login may be, unless the request says otherwise.")                                    \
    WISH(require_auth_time, FLAG, LOGIN, flag, NULL,                                                                                        \
         "Always include the login time", "ID tokens always contain the time of the login (auth_time).")                                    \
    WISH(default_acr_values, WORDS, LOGIN, plain, "WORDS",                                                                                  \
         "Kinds of login", "Kinds of login (acr values) that the client wants, unless the request says otherwise.")                         \
    WISH(initiate_login_uri, TEXT, LOGIN, fetched, "URL",                                                                                   \
         "Login start address", "Address where a login to the client can be started from elsewhere.")                                       \
    WISH(backchannel_logout_uri, TEXT, LOGIN, fetched, "URL",                                                                               \
         "Logout notice address", "Address where the client is told that a user has logged out.")                                           \
    WISH(backchannel_logout_session_required, FLAG, LOGIN, flag, NULL,                                                                      \
         "Include the session in logout notices", "Logout tokens always name the session (sid).")                                           \
    NEED(jwks, KEYS, KEYS, keys, "FILE", "Public keys", "The client's public keys, as a JWK Set (JSON).")                                   \
    NEED(jwks_uri, TEXT, KEYS, fetched, "URL", "Public key address", "Address of the client's public keys, instead of jwks.")               \
    WISH(token_endpoint_auth_signing_alg, TEXT, KEYS, auth_alg, "ALG",                                                                      \
         "Client assertion algorithm", "The only algorithm accepted for the client's assertions.")                                          \
    NEED(tls_client_auth_subject_dn, TEXT, KEYS, plain, "NAME", "Certificate subject", "Subject of the client's certificate (RFC 4514).")   \
    NEED(tls_client_auth_san_dns, TEXT, KEYS, plain, "NAME", "Certificate DNS name", "DNS name in the client's certificate.")               \
    NEED(tls_client_auth_san_uri, TEXT, KEYS, plain, "URI", "Certificate URI", "URI in the client's certificate.")                          \
    NEED(tls_client_auth_san_ip, TEXT, KEYS, address, "ADDRESS", "Certificate IP address", "IP address in the client's certificate.")       \
    NEED(tls_client_auth_san_email, TEXT, KEYS, plain, "ADDRESS",                                                                           \
         "Certificate e-mail address", "E-mail address in the client's certificate.")                                                       \
    NEED(tls_client_certificate_bound_access_tokens, FLAG, KEYS, flag, NULL,                                                                \
         "Bind tokens to the certificate", "The client's tokens work only together with its certificate.")                                  \
    NEED(dpop_bound_access_tokens, FLAG, KEYS, flag, NULL, "Require DPoP", "The client must always prove possession of a key (DPoP).")      \
    WISH(request_uris, LINES, REQUEST, fetched, "URL", "Request object addresses", "The exact addresses of the client's request objects.")  \
    WISH(request_object_signing_alg, TEXT, REQUEST, foreign_alg, "ALG",                                                                     \
         "Request object algorithm", "The only algorithm accepted for the client's request objects.")                                       \
    NEED(require_signed_request_object, FLAG, REQUEST, flag, NULL,                                                                          \
         "Require signed requests", "Refuse authorization requests that are not signed.")                                                   \
    NEED(require_pushed_authorization_requests, FLAG, REQUEST, flag, NULL,                                                                  \
         "Require pushed requests", "Refuse authorization requests that are not pushed (PAR).")                                             \
    WISH(response_modes, WORDS, REQUEST, choices, "query|fragment|form_post|jwt|query.jwt|fragment.jwt|form_post.jwt",                      \
         "Response modes", "Response modes that the client may use. Default: all except those with fragment.")                              \
    WISH(authorization_signed_response_alg, TEXT, REQUEST, own_alg, "ALG",                                                                  \
         "Authorization response algorithm", "Algorithm that authorization responses are signed with (JARM).")                              \
    WISH(introspection_signed_response_alg, TEXT, REQUEST, own_alg, "ALG",                                                                  \
         "Introspection response algorithm", "Algorithm that introspection responses are signed with.")                                     \
    WISH(authorization_details_types, WORDS, REQUEST, plain, "WORDS",                                                                       \
         "Authorization details", "Types of authorization_details that the client may ask for.")                                            \
    WISH(backchannel_token_delivery_mode, TEXT, REQUEST, choice, "poll|ping",                                                               \
         "CIBA delivery mode", "How the client learns of a user's decision (CIBA).")                                                        \
    WISH(backchannel_client_notification_endpoint, TEXT, REQUEST, fetched, "URL",                                                           \
         "CIBA notification address", "Address that is called once a user has decided (CIBA ping).")                                        \
    WISH(backchannel_authentication_request_signing_alg, TEXT, REQUEST, foreign_alg, "ALG",                                                 \
         "CIBA request algorithm", "The only algorithm accepted for the client's signed CIBA requests.")                                    \
    ADMIN(id_token_claims, WORDS, LOGIN, choices,                                                                                           \
         "scopes|name|given_name|family_name|middle_name|nickname|preferred_username|profile|picture|website|gender|birthdate|"             \
         "zoneinfo|locale|updated_at|email|email_verified|address|phone_number|phone_number_verified",                                      \
         "Claims in ID tokens", "Claims of the granted scopes that ID tokens also contain: all of them (scopes), or those listed.")         \
    ADMIN(scope_policy, TEXT, SCOPES, choice, "any|only",                                                                                   \
         "Scope policy", "Whether the client may ask for any scope that users can grant (any), or only for those on its list (only). An empty list means none.") \
    ADMIN(redirect_custom_schemes, FLAG, REQUEST, flag, NULL,                                                                               \
         "Allow custom schemes", "Redirect URIs may have a scheme without a dot, such as myapp://callback.")                                \
    ADMIN(redirect_private_http, FLAG, REQUEST, flag, NULL,                                                                                 \
         "Allow http in private networks", "Redirect URIs may use http:// with private names and addresses.")                               \
    ADMIN(profile, TEXT, PROFILE, choice, "oauth2.1|fapi2-security|fapi2-message-signing",                                                  \
         "Security profile", "Security profile that the client must meet. Default: the server's.")                                          \
    ADMIN(password_grant_single_factor, FLAG, LOGIN, flag, NULL,                                                                            \
         "Password grant without second factor", "The password grant accepts the password alone, even for users with a second factor.")     \
    ADMIN(exchange_modes, WORDS, PROFILE, choices, "impersonation|delegation",                                                              \
         "Token exchange", "What the client may do by token exchange.")                                                                     \
    ADMIN(exchange_audiences, LINES, PROFILE, plain, "URI",                                                                                 \
         "Token exchange targets", "Resources and client IDs that the client may request tokens for by token exchange.")                    \
    ADMIN(exchange_subjects, LINES, PROFILE, plain, "ID",                                                                                   \
         "Token exchange sources", "Clients whose tokens it may exchange in addition to its own. * means any.")                             \
    SYSTEM(origin, TEXT, ABOUT, plain, "WORD", "", "dynamic or document when no administrator made it")                                     \
    SYSTEM(initial_grants, WORDS, ABOUT, plain, "WORDS", "", "grants to which its initial access token holds it; else the settings")        \
    SYSTEM(initial_scopes, WORDS, ABOUT, plain, "WORDS", "", "scopes to which its initial access token holds it; else the settings")        \
    SYSTEM(sealed_secret, TEXT, KEYS, plain, "BOX", "", "its secrets, sealed: never told to anybody")
/* clang-format on */
enum metadata_member {
#define X(name, ...) METADATA_##name,
    METADATA_ROWS(X, X, X, X)
#undef X
        METADATA_COUNT
};
enum metadata_kind { METADATA_KIND_TEXT = 1, METADATA_KIND_NUMBER, METADATA_KIND_WORDS, METADATA_KIND_LINES, METADATA_KIND_FLAG, METADATA_KIND_KEYS };
enum metadata_group {
    METADATA_GROUP_ABOUT = 1,
    METADATA_GROUP_LOGIN,
    METADATA_GROUP_KEYS,
    METADATA_GROUP_REQUEST,
    METADATA_GROUP_PROFILE,
    METADATA_GROUP_SCOPES
};
enum metadata_setter { METADATA_BY_SOFTWARE = 1, METADATA_BY_ADMIN, METADATA_BY_SYSTEM };
struct metadata_row {
    const char *name;
    enum metadata_kind kind;
    enum metadata_group group;
    enum metadata_setter setter;
    bool needed;                      /* software that asks for what cannot be registered is refused; else that is left out */
    const char *shape, *label, *help; /* shape NULL: a flag; label and help: for people */
    size_t offset;                    /* in struct db_client_metadata */
};
extern const struct metadata_row metadata_rows[METADATA_COUNT];
/* The registered value as text; absent: not registered. Flags: true or absent. */
str metadata_value(const struct db_client_metadata *m, size_t row);
void metadata_set(struct db_client_metadata *m, size_t row, str value); /* as it is; absent and empty: not registered */
/* Every member that is registered and that `most` (SYSTEM: all) may set, each in its JSON form (RFC 7591 2): text, number, list,
 * boolean, object. */
void metadata_put(struct arena *a, json *object, const struct db_client_metadata *m, enum metadata_setter most);
/* A list of strings (or one string) joined; false when it is none, or when a piece is empty or holds the separator. */
bool metadata_list(struct arena *a, const json *value, char separator, str *out);
/* One member's value as text. NULL, or what it must be, to follow its name. */
const char *metadata_value_read(struct arena *a, size_t row, const json *value, str *out);
/* The members of an object that `setter` may set (BY_ADMIN: those of software too) into values[METADATA_COUNT]; null and empty
 * lists become empty. Wrong types are problems. */
void metadata_read(struct arena *a, const json *object, enum metadata_setter setter, str *values, struct problems *p);
fallible metadata_copy(struct arena *a, struct db_client_metadata *m); /* every text anew in the arena */
#endif
