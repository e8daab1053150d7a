/* SPDX-License-Identifier: MIT
 * cmd_registration: `jeton registration`: initial access tokens, with which software registers itself. Relies on registration/initial. */
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "registration/initial.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"label",      OPTION_TEXT,   "TEXT",    1, 0,             "Who or what the token is for."},
    {"uses",       OPTION_NUMBER, "NUMBER",  1, 1000000,       "How many clients may be registered with it. Default: no limit."},
    {"expires-in", OPTION_NUMBER, "SECONDS", 1, 315360000,     "How long it is valid. Default: it never expires."},
    {"grant",      OPTION_WORDS,  "TYPE",    0, 0,             "Grants that may be registered with it. Default: the server's setting."},
    {"scope",      OPTION_WORDS,  "WORDS",   0, 0,             "Scopes that may be registered with it. Default: the server's setting."},
    OPTION_LAST,
};
/* clang-format on */

static json *token_json(struct command_call *call, const struct db_initial *row, str token)
{
    struct arena *a = call->arena;
    json *j = json_object_new(a);
    json_put_text(a, j, "id", row->id);
    if (str_present(token))
        json_put_text(a, j, "token", token);
    json_put_text(a, j, "label", row->label);
    json_put_words(a, j, "grants", str_present(row->grants) ? row->grants : STR(""));
    json_put_words(a, j, "scopes", str_present(row->scopes) ? row->scopes : STR(""));
    if (row->uses_left >= 0)
        json_put_integer(a, j, "uses_left", row->uses_left);
    else
        json_put_null(a, j, "uses_left");
    output_time(call, j, "created_at", row->created_at);
    output_time(call, j, "expires_at", row->expires_at);
    return j;
}
static int run_add(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct problems p = {0};
    struct initial_made made;
    if (!options_has(o, "label"))
        return command_misused(call, "registration add needs --label TEXT");
    struct initial_edit edit = {.label = options_text(o, "label"),
                                .grants = options_text(o, "grant"),
                                .scopes = options_text(o, "scope"),
                                .uses = options_number(o, "uses", 0),
                                .life = options_number(o, "expires-in", 0)};
    int status = site_open(call, SITE_MAKE, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = initial_add(&site->context, &actor_owner, &edit, &p, &made);
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = output_value(call, token_json(call, made.row, made.token), "id token label");
    output_note(call, "The token is shown only once. Copy it now.");
    return status;
}
static err read_tokens(struct verb_rows *rows)
{
    struct db_initial_rows found;
    TRY(initial_list(&rows->site->context, &actor_owner, &found));
    for (size_t i = 0; i < found.count; i++)
        verb_add_row(rows, token_json(rows->call, &found.rows[i], STR_ABSENT));
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {.open = site_open, .read_page = read_tokens, .columns = "id label uses_left expires_at"};
    return verb_run_list(call, &what);
}
static err remove_token(struct context *ctx, str id, bool *removed)
{
    err e = initial_remove(ctx, &actor_owner, id);
    *removed = !FAILED(e);
    return e.kind == ERR_NOT_FOUND ? OK : e;
}
static int run_remove(struct command_call *call)
{
    static const struct verb_removal what = {
        "initial access token", "to see all of them, run jeton registration list", "id", "removed", "The initial access token ", " was removed.", remove_token};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_registration[] = {
    {"add",    NULL, options_add, run_add,    "Create an initial access token and print it"},
    {"list",   NULL, NULL,        run_list,   "List initial access tokens"},
    {"remove", "ID", NULL,        run_remove, "Remove an initial access token. Clients that were registered with it stay"},
    COMMAND_END,
};
/* clang-format on */
