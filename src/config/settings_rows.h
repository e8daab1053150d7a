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
    X(listen, TEXT, "localhost:8443", 1, 300, "ADDRESS:PORT", listen_form,                                                          \
      "ADDRESS:PORT, numeric or localhost, where port 0 picks a free one; unix:/PATH; or systemd:NAME, sockets that systemd passes.", AT_START)\
    X(socket_mode, TEXT, "0660", 3, 4, "MODE", mode_form, "Of a Unix socket that is listened on, octal: who may connect.", AT_START)\
    X(socket_group, TEXT, "", 0, 63, "GROUP", any_form, "Its group, a name or number; without it that of the server.", AT_START)\
    X(issuer, TEXT, "", 0, 512, "URL", issuer_form,                                                                            \
      "The server's public address, with a path if it lies below one; without it https://localhost:PORT. http:// is for loopback "\
      "hosts alone.", AT_START)                                                                                                \
    X(hosts, TEXT, "", 0, 4096, "HOSTS", hosts_form,                                                                           \
      "HOST or HOST:PORT, separated by spaces, under which this server may be called beside the issuer's host.")               \
    X(tls, CHOICE, "self-signed", 0, 0, "self-signed|off|files", any_form,                                                     \
      "Where TLS comes from: a certificate authority made in DIR/tls, a proxy in front (off), or tls_cert and tls_key.", AT_START) \
    X(tls_cert, TEXT, "", 0, 4096, "FILES", any_form,                                                                          \
      "Certificate chains, PEM, separated by spaces; the first is shown to whoever asks for a name of none. Each needs its tls_key.")\
    X(tls_key, TEXT, "", 0, 4096, "FILES", any_form,                                                                           \
      "Private keys of tls_cert, PEM, in the same order, each readable by its owner alone.")                                   \
    X(listen_mtls, TEXT, "", 0, 300, "ADDRESS:PORT", listen_or_none,                                                           \
      "A second address that asks for client certificates (RFC 8705); without it browsers are never asked, and nobody is.", AT_START) \
    X(issuer_mtls, TEXT, "", 0, 512, "URL", origin_or_none,                                                                    \
      "The public https:// address of listen_mtls, or of the proxy's host that asks for client certificates; without it the issuer's host "\
      "with the port of listen_mtls. Without a path: that is the issuer's.", AT_START)                                         \
    X(client_ca, TEXT, "", 0, 4096, "FILE", any_form,                                                                          \
      "Authorities whose client certificates are believed (auth method tls_client_auth), PEM.")                                \
    X(client_cert_header, TEXT, "", 0, 64, "NAME", header_form,                                                                \
      "The header in which the trusted proxies hand on the client's certificate: Client-Cert (RFC 9440) or URL-encoded PEM.", AT_START) \
    X(data, TEXT, "data", 1, 4096, "DIR", any_form, "Data directory: database, master key, certificates.", AT_START)           \
    X(database, TEXT, "", 0, 4096, "URL", settings_database_form,                                                            \
      "A PostgreSQL database, 15 or newer, by its address or a libpq connection string; without it jeton.db in the data directory.", AT_START) \
    X(database_connections, NUMBER, "8", 2, 100, "NUMBER", any_form, "Connections to PostgreSQL at the most.", AT_START)       \
    X(event_threads, NUMBER, "0", 0, 256, "NUMBER", any_form, "Threads that talk to the network; 0: one per core.", AT_START)  \
    X(worker_threads, NUMBER, "8", 1, 256, "NUMBER", any_form, "Threads that read the database.", AT_START)                    \
    X(hash_threads, NUMBER, "0", 0, 256, "NUMBER", any_form, "Threads that check passwords (19 MiB each); 0: one per core.", AT_START) \
    X(trusted_proxies, TEXT, "", 0, 4096, "ADDRESSES", proxies_form,                                                          \
      "IP addresses, separated by spaces, whose X-Forwarded-For is believed; unix: whoever may connect to a Unix socket.")     \
    X(proxy_protocol, CHOICE, "off", 0, 0, "off|listen|listen_mtls|both", any_form,                                            \
      "Which address only trusted_proxies may connect to, with a PROXY header (version 2) that says whose connection it is.", AT_START)\
    X(cors_origins, TEXT, "", 0, 4096, "ORIGINS", origins_form,                                                                \
      "Web origins, separated by spaces, whose pages may call the token endpoint and the API.")                                \
    X(log_level, CHOICE, "info", 0, 0, "debug|info|warn|error", any_form, "The least weighty line that is logged.")            \
    X(access_log, FLAG, "on", 0, 0, "on|off", any_form, "One line per request.")                                               \
    X(drain_seconds, NUMBER, "10", 0, 3600, "SECONDS", any_form, "How long open requests may go on after SIGTERM.")            \
    X(metrics, CHOICE, "local", 0, 0, "on|off|local", any_form,                                                                \
      "Who may read /metrics: everybody, nobody, or loopback peers.")                                                          \
    X(hsts, FLAG, "on", 0, 0, "on|off", any_form,                                                                              \
      "Tell browsers to use https alone, for a year (never sent with an http issuer).")                                        \
    X(sandbox, FLAG, "on", 0, 0, "on|off", any_form, "Give up every right that serving does not need.", AT_START)              \
    X(access_lifetime, NUMBER, "3600", 1, SETTINGS_ACCESS_MAX, "SECONDS", any_form, "Access tokens.")                          \
    X(code_lifetime, NUMBER, "60", 1, 600, "SECONDS", any_form, "Authorization codes.")                                        \
    X(device_lifetime, NUMBER, "600", 30, 600, "SECONDS", any_form, "Codes that a person types for a device.")                 \
    X(ciba_lifetime, NUMBER, "300", 30, 600, "SECONDS", any_form,                                                              \
      "Backchannel authentication requests (CIBA), when the client asks for no other lifetime.")                               \
    X(device_codes_per_client, NUMBER, "2000", 10, 20000, "NUMBER", any_form,                                                  \
      "Device codes of one client that wait for a person at the same time; five times as many of all clients.")               \
    X(device_codes_per_address, NUMBER, "100", 1, 20000, "NUMBER", any_form,                                                   \
      "Of these from one address (IPv6: /64); fewer as device_codes_per_client comes near.")                                   \
    X(ciba_per_person, NUMBER, "5", 1, 100, "NUMBER", any_form,                                                                \
      "CIBA requests of one client that wait for the same person; four times as many of all clients.")                         \
    X(revocations_per_second, NUMBER, "20", 1, 100000, "NUMBER", any_form,                                                     \
      "Access tokens that one client may revoke in a second, in the long run; a minute's worth at once.")                      \
    X(revocations_max, NUMBER, "1000000", 1000, 100000000, "NUMBER", any_form,                                                 \
      "Revoked access tokens that are kept in memory until they expire; clients are slowed down from half of it on.")          \
    X(poll_interval, NUMBER, "5", 1, 60, "SECONDS", any_form, "How long a client waits between polls for a decision.")         \
    X(par_lifetime, NUMBER, "90", 5, 599, "SECONDS", any_form, "Pushed authorization requests (RFC 9126).")                    \
    X(require_par, FLAG, "off", 0, 0, "on|off", any_form, "Every authorization request must be pushed first (RFC 9126).")      \
    X(id_token_lifetime, NUMBER, "3600", 300, 3600, "SECONDS", any_form, "ID tokens (OpenID Connect).")                        \
    X(dpop_nonce, FLAG, "off", 0, 0, "on|off", any_form,                                                                       \
      "Demand a nonce of this server in each DPoP proof (RFC 9449 8).")                                                        \
    X(dpop_window, NUMBER, "60", 10, 60, "SECONDS", any_form, "How old a DPoP proof may be.")                                  \
    X(refresh_lifetime, NUMBER, "2592000", 1, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                                      \
      "Refresh tokens, from their last use.")                                                                                  \
    X(refresh_absolute, NUMBER, "31536000", 1, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                                     \
      "Refresh tokens, from the grant on, however often used.")                                                                \
    X(refresh_grace, NUMBER, "60", 0, 600, "SECONDS", any_form,                                                                \
      "How long a used refresh token still gets the same successor.")                                                          \
    X(personal_lifetime, NUMBER, "31536000", 1, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                                    \
      "Personal access tokens when nothing is asked for.")                                                                     \
    X(personal_lifetime_max, NUMBER, "157680000", 0, SETTINGS_CENTURY_HALF, "SECONDS", any_form,                               \
      "The longest personal access token; 0: no limit.")                                                                       \
    X(session_idle, NUMBER, "1800", 60, SETTINGS_YEAR, "SECONDS", any_form, "A login ends after this long without use.")       \
    X(session_absolute, NUMBER, "43200", 60, SETTINGS_YEAR, "SECONDS", any_form, "A login ends after this long in any case.")  \
    X(reauthentication, NUMBER, "600", 10, 86400, "SECONDS", any_form, "How fresh a password must be for sensitive steps.")    \
    X(secret_overlap, NUMBER, "86400", 0, SETTINGS_YEAR, "SECONDS", any_form,                                                  \
      "How long the old secret goes on after rotate-secret.")                                                                  \
    X(profile, CHOICE, "none", 0, 0, "none|oauth2.1|fapi2-security|fapi2-message-signing", any_form,                           \
      "What every client is held to at the least; a client may be held to more (jeton client edit --profile).")                \
    X(fetch_internal, TEXT, "", 0, 4096, "HOSTS", hosts_form,                                                                  \
      "HOST or HOST:PORT, separated by spaces, that this server may call although they lie at internal addresses (keys of clients, logout).")\
    X(outgoing_ports, TEXT, "", 0, 1024, "PORTS", ports_form,                                                                  \
      "TCP ports of other servers that this server may call, separated by spaces, or any; without it 443, or any where fetch_internal names hosts.",\
      AT_START)                                                                                                                \
    X(fetch_authority, TEXT, "", 0, 4096, "FILE", any_form,                                                                    \
      "Further certificates to trust when this server calls another, PEM; beside the machine's own.")                          \
    X(fetch_seconds, NUMBER, "5", 1, 30, "SECONDS", any_form, "How long a call to another server may take as a whole.")        \
    X(courier_hours, NUMBER, "24", 1, 720, "HOURS", any_form,                                                                  \
      "How long a message to a client (back-channel logout, CIBA ping) is tried before it is given up.")                       \
    X(courier_wait, NUMBER, "60", 1, 3600, "SECONDS", any_form,                                                                \
      "The wait after the first failure of such a message; then five times, then thirty times that.")                          \
    X(key_rotation_days, NUMBER, "90", 0, 3650, "DAYS", any_form,                                                              \
      "How long signing keys are used before the next ones take their place; 0: until jeton key rotate.")                      \
    X(registration, CHOICE, "off", 0, 0, "off|token|open", any_form,                                                           \
      "Who may register client applications by themselves (RFC 7591): nobody, who has an initial access token, or everybody.") \
    X(registration_grants, TEXT, "authorization_code refresh_token", 0, 512, "GRANTS", any_form,                               \
      "Grants that such a client may have, unless its initial access token names others.")                                     \
    X(registration_scopes, TEXT, "", 0, 4096, "SCOPES", any_form,                                                              \
      "Scopes that such a client may ask for beside openid profile email address phone offline_access; never permissions.")    \
    X(registration_max, NUMBER, "1000", 0, 100000, "NUMBER", any_form,                                                         \
      "Clients that registered by themselves, or have their metadata at an address, at the most.")                             \
    X(registration_unused, NUMBER, "86400", 60, SETTINGS_YEAR, "SECONDS", any_form,                                            \
      "After this long a client of open registration that nobody ever used is removed, when the next one registers.")          \
    X(registration_tries, NUMBER, "100", 1, 100000, "NUMBER", any_form,                                                        \
      "Registrations from one address in a row before it has to wait between them.")                                          \
    X(redirect_schemes, TEXT, "", 0, 1024, "SCHEMES", schemes_form,                                                            \
      "Schemes without a dot, separated by spaces, that redirect URIs of any client may have, like cursor vscode.")            \
    X(registration_per_address, NUMBER, "100", 1, 100000, "NUMBER", any_form,                                                  \
      "Clients that came from one address (IPv6: /64) by themselves, at the most; fewer as registration_max comes near.")      \
    X(client_documents, FLAG, "off", 0, 0, "on|off", any_form,                                                                 \
      "Accept client ids that are https addresses of their metadata (client ID metadata documents).")                          \
    X(client_document_hosts, TEXT, "", 0, 4096, "HOSTS", any_form,                                                             \
      "Hosts, separated by spaces, whose documents are accepted; without it any public host.")                                 \
    X(events_administration, NUMBER, "200000", 1000, 100000000, "NUMBER", any_form,                                            \
      "Events about what administrators changed that are kept at the most; the oldest go first.")                              \
    X(events_administration_days, NUMBER, "3650", 0, 36500, "DAYS", any_form, "How long they are kept; 0: however old.")       \
    X(events_people, NUMBER, "200000", 1000, 100000000, "NUMBER", any_form,                                                    \
      "Events about people's logins, consents and tokens that are kept at the most.")                                         \
    X(events_people_days, NUMBER, "400", 0, 36500, "DAYS", any_form, "How long they are kept; 0: however old.")                \
    X(events_machines, NUMBER, "100000", 1000, 100000000, "NUMBER", any_form,                                                  \
      "Events about what clients did, and refused requests, that are kept at the most.")                                      \
    X(events_machines_days, NUMBER, "30", 0, 36500, "DAYS", any_form, "How long they are kept; 0: however old.")               \
    X(common_passwords, CHOICE, "refuse", 0, 0, "refuse|allow", any_form,                                                      \
      "What to do with a new password that many people use.")                                                                  \
    X(login_with_email, FLAG, "off", 0, 0, "on|off", any_form,                                                                 \
      "People may log in with their verified e-mail address instead of their username.")                                       \
    X(account_tries, NUMBER, "5", 1, 1000, "NUMBER", any_form, "Wrong passwords for one name before it has to wait.")          \
    X(account_delay, NUMBER, "2", 1, 3600, "SECONDS", any_form,                                                                \
      "The first wait for that name; it doubles with each further try.")                                                       \
    X(account_delay_max, NUMBER, "900", 1, 86400, "SECONDS", any_form, "The longest wait for that name.")                      \
    X(account_forget, NUMBER, "3600", 60, SETTINGS_YEAR, "SECONDS", any_form,                                                  \
      "The count for that name starts anew after this long without a try.")                                                    \
    X(address_tries, NUMBER, "20", 1, 100000, "NUMBER", any_form, "Wrong passwords from one address before it has to wait.")   \
    X(address_delay, NUMBER, "2", 1, 3600, "SECONDS", any_form, "The first wait for that address.")                            \
    X(address_delay_max, NUMBER, "900", 1, 86400, "SECONDS", any_form, "The longest wait for that address.")                   \
    X(address_forget, NUMBER, "3600", 60, SETTINGS_YEAR, "SECONDS", any_form,                                                  \
      "The count for that address starts anew after this long without a try.")                                                 \
    X(device_tries, NUMBER, "10", 1, 1000, "NUMBER", any_form,                                                                 \
      "Wrong passwords from a browser where this person has logged in before.")                                                \
    X(device_delay, NUMBER, "2", 1, 3600, "SECONDS", any_form, "The first wait for that browser.")                             \
    X(device_delay_max, NUMBER, "900", 1, 86400, "SECONDS", any_form, "The longest wait for that browser.")                    \
    X(device_forget, NUMBER, "3600", 60, SETTINGS_YEAR, "SECONDS", any_form,                                                   \
      "The count for that browser starts anew after this long without a try.")

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
