/* SPDX-License-Identifier: MIT
 * api_clients: client applications over the API; the rules are in client/client. */
#include "scope/scopes.h"
#include "client/client.h"
#include "client/profile_fit.h"
#include "client/redirect_rules.h"
#include "endpoint/api/api.h"
#include "base/banned.h"

/* Its members, within an object. AD-03: no secret and no hash of one. */
static void write_client(struct call *c, struct json_writer *w, const struct db_client *client)
{
    struct arena *a = c->context->arena;
    json *metadata = json_object_new(a);
    metadata_put(a, metadata, &client->metadata, METADATA_BY_SYSTEM);
    json_put_text(a, metadata, "scope_policy", scopes_any(client) ? STR("any") : STR("only")); /* what holds, in its place */
    json_write_text(w, "id", client->id);
    json_write_text(w, "client_id", client->id);
    json_write_text(w, "name", client->name);
    json_write_text(w, "description", client->description.p ? client->description : STR(""));
    json_write_words(w, "grants", client->grants.p ? client->grants : STR(""));
    api_write_lines(w, "redirect_uris", client->redirect_uris);
    api_write_lines(w, "post_logout_redirect_uris", client->post_logout_redirect_uris);
    json_write_words(w, "scopes", client->scopes.p ? client->scopes : STR(""));
    json_write_text(w, "auth_method", client->auth_method);
    json_write_text(w, "owner", client->owner_id);
    json_write_boolean(w, "public", client->is_public);
    json_write_boolean(w, "first_party", client->first_party);
    json_write_boolean(w, "require_pkce", client->require_pkce);
    json_write_text(w, "compat", client->compat_processmaker ? STR("processmaker") : STR_ABSENT);
    json_write_boolean(w, "disabled", client->disabled);
    json_write_integer(w, "access_lifetime", client->access_lifetime);
    json_write_integer(w, "refresh_lifetime", client->refresh_lifetime);
    api_write_time(c, w, "created_at", client->created_at);
    api_write_time(c, w, "updated_at", client->updated_at);
    json_write_integer(w, "version", client->version);
    json_write_members(w, metadata);
    json_write_value(w, "warnings", redirect_rules_warnings(a, client));
}

/* The members that both POST and PUT take. */
#define NAMED(name_, ...) #name_,
#define HIDDEN(...)
#define EDITABLE                                                                                                                                         \
    "name", "description", "grants", "refresh", "redirect_uris", "post_logout_redirect_uris", "scopes", "auth_method", "owner", "public", "first_party", \
        "require_pkce", "access_lifetime", "refresh_lifetime", "compat", METADATA_ROWS(NAMED, NAMED, NAMED, HIDDEN)

static fallible require_permission(const struct call *c, const char *permission)
{
    if (!actor_may(&c->actor, permission))
        FAIL(INSUFFICIENT_SCOPE, "api: the permission for client applications is missing");
    return OK;
}

fallible api_clients_get(struct call *c)
{
    struct db_page page;
    struct client_rows found;
    TRY(require_permission(c, "view-auth_clients"));
    TRY(api_page(c, &page));
    TRY(client_list(c->context, &c->actor, &page, &found));
    struct json_writer rows = api_rows(c);
    for (size_t i = 0; i < found.count; i++) {
        json_write_object(&rows, NULL);
        write_client(c, &rows, found.rows[i]);
        json_write_end(&rows);
    }
    return api_list(c, &page, &rows, found.count, found.total);
}

