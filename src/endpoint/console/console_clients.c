/* SPDX-License-Identifier: MIT
 * console_clients: client applications for administrators: list, make, change, new secret, disable, delete. Relies on
 * client/client for every rule and every permission; what is shown is asked of actor_may again. Promises: a secret stands on
 * the one page that answers its making (AD-03), typed values survive a refusal, and a change made meanwhile by somebody else is
 * not overwritten (AD-05). */
#include "endpoint/console/console.h"

#include "client/profile_fit.h"
#include "client/redirect_rules.h"
#include "endpoint/console/client_form.h"
#include "endpoint/console/widget.h"
#include "base/banned.h"

static fallible require_client_permission(const struct call *c, const char *permission)
{
    if (!actor_may(&c->actor, permission)) /* AD-01 */
        FAIL(INSUFFICIENT_SCOPE, "console: the person lacks the permission for client applications");
    return OK;
}

/* The client that the address names. */
static fallible find_permitted_client(struct call *c, const char *permission, const struct db_client **out)
{
    TRY(require_client_permission(c, permission));
    *out = client_find(c->context, c->parameters[0]);
    if (!*out)
        FAIL(NOT_FOUND, "console: no such client");
    return OK;
}

err console_clients_get(struct call *c)
{
    struct client_rows rows;
    struct db_page page = widget_page(c);
    TRY(require_client_permission(c, "view-auth_clients"));
    page.order_by = STR("name");
    TRY(client_list(c->context, &c->actor, &page, &rows));
    struct page_fields *f = widget_admin(c, "nav_clients");
    page_list(f, "clients");
    for (size_t i = 0; i < rows.count; i++) {
        const struct db_client *client = rows.rows[i];
        struct page_fields *row = page_row(f, "clients");
        page_put(row, "client_path", widget_escaped(c, client->id));
        page_put(row, "client_id", client->id);
        page_put(row, "client_name", client->name);
        page_put(row, "grants", client->grants);
        page_put_flag(row, "disabled", client->disabled);
        page_put_flag(row, "public", client->is_public);
        page_put_time(row, "created", client->created_at);
    }
    page_put(f, "filter", page.filter);
    page_put_flag(f, "may_create", actor_may(&c->actor, "create-auth_clients"));
    widget_pager(c, f, &page, rows.total);
    return call_page(c, 200, "clients.html", f);
}

err console_clients_new_get(struct call *c)
{
    TRY(require_client_permission(c, "create-auth_clients"));
    struct page_fields *f = widget_admin(c, "nav_clients");
    client_form_fresh(c, f);
    return call_page(c, 200, "client_new.html", f);
}

static void put_warnings(struct call *c, struct page_fields *f, const struct db_client *client)
{
    const json *list = redirect_rules_warnings(c->context->arena, client);
    page_list(f, "warnings");
    for (size_t i = 0; i < json_count(list); i++)
        page_put_word(page_row(f, "warnings"), "warning", json_text_of(json_at(list, i)));
}

static fallible answer_secret(struct call *c, int status, const struct db_client *client, str secret)
{
    struct page_fields *f = widget_admin(c, "nav_clients");
    page_put(f, "client_name", client->name);
    page_put(f, "client_id", client->id);
    page_put(f, "client_path", widget_escaped(c, client->id));
    page_put(f, "secret", secret);
    put_warnings(c, f, client);
    return call_page(c, status, "client_secret.html", f);
}

err console_clients_new_post(struct call *c)
{
    struct problems problems = {.count = 0};
    struct client_added added;
    int status = 422;
    TRY(require_client_permission(c, "create-auth_clients"));
    struct client_edit edit = client_form_read(c, &problems);
    edit.is_public = form_has(&c->form, "is_public");
    edit.id = form_get(&c->form, "id");
    if (edit.is_public)
        edit.auth_method = STR_ABSENT; /* it has no choice */
    err made = problem_result(&problems);
    if (!FAILED(made))
        made = client_add(c->context, &c->actor, &edit, &problems, &added);
    if (!FAILED(made))
        return answer_secret(c, 201, added.client, added.secret);
    struct page_fields *f = widget_admin(c, "nav_clients");
    TRY(widget_refused(c, f, made, &status));
    client_form_typed(c, f, CLIENT_FORM_NEW, &problems);
    return call_page(c, status, "client_new.html", f);
}

static void put_secrets(struct page_fields *f, const struct db_client *client)
{
    page_list(f, "secrets");
    for (size_t i = 0; i < client->secret_count; i++) {
        struct page_fields *row = page_row(f, "secrets");
        page_put_time(row, "made", client->secrets[i].created_at);
        page_put_time(row, "until", client->secrets[i].expires_at);
    }
}

