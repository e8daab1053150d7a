/* SPDX-License-Identifier: MIT
 * client_form: one form for making and for changing a client application. Relies on widget. Promises: only the fields named
 * here are read, whatever is sent (AD-04); ids and addresses stand in the snippets quoted for the shell and for Python, so that
 * pasting runs what is shown and nothing else. */
#include "endpoint/console/client_form.h"

#include "base/ascii.h"
#include "scope/scopes.h"
#include "client/auth_methods.h"
#include "client/grant_types.h"
#include "endpoint/console/member_form.h"
#include "endpoint/console/widget.h"
#include "base/banned.h"

static const char *const names[] = {"name", "description", "redirect_uris", "post_logout_redirect_uris", "access_lifetime", "refresh_lifetime", NULL};
static const char *const problem_names[] = {"name",
                                            "description",
                                            "grants",
                                            "redirect_uris",
                                            "post_logout_redirect_uris",
                                            "scopes",
                                            "scope_policy",
                                            "is_public",
                                            "auth_method",
                                            "compat_processmaker",
                                            "access_lifetime",
                                            "refresh_lifetime",
                                            NULL};
static const char *const new_problem_names[] = {"id", NULL};

static void put_grants(struct page_fields *f, str chosen)
{
    page_list(f, "grants");
    for (size_t i = 0; i < GRANT_TYPE_COUNT; i++) {
        struct page_fields *row = page_row(f, "grants");
        page_put(row, "grant", str_of(grant_types[i].word));
        page_put_word(row, "grant_name", str_of(grant_types[i].label));
        page_put_word(row, "grant_text", str_of(grant_types[i].about));
        page_put_flag(row, "chosen", str_has_word(chosen, str_of(grant_types[i].word)));
    }
}

/* absent: a new client. A public one has no choice. */
static void put_methods(struct page_fields *f, str chosen)
{
    page_list(f, "methods");
    for (const struct auth_method *m = auth_methods; m->name != NULL && !str_is(chosen, "none"); m++) {
        if (str_is(str_of(m->name), "none"))
            continue;
        struct page_fields *row = page_row(f, "methods");
        page_put(row, "method", str_of(m->name));
        page_put_flag(row, "chosen", str_is(str_present(chosen) ? chosen : STR("any"), m->name));
    }
}

static void put_new_fields(struct call *c, struct page_fields *f)
{
    page_put_flag(f, "is_public", form_has(&c->form, "is_public"));
    page_put(f, "id", form_get(&c->form, "id"));
    page_put(f, "problem_id", STR(""));
}

static void put_scopes(struct call *c, struct page_fields *f, str chosen, bool any)
{
    widget_scopes(c, f, chosen);
    page_put_flag(f, "scope_any", any);
}

void client_form_fresh(struct call *c, struct page_fields *f)
{
    widget_empty(f, names);
    widget_sound(c, f, problem_names);
    put_grants(f, STR("authorization_code refresh_token"));
    put_scopes(c, f, STR(""), true);
    page_put_flag(f, "first_party", false);
    page_put_flag(f, "require_pkce", false);
    page_put_flag(f, "compat_processmaker", false);
    member_form_kept(c, f, NULL);
    put_methods(f, STR_ABSENT);
    put_new_fields(c, f);
}

static void put_seconds(struct page_fields *f, const char *name, int64_t seconds)
{
    if (seconds > 0)
        page_put_number(f, name, seconds);
    else
        page_put(f, name, STR(""));
}

void client_form_kept(struct call *c, struct page_fields *f, const struct db_client *client)
{
    page_put(f, "name", client->name);
    page_put(f, "description", client->description);
    page_put(f, "redirect_uris", client->redirect_uris);
    page_put(f, "post_logout_redirect_uris", client->post_logout_redirect_uris);
    put_seconds(f, "access_lifetime", client->access_lifetime);
    put_seconds(f, "refresh_lifetime", client->refresh_lifetime);
    put_grants(f, client->grants);
    put_scopes(c, f, client->scopes, scopes_any(client));
    page_put_flag(f, "first_party", client->first_party);
    page_put_flag(f, "require_pkce", client->require_pkce);
    page_put_flag(f, "compat_processmaker", client->compat_processmaker);
    member_form_kept(c, f, client);
    put_methods(f, client->auth_method);
    widget_sound(c, f, problem_names);
}

