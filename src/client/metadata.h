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
/* X(name, kind, group, check, shape, help). WISH and NEED: registered by administrators and by software itself (RFC 7591); where software
 * asks for what cannot be registered, a WISH is left out (in a list: that piece), which leaves the default, and a NEED is refused, since
 * leaving it out would weaken what protects the client (MD-06). ADMIN: by administrators alone; SYSTEM: by nobody, the rules fill it in.
 * The name of the option has dashes in place of underscores. */
#define METADATA_ROWS(WISH, NEED, ADMIN, SYSTEM)                                                                               \
    WISH(client_uri, TEXT, ABOUT, web_page, "URL", "the address of its home page")                                             \
    WISH(logo_uri, TEXT, ABOUT, web_page, "URL", "its logo")                                                                   \
    WISH(tos_uri, TEXT, ABOUT, web_page, "URL", "its terms of service")                                                        \
    WISH(policy_uri, TEXT, ABOUT, web_page, "URL", "its privacy policy")                                                       \
    WISH(contacts, LINES, ABOUT, plain, "ADDRESS", "e-mail addresses of the people responsible for it")                        \
    WISH(software_id, TEXT, ABOUT, plain, "ID", "the software that it is an installation of")                                  \
    WISH(software_version, TEXT, ABOUT, plain, "VERSION", "the version of that software")                                      \
    WISH(application_type, TEXT, ABOUT, choice, "web|native", "a web application, or one installed on a device")               \
    WISH(subject_type, TEXT, LOGIN, choice, "public|pairwise", "the same user id for all clients, or one of its own")          \
    NEED(sector_identifier_uri, TEXT, LOGIN, fetched, "URL", "list of the redirect URIs that share pairwise user ids")         \
    SYSTEM(sector, TEXT, LOGIN, plain, "HOST", "the host that pairwise user ids are made for")                                 \
    WISH(id_token_signed_response_alg, TEXT, LOGIN, own_alg, "ALG", "how its ID tokens are signed (default: RS256)")           \
    WISH(userinfo_signed_response_alg, TEXT, LOGIN, own_alg, "ALG", "how userinfo is signed as a JWT (default: plain JSON)")   \
    WISH(default_max_age, NUMBER, LOGIN, seconds, "SECONDS", "how old a login may be, unless the request says otherwise")      \
    WISH(require_auth_time, FLAG, LOGIN, flag, NULL, "ID tokens always contain the time of the login")                         \
    WISH(default_acr_values, WORDS, LOGIN, plain, "WORDS", "kinds of login it wants, unless the request says otherwise")       \
    WISH(initiate_login_uri, TEXT, LOGIN, fetched, "URL", "where a login to it can be started from outside")                   \
    WISH(backchannel_logout_uri, TEXT, LOGIN, fetched, "URL", "where it is told about logouts")                                \
    WISH(backchannel_logout_session_required, FLAG, LOGIN, flag, NULL, "logout tokens name the session")                       \
    NEED(jwks, KEYS, KEYS, keys, "FILE", "its public keys: a JWK Set (JSON)")                                                  \
    NEED(jwks_uri, TEXT, KEYS, fetched, "URL", "the address of its public keys, instead of jwks")                              \
    WISH(token_endpoint_auth_signing_alg, TEXT, KEYS, auth_alg, "ALG", "the only algorithm of its client assertions")          \
    NEED(tls_client_auth_subject_dn, TEXT, KEYS, plain, "NAME", "subject of its certificate (RFC 4514)")                       \
    NEED(tls_client_auth_san_dns, TEXT, KEYS, plain, "NAME", "DNS name in its certificate")                                    \
    NEED(tls_client_auth_san_uri, TEXT, KEYS, plain, "URI", "URI in its certificate")                                          \
    NEED(tls_client_auth_san_ip, TEXT, KEYS, address, "ADDRESS", "IP address in its certificate")                              \
    NEED(tls_client_auth_san_email, TEXT, KEYS, plain, "ADDRESS", "e-mail address in its certificate")                         \
    NEED(tls_client_certificate_bound_access_tokens, FLAG, KEYS, flag, NULL, "its tokens are bound to its certificate")        \
    NEED(dpop_bound_access_tokens, FLAG, KEYS, flag, NULL, "it always proves possession of a key (DPoP)")                      \
    WISH(request_uris, LINES, REQUEST, fetched, "URL", "the exact addresses of its request objects")                           \
    WISH(request_object_signing_alg, TEXT, REQUEST, foreign_alg, "ALG", "the only algorithm of its request objects")           \
    NEED(require_signed_request_object, FLAG, REQUEST, flag, NULL, "refuse authorization requests that are not signed")        \
    NEED(require_pushed_authorization_requests, FLAG, REQUEST, flag, NULL, "refuse authorization requests that are not pushed (PAR)") \
    WISH(response_modes, WORDS, REQUEST, choices, "query|fragment|form_post|jwt|query.jwt|fragment.jwt|form_post.jwt",         \
             "the response modes it may use (default: all except those with fragment)")                                        \
    WISH(authorization_signed_response_alg, TEXT, REQUEST, own_alg, "ALG", "how authorization responses are signed (JARM)")    \
    WISH(introspection_signed_response_alg, TEXT, REQUEST, own_alg, "ALG", "how introspection responses are signed")           \
    WISH(authorization_details_types, WORDS, REQUEST, plain, "WORDS", "types of authorization_details it may ask for")         \
    WISH(backchannel_token_delivery_mode, TEXT, REQUEST, choice, "poll|ping", "how it learns of a decision (CIBA)")            \
    WISH(backchannel_client_notification_endpoint, TEXT, REQUEST, fetched, "URL", "where it is pinged (CIBA)")                 \
    WISH(backchannel_authentication_request_signing_alg, TEXT, REQUEST, foreign_alg, "ALG",                                    \
             "the only algorithm of its signed CIBA requests")                                                                  \
    ADMIN(id_token_claims, WORDS, LOGIN, choices,                                                                              \
          "scopes|name|given_name|family_name|middle_name|nickname|preferred_username|profile|picture|website|gender|birthdate|" \
          "zoneinfo|locale|updated_at|email|email_verified|address|phone_number|phone_number_verified",                        \
          "claims of the granted scopes that its ID tokens contain too: all (scopes), or these")                               \
    ADMIN(scope_policy, TEXT, SCOPES, choice, "any|only",                                                                      \
          "whether it may ask for any scope that people can grant, or only for those on its list (empty list: none)")          \
    ADMIN(redirect_custom_schemes, FLAG, REQUEST, flag, NULL, "redirect URIs may have a scheme without a dot, like myapp://callback") \
    ADMIN(redirect_private_http, FLAG, REQUEST, flag, NULL, "redirect URIs may be http:// with private names and addresses")   \
    ADMIN(profile, TEXT, PROFILE, choice, "oauth2.1|fapi2-security|fapi2-message-signing",                                     \
          "the profile it must meet (default: the server's)")                                                                  \
    ADMIN(exchange_modes, WORDS, PROFILE, choices, "impersonation|delegation", "what it may do by token exchange")             \
    ADMIN(exchange_audiences, LINES, PROFILE, plain, "URI", "resources and client ids that it may ask tokens for")             \
    ADMIN(exchange_subjects, LINES, PROFILE, plain, "ID", "clients whose tokens it may exchange besides its own (*: any)")     \
    SYSTEM(origin, TEXT, ABOUT, plain, "WORD", "dynamic or document when no administrator made it")                            \
    SYSTEM(initial_grants, WORDS, ABOUT, plain, "WORDS", "grants to which its initial access token holds it; else the settings") \
    SYSTEM(initial_scopes, WORDS, ABOUT, plain, "WORDS", "scopes to which its initial access token holds it; else the settings") \
    SYSTEM(sealed_secret, TEXT, KEYS, plain, "BOX", "its secrets, sealed: never told to anybody")
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
    bool needed;              /* software that asks for what cannot be registered is refused; else that is left out */
    const char *shape, *help; /* shape NULL: a flag */
    size_t offset;            /* in struct db_client_metadata */
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
