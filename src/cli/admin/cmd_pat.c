/* SPDX-License-Identifier: MIT
 * cmd_pat: `jeton pat`: personal access tokens. Relies on user/pat; a token is shown once and never again. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/site.h"
#include "user/pat.h"
#include "user/user.h"
#include "base/banned.h"

enum { PAGE_ROWS = 100 };

/* clang-format off */
static const struct option options_add[] = {
    {"name",       OPTION_TEXT,   "LABEL",   1, 0, "what it is for"},
    {"scope",      OPTION_WORDS,  "WORDS",   0, 0, "scopes of the token"},
    {"expires-in", OPTION_NUMBER, "SECONDS", 1, SETTINGS_CENTURY_HALF, "lifetime; else the server's setting"},
    {"dpop-jkt",   OPTION_TEXT,   "THUMBPRINT", 43, 43, "of the key that must prove each use (RFC 9449, RFC 7638)"},
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
static int find_owner(struct command_call *call, struct site *site, struct db_user **user)
{
    str name = command_argument(call, 0);
    struct db_user *found = NULL;
    err e = user_find(&site->context, name, &found);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    if (!found)
        return command_refuse(call, "there is no user \"%.*s\"; jeton user list shows who is there", STR_FMT(name));
    *user = found;
    return COMMAND_DONE;
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
        status = find_owner(call, site, &user);
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
    output_note(call, "The token is shown this once and never again.");
    return status;
}
static int run_list(struct command_call *call)
{
    struct site *site;
    struct db_user *user;
    json *list = json_list_new(call->arena);
    struct db_page page = {.order_by = STR("created_at"), .limit = PAGE_ROWS};
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status == COMMAND_DONE)
        status = find_owner(call, site, &user);
    if (status != COMMAND_DONE)
        return status;
    for (;;) {
        struct db_pat_rows rows;
        err e = pat_list(&site->context, &actor_owner, user->id, &page, &rows);
        if (FAILED(e))
            return command_failed(call, e, NULL);
        for (size_t i = 0; i < rows.count; i++)
            json_add(call->arena, list, pat_json(call, &rows.rows[i], STR_ABSENT));
        page.offset += (int64_t)rows.count;
        if (rows.count == 0 || page.offset >= rows.total)
            break;
    }
    return output_value(call, list, "id name scopes created_at expires_at last_used_at");
}
static int run_revoke(struct command_call *call)
{
    struct site *site;
    str id = command_argument(call, 0);
    bool revoked = false;
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = pat_revoke(&site->context, &actor_owner, STR_ABSENT, id, &revoked);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    if (!revoked)
        return command_refuse(call, "there is no live token \"%.*s\"; jeton pat list USER shows the ids", STR_FMT(id));
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "id", id);
    json_put_boolean(call->arena, j, "revoked", true);
    return output_done(call, j, "The token is revoked.");
}

/* clang-format off */
const struct command cmd_pat[] = {
    {"add",    "USER", options_add, run_add,    "Make a personal access token for a person and print it"},
    {"list",   "USER", NULL,        run_list,   "List a person's live tokens"},
    {"revoke", "ID",   NULL,        run_revoke, "Revoke a token by its id"},
    COMMAND_END,
};
/* clang-format on */
