/* SPDX-License-Identifier: MIT
 * redirect_rules: three tables, of schemes that are never taken, of hosts that lie in somebody's own network, and of warnings. Relies on
 * codec/url to take addresses apart. Promises: no scheme that runs, reads, calls or fetches anything; plain http off this machine only to
 * private names and addresses, and only where an administrator said so for that client; no query that already speaks for us. */
#include "client/redirect_rules.h"

#include "base/ascii.h"
#include "codec/percent.h"
#include "codec/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/banned.h"

enum { URI_MAX = 2000, SHOWN_MAX = 200 };

/* RU-03: what runs a script or reads something, whatever else is allowed; with a dot or without. */
static const char *const running_schemes[] = {"javascript",  "data", "vbscript", "livescript", "mocha",    "file", "blob", "about", "filesystem",
                                              "view-source", "jar",  "mhtml",    "wyciwyg",    "resource", "res",  "cid",  "mid"};
/* RU-12: what no application of somebody's own answers to: it fetches from the network, opens a conversation, starts a program of the
 * system, or belongs to the browser. A trailing `*` stands for any end. */
static const char *const foreign_schemes[] = {
    "http*",  "shttp",       "ws",           "wss",     "ftp*",   "sftp",      "tftp",      "gopher", "feed",     "dav",
    "davs",   "webcal*",     "rtsp*",        "rtmp*",   "news",   "nntp",      "snews",     "ldap*",  "ssh",      "telnet",
    "rlogin", "tn3270",      "rdp",          "vnc",     "smb",    "nfs",       "cifs",      "afp",    "git",      "svn",
    "jdbc",   "mailto",      "tel",          "sms*",    "mms*",   "callto",    "facetime*", "sip",    "sips",     "xmpp",
    "irc*",   "geo",         "urn",          "tag",     "doi",    "ni",        "nih",       "magnet", "ipfs",     "ipns",
    "intent", "android-app", "market",       "ms-*",    "search", "search-ms", "shell",     "hcp",    "its",      "mk",
    "itms*",  "applescript", "app-settings", "content", "help",   "x-help*",   "x-web*",    "prefs",  "x-apple*", "web+*",
    "ext+*",  "chrome*",     "devtools",     "edge",    "opera",  "brave",     "vivaldi",   "moz-*",  "safari-*", "microsoft-edge*"};
static const char *const our_parameters[] = {"code", "state", "error", "iss", "error_description", "response"}; /* RU-07; JARM 2.3 */
/* RU-13: names that no public DNS answers (RFC 6762, RFC 8375, RFC 6761, ICANN's .internal and what it never gives away). */
static const char *const private_ends[] = {".local", ".lan", ".home", ".home.arpa", ".internal", ".intranet", ".corp", ".private", ".localhost"};
static const struct {
    int family, bits;
    uint8_t from[16];
} private_nets[] = {
    {AF_INET, 8, {10}},           /* RFC 1918 */
    {AF_INET, 12, {172, 16}},     /* RFC 1918 */
    {AF_INET, 16, {192, 168}},    /* RFC 1918 */
    {AF_INET, 16, {169, 254}},    /* RFC 3927 */
    {AF_INET, 10, {100, 64}},     /* RFC 6598 */
    {AF_INET, 8, {127}},          /* RFC 1122 */
    {AF_INET6, 7, {0xfc}},        /* RFC 4193 */
    {AF_INET6, 10, {0xfe, 0x80}}, /* RFC 4291 2.5.6 */
    {AF_INET6, 128, {[15] = 1}},  /* RFC 4291 2.5.3, in another spelling than [::1] */
};

static bool matches_scheme_row(const char *row, str scheme)
{
    str pattern = str_of(row);
    bool open = str_ends(pattern, STR("*"));
    size_t n = open ? pattern.n - 1 : pattern.n;
    return (open ? scheme.n >= n : scheme.n == n) && str_equal_nocase((str){scheme.p, n}, (str){pattern.p, n});
}

static bool is_running_scheme(str scheme)
{
    for (size_t i = 0; i < sizeof running_schemes / sizeof *running_schemes; i++)
        if (matches_scheme_row(running_schemes[i], scheme))
            return true;
    return false;
}

static bool is_foreign_scheme(str scheme)
{
    for (size_t i = 0; i < sizeof foreign_schemes / sizeof *foreign_schemes; i++)
        if (matches_scheme_row(foreign_schemes[i], scheme))
            return true;
    return false;
}

static bool has_scheme_dot(str scheme) /* RFC 8252 7.1 */
{
    return str_find(scheme, '.') < scheme.n;
}

