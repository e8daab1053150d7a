/* SPDX-License-Identifier: MIT
 * cmd_config: `jeton config explain`: every setting, its value, where that came from, its bounds and what it is for. Takes
 * every option of `serve`, so that one can ask what a command line would mean. None of the settings is a secret. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/site.h"
#include <string.h>
#include "base/banned.h"

enum { NAME_MAX_BYTES = 64 };

static const char *const sources[] = {"default", "file", "environment", "option"};

static str other_name(struct command_call *call, const char *name, bool option)
{
    char text[NAME_MAX_BYTES];
    size_t n = 0;
    for (; name[n] != '\0' && n + 1 < sizeof text; n++) {
        char c = name[n];
        text[n] = option ? (c == '_' ? '-' : c) : (c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c);
    }
    text[n] = '\0';
    return str_format(call->arena, option ? "--%s" : "JETON_%s", text);
}
static json *row_json(struct command_call *call, const struct settings *settings, size_t row)
{
    struct arena *a = call->arena;
    const struct settings_row *r = &settings_rows[row];
    json *j = json_object_new(a);
    json_put_text(a, j, "name", str_of(r->name));
    bool secret = row == SETTINGS_database && settings_has_password(settings->text[row]);
    json_put_text(a, j, "value", secret ? STR("(not shown: it contains a password)") : settings->text[row]);
    json_put_text(a, j, "source", str_of(sources[settings->source[row]]));
    json_put_text(a, j, "default", str_of(r->fallback));
    json_put_text(a, j, "form", str_of(r->shape));
    if (r->kind == SETTINGS_NUMBER) {
        json_put_integer(a, j, "least", r->least);
        json_put_integer(a, j, "most", r->most);
    }
    json_put_text(a, j, "environment", other_name(call, r->name, false));
    json_put_text(a, j, "option", other_name(call, r->name, true));
    json_put_text(a, j, "taken", r->when == SETTINGS_AT_START ? STR("at start") : STR("on SIGHUP"));
    json_put_text(a, j, "help", str_of(r->sentence));
    return j;
}
static int run_explain(struct command_call *call)
{
    struct settings *settings = ARENA_NEW(call->arena, struct settings);
    struct problems p = {0};
    json *list = json_list_new(call->arena);
    if (!settings)
        return command_refuse(call, "no memory");
    int status = site_settings(call, settings);
    if (status != COMMAND_DONE)
        return status;
    err e = settings_judge(call->arena, settings, &p);
    if (FAILED(e))
        return command_failed(call, e, &p);
    for (size_t row = 0; row < SETTINGS_COUNT; row++)
        json_add(call->arena, list, row_json(call, settings, row));
    if (str_present(settings->file) && !call->json)
        output_note(call, str_format(call->arena, "file: %.*s", STR_FMT(settings->file)).p);
    return output_value(call, list, "name value source default form taken help");
}

/* clang-format off */
const struct command cmd_config[] = {
    {"explain", NULL, cmd_serve_options, run_explain,
     "Show every setting: its value, where the value came from, the default, and what it is for"},
    COMMAND_END,
};
/* clang-format on */
