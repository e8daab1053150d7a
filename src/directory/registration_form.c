/* SPDX-License-Identifier: MIT
 * registration_form: what software asks to be registered as. Relies on directory/metadata for members of their own and on
 * directory/auth_methods for what is offered. Promises that nothing beyond the right gets through, that a member which is not named has
 * the default of RFC 7591 2 or OpenID Connect Registration 2, and that unknown members change nothing. */
#include "directory/registration_form.h"

#include "codec/url.h"
#include "directory/auth_methods.h"
#include "directory/client_rules.h"

#include "base/banned.h"

enum { LIST_BYTES = 65536 };

static void wrong(struct problems *p, const char *member, const char *why)
{
    problem_add(p, member, str_of(why));
}

/* Absent and null: the fallback. */
static str text_of(const json *body, const char *member, str fallback, struct problems *p)
{
    const json *value = json_member(body, member);
    if (value == NULL || json_is_nothing(value))
        return fallback;
    if (!json_is_text(value))
        wrong(p, member, "must be a string.");
    str text = json_text_of(value);
    return str_filled(text) ? text : fallback;
}

static str list_of(struct ground *g, const json *body, const char *member, char separator, struct problems *p)
{
    const json *value = json_member(body, member);
    str list = STR("");
    if (value == NULL || json_is_nothing(value))
        return STR_ABSENT;
    if (!json_is_list(value) || !metadata_list(g->arena, value, separator, &list))
        wrong(p, member, "must be a list of strings.");
    return list;
}

/* RFC 7591 3.2.1: the server may replace what was asked; the answer tells what there is. */
static fallible judge_grants(struct ground *g, const json *body, const struct registration_right *right, struct client_edit *edit,
                             struct problems *p)
{
    struct buf b = buf_new(g->arena, LIST_BYTES);
    str asked = list_of(g, body, "grant_types", ' ', p), wire;
    if (!str_filled(asked))
        asked = STR("authorization_code"); /* RFC 7591 2 */
    for (str rest = asked; str_next(&rest, ' ', &wire);) {
        str word = client_rules_of_wire(wire);
        if (!str_present(word) || !str_has_word(right->grants, word) || str_is(word, "personal_access"))
            continue;
        if (b.n > 0)
            buf_char(&b, ' ');
        buf_add(&b, word);
    }
    if (b.n == 0) {
        wrong(p, "grant_types", "has nothing that may be registered here; see grant_types_supported, and what the initial access token allows.");
        return OK;
    }
    TRY(buf_done(&b, &edit->grants));
    edit->refresh = str_has_word(edit->grants, STR("refresh_token"));
    str types = list_of(g, body, "response_types", '\n', p), type;
    bool code = !str_present(types);
    for (str rest = types; rest.n > 0 && str_next(&rest, '\n', &type);)
        code = code || str_is(type, "code");
    if (!code && str_has_word(edit->grants, STR("authorization_code")))
        wrong(p, "response_types", "must hold code: it is the one response type of this server.");
    return OK;
}

/* Identity scopes are everybody's; those over the person's own account are for who may have them by name; permissions over this server
 * are nobody's (MD-04). */
static bool scope_allowed(struct ground *g, const struct registration_right *right, str word)
{
    const struct db_scope *scope = hot_scope(g->facts, word);
    if (scope == NULL || (scope->builtin && !scope->identity && !scope->own))
        return false;
    return scope->identity || str_has_word(right->scopes, word);
}

static fallible judge_scopes(struct ground *g, const json *body, const struct registration_right *right, struct client_edit *edit,
                             struct problems *p)
{
    struct buf b = buf_new(g->arena, LIST_BYTES);
    size_t count = 0;
    const struct db_scope *scopes = hot_scopes(g->facts, &count);
    str asked = text_of(body, "scope", STR_ABSENT, p);
    for (size_t i = 0; i < count; i++) {
        if (!scope_allowed(g, right, scopes[i].name) || (str_present(asked) && !str_has_word(asked, scopes[i].name)))
            continue;
        if (b.n > 0)
            buf_char(&b, ' ');
        buf_add(&b, scopes[i].name);
    }
    edit->scopes = STR("");
    return b.n > 0 ? buf_done(&b, &edit->scopes) : OK;
}

static void judge_method(struct ground *g, const json *body, const struct registration_right *right, struct client_edit *edit,
                         struct problems *p)
{
    str usual = str_present(right->method) ? right->method : STR("client_secret_basic"); /* RFC 7591 2 */
    edit->auth_method = text_of(body, "token_endpoint_auth_method", usual, p);
    const struct auth_method *method = auth_methods_find(edit->auth_method);
    if (method == NULL || !method->listed || (method->tls && !g->authority->certificates))
        wrong(p, "token_endpoint_auth_method", "is not offered here; see token_endpoint_auth_methods_supported.");
}

/* OpenID Connect Registration 2: web unless said otherwise; but what answers at a scheme of its own or on the machine is native. */
static str application_type(str redirect_uris)
{
    str line;
    for (str rest = redirect_uris; rest.n > 0 && str_next(&rest, '\n', &line);)
        if (str_starts(line, STR("https:")))
            return STR("web");
    return redirect_uris.n > 0 ? STR("native") : STR("web");
}

static str name_of(struct ground *g, const json *body, const struct client_edit *edit, struct problems *p)
{
    struct url url;
    str name = text_of(body, "client_name", STR_ABSENT, p);
    str first = {edit->redirect_uris.p, str_find(edit->redirect_uris, '\n')};
    if (str_present(name))
        return name;
    if (str_filled(first) && !FAILED(url_parse(first, &url)))
        return str_dup(g->arena, str_filled(url.host) ? url.host : url.scheme);
    return STR("Unnamed application");
}

fallible registration_form_read(struct ground *g, const json *body, const struct registration_right *right, struct client_edit *edit,
                                struct problems *p)
{
    str uris = list_of(g, body, "redirect_uris", '\n', p), leaving = list_of(g, body, "post_logout_redirect_uris", '\n', p);
    edit->redirect_uris = str_present(uris) ? uris : STR("");
    edit->post_logout_redirect_uris = str_present(leaving) ? leaving : STR("");
    edit->name = name_of(g, body, edit, p);
    TRY(judge_grants(g, body, right, edit, p));
    TRY(judge_scopes(g, body, right, edit, p));
    judge_method(g, body, right, edit, p);
    for (size_t i = 0; i < METADATA_COUNT; i++)
        if (metadata_rows[i].setter == METADATA_BY_SOFTWARE)
            edit->metadata[i] = STR("");
    metadata_read(g->arena, body, METADATA_BY_SOFTWARE, edit->metadata, p);
    if (!str_filled(edit->metadata[METADATA_application_type]))
        edit->metadata[METADATA_application_type] = application_type(edit->redirect_uris);
    return OK;
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
