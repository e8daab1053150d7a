/* SPDX-License-Identifier: MIT
 * cmd_user: `jeton user`: people. Relies on user/user, which judges everything; passwords come by standard input or from a
 * terminal without echo, or are made here and shown once. The first person is made here, by who owns the files: a fresh database
 * has nobody in it, and nothing on the network makes the first one (LS-18). */
#include "cli/admin/verb.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "codec/b64url.h"
#include "crypto/random.h"
#include "user/factors.h"
#include "user/user.h"
#include "base/banned.h"

enum { GENERATED_BYTES = 18 }; /* 144 bits: 24 characters */

/* clang-format off */
/* One option per row of the table of claims. */
#define CLAIM_TEXT(field, label)     {#field, OPTION_TEXT, "TEXT", -1, 0, label " (claim). \"\" removes it."},
#define CLAIM_LINES(field, label)    CLAIM_TEXT(field, label)
#define CLAIM_URL(field, label)      {#field, OPTION_TEXT, "URL", -1, 0, label " (claim). \"\" removes it."},
#define CLAIM_DATE(field, label)     {#field, OPTION_TEXT, "YYYY-MM-DD", -1, 0, label " (claim). \"\" removes it."},
#define CLAIM_ZONE(field, label)     {#field, OPTION_TEXT, "ZONE", -1, 0, label " such as Europe/Paris (claim). \"\" removes it."},
#define CLAIM_LOCALE(field, label)   {#field, OPTION_TEXT, "TAG", -1, 0, label " such as fr-CA (claim). \"\" removes it."},
#define CLAIM_PHONE(field, label)    {#field, OPTION_TEXT, "NUMBER", -1, 0, label ", preferably with the country code (claim). \"\" removes it."},
#define CLAIM_VERIFIED(field, label) {#field, OPTION_CHOICE, "true|false", 0, 0, label " (claim)."},
#define X(claim, parent, field, kind, most, label) CLAIM_##kind(field, label)
static const struct option options_add[] = {
    {"email",          OPTION_TEXT,   "ADDRESS", 1, 0, "E-mail address."},
    {"full-name",      OPTION_TEXT,   "NAME",    1, 0, "Full name."},
    {"admin",          OPTION_FLAG,   NULL,      0, 0, "Make the user an administrator."},
    {"permission",     OPTION_WORDS,  "WORDS",   0, 0, "Permissions, such as view-users."},
    {"password-stdin", OPTION_SECRET, NULL,      0, 0, "Read the password from a line of standard input."},
    {"password-hash-stdin", OPTION_SECRET, NULL, 0, 0, "Read a bcrypt or Argon2 hash from another system. It is upgraded when the user first logs in."},
    {"generate",       OPTION_FLAG,   NULL,      0, 0, "Create a password and print it once."},
    {"must-change-password", OPTION_FLAG, NULL,  0, 0, "The user must choose a new password when they first log in."},
    {"allow-look-alike", OPTION_FLAG, NULL,      0, 0, "Allow a username that looks like another user's."},
    USER_CLAIMS(X)
    OPTION_LAST,
};
static const struct option options_edit[] = {
    {"username",       OPTION_TEXT,   "NAME",    1, 0, "New username."},
    {"email",          OPTION_TEXT,   "ADDRESS", -1, 0, "E-mail address. \"\" removes it."},
    {"full-name",      OPTION_TEXT,   "NAME",    -1, 0, "Full name. \"\" removes it."},
    {"admin",          OPTION_FLAG,   NULL,      0, 0, "Make the user an administrator."},
    {"no-admin",       OPTION_FLAG,   NULL,      0, 0, "The user is no longer an administrator."},
    {"must-change-password", OPTION_FLAG, NULL,  0, 0, "The user must choose a new password when they next log in."},
    {"no-must-change-password", OPTION_FLAG, NULL, 0, 0, "The user may keep their password."},
    {"allow-look-alike", OPTION_FLAG, NULL,      0, 0, "Allow a username that looks like another user's."},
    {"permission",     OPTION_WORDS,  "WORDS",   0, 0, "Permissions, replacing the current ones. \"\" means none."},
    USER_CLAIMS(X)
    OPTION_LAST,
};
#undef X
static const struct option options_list[] = {
    {"filter",         OPTION_TEXT,   "TEXT",    1, 0, "Show only users with this text in their username, e-mail address or full name."},
    OPTION_LAST,
};
static const struct option options_password[] = {
    {"password-stdin", OPTION_SECRET, NULL,      0, 0, "Read the password from a line of standard input."},
    {"generate",       OPTION_FLAG,   NULL,      0, 0, "Create a password and print it once."},
    {"must-change-password", OPTION_FLAG, NULL,  0, 0, "The user must choose another one when they next log in."},
    {"end-tokens",     OPTION_FLAG,   NULL,      0, 0, "Revoke the user's personal access tokens too."},
    OPTION_LAST,
};
static const struct option options_reset[] = {
    {"reason",         OPTION_TEXT,   "TEXT",    1, FACTORS_REASON_MAX, "Why. It is kept in the audit trail."},
    OPTION_LAST,
};
/* clang-format on */

