/* SPDX-License-Identifier: MIT
 * cmd_check: `jeton check`: is the database whole, and do settings and keys fit it? Relies on the store and on
 * context/authority. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/site.h"
#include "codec/text.h"
#include <stdio.h>
#include "base/banned.h"

static int run_check(struct command_call *call)
{
    struct site *site;
    str report = STR_ABSENT;
    int status = site_open_db(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = store_check(site->store, call->arena, &report);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    status = site_enter(call, site); /* do the keys open with the master key? */
    if (status != COMMAND_DONE)
        return status;
    json *j = json_object_new(call->arena);
    json_put_boolean(call->arena, j, "ok", true);
    if (!text_available())
        (void)fprintf(stderr,
                      "jeton: warning: the package libicu72 is missing: users with non-ASCII names or passwords cannot log in, and no users can be added\n");
    output_lines(call, j, "report", report);
    if (call->json)
        return output_value(call, j, NULL);
    bool ended = report.n > 0 && report.p[report.n - 1] == '\n';
    str parts[] = {report, ended ? STR("") : STR("\n")};
    str text = str_join(call->arena, parts, 2);
    return str_present(text) ? output_text(call, "report", text) : command_refuse(call, "no memory");
}

/* clang-format off */
const struct command cmd_check[] = {
    {NULL, NULL, NULL, run_check, "Check the database: its integrity, references, counts and keys"},
    COMMAND_END,
};
/* clang-format on */
