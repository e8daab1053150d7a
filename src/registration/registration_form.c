/* SPDX-License-Identifier: MIT
 * registration_form: what software asks to be registered as. Relies on client/metadata for members of their own and on
 * client/auth_methods for what is offered. Promises that nothing beyond the right gets through, that a member which is not named has
 * the default of RFC 7591 2 or OpenID Connect Registration 2, that unknown members change nothing, and that one bad piece does not spoil a
 * set (MD-06): what can be registered is, and the answer shows it. */
#include "registration/registration_form.h"

#include "codec/url.h"
#include "client/auth_methods.h"
#include "context/check.h"
#include "client/client_rules.h"
#include "client/grant_types.h"
#include "client/metadata_rules.h"
#include "client/profile.h"

#include "base/banned.h"

enum { LIST_BYTES = 65536, PIECES_MAX = 100 };

static void add_form_problem(struct problems *p, const char *member, const char *why)
{
    problem_add(p, member, str_of(why));
}

/* Absent, null and what is no string: the fallback. */
static str text_of(const json *body, const char *member, str fallback)
{
    const json *value = json_member(body, member);
    str text = value != NULL && json_is_text(value) ? json_text_of(value) : STR_ABSENT;
    return str_filled(text) ? text : fallback;
}

/* The pieces of a list of strings; a string alone is a list of one. NULL at the end. */
static const json *piece_at(const json *value, size_t i)
{
    if (value != NULL && json_is_list(value))
        return i < json_count(value) ? json_at(value, i) : NULL;
    return i == 0 ? value : NULL;
}

static void add_piece(struct buf *b, char separator, str piece)
{
    if (b->n > 0)
        buf_char(b, separator);
    buf_add(b, piece);
}

/* ---- addresses ---- */

/* MD-06: those that may be registered. A bad one among good ones is a problem only where the profile of this server wants strictness. */
static fallible read_addresses(struct context *ctx, const json *body, const char *member, const struct redirect_leave *leave, str *out, str *first_wrong)
{
    struct buf b = buf_new(ctx->arena, LIST_BYTES);
    const json *value = json_member(body, member), *piece;
    size_t count = 0;
    *first_wrong = STR_ABSENT;
    *out = STR("");
    if (value == NULL || json_is_nothing(value))
        return OK;
    for (size_t i = 0; (piece = piece_at(value, i)) != NULL; i++) {
        str uri = json_is_text(piece) ? json_text_of(piece) : STR_ABSENT;
        str why = json_is_text(piece) ? STR("An empty address cannot be registered.") : STR("must be a list of strings.");
        if (str_filled(uri))
            why = redirect_rules_problem(ctx->arena, uri, leave);
        if (!str_present(why) && count == CLIENT_RULES_URIS_MAX)
            why = STR("holds more addresses than can be registered: 20 at the most.");
        if (!str_present(why)) {
            add_piece(&b, '\n', uri);
            count++;
        } else if (!str_present(*first_wrong)) {
            *first_wrong = why;
        }
    }
    return b.n > 0 ? buf_done(&b, out) : OK;
}

static bool requires_redirect_fit(const struct context *ctx)
{
    return profile_includes(ctx->authority->policy.profile, PROFILE_RULE_REDIRECT_FIT);
}

static fallible judge_addresses(struct context *ctx, const json *body, const struct registration_right *right, struct client_edit *edit, struct problems *p)
{
    str wrong_uri, wrong_leaving;
    TRY(read_addresses(ctx, body, "redirect_uris", &right->leave, &edit->redirect_uris, &wrong_uri));
    TRY(read_addresses(ctx, body, "post_logout_redirect_uris", &right->leave, &edit->post_logout_redirect_uris, &wrong_leaving));
    if (str_present(wrong_uri) && (requires_redirect_fit(ctx) || edit->redirect_uris.n == 0))
        problem_add(p, "redirect_uris", wrong_uri);
    if (str_present(wrong_leaving) && requires_redirect_fit(ctx))
        problem_add(p, "post_logout_redirect_uris", wrong_leaving);
    return OK;
}

/* ---- grants ---- */

/* May it have this one: by right, as the public client that it is, and with somewhere to send the answer? */
static bool grant_fits(const struct registration_right *right, const struct client_edit *edit, const struct grant_type *row)
{
    bool is_public = str_is(edit->auth_method, "none");
    return str_has_word(right->grants, str_of(row->word)) && (row->public_may || !is_public) && (!row->redirects || edit->redirect_uris.n > 0);
}

/* RFC 7591 3.2.1: the server may replace what was asked; the answer tells what there is. response_types need no look: code is the one
 * that there is, and comes with the authorization code. */
