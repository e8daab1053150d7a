/* SPDX-License-Identifier: MIT
 * cmd_details: `jeton details`: what clients may ask for in so many words (RFC 9396). Relies on scope/details_types and the facts
 * in memory. */
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "scope/details_types.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"description", OPTION_TEXT, "TEXT",                   1, 0, "Text that users see when they are asked for consent."},
    {"fields",      OPTION_TEXT, "NAME:WORDS;NAME:WORDS",  1, 0,
     "Members in addition to the common ones (locations actions datatypes identifier privileges), each with the label that users see."},
    OPTION_LAST,
};
/* clang-format on */

static json *details_json(struct command_call *call, const struct db_details_type *type)
{
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "type", type->type);
    json_put_text(call->arena, j, "description", type->description);
    output_lines(call, j, "fields", type->fields);
    output_time(call, j, "created_at", type->created_at);
    return j;
}
static err add_details(struct context *ctx, const void *edit, struct problems *p)
{
    return details_types_add(ctx, &actor_owner, edit, p);
}
static json *show_details(struct command_call *call, const struct site *site)
{
    const struct db_details_type *type = cache_details_type(site->context.snapshot, command_argument(call, 0));
    return type ? details_json(call, type) : NULL;
}
static int run_add(struct command_call *call)
{
    static const struct verb_change what = {SITE_MAKE, "type", "The type ", " was added.", add_details, show_details};
    struct details_edit edit = {command_argument(call, 0), options_text(&call->options, "description"), options_text(&call->options, "fields")};
    if (!options_has(&call->options, "description"))
        return command_misused(call, "details add needs --description TEXT");
    return verb_run_change(call, &what, &edit);
}
static err read_details(struct verb_rows *rows)
{
    size_t count = 0;
    const struct db_details_type **types = cache_details_types(rows->site->context.snapshot, rows->call->arena, &count);
    for (size_t i = 0; i < count; i++)
        verb_add_row(rows, details_json(rows->call, types[i]));
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {.open = site_open, .read_page = read_details, .columns = "type description fields"};
    return verb_run_list(call, &what);
}
static err remove_details(struct context *ctx, str type, bool *removed)
{
    return details_types_remove(ctx, &actor_owner, type, removed);
}
static int run_remove(struct command_call *call)
{
    static const struct verb_removal what = {"type",        "to see all of them, run jeton details list", "type", "removed", "The type ", " was removed.",
                                             remove_details};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_details[] = {
    {"add",    "TYPE", options_add, run_add,    "Define a type of authorization details"},
    {"list",   NULL,   NULL,        run_list,   "List the types of authorization details"},
    {"remove", "TYPE", NULL,        run_remove, "Remove a type of authorization details"},
    COMMAND_END,
};
/* clang-format on */
