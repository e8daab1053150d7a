/* SPDX-License-Identifier: MIT
 * cmd_version: `jeton version`. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "base/banned.h"

static int run_version(struct command_call *call)
{
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "name", STR("jeton"));
    json_put_text(call->arena, j, "version", STR(JETON_VERSION));
    return output_done(call, j, "jeton %s", JETON_VERSION);
}

/* clang-format off */
const struct command cmd_version[] = {
    {NULL, NULL, NULL, run_version, "Print the version"},
    COMMAND_END,
};
/* clang-format on */