static fallible judge_grants(struct context *ctx, const json *body, const struct registration_right *right, struct client_edit *edit, struct problems *p)
{
    const str usual = STR("authorization_code"); /* RFC 7591 2 */
    struct buf b = buf_new(ctx->arena, LIST_BYTES);
    const json *value = json_member(body, "grant_types"), *piece;
    bool refresh = false, code = str_has_word(right->grants, usual);
    for (size_t i = 0; (piece = piece_at(value, i)) != NULL; i++) {
        str wire = json_is_text(piece) ? json_text_of(piece) : STR_ABSENT;
        const struct grant_type *row = grant_types_offered(wire);
        if (row == NULL || !grant_fits(right, edit, row))
            continue;
        if (row == &grant_types[GRANT_TYPE_refresh_token])
            refresh = true;
        else
            add_piece(&b, ' ', str_of(row->word));
    }
    if (b.n == 0 && code) /* without an address the rules for all clients say what is missing */
        add_piece(&b, ' ', usual);
    if (refresh && b.n > 0)
        add_piece(&b, ' ', STR("refresh_token"));
    if (b.n == 0) {
        add_form_problem(p, "grant_types", "has nothing that may be registered here; see grant_types_supported, and what the initial access token allows.");
        return OK;
    }
    edit->refresh = refresh;
    return buf_done(&b, &edit->grants);
}

/* ---- scopes, authentication, name ---- */

/* Identity scopes are everybody's; those over the person's own account are for who may have them by name; permissions over this server
 * are nobody's (MD-04). */
static bool scope_allowed(struct context *ctx, const struct registration_right *right, str word)
{
    const struct db_scope *scope = cache_scope(ctx->snapshot, word);
    if (scope == NULL || (scope->builtin && !scope->identity && !scope->own))
        return false;
    return scope->identity || str_has_word(right->scopes, word);
}

static fallible judge_scopes(struct context *ctx, const json *body, const struct registration_right *right, struct client_edit *edit)
{
    struct buf b = buf_new(ctx->arena, LIST_BYTES);
    size_t count = 0;
    const struct db_scope **scopes = cache_scopes(ctx->snapshot, ctx->arena, &count);
    str asked = text_of(body, "scope", STR_ABSENT);
    for (size_t i = 0; i < count; i++) {
        if (!scope_allowed(ctx, right, scopes[i]->name) || (str_present(asked) && !str_has_word(asked, scopes[i]->name)))
            continue;
        buf_word(&b, scopes[i]->name);
    }
    edit->scopes = STR("");
    return b.n > 0 ? buf_done(&b, &edit->scopes) : OK;
}

/* RFC 7591 3.2.1: for a way that is not offered here comes the usual one, and the answer says so. What a way that is offered needs beside
 * it (keys, a name in a certificate) is never let off: that would be a weaker client than the one that was asked for. */
static void judge_method(const struct context *ctx, const json *body, const struct registration_right *right, struct client_edit *edit)
{
    str usual = str_present(right->method) ? right->method : STR("client_secret_basic"); /* RFC 7591 2 */
    str asked = text_of(body, "token_endpoint_auth_method", usual);
    const struct auth_method *method = auth_methods_find(asked);
    bool offered = method != NULL && method->listed && (!method->tls || ctx->authority->certificates);
    edit->auth_method = offered ? asked : usual;
}

static str derived_name(struct arena *a, str redirect_uris)
{
    struct url url;
    str first = {redirect_uris.p, str_find(redirect_uris, '\n')};
    if (str_filled(first) && !FAILED(url_parse(first, &url)))
        return str_dup(a, str_starts(first, STR("http")) ? url.host : url.scheme);
    return STR("Unnamed application");
}

static str name_of(struct context *ctx, const json *body, const struct client_edit *edit)
{
    struct problems unfit = {.count = 0};
    str name = str_trim(text_of(body, "client_name", STR("")));
    check_text(ctx->arena, name, &(struct check_text){"name", SAY("The name"), 1, CHECK_NAME_MAX}, &unfit);
    return unfit.count == 0 ? name : derived_name(ctx->arena, edit->redirect_uris);
}

/* ---- members ---- */

static char separator_of(const struct metadata_row *row)
{
    if (row->kind == METADATA_KIND_WORDS)
        return ' ';
    return row->kind == METADATA_KIND_LINES ? '\n' : '\0';
}

static fallible read_pieces(struct arena *a, size_t i, const json *value, str *out)
{
    char separator = separator_of(&metadata_rows[i]);
    struct buf b = buf_new(a, LIST_BYTES);
    const json *piece;
    size_t count = 0;
    *out = STR("");
    for (size_t n = 0; count < PIECES_MAX && (piece = piece_at(value, n)) != NULL; n++) {
        str text = json_is_text(piece) ? json_text_of(piece) : STR_ABSENT;
        if (!str_filled(text) || str_find(text, separator) < text.n || metadata_rules_refuses(a, i, text) != NULL)
            continue;
        add_piece(&b, separator, text);
        count++;
    }
    return b.n > 0 ? buf_done(&b, out) : OK;
}

