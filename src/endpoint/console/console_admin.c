/* SPDX-License-Identifier: MIT
 * console_admin: the rest of an administrator's pages: overview, scopes, resources, events, keys. Relies on the rules for
 * every change. Promises: each page asks for the permission that the change behind it asks for, keys for an administrator
 * (AD-01); private halves of keys and secrets never reach a page (AD-03); deleting and rotating ask first. */
#include "context/audit.h"
#include "scope/scopes.h"
#include "endpoint/console/console.h"
#include "endpoint/console/widget.h"
#include "base/banned.h"

static const char *const scope_names[] = {"name", "description", NULL};
static const char *const resource_names[] = {"uri", "name", "client_id", NULL};
static const char *const resource_edits[] = {"name", "scopes", NULL};
static const char *const resource_problems[] = {"uri", "name", "client_id", "token_format", "alg", "scopes", NULL};

static fallible require_admin(const struct call *c)
{
    if (!actor_is_admin(&c->actor)) /* AD-01 */
        FAIL(INSUFFICIENT_SCOPE, "console: for administrators alone");
    return OK;
}

static fallible require_admin_permission(const struct call *c, const char *permission)
{
    if (!actor_may(&c->actor, permission)) /* AD-01 */
        FAIL(INSUFFICIENT_SCOPE, "console: the person lacks the permission");
    return OK;
}

err console_admin_get(struct call *c)
{
    static const char *const any[] = {"view-auth_clients", "view-users", "view-scopes", "view-events"};
    bool some = actor_is_admin(&c->actor);
    for (size_t i = 0; i < sizeof any / sizeof any[0]; i++)
        some = some || actor_may(&c->actor, any[i]);
    if (!some)
        FAIL(INSUFFICIENT_SCOPE, "console: the person has no administrative rights");
    struct page_fields *f = widget_admin(c, NULL);
    page_put(f, "issuer", c->context->authority->issuer);
    return call_page(c, 200, "admin.html", f);
}

static struct page_fields *scopes_fields(struct call *c)
{
    size_t count;
    const struct db_scope **scopes = cache_scopes(c->context->snapshot, c->context->arena, &count);
    struct page_fields *f = widget_admin(c, "nav_scopes");
    page_list(f, "scopes");
    for (size_t i = 0; i < count; i++) {
        struct page_fields *row = page_row(f, "scopes");
        page_put(row, "scope", scopes[i]->name);
        page_put(row, "scope_path", widget_escaped(c, scopes[i]->name));
        page_put_word(row, "text", scopes[i]->description);
        page_put_flag(row, "builtin", scopes[i]->builtin);
    }
    page_put_flag(f, "may_edit", actor_may(&c->actor, "edit-scopes"));
    widget_empty(f, scope_names);
    widget_sound(c, f, scope_names);
    return f;
}

err console_admin_scopes_get(struct call *c)
{
    TRY(require_admin_permission(c, "view-scopes"));
    return call_page(c, 200, "scopes.html", scopes_fields(c));
}

err console_admin_scopes_post(struct call *c)
{
    struct problems problems = {.count = 0};
    int status = 422;
    TRY(require_admin_permission(c, "edit-scopes"));
    err added = scopes_add(c->context, &c->actor, form_get(&c->form, "name"), form_get(&c->form, "description"), &problems);
    if (!FAILED(added))
        return call_redirect(c, STR("/admin/scopes?done=added"));
    struct page_fields *f = scopes_fields(c);
    TRY(widget_refused(c, f, added, &status));
    widget_typed(c, f, scope_names);
    widget_problems(c, f, &problems, scope_names);
    return call_page(c, status, "scopes.html", f);
}

err console_admin_scope_remove_get(struct call *c)
{
    TRY(require_admin_permission(c, "edit-scopes"));
    const struct db_scope *scope = cache_scope(c->context->snapshot, form_get(&c->form, "name"));
    if (!scope || scope->builtin)
        FAIL(NOT_FOUND, "console: no such scope, or a built-in one");
    struct page_fields *f = widget_admin(c, "nav_scopes");
    page_put(f, "name", scope->name);
    return call_page(c, 200, "scope_remove.html", f);
}

err console_admin_scope_remove_post(struct call *c)
{
    bool removed;
    int status = 422;
    TRY(require_admin_permission(c, "edit-scopes"));
    err done = scopes_remove(c->context, &c->actor, form_get(&c->form, "name"), &removed);
    if (!FAILED(done)) {
        if (!removed)
            FAIL(NOT_FOUND, "console: no such scope");
        return call_redirect(c, STR("/admin/scopes?done=removed"));
    }
    struct page_fields *f = scopes_fields(c);
    TRY(widget_refused(c, f, done, &status));
    return call_page(c, status, "scopes.html", f);
}