static json *user_json(struct command_call *call, const struct db_user *user)
{
    struct arena *a = call->arena;
    json *j = json_object_new(a);
    json_put_text(a, j, "id", user->id);
    json_put_text(a, j, "username", user->username);
    json_put_text(a, j, "email", user->email);
    json_put_text(a, j, "full_name", user->full_name);
    json_put_boolean(a, j, "admin", user->admin);
    json_put_boolean(a, j, "blocked", user->blocked);
    json_put_boolean(a, j, "must_change_password", user->must_change_password);
    json_put_words(a, j, "second_factors", str_present(user->second_factors) ? user->second_factors : STR(""));
    json_put_words(a, j, "permissions", str_present(user->permissions) ? user->permissions : STR(""));
    output_time(call, j, "created_at", user->created_at);
    output_time(call, j, "updated_at", user->updated_at);
    output_time(call, j, "last_login_at", user->last_login_at);
    if (FAILED(user_claims_put(a, user, j))) /* a damaged row is shown to nobody */
        arena_fail(a);
    return j;
}
static void read_claims(const struct options *o, struct user_claims_edit *claims)
{
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++)
        claims->values[i] = options_text(o, user_claims_table[i].field);
}
/* The password: by standard input, made here, or asked for. Status; *made tells whether it must be shown. */
static int choose_password(struct command_call *call, str *password, bool *made)
{
    const struct options *o = &call->options;
    uint8_t bytes[GENERATED_BYTES];
    if (options_has(o, "generate") && options_has(o, "password-stdin"))
        return command_misused(call, "--generate and --password-stdin cannot be used together");
    *made = options_has(o, "generate");
    if (*made) {
        random_bytes(bytes, sizeof bytes);
        *password = b64url_encode(call->arena, bytes, sizeof bytes);
        secret_wipe(bytes, sizeof bytes);
        return str_present(*password) ? COMMAND_DONE : command_refuse(call, "no memory");
    }
    *password = options_text(o, "password-stdin");
    if (str_present(*password))
        return COMMAND_DONE;
    if (!prompt_possible())
        return command_misused(call, "give the password with --password-stdin, or create one with --generate");
    err e = prompt_fresh(call->arena, "New password", password);
    return FAILED(e) ? command_failed(call, e, NULL) : COMMAND_DONE;
}
static int open_and_find(struct command_call *call, struct site **site, struct db_user **user)
{
    int status = site_open(call, SITE_MUST_EXIST, site);
    return status == COMMAND_DONE ? verb_find_user(call, *site, user) : status;
}
/* The person as they are now. */
static int changed_user(struct command_call *call, struct site *site, str id, struct db_user **user)
{
    int status = site_changed(call, site);
    err e = OK;
    if (status == COMMAND_DONE)
        e = user_find(&site->context, id, user);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    return status;
}