bool redirect_rules_scheme(str scheme)
{
    bool fit = scheme.n > 1 && scheme.n <= 63 && ascii_letter(scheme.p[0]) && !has_scheme_dot(scheme); /* one letter is a drive of Windows */
    for (size_t i = 0; fit && i < scheme.n; i++)
        fit = ascii_letter(scheme.p[i]) || ascii_digit(scheme.p[i]) || scheme.p[i] == '+' || scheme.p[i] == '-';
    return fit && !is_running_scheme(scheme) && !is_foreign_scheme(scheme);
}

static bool is_scheme_listed(str words, str scheme)
{
    str word;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (word.n > 0 && str_equal_nocase(word, scheme)) /* RFC 3986 3.1 */
            return true;
    return false;
}

static bool same_bits(const uint8_t *one, const uint8_t *other, int bits)
{
    size_t whole = (size_t)bits / 8;
    unsigned rest = (unsigned)bits % 8;
    if (memcmp(one, other, whole) != 0)
        return false;
    return rest == 0 || ((one[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

static bool private_address(str host, bool *literal)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16] = {0};
    bool six = host.n > 2 && host.p[0] == '[';
    str bare = six ? (str){host.p + 1, host.n - 2} : host;
    *literal = false;
    if (bare.n >= sizeof text)
        return false;
    memcpy(text, bare.p, bare.n);
    text[bare.n] = '\0';
    *literal = inet_pton(six ? AF_INET6 : AF_INET, text, bytes) == 1;
    for (size_t i = 0; *literal && i < sizeof private_nets / sizeof *private_nets; i++)
        if (private_nets[i].family == (six ? AF_INET6 : AF_INET) && same_bits(bytes, private_nets[i].from, private_nets[i].bits))
            return true;
    return false;
}

static bool ends_nocase(str text, str end)
{
    return text.n > end.n && str_equal_nocase((str){text.p + text.n - end.n, end.n}, end);
}

static bool private_host(str host)
{
    bool literal;
    if (private_address(host, &literal) || literal)
        return private_address(host, &literal);
    if (str_find(host, '.') == host.n) /* one label: answered by the local network alone */
        return true;
    for (size_t i = 0; i < sizeof private_ends / sizeof *private_ends; i++)
        if (ends_nocase(host, str_of(private_ends[i])))
            return true;
    return false;
}

static const char *judge_http(const struct url *url, const struct redirect_leave *leave)
{
    if (url_loopback(url))
        return NULL;
    if (!private_host(url->host))
        return SAY("http is allowed only for 127.0.0.1, [::1] and localhost; use https."); /* RU-04 */
    if (!leave->private_http)
        return SAY("http is allowed only for 127.0.0.1, [::1] and localhost; use https, or turn on redirect_private_http for this client."); /* RU-13 */
    return NULL;
}

static const char *judge_scheme(const struct url *url, const struct redirect_leave *leave)
{
    str scheme = url->scheme;
    if (is_running_scheme(scheme))
        return SAY("addresses with this scheme can run or read something in the browser and are never allowed."); /* RU-03 */
    if (str_equal_nocase(scheme, STR("https")))
        return NULL;
    if (str_equal_nocase(scheme, STR("http")))
        return judge_http(url, leave);
    if (!has_scheme_dot(scheme) && !redirect_rules_scheme(scheme)) /* RU-12 */
        return SAY("addresses with this scheme do not lead back to an application and are never allowed.");
    if (!has_scheme_dot(scheme) && !leave->any_scheme && !is_scheme_listed(leave->schemes, scheme)) /* RFC 8252 7.1 */
        return SAY("use https, or a private-use scheme that is a reversed domain name, like com.example.app:/callback. An administrator can "
                   "allow others: redirect_custom_schemes for one client, the setting redirect_schemes for all.");
    if (!str_present(url->host) && !str_starts(url->path, STR("/"))) /* `example.com:443/x` is not meant as a scheme */
        return SAY("a private-use scheme must be followed by a slash, as in com.example.app:/callback; web addresses start with https://.");
    return NULL;
}

static const char *judge_query(struct arena *a, str query)
{
    str field;
    while (query.n > 0 && str_next(&query, '&', &field)) {
        str part;
        while (field.n > 0 && str_next(&field, ';', &part)) { /* some servers still part at `;` */
            str name;
            if (FAILED(percent_decode(a, (str){part.p, str_find(part, '=')}, PERCENT_PLUS_SPACE, &name)))
                return SAY("its query contains a malformed escape.");
            for (size_t i = 0; i < sizeof our_parameters / sizeof *our_parameters; i++)
                if (str_is(name, our_parameters[i])) /* RU-07 */
                    return SAY("its query may not contain code, state, error, error_description, iss or response: the response adds these.");
        }
    }
    return NULL;
}

const char *redirect_rules_refuse(struct arena *a, str uri, const struct redirect_leave *leave)
{
    struct url url;
    if (uri.n > URI_MAX)
        return SAY("it is longer than 2000 bytes.");
    err e = url_parse(uri, &url);
    if (FAILED(e))
        return err_say(e);
    if (str_find(uri, '#') < uri.n) /* RFC 6749 3.1.2 */
        return SAY("it may not have a fragment: leave out `#` and what follows.");
    const char *wrong = judge_scheme(&url, leave);
    if (wrong != NULL)
        return wrong;
    return str_present(url.query) ? judge_query(a, url.query) : NULL;
}

bool redirect_rules_message(struct arena *a, str uri, const struct redirect_leave *leave, struct message *out)
{
    const char *why = redirect_rules_refuse(a, uri, leave);
    str shown = {uri.p, uri.n < SHOWN_MAX ? uri.n : SHOWN_MAX};
    bool readable = true;
    if (why == NULL)
        return false;
    for (size_t i = 0; i < shown.n; i++)
        readable = readable && ascii_visible(shown.p[i]);
    *out = readable ? MESSAGE("`{address}` cannot be registered: {why}", MESSAGE_TEXT("address", shown), MESSAGE_WORD("why", why))
                    : MESSAGE("This address is malformed: {why}", MESSAGE_WORD("why", why));
    return true;
}

str redirect_rules_problem(struct arena *a, str uri, const struct redirect_leave *leave)
{
    struct message m;
    return redirect_rules_message(a, uri, leave, &m) ? message_text(a, NULL, &m) : STR_ABSENT;
}

static bool is_rule_switched_on(const struct client_edit *edit, size_t member, bool before)
{
    str said = edit != NULL ? edit->metadata[member] : STR_ABSENT;
    return str_present(said) ? str_is(said, "true") : before;
}

struct redirect_leave redirect_rules_leave(const struct context *ctx, const struct db_client *before, const struct client_edit *edit)
{
    const struct db_client_metadata none = {0}, *m = before != NULL ? &before->metadata : &none;
    bool software = str_filled(before != NULL ? m->origin : edit != NULL ? edit->origin : STR_ABSENT);
    return (struct redirect_leave){
        .schemes = ctx->authority->policy.redirect_schemes,
        .any_scheme = is_rule_switched_on(edit, METADATA_redirect_custom_schemes, m->redirect_custom_schemes),
        .private_http = !software && is_rule_switched_on(edit, METADATA_redirect_private_http, m->redirect_private_http),
    };
}

bool redirect_rules_usual(str uri)
{
    struct url url;
    const struct redirect_leave none = {0};
    return !FAILED(url_parse(uri, &url)) && judge_scheme(&url, &none) == NULL;
}

bool redirect_rules_all_usual(str lines)
{
    str line;
    for (str rest = lines; str_filled(rest) && str_next(&rest, '\n', &line);)
        if (line.n > 0 && !redirect_rules_usual(line))
            return false;
    return true;
}

/* ---- what to mind ---- */

static bool by_localhost(const struct url *url)
{
    return str_equal_nocase(url->scheme, STR("http")) && str_equal_nocase(url->host, STR("localhost"));
}

static bool by_private_http(const struct url *url)
{
    return str_equal_nocase(url->scheme, STR("http")) && !url_loopback(url);
}

static bool by_custom_scheme(const struct url *url)
{
    return !str_equal_nocase(url->scheme, STR("http")) && !str_equal_nocase(url->scheme, STR("https")) && !has_scheme_dot(url->scheme);
}

static const struct {
    bool (*fits)(const struct url *url);
    const char *sentence;
} warnings[] = {
    {by_localhost, "The name localhost may resolve to another machine; 127.0.0.1 and [::1] cannot (RFC 8252, section 8.3)."},
    {by_private_http, "Responses to a plain http address can be read and changed by anyone on that network; use https if you can."},
    {by_custom_scheme, "Any program on a device can claim a scheme without a dot. PKCE keeps such a program from using the code, but a reversed domain name or "
                       "a loopback address is better (RFC 8252, section 8.6)."},
};

static bool any_fits(const struct db_client *client, bool (*fits)(const struct url *url))
{
    const str lists[] = {client->redirect_uris, client->post_logout_redirect_uris};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        str line;
        struct url url;
        for (str rest = lists[i]; str_filled(rest) && str_next(&rest, '\n', &line);)
            if (!FAILED(url_parse(line, &url)) && fits(&url))
                return true;
    }
    return false;
}

json *redirect_rules_warnings(struct arena *a, const struct db_client *client)
{
    json *list = json_list_new(a);
    for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++)
        if (any_fits(client, warnings[i].fits))
            json_add_text(a, list, str_of(warnings[i].sentence));
    return list;
}
