/* SPDX-License-Identifier: MIT
 * settings_rows: THE table of settings, and the struct that it makes. To add a setting is to add a row. */
#ifndef JETON_CONFIG_SETTINGS_ROWS_H
#define JETON_CONFIG_SETTINGS_ROWS_H
#include "base/str.h"
/* clang-format off */
enum { SETTINGS_ACCESS_MAX = DB_REVOCATION_SECONDS, SETTINGS_YEAR = 31536000, SETTINGS_CENTURY_HALF = 50 * SETTINGS_YEAR };

/* X(name, kind, default, least, most, shape, check, sentence[, AT_START]).
 * Kinds: TEXT (bounds: bytes), NUMBER, FLAG, CHOICE (words of shape). AT_START: read once; all others are read again on SIGHUP. */
#define SETTINGS(X)                                                                                                            \
    X(listen, TEXT, "localhost:8443", 1, 300, "ADDRESS:PORT", listen_form,                                                     \
      "Where to listen: ADDRESS:PORT (a numeric address or localhost; port 0 picks a free port), unix:/PATH, or "              \
      "systemd:NAME for sockets passed by systemd.", AT_START)                                                                 \
    X(socket_mode, TEXT, "0660", 3, 4, "MODE", mode_form, "Mode of the Unix socket, in octal. It decides who may connect.", AT_START) \
    X(socket_group, TEXT, "", 0, 63, "GROUP", any_form, "Group of the Unix socket, by name or number. If not set, the group of the server process.", AT_START) \
    X(issuer, TEXT, "", 0, 512, "URL", issuer_form,                                                                            \
      "The server's public address, including the path if it is served below one. If not set, https://localhost:PORT. "        \
      "http:// is allowed for loopback hosts only.", AT_START)                                                                 \
    X(hosts, TEXT, "", 0, 4096, "HOSTS", hosts_form,                                                                           \
      "Other names that this server answers to besides the issuer's host: HOST or HOST:PORT, separated by spaces.")            \
    X(tls, CHOICE, "self-signed", 0, 0, "self-signed|off|files", any_form,                                                     \
      "Where TLS comes from: a certificate authority created in DIR/tls (self-signed), a proxy in front (off), or "            \
      "tls_cert and tls_key (files).", AT_START)                                                                               \
    X(tls_cert, TEXT, "", 0, 4096, "FILES", any_form,                                                                          \
      "Certificate chains (PEM files), separated by spaces. Each needs its own tls_key. The first one is used when a "         \
      "client asks for no known name.")                                                                                        \
    X(tls_key, TEXT, "", 0, 4096, "FILES", any_form,                                                                           \
      "Private keys for tls_cert (PEM files), in the same order. Each must be readable by its owner only.")                    \
    X(listen_mtls, TEXT, "", 0, 300, "ADDRESS:PORT", listen_or_none,                                                           \
      "A second address that asks for client certificates (RFC 8705). If not set, nobody is asked for one. Browsers "          \
      "use the first address and are never asked.", AT_START)                                                                  \
    X(issuer_mtls, TEXT, "", 0, 512, "URL", origin_or_none,                                                                    \
      "The public https:// address of listen_mtls, or of the proxy host that asks for client certificates. If not set, "       \
      "the issuer's host with the port of listen_mtls. Leave out the path: the issuer's is used.", AT_START)                   \
    X(client_ca, TEXT, "", 0, 4096, "FILE", any_form,                                                                          \
      "Certificate authorities (PEM file) that are trusted to sign client certificates for the authentication method tls_client_auth.") \
    X(client_cert_header, TEXT, "", 0, 64, "NAME", header_form,                                                                \
      "The header in which trusted proxies pass on the client's certificate, as Client-Cert (RFC 9440) or URL-encoded PEM.", AT_START) \
    X(data, TEXT, "data", 1, 4096, "DIR", any_form, "Data directory: database, master key, certificates.", AT_START)           \
    X(database, TEXT, "", 0, 4096, "URL", settings_database_form,                                                              \
      "A PostgreSQL database (version 15 or newer), given as a URL or a libpq connection string. If not set, jeton.db "        \
      "in the data directory.", AT_START)                                                                                      \
    X(database_connections, NUMBER, "8", 2, 100, "NUMBER", any_form, "Maximum number of connections to PostgreSQL.", AT_START) \
    X(event_threads, NUMBER, "0", 0, 256, "NUMBER", any_form, "Threads that handle the network. 0 means one per core.", AT_START) \
    X(worker_threads, NUMBER, "8", 1, 256, "NUMBER", any_form, "Threads that read the database.", AT_START)                    \
    X(hash_threads, NUMBER, "0", 0, 256, "NUMBER", any_form, "Threads that check passwords, 19 MiB of memory each. 0 means one per core.", AT_START) \
    X(trusted_proxies, TEXT, "", 0, 4096, "ADDRESSES", proxies_form,                                                           \
      "IP addresses, separated by spaces, of proxies whose X-Forwarded-For header is trusted. unix means everyone who "        \
      "may connect to the Unix socket.")                                                                                       \
    X(proxy_protocol, CHOICE, "off", 0, 0, "off|listen|listen_mtls|both", any_form,                                            \
      "Which address takes connections from trusted_proxies only, each beginning with a PROXY header (version 2).", AT_START)  \
    X(cors_origins, TEXT, "", 0, 4096, "ORIGINS", origins_form,                                                                \
      "Web origins, separated by spaces, whose pages may call the token endpoint and the API.")                                \
    X(log_level, CHOICE, "info", 0, 0, "debug|info|warn|error", any_form, "The lowest level that is logged.")                  \
    X(access_log, FLAG, "on", 0, 0, "on|off", any_form, "Whether to log one line per request.")                                \
    X(drain_seconds, NUMBER, "10", 0, 3600, "SECONDS", any_form, "How long open requests may continue after SIGTERM.")         \
    X(metrics, CHOICE, "local", 0, 0, "on|off|local", any_form,                                                                \
      "Who may read /metrics: everyone (on), nobody (off), or loopback clients only (local).")                                 \
    X(hsts, FLAG, "on", 0, 0, "on|off", any_form,                                                                              \
      "Whether to tell browsers to use only https for a year (HSTS). Never sent if the issuer is http.")                       \
    X(sandbox, FLAG, "on", 0, 0, "on|off", any_form, "Whether the server gives up every system right that it does not need.", AT_START) \
    X(access_lifetime, NUMBER, "3600", 1, SETTINGS_ACCESS_MAX, "SECONDS", any_form, "Lifetime of access tokens.")              \
    X(code_lifetime, NUMBER, "60", 1, 600, "SECONDS", any_form, "Lifetime of authorization codes.")                            \
    X(device_lifetime, NUMBER, "600", 30, 600, "SECONDS", any_form, "Lifetime of the codes that users enter for a device.")    \
    X(ciba_lifetime, NUMBER, "300", 30, 600, "SECONDS", any_form,                                                              \
      "Lifetime of backchannel authentication requests (CIBA), unless the client asks for another one.")                       \
    X(device_codes_per_client, NUMBER, "2000", 10, 20000, "NUMBER", any_form,                                                  \
      "Maximum number of device codes of one client that wait for a user at the same time. All clients together may have five times as many.") \
    X(device_codes_per_address, NUMBER, "100", 1, 20000, "NUMBER", any_form,                                                   \
      "Maximum number of those from one address (IPv6: /64). It shrinks as device_codes_per_client is approached.")            \
    X(ciba_per_person, NUMBER, "5", 1, 100, "NUMBER", any_form,                                                                \
      "Maximum number of CIBA requests of one client that wait for the same user. All clients together may have four times as many.") \
    X(revocations_per_second, NUMBER, "20", 1, 100000, "NUMBER", any_form,                                                     \
      "How many access tokens one client may revoke per second on average. Bursts of up to a minute's worth are allowed.")     \
    X(revocations_max, NUMBER, "1000000", 1000, 100000000, "NUMBER", any_form,                                                 \
      "Maximum number of revoked access tokens kept in memory until they expire. Above half of it, clients are slowed down.")  \
    X(poll_interval, NUMBER, "5", 1, 60, "SECONDS", any_form, "How long a client must wait between polls for a decision.")     \
    X(par_lifetime, NUMBER, "90", 5, 599, "SECONDS", any_form, "Lifetime of pushed authorization requests (RFC 9126).")        \
    X(require_par, FLAG, "off", 0, 0, "on|off", any_form, "Whether every authorization request must be pushed first (RFC 9126).") \
    X(id_token_lifetime, NUMBER, "3600", 300, 3600, "SECONDS", any_form, "Lifetime of ID tokens (OpenID Connect).")            \
    X(dpop_nonce, FLAG, "off", 0, 0, "on|off", any_form,                                                                       \
      "Whether each DPoP proof must contain a nonce from this server (RFC 9449, section 8).")                                  \
    X(dpop_window, NUMBER, "60", 10, 60, "SECONDS", any_form, "How old a DPoP proof may be.")                                  \
    X(refresh_lifetime, NUMBER, "2592000", 1, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                                      \
      "Lifetime of refresh tokens since they were last used.")                                                                 \
    X(refresh_absolute, NUMBER, "31536000", 1, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                                     \
      "Lifetime of refresh tokens since the authorization, however often they are used.")                                      \
    X(refresh_grace, NUMBER, "60", 0, 600, "SECONDS", any_form,                                                                \
      "How long a refresh token that was already used still returns the same new token.")                                      \
    X(personal_lifetime, NUMBER, "31536000", 1, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                                    \
      "Lifetime of personal access tokens if none is given.")                                                                  \
    X(personal_lifetime_max, NUMBER, "157680000", 0, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                               \
      "Maximum lifetime of personal access tokens. 0 means no limit.")                                                         \
    X(session_idle, NUMBER, "1800", 60, SETTINGS_YEAR, "SECONDS", any_form, "A session ends after this long without use.")     \
    X(session_absolute, NUMBER, "43200", 60, SETTINGS_YEAR, "SECONDS", any_form, "A session ends after this long, whether it is used or not.") \
    X(reauthentication, NUMBER, "600", 10, 86400, "SECONDS", any_form, "How recently the password must have been entered for sensitive actions.") \
    X(secret_overlap, NUMBER, "86400", 0, SETTINGS_YEAR, "SECONDS", any_form,                                                  \
      "How long the old client secret keeps working after rotate-secret.")                                                     \
    X(profile, CHOICE, "none", 0, 0, "none|oauth2.1|fapi2-security|fapi2-message-signing", any_form,                           \
      "The security profile that every client must meet. A stricter one can be set for each client (jeton client edit --profile).") \
    X(fetch_internal, TEXT, "", 0, 4096, "HOSTS", hosts_form,                                                                  \
      "Hosts at internal addresses that this server may call, for example for client keys or logout notices: HOST or "         \
      "HOST:PORT, separated by spaces.")                                                                                       \
    X(outgoing_ports, TEXT, "", 0, 1024, "PORTS", ports_form,                                                                  \
      "TCP ports that this server may call on other servers, separated by spaces, or any. If not set, 443, or any port "       \
      "if fetch_internal names hosts.",                                                                                        \
      AT_START)                                                                                                                \
    X(fetch_authority, TEXT, "", 0, 4096, "FILE", any_form,                                                                    \
      "More certificate authorities (PEM file) to trust when this server calls other servers, in addition to the system's.")   \
    X(fetch_seconds, NUMBER, "5", 1, 30, "SECONDS", any_form, "How long a call to another server may take in total.")          \
    X(courier_hours, NUMBER, "24", 1, 720, "HOURS", any_form,                                                                  \
      "How long to keep trying to deliver a message to a client (back-channel logout, CIBA ping).")                            \
    X(courier_wait, NUMBER, "60", 1, 3600, "SECONDS", any_form,                                                                \
      "How long to wait after the first failed delivery. The second wait is five times as long, all later ones thirty times.") \
    X(key_rotation_days, NUMBER, "90", 0, 3650, "DAYS", any_form,                                                              \
      "How long signing keys are used before the next ones replace them. 0 means until jeton key rotate.")                     \
    X(registration, CHOICE, "off", 0, 0, "off|token|open", any_form,                                                           \
      "Whether software may register itself as a client (RFC 7591): not at all (off), with an initial access token (token), or freely (open).") \
    X(registration_grants, TEXT, "authorization_code refresh_token", 0, 512, "GRANTS", any_form,                               \
      "Grants that a self-registered client may have, unless its initial access token names others.")                          \
    X(registration_scopes, TEXT, "", 0, 4096, "SCOPES", any_form,                                                              \
      "Scopes that a self-registered client may ask for in addition to openid profile email address phone "                    \
      "offline_access. Permissions over this server are never included.")                                                      \
    X(registration_max, NUMBER, "1000", 0, 100000, "NUMBER", any_form,                                                         \
      "Maximum number of clients that registered themselves or use a client ID metadata document.")                            \
    X(registration_unused, NUMBER, "86400", 60, SETTINGS_YEAR, "SECONDS", any_form,                                            \
      "A client from open registration that was never used may be removed after this long, when another one registers.")       \
    X(registration_tries, NUMBER, "100", 1, 100000, "NUMBER", any_form,                                                        \
      "How many registrations one address may make in a row before it has to wait.")                                           \
    X(redirect_schemes, TEXT, "", 0, 1024, "SCHEMES", schemes_form,                                                            \
      "URI schemes without a dot, separated by spaces, that any client may use in redirect URIs, such as: cursor vscode.")     \
    X(registration_per_address, NUMBER, "100", 1, 100000, "NUMBER", any_form,                                                  \
      "Maximum number of self-registered clients from one address (IPv6: /64). It shrinks as registration_max is approached.") \
    X(client_documents, FLAG, "off", 0, 0, "on|off", any_form,                                                                 \
      "Whether to accept client IDs that are the https address of their metadata (client ID metadata documents).")             \
    X(client_document_hosts, TEXT, "", 0, 4096, "HOSTS", any_form,                                                             \
      "Hosts, separated by spaces, whose client ID metadata documents are accepted. If not set, any public host.")             \
    X(events_administration, NUMBER, "200000", 1000, 100000000, "NUMBER", any_form,                                            \
      "Maximum number of events kept about what administrators changed. The oldest are removed first.")                        \
    X(events_administration_days, NUMBER, "3650", 0, 36500, "DAYS", any_form, "How long these events are kept. 0 means with no limit on age.") \
    X(events_people, NUMBER, "200000", 1000, 100000000, "NUMBER", any_form,                                                    \
      "Maximum number of events kept about users' logins, consents and tokens.")                                               \
    X(events_people_days, NUMBER, "400", 0, 36500, "DAYS", any_form, "How long these events are kept. 0 means with no limit on age.") \
    X(events_machines, NUMBER, "100000", 1000, 100000000, "NUMBER", any_form,                                                  \
      "Maximum number of events kept about what clients did and about refused requests.")                                      \
    X(events_machines_days, NUMBER, "30", 0, 36500, "DAYS", any_form, "How long these events are kept. 0 means with no limit on age.") \
    X(common_passwords, CHOICE, "refuse", 0, 0, "refuse|allow", any_form,                                                      \
      "What to do with a new password that is on the list of common ones.")                                                    \
    X(login_with_email, FLAG, "off", 0, 0, "on|off", any_form,                                                                 \
      "Whether users may log in with their verified e-mail address as well as their username.")                                \
    X(second_factor, CHOICE, "optional", 0, 0, "optional|required", any_form,                                                  \
      "Whether every user needs a second factor besides the password. Users without one must add it at their next login.")     \
    X(account_tries, NUMBER, "5", 1, 1000, "NUMBER", any_form, "How many wrong passwords one username may have before it must wait.") \
    X(account_delay, NUMBER, "2", 1, 3600, "SECONDS", any_form,                                                                \
      "The first wait for that username. It doubles with each further attempt.")                                               \
    X(account_delay_max, NUMBER, "900", 1, 86400, "SECONDS", any_form, "The longest wait for that username.")                  \
    X(account_forget, NUMBER, "3600", 60, SETTINGS_YEAR, "SECONDS", any_form,                                                  \
      "The count for that username starts again after this long without an attempt.")                                          \
    X(address_tries, NUMBER, "20", 1, 100000, "NUMBER", any_form, "How many wrong passwords one address may send before it must wait.") \
    X(address_delay, NUMBER, "2", 1, 3600, "SECONDS", any_form, "The first wait for that address.")                            \
    X(address_delay_max, NUMBER, "900", 1, 86400, "SECONDS", any_form, "The longest wait for that address.")                   \
    X(address_forget, NUMBER, "3600", 60, SETTINGS_YEAR, "SECONDS", any_form,                                                  \
      "The count for that address starts again after this long without an attempt.")                                           \
    X(device_tries, NUMBER, "10", 1, 1000, "NUMBER", any_form,                                                                 \
      "How many wrong passwords may come from a browser where this user has logged in before.")                                \
    X(device_delay, NUMBER, "2", 1, 3600, "SECONDS", any_form, "The first wait for that browser.")                             \
    X(device_delay_max, NUMBER, "900", 1, 86400, "SECONDS", any_form, "The longest wait for that browser.")                    \
    X(device_forget, NUMBER, "3600", 60, SETTINGS_YEAR, "SECONDS", any_form,                                                   \
      "The count for that browser starts again after this long without an attempt.")

