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
    {"jwks",       OPTION_TEXT,   "FILE",    1, 0,     "The issuer's public keys, as a JWK Set."},
    {"jwks-uri",   OPTION_URL,    "URL",     0, 0,     "The address where the issuer publishes its keys, instead of --jwks."},
    {"subject-is", OPTION_CHOICE, "user_id|username|email|client", 0, 0, "What the sub claim of its assertions contains."},
    {"client",     OPTION_LINES,  "ID",      0, 0,     "A client that may present its assertions. Can be repeated."},
    {"scope",      OPTION_WORDS,  "WORDS",   0, 0,     "Scopes that its assertions may be used for."},
    {"life-max",   OPTION_NUMBER, "SECONDS", 10, 86400, "How long its assertions may be valid. Default: 300."},
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
    static const struct verb_change what = {SITE_MUST_EXIST, "issuer",   "The issuer was added. Its assertions are accepted from now on.", NULL,
                                            add_issuer,      show_issuer};
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
    static const struct verb_removal what = {
        "issuer",      "to see all of them, run jeton issuer list",
        "issuer",      "removed",
        "The issuer ", " was removed. Its assertions are no longer accepted. Tokens already issued for them stay valid until they expire.",
        remove_issuer};
    return verb_run_removal(call, &what);
}

/* clang-format off */
const struct command cmd_issuer[] = {
    {"add",    "ISS", options_add, run_add,    "Trust an issuer: accept its assertions as grants (RFC 7523)"},
    {"list",   NULL,  NULL,        run_list,   "List trusted issuers"},
    {"remove", "ISS", NULL,        run_remove, "Stop trusting an issuer"},
    COMMAND_END,
};
/* clang-format on */