static int run_add(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct db_user *user;
    struct problems p = {0};
    bool made = false;
    struct user_edit edit = {
        .password_hash = options_text(&call->options, "password-hash-stdin"),
        .username = command_argument(call, 0),
        .email = options_text(o, "email"),
        .full_name = options_text(o, "full-name"),
        .admin = options_has(o, "admin"),
        .allow_look_alike = options_has(o, "allow-look-alike"),
        .permissions = options_text(o, "permission"),
        .must_change = options_has(o, "must-change-password") ? USER_MUST_CHANGE_PASSWORD : USER_MUST_CHANGE_AS_IS,
    };
    int status = COMMAND_DONE;
    read_claims(o, &edit.claims);
    if (str_present(edit.password_hash) && (options_has(o, "password-stdin") || options_has(o, "generate")))
        return command_misused(call, "--password-hash-stdin cannot be used with other password options: the user keeps their password");
    if (!str_present(edit.password_hash))
        status = choose_password(call, &edit.password, &made);
    if (status == COMMAND_DONE)
        status = site_open(call, SITE_MAKE, &site);
    if (status != COMMAND_DONE)
        return status;
    err e = user_add(&site->context, &actor_owner, &edit, &p, &user);
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = site_changed(call, site);
    if (status != COMMAND_DONE)
        return status;
    json *j = user_json(call, user);
    if (made)
        json_put_text(call->arena, j, "password", edit.password);
    return output_value(call, j, made ? "id username admin password" : "id username admin");
}
static int run_edit(struct command_call *call)
{
    const struct options *o = &call->options;
    struct site *site;
    struct db_user *user;
    struct problems p = {0};
    if (options_has(o, "admin") && options_has(o, "no-admin"))
        return command_misused(call, "--admin and --no-admin cannot be used together");
    struct user_edit edit = {
        .username = options_text(o, "username"),
        .email = options_text(o, "email"),
        .full_name = options_text(o, "full-name"),
        .admin = options_has(o, "admin")      ? 1
                 : options_has(o, "no-admin") ? 0
                                              : -1,
        .permissions = options_text(o, "permission"),
        .allow_look_alike = options_has(o, "allow-look-alike"),
        .must_change = options_has(o, "must-change-password")      ? USER_MUST_CHANGE_PASSWORD
                       : options_has(o, "no-must-change-password") ? USER_MUST_CHANGE_NOTHING
                                                                   : USER_MUST_CHANGE_AS_IS,
    };
    read_claims(o, &edit.claims);
    int status = open_and_find(call, &site, &user);
    if (status != COMMAND_DONE)
        return status;
    err e = user_change(&site->context, &actor_owner, user->id, &edit, &p);
    if (e.kind == ERR_CONFLICT && p.count == 0)
        return command_refuse(call, "the user has been changed at the same time; try again");
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = changed_user(call, site, user->id, &user);
    return status == COMMAND_DONE ? output_value(call, user_json(call, user), NULL) : status;
}
static err read_users(struct verb_rows *rows)
{
    struct db_user_rows found;
    TRY(user_list(&rows->site->context, &actor_owner, &rows->page, &found));
    for (size_t i = 0; i < found.count; i++)
        verb_add_row(rows, user_json(rows->call, &found.rows[i]));
    rows->total = found.total;
    return OK;
}
static int run_list(struct command_call *call)
{
    static const struct verb_list what = {site_open, NULL, read_users, "username", "id username email full_name admin blocked created_at", true};
    return verb_run_list(call, &what);
}
static int run_show(struct command_call *call)
{
    struct site *site;
    struct db_user *user;
    int status = open_and_find(call, &site, &user);
    return status == COMMAND_DONE ? output_value(call, user_json(call, user), NULL) : status;
}
static int run_password(struct command_call *call)
{
    struct site *site;
    struct db_user *user;
    struct problems p = {0};
    bool made = false;
    struct user_password_change change = {.end_personal_tokens = options_has(&call->options, "end-tokens"),
                                          .must_change = options_has(&call->options, "must-change-password")};
    int status = open_and_find(call, &site, &user);
    if (status == COMMAND_DONE)
        status = choose_password(call, &change.fresh, &made);
    if (status != COMMAND_DONE)
        return status;
    change.id = user->id;
    err e = user_password(&site->context, &actor_owner, &change, &p);
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = changed_user(call, site, change.id, &user);
    if (status != COMMAND_DONE)
        return status;
    json *j = user_json(call, user);
    if (made)
        json_put_text(call->arena, j, "password", change.fresh);
    if (made)
        return output_value(call, j, "id username password");
    return output_done(call, j, "The password of %.*s was changed. Sessions and authorizations have ended.", STR_FMT(user->username));
}
static int set_blocked(struct command_call *call, bool blocked)
{
    struct site *site;
    struct db_user *user;
    int status = open_and_find(call, &site, &user);
    if (status != COMMAND_DONE)
        return status;
    err e = user_block(&site->context, &actor_owner, user->id, blocked);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    status = changed_user(call, site, user->id, &user);
    if (status != COMMAND_DONE)
        return status;
    return output_done(call, user_json(call, user), "%.*s is %s.", STR_FMT(user->username), blocked ? "blocked" : "no longer blocked");
}
static int run_block(struct command_call *call)
{
    return set_blocked(call, true);
}
static int run_unblock(struct command_call *call)
{
    return set_blocked(call, false);
}
static int run_remove(struct command_call *call)
{
    struct site *site;
    struct db_user *user;
    int status = open_and_find(call, &site, &user);
    if (status != COMMAND_DONE)
        return status;
    err e = user_remove(&site->context, &actor_owner, user->id);
    if (FAILED(e))
        return command_failed(call, e, NULL);
    status = site_changed(call, site);
    if (status != COMMAND_DONE)
        return status;
    json *j = json_object_new(call->arena);
    json_put_text(call->arena, j, "id", user->id);
    json_put_boolean(call->arena, j, "removed", true);
    return output_done(call, j, "%.*s is removed.", STR_FMT(user->username));
}

