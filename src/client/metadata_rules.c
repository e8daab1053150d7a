/* SPDX-License-Identifier: MIT
 * metadata_rules: what a registered member may be (RFC 7591 2, OpenID Connect Registration 2, RFC 8705 2.1.2, CIBA Core 4), and what
 * members may stand together. Relies on client/metadata for the table, on token/jwk for keys, on client/auth_methods for what a
 * way to authenticate needs. Promises: no address of plain http, no algorithm `none`, no private or weak key, two sources of keys never,
 * and a member that the edit does not name stays as it is (CVE-2026-107623). */
#include "client/metadata_rules.h"

#include "base/ascii.h"
#include "codec/url.h"
#include "codec/utf8.h"
#include "client/auth_methods.h"
#include "context/check.h"
#include "client/metadata.h"
#include "token/jwk.h"

#include <arpa/inet.h>
#include <string.h>

#include "context/source.h"

#include "base/banned.h"

enum { TEXT_MAX = 1000, URI_MAX = 2000, LIST_MAX = 100, AGE_DIGITS_MAX = 315360000 /* ten years of seconds */ };
#define SIGNED_BY_SECRET "HS256 HS384 HS512"
#define SIGNED_BY_US     "RS256 ES256 EdDSA"

/* One piece of a member: NULL when it may be registered, else why not: a key with {member} and {words}, or a sentence without. */
typedef const char *piece_rule(struct arena *a, const struct metadata_row *row, str piece);

static const char *check_plain(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    (void)row;
    return utf8_no_controls(piece) && piece.n <= TEXT_MAX ? NULL : "{member} must be text of at most 1000 bytes without control characters.";
}

static const char *check_choice(struct arena *a, const struct metadata_row *row, str piece)
{
    str word;
    for (str rest = str_of(row->shape); str_next(&rest, '|', &word);)
        if (str_equal(word, piece))
            return NULL;
    (void)a;
    return SAY("{member} must be one of {words}.");
}

static const char *check_flag(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    (void)row;
    return str_is(piece, "true") || str_is(piece, "false") ? NULL : "{member} must be true or false.";
}

static const char *check_https(str piece, bool fragment_allowed)
{
    struct url url;
    if (piece.n > URI_MAX)
        return "{member} is longer than 2000 bytes.";
    err e = url_parse(piece, &url);
    if (FAILED(e))
        return err_say(e);
    if (!str_equal_nocase(url.scheme, STR("https")))
        return "{member} must be an https address.";
    return str_present(url.fragment) && !fragment_allowed ? "{member} may not have a fragment." : NULL;
}

static const char *check_web_page(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    (void)row;
    return check_https(piece, true);
}

/* An address that this server or a browser is sent to. */
static const char *check_fetched(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    return check_https(piece, str_is(str_of(row->name), "request_uris")); /* OpenID Connect Core 6.2: its hash may stand there */
}

static const char *check_words(str words, str piece)
{
    if (str_has_word(words, piece))
        return NULL;
    return SAY("{member} must be one of these algorithms: {words}."); /* AT-05: none is none of them */
}

static const char *check_own_alg(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    (void)row;
    return check_words(STR(SIGNED_BY_US), piece);
}

static const char *check_foreign_alg(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    (void)row;
    return check_words(sign_alg_words, piece);
}

static const char *check_auth_alg(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    (void)row;
    return str_has_word(STR(SIGNED_BY_SECRET), piece) ? NULL : check_words(sign_alg_words, piece);
}

static const char *check_seconds(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)a;
    (void)row;
    uint64_t seconds = 0;
    return FAILED(str_u64(piece, AGE_DIGITS_MAX, &seconds)) ? "{member} must be a whole number of seconds, 0 to 315360000." : NULL;
}

static const char *check_address(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)row;
    struct in6_addr address;
    const char *text = str_z(a, piece);
    bool fit = text != NULL && (inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1);
    return fit ? NULL : "{member} must be an IP address.";
}

/* CA-13: public keys alone, none that is weak, and at least one that we can use. */
static const char *check_keys(struct arena *a, const struct metadata_row *row, str piece)
{
    (void)row;
    struct jwk_set set = {0};
    err e = jwk_set_parse(a, piece, &set);
    if (!FAILED(e))
        e = jwk_set_sound(&set);
    if (FAILED(e))
        return err_say(e);
    return set.count > 0 ? NULL : "{member} has no key that this server can use: EC (P-256, P-384, P-521), RSA of 2048 bits or more, or Ed25519.";
}

