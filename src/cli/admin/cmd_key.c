/* SPDX-License-Identifier: MIT
 * cmd_key: `jeton key`: the keys that sign and seal. Relies on context/authority; private halves are never shown. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/site.h"
#include "base/banned.h"

static int print_keys(struct command_call *call, struct site *site)
{
    struct arena *a = call->arena;
    struct rotation_row *rows = NULL;
    size_t count = 0;
    json *list = json_list_new(a);
    err e = authority_keys_list(&site->context, &rows, &count);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    for (size_t i = 0; i < count; i++) {
        json *j = json_object_new(a);
        json_put_text(a, j, "kid", rows[i].kid);
        json_put_text(a, j, "use", rows[i].use);
        json_put_text(a, j, "alg", rows[i].alg);
        json_put_text(a, j, "state", rows[i].state);
        output_time(call, j, "created_at", rows[i].created_at);
        output_time(call, j, "active_at", rows[i].active_at);
        output_time(call, j, "retired_at", rows[i].retired_at);
        output_time(call, j, "destroy_after", rows[i].destroy_after);
        output_time(call, j, "ready_at", rows[i].ready_at);
        output_time(call, j, "due_at", rows[i].due_at);
        json_add(a, list, j);
    }
    return output_value(call, list, "kid use alg state active_at ready_at due_at retired_at destroy_after");
}
static int run_list(struct command_call *call)
{
    struct site *site;
    int status = site_open(call, SITE_MUST_EXIST, &site);
    return status == COMMAND_DONE ? print_keys(call, site) : status;
}
static int run_rotate(struct command_call *call)
{
    struct site *site;
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = authority_keys_rotate(&site->context, options_has(&call->options, "now") ? ROTATION_NOW : ROTATION_PUBLISHED);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    status = site_changed(call, site);
    return status == COMMAND_DONE ? print_keys(call, site) : status;
}

/* clang-format off */
static const struct option options_rotate[] = {
    {"now", OPTION_FLAG, NULL, 0, 0, "Rotate even if the next keys have not been published for an hour yet. Clients may not know them."},
    OPTION_LAST,
};
const struct command cmd_key[] = {
    {"list",   NULL, NULL, run_list,   "List keys"},
    {"rotate", NULL, options_rotate, run_rotate,
     "Start using the next keys and create new next ones. Old keys still verify what they signed"},
    COMMAND_END,
};
/* clang-format on */