static err read_factors(struct verb_rows *rows)
{
    struct factors all;
    struct command_call *call = rows->call;
    TRY(factors_list(&rows->site->context, &actor_owner, rows->owner, &all));
    for (size_t i = 0; i < all.count; i++) {
        json *j = json_object_new(call->arena);
        json_put_text(call->arena, j, "id", all.rows[i].id);
        json_put_text(call->arena, j, "kind", all.rows[i].kind);
        json_put_text(call->arena, j, "name", all.rows[i].name);
        output_time(call, j, "created_at", all.rows[i].created_at);
        output_time(call, j, "last_used_at", all.rows[i].last_used_at);
        verb_add_row(rows, j);
    }
    return OK;
}

static int run_factors(struct command_call *call)
{
    static const struct verb_list what = {
        .open = site_open, .find_owner = verb_find_owner, .read_page = read_factors, .columns = "id kind name created_at last_used_at"};
    return verb_run_list(call, &what);
}

static int run_reset_factors(struct command_call *call)
{
    struct site *site;
    struct db_user *user;
    struct problems p = {0};
    int status = open_and_find(call, &site, &user);
    if (status != COMMAND_DONE)
        return status;
    err e = factors_reset(&site->context, &actor_owner, user->id, options_text(&call->options, "reason"), &p);
    if (FAILED(e))
        return command_failed(call, e, &p);
    status = changed_user(call, site, user->id, &user);
    if (status != COMMAND_DONE)
        return status;
    return output_done(call, user_json(call, user), "The second factors of %.*s were removed, and the user was logged out.", STR_FMT(user->username));
}

/* clang-format off */
const struct command cmd_user[] = {
    {"add",      "NAME",       options_add,      run_add,
     "Add a user. Without --password-stdin you are asked for a password"},
    {"list",     NULL,         options_list,     run_list,     "List users"},
    {"show",     "NAME-OR-ID", NULL,             run_show,     "Show one user"},
    {"edit",     "NAME-OR-ID", options_edit,     run_edit,     "Change a user. Options that are not given change nothing"},
    {"password", "NAME-OR-ID", options_password, run_password,
     "Set a new password. This ends the user's sessions and authorizations"},
    {"factors",  "NAME-OR-ID", NULL,             run_factors,  "List a user's second factors"},
    {"reset-factors", "NAME-OR-ID", options_reset, run_reset_factors,
     "Remove the second factors of a user who has lost them. This ends the user's sessions"},
    {"block",    "NAME-OR-ID", NULL,             run_block,
     "Block a user: end their sessions and authorizations, and suspend their personal access tokens"},
    {"unblock",  "NAME-OR-ID", NULL,             run_unblock,  "Unblock a user"},
    {"remove",   "NAME-OR-ID", NULL,             run_remove,   "Remove a user with all of their sessions, authorizations and tokens"},
    COMMAND_END,
};
/* clang-format on */