#define check_choices check_choice
static piece_rule *const checks[METADATA_COUNT] = {
#define X(name_, kind_, group_, rule_, ...) [METADATA_##name_] = check_##rule_,
    METADATA_ROWS(X, X, X, X)
#undef X
};

static char separator_of(const struct metadata_row *row)
{
    if (row->kind == METADATA_KIND_WORDS)
        return ' ';
    return row->kind == METADATA_KIND_LINES ? '\n' : '\0';
}

struct message metadata_rules_message(size_t member, const char *why)
{
    const struct metadata_row *row = &metadata_rows[member];
    bool ours = checks[member] == check_own_alg, theirs = checks[member] == check_foreign_alg || checks[member] == check_auth_alg;
    str words = ours ? STR(SIGNED_BY_US) : theirs ? sign_alg_words : str_of(row->shape);
    if (strstr(why, "{member}") == NULL) /* of url_parse, of jwk_set_parse */
        return MESSAGE("{member}: {why}", MESSAGE_TEXT("member", str_of(row->name)), MESSAGE_WORD("why", why));
    return (struct message){.text = str_of(why), .arguments = {MESSAGE_TEXT("member", str_of(row->name)), MESSAGE_TEXT("words", words)}};
}

static void add_member_problem(const struct client_rules_draft *d, size_t member, const char *why)
{
    struct message m = metadata_rules_message(member, why);
    problem_tell(d->problems, metadata_rows[member].name, d->ctx->arena, &m);
}

const char *metadata_rules_refuses(struct arena *a, size_t member, str value)
{
    const struct metadata_row *row = &metadata_rows[member];
    char separator = separator_of(row);
    const char *why = NULL;
    str piece;
    for (str rest = value; rest.n > 0 && why == NULL;) {
        if (separator == '\0') {
            piece = rest;
            rest = STR_ABSENT;
        } else if (!str_next(&rest, separator, &piece)) {
            break;
        }
        why = checks[member](a, row, piece);
    }
    return why;
}

/* Addresses that this server itself will call, as fetch judges ports; not those that stay as they were. What lies at loopback is judged like all
 * that is internal: when it is called. */
static const char *check_ports(const struct client_rules_draft *d, size_t i, str pieces)
{
    char separator = separator_of(&metadata_rows[i]);
    str before = d->before != NULL ? metadata_value(&d->before->metadata, i) : STR_ABSENT, piece;
    if (checks[i] != check_fetched || i == METADATA_initiate_login_uri || str_equal(before, pieces))
        return NULL;
    for (str rest = pieces; rest.n > 0 && str_next(&rest, separator, &piece);) {
        struct url url;
        if (!FAILED(url_parse(piece, &url)) && !url_loopback(&url) && !fetch_port_due(&d->ctx->authority->policy.fetch, &url))
            return SAY("{member} has a port that this server may not call; an administrator can allow it in the setting outgoing_ports.");
    }
    return NULL;
}

/* The member as it will stand, or a problem. */
static fallible judge_member(const struct client_rules_draft *d, size_t i, str *value)
{
    const struct metadata_row *row = &metadata_rows[i];
    struct arena *a = d->ctx->arena;
    char separator = separator_of(row);
    str pieces = *value;
    if (separator != '\0') {
        err e = check_fold(a, *value, separator, &pieces);
        if (e.kind == ERR_UNPROCESSABLE || (!FAILED(e) && check_count(pieces, separator) > LIST_MAX)) {
            add_member_problem(d, i, "{member} is too long.");
            return OK;
        }
        TRY(e);
    }
    *value = pieces;
    const char *why = metadata_rules_refuses(a, i, pieces);
    if (why == NULL)
        why = check_ports(d, i, pieces);
    if (why != NULL)
        add_member_problem(d, i, why);
    return OK;
}

static fallible judge_members(const struct client_rules_draft *d)
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        str value = d->edit->metadata[i];
        if (!str_present(value))
            continue;
        if (metadata_rows[i].setter == METADATA_BY_SYSTEM) { /* AD-04 */
            add_member_problem(d, i, "{member} cannot be set.");
            continue;
        }
        TRY(judge_member(d, i, &value));
        metadata_set(&d->next->metadata, i, value);
    }
    return OK;
}

/* ---- members against each other ---- */

