/* SPDX-License-Identifier: MIT
 * cmd_client: `jeton client`: client applications. Relies on client/client, which judges everything; a secret comes by
 * standard input or is made there, and is shown once. */
#include "cli/admin/client_members.h"
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "scope/scopes.h"
#include "client/client.h"
#include "client/profile_fit.h"
#include "client/redirect_rules.h"
#include <stdio.h>
#include "base/banned.h"

/* clang-format off */
#define COMMON_ROWS                                                                                                            \
    {"name",                     OPTION_TEXT,   "NAME",    1, 0, "Name that users see when they are asked for consent."},      \
    {"description",              OPTION_TEXT,   "TEXT",   -1, 0, "A sentence that describes the client."},                     \
    {"grant",                    OPTION_WORDS,  "TYPE",    0, 0,                                                               \
     "authorization_code, password, client_credentials, refresh_token, personal_access, device_code, token_exchange,"          \
     " jwt_bearer, ciba"},                                                                                                     \
    {"no-refresh",               OPTION_FLAG,   NULL,      0, 0,                                                               \
     "No refresh tokens. They are otherwise implied by authorization_code and password."},                                     \
    {"redirect-uri",             OPTION_URLS,   "URI",     0, 0, "Address that answers may be sent to. Compared exactly."},    \
    {"post-logout-redirect-uri", OPTION_URLS,   "URI",     0, 0, "Address that the browser may be sent to after logging out."}, \
    {"scope",                    OPTION_WORDS,  "WORDS",   0, 0, "Scopes that the client may ask for. \"\" means none."},      \
    {"public",                   OPTION_FLAG,   NULL,      0, 0, "Public client: it has no secret and must always use PKCE."}, \
    {"first-party",              OPTION_FLAG,   NULL,      0, 0, "Your own application: users are not asked for consent."}, \
    {"require-pkce",             OPTION_FLAG,   NULL,      0, 0, "Refuse authorization requests without PKCE."},               \
    {"auth-method",              OPTION_CHOICE,                                                                                \
     "client_secret_basic|client_secret_post|client_secret_jwt|private_key_jwt|tls_client_auth|self_signed_tls_client_auth|any|none", \
     0, 0, "How the client authenticates. any means client_secret_basic or client_secret_post."},                              \
    {"owner",                    OPTION_TEXT,   "USER",    1, 0, "The user that the client belongs to."},                      \
    {"access-lifetime",          OPTION_NUMBER, "SECONDS", 0, SETTINGS_ACCESS_MAX,                                             \
     "Lifetime of its access tokens. 0 means the server's setting."},                                                          \
    {"refresh-lifetime",         OPTION_NUMBER, "SECONDS", 0, SETTINGS_CENTURY_HALF,                                           \
     "Lifetime of its refresh tokens. 0 means the server's setting."},                                                         \
    CLIENT_MEMBERS_OPTIONS

static const struct option options_add[] = {
    COMMON_ROWS
    {"compat",                   OPTION_CHOICE, "processmaker", 0, 0, "Accept what scripts written for the ProcessMaker guide send."},
    {"id",                       OPTION_ID,     "ID",      0, 0, "The client ID. Default: one is created."},
    {"secret-stdin",             OPTION_SECRET, NULL,      0, 0,
     "Read the client secret from a line of standard input. Default: one is created."},
    OPTION_LAST,
};
static const struct option options_edit[] = {
    COMMON_ROWS
    {"compat",                   OPTION_CHOICE, "processmaker|none", 0, 0, "Accept what scripts written for the ProcessMaker guide send."},
    {"refresh",                  OPTION_FLAG,   NULL,      0, 0, "Issue refresh tokens again."},
    {"confidential",             OPTION_FLAG,   NULL,      0, 0, "Confidential client: it can keep a secret. Create one with rotate-secret."},
    {"no-first-party",           OPTION_FLAG,   NULL,      0, 0, "Users are asked for consent."},
    {"no-require-pkce",          OPTION_FLAG,   NULL,      0, 0, "Accept authorization requests without PKCE."},
    CLIENT_MEMBERS_OPPOSITES
    OPTION_LAST,
};
static const struct option options_list[] = {
    {"filter",                   OPTION_TEXT,   "TEXT",    1, 0, "Show only clients with this text in their ID or name."},
    OPTION_LAST,
};
static const struct option options_rotate[] = {
    {"overlap",                  OPTION_NUMBER, "SECONDS", 0, SETTINGS_YEAR,
     "How long the old secret keeps working. Default: the server's setting."},
    {"secret-stdin",             OPTION_SECRET, NULL,      0, 0,
     "Read the client secret from a line of standard input. Default: one is created."},
    OPTION_LAST,
};
/* clang-format on */

