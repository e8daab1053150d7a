/* SPDX-License-Identifier: MIT
 * cmd_backup: `jeton backup FILE`: a consistent copy while the server runs (ST-04). Relies on the store, which refuses a file
 * that is there already. The master key is not in the copy: whoever finds a backup finds no private key. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/site.h"
#include "base/banned.h"

static int run_backup(struct command_call *call)
{
    struct site *site;
    str file = command_argument(call, 0);
    const char *path = str_z(call->arena, file);
    if (!path || file.n == 0)
        return command_misused(call, "backup needs the name of a file that does not exist yet");
    int status = site_open_db(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = store_backup(site->store, path);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "file", file);
    json_put_text(call->arena, j, "also_needed", str_format(call->arena, "%s/master.key", site->directory));
    return output_done(call, j, "The backup is in %.*s. Back up %s/master.key too, and keep it somewhere else: the keys in the database are sealed with it.",
                       STR_FMT(file), site->directory);
}

/* clang-format off */
const struct command cmd_backup[] = {
    {NULL, "FILE", NULL, run_backup, "Copy the database to a new file, while the server runs"},
    COMMAND_END,
};
/* clang-format on */