enum settings_name {
#define X(name, ...) SETTINGS_##name,
    SETTINGS(X)
#undef X
    SETTINGS_COUNT
};
/* Positions of the words in a CHOICE row's shape. */
enum { SETTINGS_TLS_SELF_SIGNED, SETTINGS_TLS_OFF, SETTINGS_TLS_FILES };
enum { SETTINGS_PROXY_OFF, SETTINGS_PROXY_LISTEN, SETTINGS_PROXY_LISTEN_MTLS, SETTINGS_PROXY_BOTH };
enum { SETTINGS_METRICS_ON, SETTINGS_METRICS_OFF, SETTINGS_METRICS_LOCAL };
enum { SETTINGS_REGISTRATION_OFF, SETTINGS_REGISTRATION_TOKEN, SETTINGS_REGISTRATION_OPEN };
enum { SETTINGS_COMMON_REFUSE, SETTINGS_COMMON_ALLOW };
enum { SETTINGS_SECOND_FACTOR_OPTIONAL, SETTINGS_SECOND_FACTOR_REQUIRED };
enum settings_when { SETTINGS_RELOADED = 0, SETTINGS_AT_START };
#define AT_START SETTINGS_AT_START
/* The optional column. */
#define SETTINGS_WHEN(...)                         SETTINGS_WHEN_(__VA_ARGS__, SETTINGS_RELOADED, 0)
#define SETTINGS_WHEN_(sentence_, when_, ...)      when_
#define SETTINGS_SENTENCE(...)                     SETTINGS_SENTENCE_(__VA_ARGS__, 0)
#define SETTINGS_SENTENCE_(sentence_, ...)         sentence_
struct settings_input { /* what the settings are read from, and read again */
    const char *file;               /* --config; NULL: JETON_CONFIG, else DIR/jeton.conf when it is there */
    const str *options;             /* SETTINGS_COUNT texts, absent where not given; NULL: none at all */
    const char *const *environment; /* NAME=value …, NULL at the end; NULL: none */
};
enum settings_source { SETTINGS_FROM_DEFAULT = 0, SETTINGS_FROM_FILE, SETTINGS_FROM_ENVIRONMENT, SETTINGS_FROM_OPTION };

#define SETTINGS_TYPE_TEXT   str
#define SETTINGS_TYPE_NUMBER int64_t
#define SETTINGS_TYPE_FLAG   bool
#define SETTINGS_TYPE_CHOICE int
struct settings { /* arena memory of settings_load */
#define X(name, kind, ...) SETTINGS_TYPE_##kind name;
    SETTINGS(X)
#undef X
    /* derived */
    str listen_host;      /* of `listen`, IPv6 without brackets; all of it where it has no port */
    uint16_t listen_port; /* 0: a free one, or none */
    str mtls_host;        /* of `listen_mtls`; absent: none */
    uint16_t mtls_port;
    unsigned mode;        /* of `socket_mode` */
    str file;             /* the file that was read; absent: none */
    enum settings_source source[SETTINGS_COUNT];
    str text[SETTINGS_COUNT]; /* each value as it was written */
    struct settings_input input;
};
#endif
