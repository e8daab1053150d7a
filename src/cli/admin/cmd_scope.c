/* SPDX-License-Identifier: MIT
 * cmd_scope: `jeton scope`: what tokens may be good for. Relies on scope/scopes and the facts in memory. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/admin/removal.h"
#include "cli/site.h"
#include "scope/scopes.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"description", OPTION_TEXT, "TEXT", 1, 0, "what people read when they are asked to agree"},
    OPTION_LAST,
};
/* clang-format on */

static json *scope_json(struct command_call *call, const struct db_scope *scope)
{
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "name", scope->name);
    json_put_text(call->arena, j, "description", scope->description);
    json_put_boolean(call->arena, j, "builtin", scope->builtin);
    output_time(call, j, "created_at", scope->created_at);
    return j;
}
static int run_add(struct command_call *call)
{
    struct site *site;
    struct problems p = {0};
    str name = command_argument(call, 0);
    if (!options_has(&call->options, "description"))
        return command_misused(call, "scope add needs --description TEXT");
    int status = site_open(call, SITE_MAKE, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = scopes_add(&site->context, &actor_owner, name, options_text(&call->options, "description"), &p);
    if (e.kind == ERR_CONFLICT && p.count == 0)
        return command_refuse(call, "there is already a scope \"%.*s\"", STR_FMT(name));
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = site_changed(call, site);
    const struct db_scope *scope = status == COMMAND_DONE ? cache_scope(site->context.snapshot, name) : NULL;
    if (status == COMMAND_DONE && !scope)
        status = command_refuse(call, "the scope was removed meanwhile");
    return scope ? output_done(call, scope_json(call, scope), "The scope %.*s was added.", STR_FMT(name)) : status;
}
static int run_list(struct command_call *call)
{
    struct site *site;
    size_t count = 0;
    json *list = json_list_new(call->arena);
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    const struct db_scope **scopes = cache_scopes(site->context.snapshot, call->arena, &count);
    for (size_t i = 0; i < count; i++)
        json_add(call->arena, list, scope_json(call, scopes[i]));
    return output_value(call, list, "name description builtin");
}
static int run_remove(struct command_call *call)
{
    static const struct removal what = {"scope", "scope", "name", scopes_remove, ""};
    return removal_run(call, &what);
}

/* clang-format off */
const struct command cmd_scope[] = {
    {"add",    "NAME", options_add, run_add,    "Define a scope"},
    {"list",   NULL,   NULL,        run_list,   "List scopes"},
    {"remove", "NAME", NULL,        run_remove, "Remove a scope that was defined here"},
    COMMAND_END,
};
/* clang-format on */
