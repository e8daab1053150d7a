/* SPDX-License-Identifier: MIT
 * settings: the rows, the form of each value, and what the settings must be to each other. Relies on nothing but text; where
 * values come from is settings_load's business. Promises: a value that this room lets pass is within the bounds of its row, and
 * settings that settings_judge lets pass describe a server whose issuer, TLS and address do not contradict each other (contract
 * 2). */
#include "config/settings.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "codec/url.h"
#include "client/redirect_rules.h"
#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>
#include "base/banned.h"

enum { PORT_MAX = 65535, HOST_MAX = 253 };

static bool any_form(str value)
{
    (void)value;
    return true;
}
/* Cuts HOST:PORT or [IPV6]:PORT; false when it is neither. */
static bool listen_cut(str value, str *host, uint16_t *port)
{
    size_t colon = value.n;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == ':')
            colon = i;
    }
    uint64_t number = 0;
    if (colon == 0 || colon >= value.n || FAILED(str_u64((str){value.p + colon + 1, value.n - colon - 1}, PORT_MAX, &number)))
        return false;
    str name = {value.p, colon};
    if (name.p[0] == '[') {
        if (name.n < 4 || name.p[name.n - 1] != ']')
            return false;
        name = (str){name.p + 1, name.n - 2};
    } else if (str_find(name, ':') < name.n || name.n > HOST_MAX) {
        return false; /* IPv6 needs its brackets */
    }
    for (size_t i = 0; i < name.n; i++) {
        if (!ascii_letter(name.p[i]) && !ascii_digit(name.p[i]) && !memchr(".-:_", name.p[i], 4))
            return false;
    }
    *host = name;
    *port = (uint16_t)number;
    return true;
}
/* What libpq takes: an address, or words of which at least one is key=value. */
bool settings_database_form(str value)
{
    return value.n == 0 || str_starts(value, STR("postgresql://")) || str_starts(value, STR("postgres://")) || str_find(value, '=') < value.n;
}

bool settings_has_password(str database)
{
    const char *address = memmem(database.p, database.n, "://", 3);
    if (memmem(database.p, database.n, "password", 8) != NULL)
        return true;
    if (address == NULL)
        return false;
    str rest = {address + 3, (size_t)(database.p + database.n - address - 3)};
    size_t at = str_find(rest, '@');
    return at < rest.n && str_find(rest, ':') < at;
}

static bool address_form(str word)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[sizeof(struct in6_addr)];
    if (word.n == 0 || word.n >= sizeof text)
        return false;
    memcpy(text, word.p, word.n);
    text[word.n] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}
bool settings_portless(str host)
{
    return str_starts(host, STR("unix:")) || str_starts(host, STR("systemd:"));
}
/* The name of a socket unit's file descriptor (systemd.socket 5): printable, without a colon. */
static bool passed_form(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_visible(name.p[i]) || name.p[i] == ':')
            return false;
    return name.n > 0 && name.n < 256;
}
static bool listen_form(str value)
{
    str host;
    uint16_t port;
    if (str_starts(value, STR("unix:")))
        return value.n > 6 && value.p[5] == '/' && value.n - 5 < sizeof((struct sockaddr_un *)0)->sun_path && !str_ends(value, STR("/"));
    if (str_starts(value, STR("systemd:")))
        return passed_form((str){value.p + 8, value.n - 8});
    return listen_cut(value, &host, &port) && (str_is(host, "localhost") || address_form(host));
}
static bool proxies_form(str value)
{
    str rest = value, word;
    while (value.n > 0 && str_next(&rest, ' ', &word)) {
        if (word.n > 0 && !address_form(word) && !str_is(word, "unix"))
            return false;
    }
    return true;
}
static bool mode_form(str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < '0' || value.p[i] > '7')
            return false;
    return value.n == 3 || value.p[0] == '0';
}
static bool is_http(const struct url *u)
{
    return str_equal_nocase(u->scheme, STR("http"));
}
static bool is_https(const struct url *u)
{
    return str_equal_nocase(u->scheme, STR("https"));
}
static bool origin_form(str word)
{
    struct url u;
    return !FAILED(url_parse(word, &u)) && (is_http(&u) || is_https(&u)) && u.path.n == 0 && !str_present(u.query) && !str_present(u.fragment);
}
static bool origins_form(str value)
{
    str rest = value, word;
    while (value.n > 0 && str_next(&rest, ' ', &word)) {
        if (word.n > 0 && !origin_form(word))
            return false;
    }
    return true;
}
/* Segments that are spelled in one way only, and that no proxy or browser takes away. */
static bool base_form(str path)
{
    str rest = {path.p + 1, path.n > 0 ? path.n - 1 : 0}, segment;
    if (path.n == 0 || str_is(path, "/"))
        return true;
    while (str_next(&rest, '/', &segment)) {
        bool last = segment.p + segment.n == path.p + path.n;
        if ((segment.n == 0 && !last) || str_is(segment, ".") || str_is(segment, "..") || str_is(segment, ".well-known"))
            return false;
        for (size_t i = 0; i < segment.n; i++)
            if (!ascii_unreserved(segment.p[i]))
                return false;
    }
    return true;
}
/* RFC 8414 2: no query, no fragment. */
static bool issuer_form(str value)
{
    struct url u;
    if (value.n == 0)
        return true;
    if (FAILED(url_parse(value, &u)) || (!is_http(&u) && !is_https(&u)))
        return false;
    return base_form(u.path) && !str_present(u.query) && !str_present(u.fragment);
}