struct option {
    const char *value, *label;
};
static void put_options(struct page_fields *f, const char *list, const struct option *options, str chosen)
{
    page_list(f, list);
    for (; options->value; options++) {
        struct page_fields *row = page_row(f, list);
        page_put(row, "value", str_of(options->value));
        page_put_word(row, "label", str_of(options->label));
        page_put_flag(row, "chosen", str_is(chosen, options->value));
    }
}

static void put_resource_choices(struct call *c, struct page_fields *f)
{
    static const struct option formats[] = {{"jwt", SAY("signed JWT (RFC 9068)")}, {"sealed", SAY("encrypted (services introspect it)")}, {NULL, NULL}};
    static const struct option algs[] = {{"ES256", "ES256"}, {"RS256", "RS256"}, {"EdDSA", "EdDSA"}, {NULL, NULL}};
    put_options(f, "formats", formats, form_get(&c->form, "token_format"));
    put_options(f, "algs", algs, form_get(&c->form, "alg"));
}

/* The scopes that a service can carry: those that were defined here. */
static void put_service_scopes(struct call *c, struct page_fields *f, str chosen)
{
    size_t count;
    const struct db_scope **scopes = cache_scopes(c->context->snapshot, c->context->arena, &count);
    page_list(f, "service_scopes");
    for (size_t i = 0; i < count; i++) {
        if (scopes[i]->builtin)
            continue;
        struct page_fields *row = page_row(f, "service_scopes");
        page_put(row, "scope", scopes[i]->name);
        page_put_word(row, "description", scopes[i]->description);
        page_put_flag(row, "chosen", str_has_word(chosen, scopes[i]->name));
    }
}

static struct page_fields *resources_fields(struct call *c)
{
    size_t count;
    const struct db_resource **resources = cache_resources(c->context->snapshot, c->context->arena, &count);
    struct page_fields *f = widget_admin(c, "nav_resources");
    page_list(f, "resources");
    for (size_t i = 0; i < count; i++) {
        bool sealed = str_is(resources[i]->token_format, "sealed");
        struct page_fields *row = page_row(f, "resources");
        page_put(row, "resource_name", resources[i]->name);
        page_put(row, "resource_uri", resources[i]->uri);
        page_put(row, "resource_path", widget_escaped(c, resources[i]->uri));
        page_put(row, "format", resources[i]->token_format);
        page_put(row, "resource_alg", sealed ? STR("") : resources[i]->alg);
        page_put(row, "introspects", resources[i]->client_id);
        page_put(row, "carries", resources[i]->scopes);
    }
    page_put_flag(f, "may_edit", actor_may(&c->actor, "edit-scopes"));
    widget_empty(f, resource_names);
    widget_sound(c, f, resource_problems);
    put_resource_choices(c, f);
    put_service_scopes(c, f, widget_words(c, "scopes[]"));
    return f;
}

err console_admin_resources_get(struct call *c)
{
    TRY(require_admin_permission(c, "view-scopes"));
    return call_page(c, 200, "resources.html", resources_fields(c));
}

err console_admin_resources_post(struct call *c)
{
    struct problems problems = {.count = 0};
    int status = 422;
    TRY(require_admin_permission(c, "edit-scopes"));
    struct resource_edit edit = {
        .uri = str_trim(form_get(&c->form, "uri")),
        .name = form_get(&c->form, "name"),
        .token_format = form_get(&c->form, "token_format"),
        .alg = form_get(&c->form, "alg"),
        .client_id = form_get(&c->form, "client_id"),
        .scopes = widget_words(c, "scopes[]"),
    };
    if (str_is(edit.token_format, "sealed"))
        edit.alg = STR_ABSENT;
    err added = scopes_resource_add(c->context, &c->actor, &edit, &problems);
    if (!FAILED(added))
        return call_redirect(c, STR("/admin/resources?done=added"));
    struct page_fields *f = resources_fields(c);
    TRY(widget_refused(c, f, added, &status));
    widget_typed(c, f, resource_names);
    widget_problems(c, f, &problems, resource_problems);
    return call_page(c, status, "resources.html", f);
}

static struct page_fields *resource_fields(struct call *c, const struct db_resource *resource, str name, str scopes)
{
    struct page_fields *f = widget_admin(c, "nav_resources");
    widget_sound(c, f, resource_edits);
    page_put(f, "resource_name", resource->name);
    page_put(f, "uri", resource->uri);
    page_put(f, "name", name);
    put_service_scopes(c, f, scopes);
    return f;
}

err console_admin_resource_get(struct call *c)
{
    TRY(require_admin_permission(c, "edit-scopes"));
    const struct db_resource *resource = cache_resource(c->context->snapshot, form_get(&c->form, "uri"));
    if (!resource)
        FAIL(NOT_FOUND, "console: no such resource");
    return call_page(c, 200, "resource.html", resource_fields(c, resource, resource->name, resource->scopes));
}

