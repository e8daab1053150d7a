/* SPDX-License-Identifier: MIT
 * cmd_issuer: `jeton issuer`: whose assertions are taken as grants (RFC 7523). Relies on client/issuers, which judges everything. */
#include "cli/admin/client_members.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/admin/removal.h"
#include "cli/site.h"
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

static int run_add(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct problems p = {0};
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
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = issuers_add(&site->context, &actor_owner, &edit, &p);
    if (e.kind == ERR_CONFLICT)
        return command_refuse(call, "there is already an issuer \"%.*s\"", STR_FMT(edit.issuer));
    if (FAILED(e))
        return command_failed(call, e, &p);
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "issuer", edit.issuer);
    return output_done(call, j, "Its assertions are taken.");
}

static int run_list(struct command_call *call)
{
    struct site *site;
    struct db_issuer *rows;
    size_t count = 0;
    json *list = json_list_new(call->arena);
    int status = site_open(call, SITE_MUST_EXIST, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = issuers_list(&site->context, &actor_owner, &rows, &count);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    for (size_t i = 0; i < count; i++)
        json_add(call->arena, list, issuer_json(call, &rows[i]));
    return output_value(call, list, "issuer subject_is clients scopes life_max");
}

static int run_remove(struct command_call *call)
{
    static const struct removal what = {"issuer", "issuer", "issuer", issuers_remove,
                                        " Its assertions are taken no more; tokens that came from them live on to their end."};
    return removal_run(call, &what);
}

/* clang-format off */
const struct command cmd_issuer[] = {
    {"add",    "ISS", options_add, run_add,    "Take an issuer's assertions as grants (RFC 7523)"},
    {"list",   NULL,  NULL,        run_list,   "List trusted issuers"},
    {"remove", "ISS", NULL,        run_remove, "Take an issuer's assertions no more"},
    COMMAND_END,
};
/* clang-format on */
