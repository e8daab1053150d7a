/* SPDX-License-Identifier: MIT
 * api_clients: client applications over the API; the rules are in directory/client. */
#include "directory/client.h"
#include "directory/profile_fit.h"
#include "directory/redirect_rules.h"
#include "endpoint/api/api.h"
#include "base/banned.h"

static json *client_json(struct call *c, const struct db_client *client)
{
    struct arena *a = c->ground->arena;
    json *o = json_object_new(a);
    json_put_text(a, o, "id", client->id);
    json_put_text(a, o, "client_id", client->id);
    json_put_text(a, o, "name", client->name);
    json_put_text(a, o, "description", client->description.p ? client->description : STR(""));
    json_put_words(a, o, "grants", client->grants.p ? client->grants : STR(""));
    api_put_lines(c, o, "redirect_uris", client->redirect_uris);
    api_put_lines(c, o, "post_logout_redirect_uris", client->post_logout_redirect_uris);
    json_put_words(a, o, "scopes", client->scopes.p ? client->scopes : STR(""));
    json_put_text(a, o, "auth_method", client->auth_method);
    json_put_text(a, o, "owner", client->owner_id);
    json_put_boolean(a, o, "public", client->is_public);
    json_put_boolean(a, o, "first_party", client->first_party);
    json_put_boolean(a, o, "require_pkce", client->require_pkce);
    json_put_text(a, o, "compat", client->compat_processmaker ? STR("processmaker") : STR_ABSENT);
    json_put_boolean(a, o, "disabled", client->disabled);
    json_put_integer(a, o, "access_lifetime", client->access_lifetime);
    json_put_integer(a, o, "refresh_lifetime", client->refresh_lifetime);
    api_put_time(c, o, "created_at", client->created_at);
    api_put_time(c, o, "updated_at", client->updated_at);
    json_put_integer(a, o, "version", client->version);
    metadata_put(a, o, &client->metadata, METADATA_BY_SYSTEM);
    json_put_text(a, o, "scope_policy", client_any_scope(client) ? STR("any") : STR("only"));
    json_put(a, o, "warnings", redirect_rules_warnings(a, client));
    return o; /* AD-03: no secret and no hash of one */
}

/* The members that both POST and PUT take. */
#define NAMED(name_, ...) #name_,
#define HIDDEN(...)
#define EDITABLE                                                                                                               \
    "name", "description", "grants", "refresh", "redirect_uris", "post_logout_redirect_uris", "scopes", "auth_method", "owner", \
        "public", "first_party", "require_pkce", "access_lifetime", "refresh_lifetime", "compat",                              \
        METADATA_ROWS(NAMED, NAMED, NAMED, HIDDEN)

static fallible need(const struct call *c, const char *permission)
{
    if (!actor_may(&c->actor, permission))
        FAIL(INSUFFICIENT_SCOPE, "api: the permission for client applications is missing");
    return OK;
}

fallible api_clients_get(struct call *c)
{
    struct db_page page;
    struct client_rows found;
    TRY(need(c, "view-auth_clients"));
    TRY(api_page(c, &page));
    TRY(client_list(c->ground, &c->actor, &page, &found));
    json *data = json_list_new(c->ground->arena);
    for (size_t i = 0; i < found.count; i++)
        json_add(c->ground->arena, data, client_json(c, found.rows[i]));
    return api_list(c, &page, data, found.total);
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
    metadata_read(c->ground->arena, body, METADATA_BY_ADMIN, edit->metadata, &c->problems);
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
    TRY(need(c, "create-auth_clients"));
    TRY(api_body(c, known, &body));
    api_text(c, body, "id", &edit.id);
    read_edit(c, body, &edit);
    TRY(problem_result(&c->problems));
    TRY(client_add(c->ground, &c->actor, &edit, &c->problems, &added));
    json *o = client_json(c, added.client);
    if (str_present(added.secret))
        json_put_text(c->ground->arena, o, "client_secret", added.secret); /* CA-05: this once */
    return call_json(c, 201, o);
}

static fallible find(struct call *c, const struct db_client **client)
{
    *client = client_find(c->ground, c->parameters[0]);
    if (!*client)
        FAIL(NOT_FOUND, "api: no such client");
    return OK;
}

fallible api_client_get(struct call *c)
{
    const struct db_client *client;
    TRY(need(c, "view-auth_clients"));
    TRY(find(c, &client));
    json *o = client_json(c, client);
    json_put(c->ground->arena, o, "profiles", profile_fit_json(c->ground, client));
    return call_json(c, 200, o);
}

fallible api_client_put(struct call *c)
{
    static const char *const known[] = {"disabled", "version", EDITABLE NULL};
    struct client_edit edit = client_edit_nothing();
    const struct db_client *client;
    const json *body;
    int disabled = -1;
    TRY(need(c, "edit-auth_clients"));
    TRY(find(c, &client));
    TRY(api_body(c, known, &body));
    read_edit(c, body, &edit);
    api_flag(c, body, "disabled", &disabled);
    TRY(problem_result(&c->problems));
    if (json_count(body) > (size_t)(disabled >= 0))
        TRY(client_change(c->ground, &c->actor, client->id, &edit, &c->problems));
    if (disabled >= 0)
        TRY(client_set_disabled(c->ground, &c->actor, client->id, disabled == 1));
    return call_empty(c, 204);
}

fallible api_client_delete(struct call *c)
{
    const struct db_client *client;
    TRY(need(c, "delete-auth_clients"));
    TRY(find(c, &client));
    TRY(client_remove(c->ground, &c->actor, client->id));
    return call_empty(c, 204);
}

fallible api_client_secret_post(struct call *c)
{
    static const char *const known[] = {"overlap", NULL};
    struct client_rotation how = {.overlap = -1};
    const struct db_client *client;
    const json *body;
    struct arena *a = c->ground->arena;
    str secret;
    TRY(need(c, "edit-auth_clients"));
    TRY(find(c, &client));
    if (c->request->body.n > 0) {
        TRY(api_body(c, known, &body));
        api_number(c, body, "overlap", &how.overlap);
        TRY(problem_result(&c->problems));
    }
    TRY(client_rotate_secret(c->ground, &c->actor, client->id, &how, &secret));
    json *o = json_object_new(a);
    json_put_text(a, o, "client_id", client->id);
    json_put_text(a, o, "client_secret", secret);
    return call_json(c, 201, o);
}
