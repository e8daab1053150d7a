/* SPDX-License-Identifier: MIT
 * cmd_scope: `jeton scope`: what tokens may be good for. Relies on scope/scopes and the facts in memory. */
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "scope/scopes.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"description", OPTION_TEXT, "TEXT", 1, 0, "Text that users see when they are asked for consent."},
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
struct scope_edit {
    str name, description;
};
static err add_scope(struct context *ctx, const void *edit, struct problems *p)
{
    const struct scope_edit *e = edit;
    return scopes_add(ctx, &actor_owner, e->name, e->description, p);
}
static json *show_scope(struct command_call *call, const struct site *site)
{
    const struct db_scope *scope = cache_scope(site->context.snapshot, command_argument(call, 0));
    return scope ? scope_json(call, scope) : NULL;
}
static int run_add(struct command_call *call)
{
    static const struct verb_change what = {SITE_MAKE, "scope", "The scope ", " was added.", add_scope, show_scope};
    struct scope_edit edit = {command_argument(call, 0), options_text(&call->options, "description")};
    if (!options_has(&call->options, "description"))
        return command_misused(call, "scope add needs --description TEXT");
    return verb_run_change(call, &what, &edit);
}
static err read_scopes(struct verb_rows *rows)
{
    size_t count = 0;
    const struct db_scope **scopes = cache_scopes(rows->site->context.snapshot, rows->call->arena, &count);
    for (size_t i = 0; i < count; i++)
        verb_add_row(rows, scope_json(rows->call, scopes[i]));
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {.open = site_open, .read_page = read_scopes, .columns = "name description builtin"};
    return verb_run_list(call, &what);
}
static err remove_scope(struct context *ctx, str name, bool *removed)
{
    return scopes_remove(ctx, &actor_owner, name, removed);
}
static int run_remove(struct command_call *call)
{
    static const struct verb_removal what = {"scope",     "to see all of them, run jeton scope list", "name", "removed", "The scope ", " was removed.",
                                             remove_scope};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_scope[] = {
    {"add",    "NAME", options_add, run_add,    "Define a scope"},
    {"list",   NULL,   NULL,        run_list,   "List scopes"},
    {"remove", "NAME", NULL,        run_remove, "Remove a scope that you have defined"},
    COMMAND_END,
};
/* clang-format on */