static bool listen_or_none(str value)
{
    return value.n == 0 || listen_form(value);
}
static bool origin_or_none(str value)
{
    struct url u;
    return value.n == 0 || (origin_form(value) && !FAILED(url_parse(value, &u)) && is_https(&u));
}
static bool header_form(str value)
{
    return value.n == 0 || str_is_token(value);
}
/* Words HOST or HOST:PORT, as they stand in an address. */
static bool hosts_form(str value)
{
    str rest = value, word;
    char text[HOST_MAX + 32];
    while (value.n > 0 && str_next(&rest, ' ', &word)) {
        if (word.n > HOST_MAX)
            return false;
        memcpy(text, "https://", 8);
        if (word.n > 0)
            memcpy(text + 8, word.p, word.n);
        if (word.n > 0 && !origin_form((str){text, word.n + 8}))
            return false;
    }
    return true;
}

/* `any`, or words 1 to 65535. */
static bool ports_form(str value)
{
    size_t count = 0;
    str word;
    for (str rest = value; value.n > 0 && str_next(&rest, ' ', &word);) {
        uint64_t port = 0;
        if (word.n > 0 && (FAILED(str_u64(word, PORT_MAX, &port)) || port == 0))
            return str_is(value, "any");
        count += word.n > 0;
    }
    return value.n == 0 || count > 0;
}

/* Words: schemes without a dot. */
static bool schemes_form(str value)
{
    str word;
    for (str rest = value; rest.n > 0 && str_next(&rest, ' ', &word);)
        if (word.n > 0 && !redirect_rules_scheme(word))
            return false;
    return true;
}

