/* SPDX-License-Identifier: MIT
 * removal: takes something away by its name, in one way for all nouns. Relies on the directory for whether it may go. */
#include "cli/admin/removal.h"

#include "cli/output.h"
#include "cli/site.h"

#include "base/banned.h"

int removal_run(struct command_call *call, const struct removal *what)
{
    struct site *site;
    bool removed = false;
    str name = command_argument(call, 0);
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = what->remove(&site->context, &actor_owner, name, &removed);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    if (!removed)
        return command_refuse(call, "there is no %s \"%.*s\"; jeton %s list shows which are there", what->thing, STR_FMT(name), what->noun);
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, what->member, name);
    json_put_boolean(call->arena, j, "removed", true);
    return output_done(call, j, "The %s %.*s is removed.%s", what->thing, STR_FMT(name), what->more);
}