static void judge_keys(const struct client_rules_draft *d)
{
    const struct db_client_metadata *m = &d->next->metadata;
    const struct auth_method *method = auth_methods_find(d->next->auth_method);
    bool keys = str_present(m->jwks) || str_present(m->jwks_uri);
    if (str_present(m->jwks) && str_present(m->jwks_uri)) /* RFC 7591 2 */
        add_member_problem(d, METADATA_jwks_uri, "{member} and jwks cannot be used together.");
    if (method != NULL && method->keys && !keys)
        problem_tell(d->problems, "jwks", d->ctx->arena, &MESSAGE("jwks or jwks_uri is required for {method}.", MESSAGE_TEXT("method", str_of(method->name))));
    if (!keys && m->require_signed_request_object)
        add_member_problem(d, METADATA_jwks, "{member} or jwks_uri is required to check signed request objects.");
}

bool metadata_rules_by_secret(str alg)
{
    return str_has_word(STR(SIGNED_BY_SECRET), alg);
}

static void judge_auth_alg(const struct client_rules_draft *d)
{
    str alg = d->next->metadata.token_endpoint_auth_signing_alg, method = d->next->auth_method;
    if (!str_present(alg))
        return;
    bool by_secret = metadata_rules_by_secret(alg);
    if (str_is(method, "client_secret_jwt") && !by_secret)
        add_member_problem(d, METADATA_token_endpoint_auth_signing_alg, "{member} must be one of " SIGNED_BY_SECRET " for client_secret_jwt.");
    if (!str_is(method, "client_secret_jwt") && by_secret)
        add_member_problem(d, METADATA_token_endpoint_auth_signing_alg, "{member} of this kind is only for client_secret_jwt.");
}

/* RFC 8705 2.1.2: exactly one name. */
static void judge_certificate(const struct client_rules_draft *d)
{
    static const size_t names[] = {METADATA_tls_client_auth_subject_dn, METADATA_tls_client_auth_san_dns, METADATA_tls_client_auth_san_uri,
                                   METADATA_tls_client_auth_san_ip, METADATA_tls_client_auth_san_email};
    size_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        count += str_present(metadata_value(&d->next->metadata, names[i]));
    bool needed = str_is(d->next->auth_method, "tls_client_auth");
    if (count > 1 || (needed && count == 0))
        add_member_problem(d, METADATA_tls_client_auth_subject_dn, "Exactly one member must name the certificate: {member} or another tls_client_auth member.");
}

/* CIBA Core 4 */
static void judge_ciba(const struct client_rules_draft *d)
{
    const struct db_client_metadata *m = &d->next->metadata;
    if (str_is(m->backchannel_token_delivery_mode, "ping") && !str_present(m->backchannel_client_notification_endpoint))
        add_member_problem(d, METADATA_backchannel_client_notification_endpoint, "{member} is required for the delivery mode ping.");
}

static str host_lower(struct arena *a, str uri)
{
    struct url url;
    if (FAILED(url_parse(uri, &url)) || !str_filled(url.host))
        return STR_ABSENT;
    if (!str_equal_nocase(url.scheme, STR("https")) && !str_equal_nocase(url.scheme, STR("http")))
        return STR_ABSENT; /* what follows a private-use scheme is nobody's host: it would give another's user ids */
    char *text = arena_take(a, url.host.n + 1);
    for (size_t i = 0; text != NULL && i < url.host.n; i++)
        text[i] = ascii_lower(url.host.p[i]);
    return text != NULL ? (str){text, url.host.n} : STR_ABSENT;
}

/* Do all lines stand in the list? */
static bool lists_all(const json *list, str lines)
{
    str line;
    for (str rest = lines; rest.n > 0 && str_next(&rest, '\n', &line);) {
        bool found = false;
        for (size_t i = 0; !found && i < json_count(list); i++)
            found = str_equal(json_text_of(json_at(list, i)), line);
        if (!found)
            return false;
    }
    return true;
}

/* CIBA Core 4: software without redirect URIs proves by its keys that the sector knows it. */
static bool nothing_listed(const struct db_client *next, const json *list)
{
    str keys = next->metadata.jwks_uri;
    return str_present(next->metadata.origin) && next->redirect_uris.n == 0 && (!str_present(keys) || !lists_all(list, keys));
}