err console_admin_resource_post(struct call *c)
{
    struct problems problems = {.count = 0};
    int status = 422;
    TRY(require_admin_permission(c, "edit-scopes"));
    const struct db_resource *resource = cache_resource(c->context->snapshot, form_get(&c->form, "uri"));
    if (!resource)
        FAIL(NOT_FOUND, "console: no such resource");
    str name = form_get_raw(&c->form, "name");
    struct resource_edit edit = {.uri = resource->uri, .name = str_present(name) ? name : STR(""), .scopes = widget_words(c, "scopes[]")};
    err changed = scopes_resource_edit(c->context, &c->actor, &edit, &problems);
    if (!FAILED(changed))
        return call_redirect(c, STR("/admin/resources?done=saved"));
    struct page_fields *f = resource_fields(c, resource, edit.name, edit.scopes);
    TRY(widget_refused(c, f, changed, &status));
    widget_problems(c, f, &problems, resource_edits);
    return call_page(c, status, "resource.html", f);
}

err console_admin_resource_remove_get(struct call *c)
{
    TRY(require_admin_permission(c, "edit-scopes"));
    const struct db_resource *resource = cache_resource(c->context->snapshot, form_get(&c->form, "uri"));
    if (!resource)
        FAIL(NOT_FOUND, "console: no such resource");
    struct page_fields *f = widget_admin(c, "nav_resources");
    page_put(f, "uri", resource->uri);
    return call_page(c, 200, "resource_remove.html", f);
}

err console_admin_resource_remove_post(struct call *c)
{
    bool removed;
    TRY(require_admin_permission(c, "edit-scopes"));
    TRY(scopes_resource_remove(c->context, &c->actor, form_get(&c->form, "uri"), &removed));
    if (!removed)
        FAIL(NOT_FOUND, "console: no such resource");
    return call_redirect(c, STR("/admin/resources?done=removed"));
}

err console_admin_events_get(struct call *c)
{
    struct db_event_rows rows;
    struct db_page page = widget_page(c);
    TRY(require_admin_permission(c, "view-events"));
    page.descending = true;
    TRY(audit_list(c->context, &c->actor, &page, &rows));
    struct page_fields *f = widget_admin(c, "nav_events");
    page_list(f, "events");
    for (size_t i = 0; i < rows.count; i++) {
        const struct db_event *event = &rows.rows[i];
        struct page_fields *row = page_row(f, "events");
        page_put_time(row, "at", event->at);
        page_put(row, "event", event->name);
        page_put(row, "actor", event->actor);
        page_put(row, "client", event->client_id);
        page_put(row, "subject", event->subject);
        page_put(row, "address", event->address);
        page_put(row, "detail", event->detail);
        page_put(row, "request_id", event->request_id);
    }
    page_put(f, "filter", page.filter);
    widget_pager(c, f, &page, rows.total);
    return call_page(c, 200, "events.html", f);
}

/* The words of the keyring. */
static str key_word(str word)
{
    static const struct {
        const char *word, *shown;
    } rows[] = {{"sig", SAY("signature")}, {"seal", SAY("encryption")}, {"active", SAY("active")}, {"next", SAY("next")}, {"old", SAY("old")}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (str_is(word, rows[i].word))
            return str_of(rows[i].shown);
    return word;
}

err console_admin_keys_get(struct call *c)
{
    struct rotation_row *rows;
    size_t count;
    TRY(require_admin(c));
    TRY(authority_keys_list(c->context, &rows, &count));
    struct page_fields *f = widget_admin(c, "nav_keys");
    page_list(f, "keys");
    for (size_t i = 0; i < count; i++) {
        struct page_fields *row = page_row(f, "keys");
        page_put(row, "kid", rows[i].kid);
        page_put_word(row, "use", key_word(rows[i].use));
        page_put(row, "key_alg", rows[i].alg);
        page_put_word(row, "state", key_word(rows[i].state));
        page_put_time(row, "active", rows[i].active_at);
        page_put_time(row, "ready", rows[i].ready_at);
        page_put_time(row, "due", rows[i].due_at);
        page_put_time(row, "retired", rows[i].retired_at);
        page_put_time(row, "destroyed", rows[i].destroy_after);
    }
    return call_page(c, 200, "keys.html", f);
}

err console_admin_keys_rotate_get(struct call *c)
{
    TRY(require_admin(c));
    return call_page(c, 200, "keys_rotate.html", widget_admin(c, "nav_keys"));
}

err console_admin_keys_rotate_post(struct call *c)
{
    TRY(require_admin(c));
    TRY(authority_keys_rotate(c->context, ROTATION_PUBLISHED));
    return call_redirect(c, STR("/admin/keys?done=rotated"));
}
