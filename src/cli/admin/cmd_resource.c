/* SPDX-License-Identifier: MIT
 * cmd_resource: `jeton resource`: services that tokens can be made for (RFC 8707). Relies on scope/scopes and the facts in
 * memory. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/admin/removal.h"
#include "cli/site.h"
#include "scope/scopes.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"name",         OPTION_TEXT,   "NAME",       1, 0, "what people read when they are asked to agree"},
    {"token-format", OPTION_CHOICE, "jwt|sealed", 0, 0,
     "signed for the service to check itself (default), or sealed: the service asks jeton"},
    {"alg",          OPTION_CHOICE, "ES256|RS256|EdDSA", 0, 0, "how its JWTs are signed; ES256 without this"},
    {"client",       OPTION_ID,     "ID",         0, 0, "the client that may introspect its tokens"},
    {"scope",        OPTION_WORDS,  "WORDS",      0, 0, "the service's own scopes: software that registers itself may ask people for them"},
    OPTION_LAST,
};
static const struct option options_edit[] = {
    {"name",         OPTION_TEXT,   "NAME",       0, 0, "what people read when they are asked to agree"},
    {"scope",        OPTION_WORDS,  "WORDS",      0, 0, "the service's own scopes, instead of those that it has; \"\": none"},
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
/* What a resource is after it was added or changed. */
static int show_changed(struct command_call *call, struct site *site, str uri, const char *sentence)
{
    int status = site_changed(call, site);
    if (status != COMMAND_DONE)
        return status;
    const struct db_resource *resource = cache_resource(site->context.snapshot, uri);
    return resource ? output_done(call, resource_json(call, resource), "%s", sentence) : command_refuse(call, "the resource was removed meanwhile");
}
static int run_add(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct problems p = {0};
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
    int status = site_open(call, SITE_MAKE, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = scopes_resource_add(&site->context, &actor_owner, &edit, &p);
    if (e.kind == ERR_CONFLICT && p.count == 0)
        return command_refuse(call, "there is already a resource \"%.*s\"", STR_FMT(edit.uri));
    if (FAILED(e))
        return command_failed(call, e, &p);
    return show_changed(call, site, edit.uri, "The resource was added.");
}
static int run_edit(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct problems p = {0};
    struct resource_edit edit = {.uri = command_argument(call, 0), .name = options_text(o, "name"), .scopes = options_text(o, "scope")};
    if (!options_has(o, "name") && !options_has(o, "scope"))
        return command_misused(call, "resource edit needs --name NAME or --scope WORDS");
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = scopes_resource_edit(&site->context, &actor_owner, &edit, &p);
    if (e.kind == ERR_NOT_FOUND)
        return command_refuse(call, "there is no resource \"%.*s\"", STR_FMT(edit.uri));
    if (FAILED(e))
        return command_failed(call, e, &p);
    return show_changed(call, site, edit.uri, "The resource was changed.");
}
static int run_list(struct command_call *call)
{
    struct site *site;
    size_t count = 0;
    json *list = json_list_new(call->arena);
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    const struct db_resource **resources = cache_resources(site->context.snapshot, call->arena, &count);
    for (size_t i = 0; i < count; i++)
        json_add(call->arena, list, resource_json(call, resources[i]));
    return output_value(call, list, "uri name token_format alg client_id scope");
}
static int run_remove(struct command_call *call)
{
    static const struct removal what = {"resource", "resource", "uri", scopes_resource_remove, ""};
    return removal_run(call, &what);
}

/* clang-format off */
const struct command cmd_resource[] = {
    {"add",    "URI", options_add, run_add,    "Register a service that tokens can be made for"},
    {"edit",   "URI", options_edit, run_edit,  "Change a resource's name or scopes"},
    {"list",   NULL,  NULL,        run_list,   "List resources"},
    {"remove", "URI", NULL,        run_remove, "Remove a resource; no more tokens are made for it"},
    COMMAND_END,
};
/* clang-format on */