const struct settings_row settings_rows[SETTINGS_COUNT] = {
#define X(name, kind, fallback, least, most, shape, check, ...) \
    {#name, SETTINGS_##kind, fallback, least, most, shape, SETTINGS_SENTENCE(__VA_ARGS__), check, SETTINGS_WHEN(__VA_ARGS__)},
    SETTINGS(X)
#undef X
};

size_t settings_find(str name)
{
    for (size_t row = 0; row < SETTINGS_COUNT; row++) {
        const char *have = settings_rows[row].name;
        size_t n = strlen(have), i = 0;
        while (n == name.n && i < n && (have[i] == name.p[i] || (have[i] == '_' && name.p[i] == '-')))
            i++;
        if (n == name.n && i == n)
            return row;
    }
    return SETTINGS_COUNT;
}
static const char *or_literal(str text, const char *literal)
{
    return str_present(text) ? text.p : literal;
}
const char *settings_refuses(struct arena *a, size_t row, str value)
{
    const struct settings_row *r = &settings_rows[row];
    uint64_t number = 0;
    switch (r->kind) {
    case SETTINGS_NUMBER:
        if (FAILED(str_u64(value, (uint64_t)r->most, &number)) || (int64_t)number < r->least)
            return or_literal(str_format(a, "must be a whole number from %lld to %lld", (long long)r->least, (long long)r->most), "is out of bounds");
        return NULL;
    case SETTINGS_FLAG:
    case SETTINGS_CHOICE:
        return str_has_choice(str_of(r->shape), value) ? NULL : or_literal(str_format(a, "must be one of %s", r->shape), "is not one of the choices");
    case SETTINGS_TEXT:
        break;
    }
    if ((int64_t)value.n < r->least || (int64_t)value.n > r->most)
        return or_literal(str_format(a, "must have %lld to %lld bytes", (long long)r->least, (long long)r->most), "is too long");
    for (size_t i = 0; i < value.n; i++) {
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return "holds a control character";
    }
    return r->check(value) ? NULL : or_literal(str_format(a, "must have the form %s", r->shape), "is malformed");
}

bool settings_loopback(str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr four;
    struct in6_addr six;
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (str){host.p + 1, host.n - 2};
    if (str_equal_nocase(host, STR("localhost")))
        return true;
    if (host.n == 0 || host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (inet_pton(AF_INET, text, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
static bool any_address(str host)
{
    return str_is(host, "0.0.0.0") || str_is(host, "::");
}
static str without_slash(str address)
{
    return str_ends(address, STR("/")) ? (str){address.p, address.n - 1} : address;
}
str settings_issuer_mtls(struct arena *a, const struct settings *s, str issuer, uint16_t port)
{
    struct url u;
    if (str_filled(s->issuer_mtls) && !FAILED(url_parse(s->issuer_mtls, &u)))
        return str_format(a, "%.*s%.*s", STR_FMT(s->issuer_mtls), STR_FMT(settings_base(s)));
    if (!str_filled(s->listen_mtls) || FAILED(url_parse(issuer, &u)))
        return STR_ABSENT;
    return str_format(a, "https://%.*s:%u%.*s", STR_FMT(u.host), (unsigned)port, STR_FMT(u.path));
}
str settings_base(const struct settings *s)
{
    struct url u;
    if (!str_filled(s->issuer) || FAILED(url_parse(s->issuer, &u)))
        return STR("");
    return without_slash(u.path);
}
str settings_issuer(struct arena *a, const struct settings *s, uint16_t port)
{
    struct url u;
    if (str_filled(s->issuer) && !FAILED(url_parse(s->issuer, &u)))
        return str_dup(a, without_slash(s->issuer));
    const char *scheme = s->tls == SETTINGS_TLS_OFF ? "http" : "https";
    str host = settings_loopback(s->listen_host) || any_address(s->listen_host) ? STR("localhost") : s->listen_host;
    bool six = str_find(host, ':') < host.n;
    return str_format(a, "%s://%s%.*s%s:%u", scheme, six ? "[" : "", STR_FMT(host), six ? "]" : "", (unsigned)port);
}

static size_t count_setting_words(str list)
{
    size_t count = 0;
    str rest = list, word;
    while (list.n > 0 && str_next(&rest, ' ', &word))
        count += word.n > 0 ? 1 : 0;
    return count;
}
static void judge_plain(const struct settings *s, bool http, struct problems *p)
{
    bool near = settings_loopback(s->listen_host) || str_starts(s->listen_host, STR("unix:"));
    if (!str_filled(s->issuer) && s->tls == SETTINGS_TLS_OFF && !near)
        problem_add(p, "issuer", STR("with tls=off on an address that others can reach, a proxy must provide TLS: set issuer to its https:// address"));
    if (http && s->tls != SETTINGS_TLS_OFF)
        problem_add(p, "issuer", STR("an http:// issuer needs tls=off; otherwise use an https:// issuer"));
    if (http && s->tls == SETTINGS_TLS_OFF && !near)
        problem_add(p, "listen", STR("an http:// issuer is allowed only on loopback addresses: listen on 127.0.0.1, [::1], localhost or a Unix socket"));
    if (!str_filled(s->issuer) && settings_portless(s->listen_host))
        problem_add(p, "issuer", STR("listen has no port to derive the issuer from: set issuer to the server's public address"));
}
static void judge_times(const struct settings *s, struct problems *p)
{
    if (s->session_idle > s->session_absolute)
        problem_add(p, "session_idle", STR("session_idle must not be longer than session_absolute"));
    if (s->refresh_lifetime > s->refresh_absolute)
        problem_add(p, "refresh_lifetime", STR("refresh_lifetime must not be longer than refresh_absolute"));
    if (s->personal_lifetime_max > 0 && s->personal_lifetime > s->personal_lifetime_max)
        problem_add(p, "personal_lifetime", STR("personal_lifetime must not be longer than personal_lifetime_max"));
    if (s->account_delay > s->account_delay_max || s->address_delay > s->address_delay_max || s->device_delay > s->device_delay_max)
        problem_add(p, "account_delay", STR("the first wait must not be longer than the longest one"));
}
/* RFC 8705; CA-12 */
static bool same_place(const struct settings *s)
{
    bool fixed = s->mtls_port != 0 || settings_portless(s->mtls_host);
    return fixed && s->mtls_port == s->listen_port && str_equal(s->mtls_host, s->listen_host);
}
static void judge_certificates(const struct settings *s, struct problems *p)
{
    if (str_filled(s->listen_mtls) && s->tls == SETTINGS_TLS_OFF)
        problem_add(p, "listen_mtls", STR("listen_mtls needs TLS: with tls=off, the proxy must ask for certificates (see client_cert_header)"));
    if (str_filled(s->listen_mtls) && same_place(s))
        problem_add(p, "listen_mtls", STR("listen_mtls must differ from listen, which never asks for a client certificate"));
    if (str_filled(s->listen_mtls) && settings_portless(s->mtls_host) && !str_filled(s->issuer_mtls))
        problem_add(p, "issuer_mtls", STR("listen_mtls has no port: set issuer_mtls to its public address"));
    if (str_filled(s->client_cert_header) && !str_filled(s->trusted_proxies))
        problem_add(p, "client_cert_header", STR("client_cert_header is trusted only from trusted_proxies: set them too"));
    if (str_filled(s->issuer_mtls) && !str_filled(s->listen_mtls) && !str_filled(s->client_cert_header))
        problem_add(p, "issuer_mtls", STR("issuer_mtls needs listen_mtls or client_cert_header"));
}
/* RL-04. Who may send a PROXY header at all must be named, and be able to connect there. */
static void judge_proxied_address(const struct settings *s, str host, struct problems *p)
{
    bool by_path = str_starts(host, STR("unix:")), by_unit = str_starts(host, STR("systemd:"));
    bool takes_unix = false, takes_numbers = false;
    str rest = s->trusted_proxies, word;
    while (str_filled(s->trusted_proxies) && str_next(&rest, ' ', &word)) {
        takes_unix = takes_unix || str_is(word, "unix");
        takes_numbers = takes_numbers || (word.n > 0 && !str_is(word, "unix"));
    }
    if (by_path && !takes_unix)
        problem_add(p, "trusted_proxies", STR("proxy_protocol at a Unix socket needs the word unix in trusted_proxies"));
    if (!by_path && !by_unit && !takes_numbers)
        problem_add(p, "trusted_proxies", STR("proxy_protocol needs the proxies' IP addresses in trusted_proxies: nobody else may connect there"));
    if (by_unit && !takes_unix && !takes_numbers)
        problem_add(p, "trusted_proxies", STR("proxy_protocol needs the proxies in trusted_proxies: nobody else may connect there"));
}
static void judge_proxies(const struct settings *s, struct problems *p)
{
    bool asking = s->proxy_protocol == SETTINGS_PROXY_LISTEN_MTLS || s->proxy_protocol == SETTINGS_PROXY_BOTH;
    if (asking && !str_filled(s->listen_mtls))
        problem_add(p, "proxy_protocol", STR("proxy_protocol names listen_mtls, which is not set"));
    else if (asking)
        judge_proxied_address(s, s->mtls_host, p);
    if (s->proxy_protocol == SETTINGS_PROXY_LISTEN || s->proxy_protocol == SETTINGS_PROXY_BOTH)
        judge_proxied_address(s, s->listen_host, p);
}
fallible settings_judge(struct arena *a, const struct settings *s, struct problems *p)
{
    struct url u = {0};
    bool have = str_filled(s->issuer) && !FAILED(url_parse(s->issuer, &u));
    bool http = have && is_http(&u);
    if (http && !url_loopback(&u))
        problem_add(p, "issuer", STR("an http:// issuer is allowed only for loopback hosts: use https://"));
    judge_plain(s, http, p);
    if (count_setting_words(s->tls_cert) != count_setting_words(s->tls_key))
        problem_add(p, "tls_cert", STR("tls_cert and tls_key go together: give one key for each certificate, in the same order, or leave both out"));
    if (s->tls == SETTINGS_TLS_FILES && !str_filled(s->tls_cert))
        problem_add(p, "tls", STR("tls=files needs tls_cert and tls_key"));
    if (s->tls != SETTINGS_TLS_FILES && str_filled(s->tls_cert)) {
        str said = s->text[SETTINGS_tls];
        problem_add(p, "tls", str_format(a, "tls=%.*s contradicts tls_cert: leave one of them out", STR_FMT(said)));
    }
    judge_certificates(s, p);
    judge_proxies(s, p);
    judge_times(s, p);
    return problem_result(p);
}

void settings_policy(const struct settings *s, struct policy *out)
{
    *out = (struct policy){
        .access_lifetime = s->access_lifetime,
        .access_lifetime_max = SETTINGS_ACCESS_MAX,
        .code_lifetime = s->code_lifetime,
        .id_token_lifetime = s->id_token_lifetime,
        .dpop_window = s->dpop_window,
        .dpop_nonce = s->dpop_nonce,
        .refresh_lifetime = s->refresh_lifetime,
        .refresh_absolute = s->refresh_absolute,
        .refresh_grace = s->refresh_grace,
        .personal_lifetime = s->personal_lifetime,
        .personal_lifetime_max = s->personal_lifetime_max,
        .session_idle = s->session_idle,
        .session_absolute = s->session_absolute,
        .reauthentication = s->reauthentication,
        .secret_overlap = s->secret_overlap,
        .account_rule = {s->account_tries, s->account_delay, s->account_delay_max, s->account_forget},
        .address_rule = {s->address_tries, s->address_delay, s->address_delay_max, s->address_forget},
        .device_rule = {s->device_tries, s->device_delay, s->device_delay_max, s->device_forget},
        .password_common_refused = s->common_passwords == SETTINGS_COMMON_REFUSE,
        .login_with_email = s->login_with_email,
        .second_factor_required = s->second_factor == SETTINGS_SECOND_FACTOR_REQUIRED,
        .device_lifetime = s->device_lifetime,
        .ciba_lifetime = s->ciba_lifetime,
        .poll_interval = s->poll_interval,
        .profile = (enum profile)s->profile, /* the words stand in the order of the enum */
        .par_lifetime = s->par_lifetime,
        .require_par = s->require_par,
        .key_rotation = s->key_rotation_days * 86400,
        .registration = s->registration, /* the words stand in the order of the enum */
        .registration_grants = s->registration_grants,
        .registration_scopes = s->registration_scopes,
        .registration_max = s->registration_max,
        .registration_unused = s->registration_unused,
        .registration_per_address = s->registration_per_address,
        .device_caps = {.all = 5 * s->device_codes_per_client, .client = s->device_codes_per_client, .source = s->device_codes_per_address},
        .ciba_caps = {.all = 10000, .client = 2000, .user = 4 * s->ciba_per_person, .client_of_user = s->ciba_per_person},
        .revocations_max = s->revocations_max,
        .revocations_a_second = s->revocations_per_second,
        .registration_rule = {s->registration_tries, 1, 10, 60},
        .redirect_schemes = s->redirect_schemes,
        .client_documents = s->client_documents,
        .client_document_hosts = s->client_document_hosts,
        .fetch = {.internal = s->fetch_internal, .ports = s->outgoing_ports, .authority = s->fetch_authority, .seconds = s->fetch_seconds},
    };
}