static void put_lifetime(struct command_call *call, json *j, const char *name, int64_t seconds)
{
    if (seconds > 0)
        json_put_integer(call->arena, j, name, seconds);
    else
        json_put_null(call->arena, j, name);
}
static str or_empty(str words)
{
    return str_present(words) ? words : STR("");
}
/* secret absent: not shown */
static json *client_json(struct command_call *call, const struct db_client *client, str secret)
{
    struct arena *a = call->arena;
    json *j = json_object_new(a);
    json_put_text(a, j, "client_id", client->id);
    if (str_present(secret))
        json_put_text(a, j, "client_secret", secret);
    json_put_text(a, j, "name", client->name);
    json_put_text(a, j, "description", client->description);
    json_put_words(a, j, "grants", or_empty(client->grants));
    output_lines(call, j, "redirect_uris", client->redirect_uris);
    output_lines(call, j, "post_logout_redirect_uris", client->post_logout_redirect_uris);
    json_put_words(a, j, "scopes", or_empty(client->scopes));
    json_put_text(a, j, "auth_method", client->auth_method);
    json_put_boolean(a, j, "public", client->is_public);
    json_put_boolean(a, j, "first_party", client->first_party);
    json_put_boolean(a, j, "require_pkce", client->require_pkce);
    json_put_text(a, j, "compat", client->compat_processmaker ? STR("processmaker") : STR_ABSENT);
    json_put_text(a, j, "owner", client->owner_id);
    put_lifetime(call, j, "access_lifetime", client->access_lifetime);
    put_lifetime(call, j, "refresh_lifetime", client->refresh_lifetime);
    json_put_boolean(a, j, "disabled", client->disabled);
    json_put_integer(a, j, "secret_count", (int64_t)client->secret_count);
    output_time(call, j, "created_at", client->created_at);
    output_time(call, j, "updated_at", client->updated_at);
    metadata_put(a, j, &client->metadata, METADATA_BY_SYSTEM);
    json_put_text(a, j, "scope_policy", scopes_any(client) ? STR("any") : STR("only"));
    json_put(a, j, "warnings", redirect_rules_warnings(a, client));
    return j;
}
/* What to mind about its addresses, on standard error: the answer itself is for scripts. */
static void print_redirect_warnings(struct command_call *call, const struct db_client *client)
{
    const json *list = redirect_rules_warnings(call->arena, client);
    for (size_t i = 0; i < json_count(list); i++)
        (void)fprintf(stderr, "jeton: warning: %.*s\n", STR_FMT(json_text_of(json_at(list, i))));
}
/* -1 when neither option was given; -2 when both were. */
static int read_option_pair(const struct options *o, const char *yes, const char *no)
{
    if (options_has(o, yes) && options_has(o, no))
        return -2;
    return options_has(o, yes) ? 1 : options_has(o, no) ? 0 : -1;
}
static struct client_edit read_edit(const struct options *o)
{
    struct client_edit edit = client_edit_nothing();
    edit.name = options_text(o, "name");
    edit.description = options_text(o, "description");
    edit.grants = options_text(o, "grant");
    edit.redirect_uris = options_text(o, "redirect-uri");
    edit.post_logout_redirect_uris = options_text(o, "post-logout-redirect-uri");
    edit.scopes = options_text(o, "scope");
    edit.auth_method = options_text(o, "auth-method");
    edit.owner = options_text(o, "owner");
    edit.access_lifetime = options_number(o, "access-lifetime", -1);
    edit.refresh_lifetime = options_number(o, "refresh-lifetime", -1);
    if (options_has(o, "no-refresh"))
        edit.refresh = 0;
    if (options_has(o, "compat"))
        edit.compat_processmaker = str_is(options_text(o, "compat"), "processmaker");
    return edit;
}
/* Opens the directory and makes sure that the client of the first argument is there. */
static int open_and_find(struct command_call *call, struct site **site, const struct db_client **client)
{
    str id = command_argument(call, 0);
    int status = site_open(call, SITE_MUST_EXIST, site);
    if (status != COMMAND_DONE)
        return status;
    *client = client_find(&(*site)->context, id);
    if (!*client)
        return command_refuse(call, "there is no client \"%.*s\"; to see all clients, run jeton client list", STR_FMT(id));
    return COMMAND_DONE;
}
/* The client as it is now, after the change that *e tells of. */
static int changed_client(struct command_call *call, struct site *site, err e, const struct db_client **client)
{
    str id = command_argument(call, 0);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    int status = site_changed(call, site);
    if (status != COMMAND_DONE)
        return status;
    *client = client_find(&site->context, id);
    return *client ? COMMAND_DONE : command_refuse(call, "the client \"%.*s\" has been removed in the meantime", STR_FMT(id));
}