void client_form_typed(struct call *c, struct page_fields *f, enum client_form_use use, const struct problems *p)
{
    static const char *const flags[] = {"first_party", "require_pkce", "compat_processmaker"};
    widget_typed(c, f, names);
    put_grants(f, widget_words(c, "grants[]"));
    put_scopes(c, f, widget_words(c, "scopes[]"), str_is(form_get(&c->form, "scope_policy"), "any"));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        page_put_flag(f, flags[i], form_has(&c->form, flags[i]));
    member_form_typed(c, f, p);
    put_methods(f, form_has(&c->form, "auth_method") || use == CLIENT_FORM_NEW ? form_get(&c->form, "auth_method") : STR("none"));
    if (use == CLIENT_FORM_NEW) {
        put_new_fields(c, f);
        widget_problems(c, f, p, new_problem_names);
    }
    widget_problems(c, f, p, problem_names);
}

/* One address a line, as browsers send them: CR LF, blank lines, spaces at the ends. */
static str lines_of(struct call *c, const char *name)
{
    struct buf b = buf_new(c->context->arena, HTTP_BODY_MAX);
    str line, out = STR("");
    for (str rest = form_get(&c->form, name); str_filled(rest) && str_next(&rest, '\n', &line);) {
        line = str_trim(line);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line = str_trim((str){line.p, line.n - 1});
        if (line.n == 0)
            continue;
        if (b.n > 0)
            buf_char(&b, '\n');
        buf_add(&b, line);
    }
    return b.n == 0 || FAILED(buf_done(&b, &out)) ? STR("") : out;
}

static str get_form_text(struct call *c, const char *name)
{
    str value = form_get_raw(&c->form, name);
    return str_present(value) ? value : STR("");
}

struct client_edit client_form_read(struct call *c, struct problems *p)
{
    struct client_edit edit = client_edit_nothing();
    edit.name = get_form_text(c, "name");
    edit.description = get_form_text(c, "description");
    edit.grants = widget_words(c, "grants[]");
    edit.refresh = str_has_word(edit.grants, STR("refresh_token"));
    edit.redirect_uris = lines_of(c, "redirect_uris");
    edit.post_logout_redirect_uris = lines_of(c, "post_logout_redirect_uris");
    edit.scopes = widget_words(c, "scopes[]");
    edit.auth_method = form_get(&c->form, "auth_method");
    member_form_read(c, &edit);
    edit.first_party = form_has(&c->form, "first_party");
    edit.require_pkce = form_has(&c->form, "require_pkce");
    edit.compat_processmaker = form_has(&c->form, "compat_processmaker");
    edit.access_lifetime = widget_number(c, "access_lifetime", 0, p);
    edit.refresh_lifetime = widget_number(c, "refresh_lifetime", 0, p);
    return edit;
}

/* 'text' for a POSIX shell; bare when nothing in it means anything to one. */
static str for_shell(struct call *c, str text)
{
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX);
    str out = STR("''");
    size_t plain = 0;
    while (plain < text.n && ascii_unreserved(text.p[plain]))
        plain++;
    if (text.n > 0 && plain == text.n)
        return text;
    buf_char(&b, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'')
            buf_add(&b, STR("'\\''"));
        else
            buf_char(&b, text.p[i]);
    }
    buf_char(&b, '\'');
    return FAILED(buf_done(&b, &out)) ? STR("''") : out;
}

static str for_python(struct call *c, str text)
{
    struct buf b = buf_new(c->context->arena, BUF_URL_MAX);
    str out = STR("\"\"");
    buf_char(&b, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            buf_char(&b, '\\');
        buf_char(&b, text.p[i]);
    }
    buf_char(&b, '"');
    return FAILED(buf_done(&b, &out)) ? STR("\"\"") : out;
}

void client_form_snippets(struct call *c, struct page_fields *f, const struct db_client *client)
{
    str redirect = {client->redirect_uris.p, str_find(client->redirect_uris, '\n')};
    str id = widget_escaped(c, client->id);
    bool code = client_allows_grant(client, STR("authorization_code")) && str_filled(redirect);
    bool credentials = client_allows_grant(client, STR("client_credentials"));
    bool password = client_allows_grant(client, STR("password")), refresh = client_allows_grant(client, STR("refresh_token"));
    page_put(f, "issuer", c->context->authority->issuer);
    page_put(f, "id_url", id);
    page_put(f, "id_form", id);
    page_put(f, "id_shell", for_shell(c, client->id));
    page_put(f, "id_python", for_python(c, client->id));
    page_put(f, "redirect_url", widget_escaped(c, redirect));
    page_put(f, "redirect_python", for_python(c, redirect));
    page_put(f, "scope", client->scopes);
    page_put(f, "scope_url", widget_escaped(c, client->scopes));
    page_put(f, "scope_python", for_python(c, client->scopes));
    page_put_flag(f, "code", code);
    page_put_flag(f, "credentials", credentials);
    page_put_flag(f, "password", password);
    page_put_flag(f, "refresh", refresh);
    page_put_flag(f, "any", code || credentials || password || refresh);
}