/* OpenID Connect Registration 5: the list at the address must hold every redirect URI. Asked when either changes. */
/* Nothing has changed that a sector list speaks of. */
static bool same_sector(const struct db_client *before, const struct db_client *next)
{
    return before != NULL && str_equal(before->metadata.sector_identifier_uri, next->metadata.sector_identifier_uri) &&
           str_equal(before->redirect_uris, next->redirect_uris) && str_equal(before->metadata.jwks_uri, next->metadata.jwks_uri);
}

static void judge_sector_list(const struct client_rules_draft *d)
{
    const struct db_client *next = d->next, *before = d->before;
    str uri = next->metadata.sector_identifier_uri, body;
    json *list = NULL;
    if (!str_present(uri) || same_sector(before, next) || d->problems->count > 0)
        return;
    struct fetch_manners manners = d->ctx->authority->policy.fetch;
    manners.caller = source_key(d->ctx->arena, "sector", d->ctx->address);
    err fetched = fetch_document(d->ctx->arena, &manners, uri, STR_ABSENT, &body);
    if (fetched.kind == ERR_THROTTLED)
        add_member_problem(d, METADATA_sector_identifier_uri,
                           "{member} could not be fetched because this server is making too many calls; try again in a moment.");
    else if (FAILED(fetched))
        add_member_problem(d, METADATA_sector_identifier_uri, "{member} could not be fetched: it must answer with a JSON list of redirect URIs.");
    else if (FAILED(json_parse(d->ctx->arena, body, &list)) || !json_is_list(list))
        add_member_problem(d, METADATA_sector_identifier_uri, "{member} does not answer with a JSON list of redirect URIs.");
    else if (!lists_all(list, next->redirect_uris))
        add_member_problem(d, METADATA_sector_identifier_uri, "{member} does not list every redirect URI of the client.");
    else if (nothing_listed(next, list))
        add_member_problem(d, METADATA_sector_identifier_uri, "{member} does not list the jwks_uri of a client without redirect URIs.");
}

/* OpenID Connect Core 8.1: the host of the sector identifier, else the one host of all redirect URIs (CIBA Core 4: of the keys, when
 * there are no redirect URIs). */
static void judge_sector(const struct client_rules_draft *d)
{
    struct db_client_metadata *m = &d->next->metadata;
    struct arena *a = d->ctx->arena;
    str line, sector = STR_ABSENT;
    m->sector = STR_ABSENT;
    if (!str_is(m->subject_type, "pairwise"))
        return;
    if (str_present(m->sector_identifier_uri)) {
        m->sector = host_lower(a, m->sector_identifier_uri);
        return;
    }
    for (str rest = d->next->redirect_uris; rest.n > 0 && str_next(&rest, '\n', &line);) {
        str host = host_lower(a, line);
        if (!str_present(host) || (str_present(sector) && !str_equal(host, sector))) {
            add_member_problem(d, METADATA_sector_identifier_uri,
                               "{member} is required for pairwise subjects if the redirect URIs have several hosts or none.");
            return;
        }
        sector = host;
    }
    if (!str_present(sector) && str_present(m->jwks_uri))
        sector = host_lower(a, m->jwks_uri);
    if (!str_present(sector))
        add_member_problem(d, METADATA_sector_identifier_uri, "{member} is required for pairwise subjects of a client without redirect URIs.");
    m->sector = sector;
}

/* OpenID Connect Registration 2: what is installed on a device answers at addresses of its own; a web application does not. */
static void judge_client(const struct client_rules_draft *d)
{
    str line;
    if (!str_is(d->next->metadata.application_type, "web"))
        return;
    for (str rest = d->next->redirect_uris; rest.n > 0 && str_next(&rest, '\n', &line);)
        if (!str_starts(line, STR("https:")) && !str_starts(line, STR("http:"))) {
            problem_add(d->problems, "redirect_uris",
                        STR("A web application can have only https redirect URIs; an application with its own scheme is native."));
            return;
        }
}

fallible metadata_rules_apply(struct client_rules_draft *d)
{
    if (d->before == NULL) {
        d->next->metadata.origin = d->edit->origin;
        d->next->metadata.initial_grants = d->edit->initial_grants;
        d->next->metadata.initial_scopes = d->edit->initial_scopes;
    }
    TRY(judge_members(d));
    judge_keys(d);
    judge_auth_alg(d);
    judge_certificate(d);
    judge_ciba(d);
    judge_sector(d);
    judge_client(d);
    judge_sector_list(d);
    return check_arena(d->ctx->arena);
}