/* What is meant, though its type is not the member's: a flag as a word; a set without keys, which is none. */
static bool read_kindly(const struct metadata_row *row, const json *value, str *out)
{
    str word = json_is_text(value) ? json_text_of(value) : STR_ABSENT;
    bool flag = row->kind == METADATA_KIND_FLAG && (str_is(word, "true") || str_is(word, "false"));
    const json *keys = row->kind == METADATA_KIND_KEYS && json_is_object(value) ? json_member(value, "keys") : NULL;
    bool none = keys != NULL && json_is_list(keys) && json_count(keys) == 0;
    *out = flag ? word : STR("");
    return flag || none;
}

/* One member as the table of metadata wants it: a wish that cannot be granted is left out, a need that cannot be met is a problem. */
static fallible judge_member(struct context *ctx, size_t i, const json *value, str *out, struct problems *p)
{
    const struct metadata_row *row = &metadata_rows[i];
    str text = STR("");
    if (read_kindly(row, value, out))
        return OK;
    if (separator_of(row) != '\0' && !row->needed)
        return read_pieces(ctx->arena, i, value, out);
    const char *why = metadata_value_read(ctx->arena, i, value, &text);
    if (why == NULL && str_filled(text))
        why = metadata_rules_refuses(ctx->arena, i, text);
    struct message m = metadata_rules_message(i, why != NULL ? why : "");
    if (why != NULL && row->needed)
        problem_tell(p, row->name, ctx->arena, &m);
    *out = why == NULL ? text : STR("");
    return OK;
}

static fallible judge_members(struct context *ctx, const json *body, struct client_edit *edit, struct problems *p)
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        const json *value = json_member(body, metadata_rows[i].name);
        if (metadata_rows[i].setter != METADATA_BY_SOFTWARE)
            continue;
        edit->metadata[i] = STR("");
        if (value != NULL && !json_is_nothing(value))
            TRY(judge_member(ctx, i, value, &edit->metadata[i], p));
    }
    return OK;
}

/* OpenID Connect Registration 2: web unless said otherwise; but what answers at a scheme of its own or on the machine is native, and
 * cannot be anything else. */
static str application_type(str redirect_uris, str asked)
{
    str line;
    bool web = false, own = false;
    for (str rest = redirect_uris; rest.n > 0 && str_next(&rest, '\n', &line);) {
        web = web || str_starts(line, STR("https:"));
        own = own || (!str_starts(line, STR("https:")) && !str_starts(line, STR("http:")));
    }
    if (own)
        return STR("native");
    if (str_filled(asked))
        return asked;
    return web || redirect_uris.n == 0 ? STR("web") : STR("native");
}

/* Wishes that do not go together with the rest. */
static void fit_wishes(struct client_edit *edit)
{
    str *alg = &edit->metadata[METADATA_token_endpoint_auth_signing_alg], *mode = &edit->metadata[METADATA_backchannel_token_delivery_mode];
    if (str_filled(*alg) && metadata_rules_by_secret(*alg) != str_is(edit->auth_method, "client_secret_jwt"))
        *alg = STR("");
    if (str_is(*mode, "ping") && !str_filled(edit->metadata[METADATA_backchannel_client_notification_endpoint]))
        *mode = STR(""); /* CIBA Core 4: poll needs no address */
    edit->metadata[METADATA_application_type] = application_type(edit->redirect_uris, edit->metadata[METADATA_application_type]);
}

fallible registration_form_read(struct context *ctx, const json *body, const struct registration_right *right, struct client_edit *edit, struct problems *p)
{
    TRY(judge_addresses(ctx, body, right, edit, p));
    judge_method(ctx, body, right, edit);
    edit->name = name_of(ctx, body, edit);
    TRY(judge_grants(ctx, body, right, edit, p));
    TRY(judge_scopes(ctx, body, right, edit));
    TRY(judge_members(ctx, body, edit, p));
    fit_wishes(edit);
    return check_arena(ctx->arena);
}

void registration_form_rename(struct problems *p)
{
    static const char *const names[][2] = {{"name", "client_name"},
                                           {"grants", "grant_types"},
                                           {"scopes", "scope"},
                                           {"auth_method", "token_endpoint_auth_method"},
                                           {"is_public", "token_endpoint_auth_method"},
                                           {"profile", "token_endpoint_auth_signing_alg"}};
    for (size_t i = 0; i < p->count; i++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            if (str_is(str_of(p->rows[i].field), names[n][0]))
                p->rows[i].field = names[n][1];
}
