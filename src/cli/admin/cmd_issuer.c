/* SPDX-License-Identifier: MIT
 * cmd_issuer: `jeton issuer`: whose assertions are taken as grants (RFC 7523). Relies on client/issuers, which judges everything. */
#include "cli/admin/client_members.h"
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "client/issuers.h"
#include "base/banned.h"

/* clang-format off */
static const struct option options_add[] = {
    {"jwks",       OPTION_TEXT,   "FILE",    1, 0,     "its public keys as a JWK Set"},
    {"jwks-uri",   OPTION_URL,    "URL",     0, 0,     "or the address where it publishes them"},
    {"subject-is", OPTION_CHOICE, "user_id|username|email|client", 0, 0, "what the sub of its assertions names"},
    {"client",     OPTION_LINES,  "ID",      0, 0,     "a client that may bring its assertions; may repeat"},
    {"scope",      OPTION_WORDS,  "WORDS",   0, 0,     "scopes that its assertions may reach"},
    {"life-max",   OPTION_NUMBER, "SECONDS", 10, 86400, "how long its assertions may live; 300 without this"},
    OPTION_LAST,
};
/* clang-format on */
enum { LIFE_DEFAULT = 300 };

static json *issuer_json(struct command_call *call, const struct db_issuer *issuer)
{
    struct arena *a = call->arena;
    json *j = json_object_new(a), *clients = json_list_new(a);
    str line;
    json_put_text(a, j, "issuer", issuer->issuer);
    json_put_text(a, j, "subject_is", issuer->subject_is);
    for (str rest = issuer->client_ids; str_filled(rest) && str_next(&rest, '\n', &line);)
        json_add_text(a, clients, line);
    json_put(a, j, "clients", clients);
    json_put_words(a, j, "scopes", issuer->scopes);
    json_put_integer(a, j, "life_max", issuer->life_max);
    json_put_text(a, j, "jwks_uri", issuer->jwks_uri);
    output_time(call, j, "created_at", issuer->created_at);
    return j;
}

static err add_issuer(struct context *ctx, const void *edit, struct problems *p)
{
    return issuers_add(ctx, &actor_owner, edit, p);
}
static json *show_issuer(struct command_call *call, const struct site *site)
{
    (void)site;
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "issuer", command_argument(call, 0));
    return j;
}
static int run_add(struct command_call *call)
{
    static const struct verb_change what = {SITE_MUST_EXIST, "issuer", "Its assertions are taken.", NULL, add_issuer, show_issuer};
    const struct options *o = &call->options;
    struct issuer_edit edit = {
        .issuer = command_argument(call, 0),
        .jwks_uri = options_text(o, "jwks-uri"),
        .subject_is = options_text(o, "subject-is"),
        .clients = options_text(o, "client"),
        .scopes = options_text(o, "scope"),
        .life_max = options_number(o, "life-max", LIFE_DEFAULT),
    };
    if (!options_has(o, "subject-is") || options_has(o, "jwks") == options_has(o, "jwks-uri"))
        return command_misused(call, "issuer add needs --subject-is, and --jwks FILE or --jwks-uri URL");
    if (options_has(o, "jwks")) {
        const char *trouble = client_members_keys(call->arena, options_text(o, "jwks"), &edit.jwks);
        if (trouble != NULL)
            return command_misused(call, "%s", trouble);
    }
    return verb_run_change(call, &what, &edit);
}

static err read_issuers(struct verb_rows *rows)
{
    struct db_issuer *issuers;
    size_t count = 0;
    TRY(issuers_list(&rows->site->context, &actor_owner, &issuers, &count));
    for (size_t i = 0; i < count; i++)
        verb_add_row(rows, issuer_json(rows->call, &issuers[i]));
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {.open = site_open, .read_page = read_issuers, .columns = "issuer subject_is clients scopes life_max"};
    return verb_run_list(call, &what);
}
static err remove_issuer(struct context *ctx, str issuer, bool *removed)
{
    return issuers_remove(ctx, &actor_owner, issuer, removed);
}
static int run_remove(struct command_call *call)
{
    static const struct verb_removal what = {"issuer",      "jeton issuer list shows which are there",
                                             "issuer",      "removed",
                                             "The issuer ", " is removed. Its assertions are taken no more; tokens that came from them live on to their end.",
                                             remove_issuer};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_issuer[] = {
    {"add",    "ISS", options_add, run_add,    "Take an issuer's assertions as grants (RFC 7523)"},
    {"list",   NULL,  NULL,        run_list,   "List trusted issuers"},
    {"remove", "ISS", NULL,        run_remove, "Take an issuer's assertions no more"},
    COMMAND_END,
};
/* clang-format on */