static void read_edit(struct call *c, const json *body, struct client_edit *edit)
{
    str compat = STR_ABSENT;
    api_text(c, body, "name", &edit->name);
    api_text(c, body, "description", &edit->description);
    api_words(c, body, "grants", ' ', &edit->grants);
    api_flag(c, body, "refresh", &edit->refresh);
    api_words(c, body, "redirect_uris", '\n', &edit->redirect_uris);
    api_words(c, body, "post_logout_redirect_uris", '\n', &edit->post_logout_redirect_uris);
    api_words(c, body, "scopes", ' ', &edit->scopes);
    api_text(c, body, "auth_method", &edit->auth_method);
    api_text(c, body, "owner", &edit->owner);
    api_flag(c, body, "public", &edit->is_public);
    api_flag(c, body, "first_party", &edit->first_party);
    api_flag(c, body, "require_pkce", &edit->require_pkce);
    api_number(c, body, "access_lifetime", &edit->access_lifetime);
    api_number(c, body, "refresh_lifetime", &edit->refresh_lifetime);
    api_number(c, body, "version", &edit->version);
    metadata_read(c->context->arena, body, METADATA_BY_ADMIN, edit->metadata, &c->problems);
    api_text(c, body, "compat", &compat);
    if (str_present(compat) && !str_is(compat, "processmaker") && compat.n > 0)
        problem_add(&c->problems, "compat", STR("Must be processmaker or null."));
    else if (str_present(compat))
        edit->compat_processmaker = compat.n > 0;
}

fallible api_clients_post(struct call *c)
{
    static const char *const known[] = {"id", EDITABLE NULL};
    struct client_edit edit = client_edit_nothing();
    struct client_added added;
    const json *body;
    TRY(require_permission(c, "create-auth_clients"));
    TRY(api_body(c, known, &body));
    api_text(c, body, "id", &edit.id);
    read_edit(c, body, &edit);
    TRY(problem_result(&c->problems));
    TRY(client_add(c->context, &c->actor, &edit, &c->problems, &added));
    struct json_writer answer = call_object(c);
    write_client(c, &answer, added.client);
    json_write_filled(&answer, "client_secret", added.secret); /* CA-05: this once */
    return call_json(c, 201, &answer);
}

static fallible find_path_client(struct call *c, const struct db_client **client)
{
    *client = client_find(c->context, c->parameters[0]);
    if (!*client)
        FAIL(NOT_FOUND, "api: no such client");
    return OK;
}

fallible api_client_get(struct call *c)
{
    const struct db_client *client;
    TRY(require_permission(c, "view-auth_clients"));
    TRY(find_path_client(c, &client));
    struct json_writer body = call_object(c);
    write_client(c, &body, client);
    json_write_value(&body, "profiles", profile_fit_json(c->context, client));
    return call_json(c, 200, &body);
}

fallible api_client_put(struct call *c)
{
    static const char *const known[] = {"disabled", "version", EDITABLE NULL};
    struct client_edit edit = client_edit_nothing();
    const struct db_client *client;
    const json *body;
    int disabled = -1;
    TRY(require_permission(c, "edit-auth_clients"));
    TRY(find_path_client(c, &client));
    TRY(api_body(c, known, &body));
    read_edit(c, body, &edit);
    api_flag(c, body, "disabled", &disabled);
    TRY(problem_result(&c->problems));
    if (json_count(body) > (size_t)(disabled >= 0))
        TRY(client_change(c->context, &c->actor, client->id, &edit, &c->problems));
    if (disabled >= 0)
        TRY(client_set_disabled(c->context, &c->actor, client->id, disabled == 1));
    return call_empty(c, 204);
}

fallible api_client_delete(struct call *c)
{
    const struct db_client *client;
    TRY(require_permission(c, "delete-auth_clients"));
    TRY(find_path_client(c, &client));
    TRY(client_remove(c->context, &c->actor, client->id));
    return call_empty(c, 204);
}

fallible api_client_secret_post(struct call *c)
{
    static const char *const known[] = {"overlap", NULL};
    struct client_rotation how = {.overlap = -1};
    const struct db_client *client;
    const json *body;
    str secret;
    TRY(require_permission(c, "edit-auth_clients"));
    TRY(find_path_client(c, &client));
    if (c->request->body.n > 0) {
        TRY(api_body(c, known, &body));
        api_number(c, body, "overlap", &how.overlap);
        TRY(problem_result(&c->problems));
    }
    TRY(client_rotate_secret(c->context, &c->actor, client->id, &how, &secret));
    struct json_writer answer = call_object(c);
    json_write_text(&answer, "client_id", client->id);
    json_write_text(&answer, "client_secret", secret);
    return call_json(c, 201, &answer);
}
