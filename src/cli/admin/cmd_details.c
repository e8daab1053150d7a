/* SPDX-License-Identifier: MIT
 * cmd_details: `jeton details`: what clients may ask for in so many words (RFC 9396). Relies on scope/details_types and the facts
 * in memory. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/admin/removal.h"
#include "cli/site.h"
#include "scope/details_types.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"description", OPTION_TEXT, "TEXT",                   1, 0, "what people read when they are asked to agree"},
    {"fields",      OPTION_TEXT, "NAME:WORDS;NAME:WORDS",  1, 0,
     "members beyond the common ones (locations actions datatypes identifier privileges), each with the words that people read"},
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
static int run_add(struct command_call *call)
{
    struct site *site;
    struct problems p = {0};
    struct details_edit edit = {command_argument(call, 0), options_text(&call->options, "description"), options_text(&call->options, "fields")};
    if (!options_has(&call->options, "description"))
        return command_misused(call, "details add needs --description TEXT");
    int status = site_open(call, SITE_MAKE, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = details_types_add(&site->context, &actor_owner, &edit, &p);
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = site_changed(call, site);
    const struct db_details_type *type = status == COMMAND_DONE ? cache_details_type(site->context.snapshot, edit.type) : NULL;
    if (status == COMMAND_DONE && !type)
        status = command_refuse(call, "the type was removed meanwhile");
    return type ? output_done(call, details_json(call, type), "Details of type %.*s may be asked for.", STR_FMT(edit.type)) : status;
}
static int run_list(struct command_call *call)
{
    struct site *site;
    size_t count = 0;
    json *list = json_list_new(call->arena);
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    const struct db_details_type **types = cache_details_types(site->context.snapshot, call->arena, &count);
    for (size_t i = 0; i < count; i++)
        json_add(call->arena, list, details_json(call, types[i]));
    return output_value(call, list, "type description fields");
}
static int run_remove(struct command_call *call)
{
    static const struct removal what = {"details", "type", "type", details_types_remove, ""};
    return removal_run(call, &what);
}

/* clang-format off */
const struct command cmd_details[] = {
    {"add",    "TYPE", options_add, run_add,    "Define a type of authorization details"},
    {"list",   NULL,   NULL,        run_list,   "List the types of authorization details"},
    {"remove", "TYPE", NULL,        run_remove, "Remove a type of authorization details"},
    COMMAND_END,
};
/* clang-format on */
