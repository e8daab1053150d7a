/* SPDX-License-Identifier: MIT
 * cmd_pat: `jeton pat`: personal access tokens. Relies on user/pat; a token is shown once and never again. */
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "user/pat.h"
#include "user/user.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"name",       OPTION_TEXT,   "LABEL",   1, 0, "What the token is for."},
    {"scope",      OPTION_WORDS,  "WORDS",   0, 0, "Scopes of the token."},
    {"expires-in", OPTION_NUMBER, "SECONDS", 1, SETTINGS_CENTURY_HALF, "Lifetime of the token. Default: the server's setting."},
    {"dpop-jkt",   OPTION_TEXT,   "THUMBPRINT", 43, 43, "Thumbprint (RFC 7638) of a key. The token then needs a DPoP proof from that key for each use (RFC 9449)."},
    OPTION_LAST,
};
/* clang-format on */

static json *pat_json(struct command_call *call, const struct db_pat *pat, str token)
{
    struct arena *a = call->arena;
    json *j = json_object_new(a);
    json_put_text(a, j, "id", pat->id);
    if (str_present(token))
        json_put_text(a, j, "token", token);
    json_put_text(a, j, "name", pat->name);
    json_put_words(a, j, "scopes", str_present(pat->scope) ? pat->scope : STR(""));
    if (str_present(pat->jkt))
        json_put_text(a, j, "dpop_jkt", pat->jkt);
    output_time(call, j, "created_at", pat->created_at);
    output_time(call, j, "expires_at", pat->expires_at);
    output_time(call, j, "last_used_at", pat->last_used_at);
    return j;
}
static int run_add(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct db_user *user;
    struct pat_made made;
    struct problems p = {0};
    if (!options_has(o, "name"))
        return command_misused(call, "pat add needs --name LABEL");
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status == COMMAND_DONE)
        status = verb_find_user(call, site, &user);
    if (status != COMMAND_DONE)
        return status;
    struct pat_edit edit = {
        .user = user->id,
        .name = options_text(o, "name"),
        .scopes = options_text(o, "scope"),
        .expires_in = options_number(o, "expires-in", 0),
        .dpop_jkt = options_text(o, "dpop-jkt"),
    };
    err e = pat_add(&site->context, &actor_owner, &edit, &p, &made);
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = output_value(call, pat_json(call, &made.pat, made.token), "id token name scopes expires_at");
    output_note(call, "The token is shown only once. Copy it now.");
    return status;
}
static err read_pats(struct verb_rows *rows)
{
    struct db_pat_rows found;
    TRY(pat_list(&rows->site->context, &actor_owner, rows->owner, &rows->page, &found));
    for (size_t i = 0; i < found.count; i++)
        verb_add_row(rows, pat_json(rows->call, &found.rows[i], STR_ABSENT));
    rows->total = found.total;
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {site_open, verb_find_owner, read_pats, "created_at", "id name scopes created_at expires_at last_used_at", false};
    return verb_run_list(call, &what);
}
static err revoke_pat(struct context *ctx, str id, bool *revoked)
{
    return pat_revoke(ctx, &actor_owner, STR_ABSENT, id, revoked);
}
static int run_revoke(struct command_call *call)
{
    static const struct verb_removal what = {"valid token", "to see the IDs, run jeton pat list USER", "id", "revoked", "The token was revoked.", NULL,
                                             revoke_pat};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_pat[] = {
    {"add",    "USER", options_add, run_add,    "Create a personal access token for a user and print it"},
    {"list",   "USER", NULL,        run_list,   "List a user's valid tokens"},
    {"revoke", "ID",   NULL,        run_revoke, "Revoke a token by its ID"},
    COMMAND_END,
};
/* clang-format on */