static void put_profiles(struct call *c, struct page_fields *f, const struct db_client *client)
{
    page_put(f, "held_to", str_of(profile_name(profile_of(c->context, client))));
    page_list(f, "profiles");
    for (int p = PROFILE_NONE + 1; p < PROFILE_COUNT; p++) {
        struct page_fields *row = page_row(f, "profiles");
        page_put(row, "profile_name", str_of(profile_name((enum profile)p)));
        page_put_flag(row, "met", profile_fit_meets(c->context, client, (enum profile)p));
        page_list(row, "missing");
        for (int rule = 0; rule < PROFILE_RULE_COUNT; rule++)
            if (profile_fit_misses(c->context, client, (enum profile)p, (enum profile_rule)rule))
                page_put_word(page_row(row, "missing"), "demand", str_of(profile_words((enum profile_rule)rule)));
    }
}

static struct page_fields *client_fields(struct call *c, const struct db_client *client)
{
    struct page_fields *f = widget_admin(c, "nav_clients");
    page_put(f, "client_path", widget_escaped(c, client->id));
    page_put(f, "client_id", client->id);
    page_put(f, "client_name", client->name);
    page_put_flag(f, "public", client->is_public);
    page_put_flag(f, "disabled", client->disabled);
    page_put_time(f, "created", client->created_at);
    page_put_time(f, "updated", client->updated_at);
    page_put(f, "auth_method", client->auth_method);
    page_put(f, "owner", client->owner_id);
    page_put_number(f, "version", client->version);
    page_put_flag(f, "may_edit", actor_may(&c->actor, "edit-auth_clients"));
    page_put_flag(f, "may_delete", actor_may(&c->actor, "delete-auth_clients"));
    put_secrets(f, client);
    put_profiles(c, f, client);
    put_warnings(c, f, client);
    page_put_flag(f, "has_secret", client_has_secret(client));
    client_form_kept(c, f, client);
    client_form_snippets(c, f, client);
    return f;
}

err console_clients_one_get(struct call *c)
{
    const struct db_client *client;
    TRY(find_permitted_client(c, "view-auth_clients", &client));
    return call_page(c, 200, "client.html", client_fields(c, client));
}

/* Back to the client's page with what was refused. */
static fallible answer_refused(struct call *c, const struct db_client *client, err why)
{
    int status = 422;
    struct page_fields *f = client_fields(c, client);
    TRY(widget_refused(c, f, why, &status));
    return call_page(c, status, "client.html", f);
}

static fallible answer_done(struct call *c, const struct db_client *client, const char *word)
{
    return call_redirect(c, widget_place(c, "/admin/clients/", client->id, word));
}

err console_clients_one_post(struct call *c)
{
    const struct db_client *client;
    struct problems problems = {.count = 0};
    int status = 422;
    TRY(find_permitted_client(c, "edit-auth_clients", &client));
    struct client_edit edit = client_form_read(c, &problems);
    edit.version = widget_number(c, "version", 0, &problems);
    err changed = problem_result(&problems);
    if (!FAILED(changed))
        changed = client_change(c->context, &c->actor, client->id, &edit, &problems);
    if (!FAILED(changed))
        return answer_done(c, client, "?done=saved");
    struct page_fields *f = client_fields(c, client);
    TRY(widget_refused(c, f, changed, &status));
    client_form_typed(c, f, CLIENT_FORM_EDIT, &problems);
    return call_page(c, status, "client.html", f);
}

err console_clients_secret_post(struct call *c)
{
    const struct db_client *client;
    struct problems problems = {.count = 0};
    str secret;
    TRY(find_permitted_client(c, "edit-auth_clients", &client));
    struct client_rotation how = {.overlap = widget_number(c, "overlap", -1, &problems), .secret = STR_ABSENT};
    TRY(problem_result(&problems));
    err rotated = client_rotate_secret(c->context, &c->actor, client->id, &how, &secret); /* CA-05 */
    if (FAILED(rotated))
        return answer_refused(c, client, rotated);
    return answer_secret(c, 200, client, secret);
}

err console_clients_disable_post(struct call *c)
{
    const struct db_client *client;
    TRY(find_permitted_client(c, "edit-auth_clients", &client));
    bool disabled = !str_is(form_get(&c->form, "disabled"), "0");
    err changed = client_set_disabled(c->context, &c->actor, client->id, disabled);
    if (FAILED(changed))
        return answer_refused(c, client, changed);
    return answer_done(c, client, disabled ? "?done=disabled" : "?done=enabled");
}

err console_clients_remove_get(struct call *c)
{
    const struct db_client *client;
    TRY(find_permitted_client(c, "delete-auth_clients", &client));
    struct page_fields *f = widget_admin(c, "nav_clients");
    page_put(f, "name", client->name);
    page_put(f, "action", widget_place(c, "/admin/clients/", client->id, "/remove"));
    page_put(f, "back", widget_place(c, "/admin/clients/", client->id, ""));
    return call_page(c, 200, "client_remove.html", f);
}

err console_clients_remove_post(struct call *c)
{
    const struct db_client *client;
    TRY(find_permitted_client(c, "delete-auth_clients", &client));
    err removed = client_remove(c->context, &c->actor, client->id);
    if (FAILED(removed))
        return answer_refused(c, client, removed);
    return call_redirect(c, STR("/admin/clients?done=removed"));
}