static int run_add(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct client_added added;
    struct problems p = {0};
    if (!options_has(o, "name"))
        return command_misused(call, "client add needs --name NAME");
    struct client_edit edit = read_edit(o);
    edit.id = options_text(o, "id");
    edit.secret = options_text(o, "secret-stdin");
    edit.is_public = options_has(o, "public");
    edit.first_party = options_has(o, "first-party");
    edit.require_pkce = options_has(o, "require-pkce");
    const char *wrong = client_members_read(call->arena, o, false, &edit);
    if (wrong)
        return command_misused(call, "%s", wrong);
    if (edit.is_public && str_present(edit.secret))
        return command_misused(call, "--public and --secret-stdin cannot be used together: a public client has no secret");
    int status = site_open(call, SITE_MAKE, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = client_add(&site->context, &actor_owner, &edit, &p, &added);
    if (e.kind == ERR_CONFLICT && p.count == 0)
        return command_refuse(call, "that client ID or name is already in use; choose another one");
    if (FAILED(e))
        return command_failed(call, e, &p);
    print_redirect_warnings(call, added.client);
    status = output_value(call, client_json(call, added.client, added.secret),
                          str_present(added.secret) ? "client_id client_secret name grants scopes" : "client_id name grants scopes");
    if (str_present(added.secret))
        output_note(call, "The secret is shown only once. Copy it now.");
    return status;
}
static int run_edit(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    const struct db_client *client;
    struct problems p = {0};
    struct client_edit edit = read_edit(o);
    int refresh = read_option_pair(o, "refresh", "no-refresh");
    edit.is_public = read_option_pair(o, "public", "confidential");
    edit.first_party = read_option_pair(o, "first-party", "no-first-party");
    edit.require_pkce = read_option_pair(o, "require-pkce", "no-require-pkce");
    if (refresh == -2 || edit.is_public == -2 || edit.first_party == -2 || edit.require_pkce == -2)
        return command_misused(call, "an option and its opposite cannot be used together");
    if (refresh >= 0)
        edit.refresh = refresh;
    const char *wrong = client_members_read(call->arena, o, true, &edit);
    if (wrong)
        return command_misused(call, "%s", wrong);
    int status = open_and_find(call, &site, &client);
    if (status != COMMAND_DONE)
        return status;
    err e = client_change(&site->context, &actor_owner, client->id, &edit, &p);
    if (FAILED(e) && p.count > 0)
        return command_failed(call, e, &p);
    status = changed_client(call, site, e, &client);
    if (status != COMMAND_DONE)
        return status;
    print_redirect_warnings(call, client);
    return output_value(call, client_json(call, client, STR_ABSENT), NULL);
}
static err read_clients(struct verb_rows *rows)
{
    struct client_rows found;
    TRY(client_list(&rows->site->context, &actor_owner, &rows->page, &found));
    for (size_t i = 0; i < found.count; i++)
        verb_add_row(rows, client_json(rows->call, found.rows[i], STR_ABSENT));
    rows->total = found.total;
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {site_open, NULL, read_clients, "name", "client_id name grants public disabled created_at", true};
    return verb_run_list(call, &what);
}
/* For people: what the client is held to, what it meets, and a line for each thing that is missing. */
static int show_profiles(struct command_call *call, const json *fit)
{
    struct buf b = buf_new(call->arena, BUF_LINE_MAX * 4);
    str text, name;
    const json *list;
    void *at = NULL;
    buf_format(&b, "\nmust meet the profile %.*s\n", STR_FMT(json_member_text(fit, "held_to")));
    for (size_t i = 0; i < json_count(json_member(fit, "meets")); i++)
        buf_format(&b, "meets %.*s\n", STR_FMT(json_text_of(json_at(json_member(fit, "meets"), i))));
    while (json_each(json_member(fit, "missing"), &at, &name, &list))
        for (size_t i = 0; i < json_count(list); i++)
            buf_format(&b, "missing for %.*s: %.*s\n", STR_FMT(name), STR_FMT(json_text_of(json_at(list, i))));
    if (FAILED(buf_done(&b, &text)))
        return command_refuse(call, "no memory for the profiles");
    return output_text(call, "profiles", text);
}

static int run_show(struct command_call *call)
{
    struct site *site;
    const struct db_client *client;
    int status = open_and_find(call, &site, &client);
    if (status != COMMAND_DONE)
        return status;
    json *shown = client_json(call, client, STR_ABSENT), *fit = profile_fit_json(&site->context, client);
    if (call->json)
        json_put(call->arena, shown, "profiles", fit);
    status = output_value(call, shown, NULL);
    return status == COMMAND_DONE && !call->json ? show_profiles(call, fit) : status;
}
static int run_rotate(struct command_call *call)
{
    struct site *site;
    const struct db_client *client;
    str secret = STR_ABSENT;
    struct client_rotation how = {
        .overlap = options_number(&call->options, "overlap", -1),
        .secret = options_text(&call->options, "secret-stdin"),
    };
    int status = open_and_find(call, &site, &client);
    if (status != COMMAND_DONE)
        return status;
    err e = client_rotate_secret(&site->context, &actor_owner, client->id, &how, &secret);
    status = changed_client(call, site, e, &client);
    if (status != COMMAND_DONE)
        return status;
    status = output_value(call, client_json(call, client, secret), "client_id client_secret name");
    output_note(call, "The secret is shown only once. Copy it now.");
    return status;
}
static int set_disabled(struct command_call *call, bool disabled)
{
    struct site *site;
    const struct db_client *client;
    int status = open_and_find(call, &site, &client);
    if (status != COMMAND_DONE)
        return status;
    err e = client_set_disabled(&site->context, &actor_owner, client->id, disabled);
    status = changed_client(call, site, e, &client);
    if (status != COMMAND_DONE)
        return status;
    return output_done(call, client_json(call, client, STR_ABSENT), "%.*s is %s.", STR_FMT(client->id),
                       disabled ? "disabled, and all of its tokens and authorizations have been revoked" : "enabled");
}
static int run_disable(struct command_call *call)
{
    return set_disabled(call, true);
}
static int run_enable(struct command_call *call)
{
    return set_disabled(call, false);
}
static err remove_client(struct context *ctx, str id, bool *removed)
{
    err e = client_remove(ctx, &actor_owner, id);
    *removed = !FAILED(e);
    return e.kind == ERR_NOT_FOUND ? OK : e;
}
static int run_remove(struct command_call *call)
{
    static const struct verb_removal what = {"client",      "to see all of them, run jeton client list",
                                             "client_id",   "removed",
                                             "The client ", " was removed, and all of its tokens and authorizations were revoked.",
                                             remove_client};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_client[] = {
    {"add",           NULL, options_add,    run_add,     "Register a client application and print its ID and secret"},
    {"list",          NULL, options_list,   run_list,    "List client applications"},
    {"show",          "ID", NULL,           run_show,    "Show one client application"},
    {"edit",          "ID", options_edit,   run_edit,
     "Change a client application. A list is replaced as a whole; options that are not given change nothing"},
    {"rotate-secret", "ID", options_rotate, run_rotate,  "Create a new secret for a client. The old one keeps working for a while"},
    {"disable",       "ID", NULL,           run_disable, "Disable a client and revoke all of its tokens and authorizations"},
    {"enable",        "ID", NULL,           run_enable,  "Enable a disabled client again"},
    {"remove",        "ID", NULL,           run_remove,  "Remove a client and revoke all of its tokens and authorizations"},
    COMMAND_END,
};
/* clang-format on */
