/* SPDX-License-Identifier: MIT
 * cmd_resource: `jeton resource`: services that tokens can be made for (RFC 8707). Relies on scope/scopes and the facts in
 * memory. */
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "scope/scopes.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"name",         OPTION_TEXT,   "NAME",       1, 0, "Text that users see when they are asked for consent."},
    {"token-format", OPTION_CHOICE, "jwt|sealed", 0, 0,
     "jwt: signed, and the service checks it itself (default). sealed: the service asks jeton."},
    {"alg",          OPTION_CHOICE, "ES256|RS256|EdDSA", 0, 0, "Algorithm that its JWTs are signed with. Default: ES256."},
    {"client",       OPTION_ID,     "ID",         0, 0, "The client that may introspect its tokens."},
    {"scope",        OPTION_WORDS,  "WORDS",      0, 0, "The service's own scopes. Software that registers itself may ask users for them."},
    OPTION_LAST,
};
static const struct option options_edit[] = {
    {"name",         OPTION_TEXT,   "NAME",       0, 0, "Text that users see when they are asked for consent."},
    {"scope",        OPTION_WORDS,  "WORDS",      0, 0, "The service's own scopes, replacing the current ones. \"\" means none."},
    OPTION_LAST,
};
/* clang-format on */

static json *resource_json(struct command_call *call, const struct db_resource *resource)
{
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "uri", resource->uri);
    json_put_text(call->arena, j, "name", resource->name);
    json_put_text(call->arena, j, "token_format", resource->token_format);
    json_put_text(call->arena, j, "alg", resource->alg);
    json_put_text(call->arena, j, "client_id", resource->client_id);
    json_put_text(call->arena, j, "scope", resource->scopes);
    output_time(call, j, "created_at", resource->created_at);
    return j;
}
static json *show_resource(struct command_call *call, const struct site *site)
{
    const struct db_resource *resource = cache_resource(site->context.snapshot, command_argument(call, 0));
    return resource ? resource_json(call, resource) : NULL;
}
static err add_resource(struct context *ctx, const void *edit, struct problems *p)
{
    return scopes_resource_add(ctx, &actor_owner, edit, p);
}
static int run_add(struct command_call *call)
{
    static const struct verb_change what = {SITE_MAKE, "resource", "The resource was added.", NULL, add_resource, show_resource};
    const struct options *o = &call->options;
    struct resource_edit edit = {
        .uri = command_argument(call, 0),
        .name = options_text(o, "name"),
        .token_format = options_text(o, "token-format"),
        .alg = options_text(o, "alg"),
        .client_id = options_text(o, "client"),
        .scopes = options_text(o, "scope"),
    };
    if (!options_has(o, "name"))
        return command_misused(call, "resource add needs --name NAME");
    return verb_run_change(call, &what, &edit);
}
static err edit_resource(struct context *ctx, const void *edit, struct problems *p)
{
    return scopes_resource_edit(ctx, &actor_owner, edit, p);
}
static int run_edit(struct command_call *call)
{
    static const struct verb_change what = {SITE_MUST_EXIST, "resource", "The resource was changed.", NULL, edit_resource, show_resource};
    const struct options *o = &call->options;
    struct resource_edit edit = {.uri = command_argument(call, 0), .name = options_text(o, "name"), .scopes = options_text(o, "scope")};
    if (!options_has(o, "name") && !options_has(o, "scope"))
        return command_misused(call, "resource edit needs --name NAME or --scope WORDS");
    return verb_run_change(call, &what, &edit);
}
static err read_resources(struct verb_rows *rows)
{
    size_t count = 0;
    const struct db_resource **resources = cache_resources(rows->site->context.snapshot, rows->call->arena, &count);
    for (size_t i = 0; i < count; i++)
        verb_add_row(rows, resource_json(rows->call, resources[i]));
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {.open = site_open, .read_page = read_resources, .columns = "uri name token_format alg client_id scope"};
    return verb_run_list(call, &what);
}
static err remove_resource(struct context *ctx, str uri, bool *removed)
{
    return scopes_resource_remove(ctx, &actor_owner, uri, removed);
}
static int run_remove(struct command_call *call)
{
    static const struct verb_removal what = {"resource",     "to see all of them, run jeton resource list", "uri", "removed", "The resource ", " was removed.",
                                             remove_resource};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_resource[] = {
    {"add",    "URI", options_add, run_add,    "Register a service that tokens can be issued for"},
    {"edit",   "URI", options_edit, run_edit,  "Change a resource's name or scopes"},
    {"list",   NULL,  NULL,        run_list,   "List resources"},
    {"remove", "URI", NULL,        run_remove, "Remove a resource. No more tokens are issued for it"},
    COMMAND_END,
};
/* clang-format on */
