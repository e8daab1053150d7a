/* SPDX-License-Identifier: MIT
 * cmd_serve: `jeton serve`: every setting is an option. Relies on settings for all that can be wrong with them; the server
 * itself is given by main, because this floor lies beside it and not above. */
#include "cli/nouns.h"
#include "cli/site.h"
#include "base/banned.h"

const struct option cmd_serve_options[] = {
#define X(name, kind, fallback, least, most, shape, check, ...) {#name, OPTION_SETTING, shape, 0, 0, SETTINGS_SENTENCE(__VA_ARGS__)},
    SETTINGS(X)
#undef X
        OPTION_LAST,
};

static int run_serve(struct command_call *call)
{
    struct problems p = {0};
    struct settings *settings = ARENA_NEW(call->arena, struct settings);
    if (!settings)
        return command_refuse(call, "no memory");
    if (call->json)
        return command_misused(call, "serve does not take --json: it prints one line when it is ready");
    int status = site_settings(call, settings);
    if (status != COMMAND_DONE)
        return status;
    err e = settings_judge(call->arena, settings, &p);
    if (FAILED(e))
        return command_failed(call, e, &p);
    return call->world->serve(settings, call->arena);
}

/* clang-format off */
const struct command cmd_serve[] = {
    {NULL, NULL, cmd_serve_options, run_serve, "Run the server until it receives SIGTERM. It prints one line when it is ready"},
    COMMAND_END,
};
/* clang-format on */
