/* SPDX-License-Identifier: MIT
 * user: people: found, listed, added, changed, blocked, removed. Relies on the store for uniqueness, optimistic locking and the
 * last administrator (AD-07), on actor for permissions. Promises: nobody but an administrator changes rights or touches an
 * administrator (AD-04); what a block or removal ends, ends at once in memory too; every change leaves an event without
 * secrets.
 *
 *   user_add ──▶ [active] ──user_block(true)──▶ [blocked] ──user_block(false)──▶ [active]
 *   [active], [blocked] ──user_remove──▶ gone (a tombstone keeps the id)
 */
#include "user/user.h"

#include "base/ascii.h"
#include "codec/text.h"
#include "codec/utf8.h"
#include "crypto/password.h"
#include "context/check.h"
#include "scope/scopes.h"
#include "user/user_names.h"
#include "store/table/db_authorization.h"

#include "base/banned.h"

enum { TRIES = 3 };

struct rights {
    bool admin;       /* may change rights */
    bool edit;        /* may change this person as others */
    bool self;        /* is this person */
    bool email_moved; /* the edit gives another address */
};

static struct rights rights_over(const struct actor *by, const struct db_user *user, const char *permission)
{
    struct rights may = {.admin = actor_is_admin(by), .self = actor_may_self(by, user->number, "edit-own-profile")};
    may.edit = actor_may(by, permission) && (!user->admin || may.admin);
    return may;
}

/* The row itself. Who lacks the permission does not learn whether the id exists. */
static fallible load_user_row(struct context *ctx, const struct actor *by, str id, const char *permission, struct db_user **out)
{
    struct db_user *user = NULL;
    TRY(db_user_by_id(ctx->tx, ctx->arena, id, &user));
    if (user == NULL) {
        if (!actor_may(by, permission))
            FAIL(INSUFFICIENT_SCOPE, "a permission over people is needed");
        FAIL(NOT_FOUND, "no such person");
    }
    *out = user;
    return OK;
}

static fallible judge_full_name(struct context *ctx, str name, struct problems *p, str *kept)
{
    size_t before = p->count;
    check_text(ctx->arena, name, &(struct check_text){"full_name", SAY("The full name"), 0, CHECK_NAME_MAX}, p);
    *kept = name;
    return p->count == before ? text_nfc(ctx->arena, name, kept) : OK;
}

/* Permissions are built-in scopes; anything else would be a right that nobody checks. */
static fallible judge_permissions(struct context *ctx, str words, struct problems *p, str *out)
{
    str folded, word;
    err e = check_fold(ctx->arena, words, ' ', &folded);
    if (e.kind == ERR_UNPROCESSABLE) {
        problem_add(p, "permissions", STR("The list of permissions is too long."));
        return OK;
    }
    TRY(e);
    str rest = folded;
    size_t wrong = 0;
    while (wrong < 4 && rest.n > 0 && str_next(&rest, ' ', &word)) {
        const struct db_scope *scope = cache_scope(ctx->snapshot, word);
        if (scope != NULL && scope->builtin && !scope->identity && !scope->own)
            continue;
        wrong++;
        if (utf8_no_controls(word) && word.n <= 128)
            problem_tell(p, "permissions", ctx->arena, &MESSAGE("The permission `{permission}` is unknown.", MESSAGE_TEXT("permission", word)));
        else
            problem_add(p, "permissions", STR("A permission is unknown."));
    }
    *out = folded;
    return OK;
}

/* Is its setting known, or is there room for one more? */
static bool setting_fits(const struct context *ctx, str hash)
{
    size_t count;
    const str *settings = cache_password_settings(ctx->snapshot, &count);
    bool known = !password_foreign(hash);
    for (size_t i = 0; i < count && !known; i++)
        known = str_equal(settings[i], password_setting(hash));
    return known || count < DB_PASSWORD_SETTINGS_MAX;
}

static fallible judge_new(struct context *ctx, const struct user_edit *edit, struct problems *p, struct db_user *next)
{
    next->username = edit->username;
    next->email = STR("");
    next->full_name = STR("");
    next->admin = edit->admin > 0;
    next->must_change_password = edit->must_change == USER_MUST_CHANGE_PASSWORD;
    next->permissions = STR("");
    next->created_at = next->updated_at = ctx->now;
    next->version = 1;
    if (!str_filled(edit->username))
        problem_add(p, "username", STR("A username is required."));
    else
        TRY(user_names_username(ctx, edit->username, p, &next->username));
    if (str_present(edit->email))
        TRY(user_names_email(ctx, edit->email, p, &next->email));
    if (str_present(edit->full_name))
        TRY(judge_full_name(ctx, edit->full_name, p, &next->full_name));
    if (str_present(edit->permissions))
        TRY(judge_permissions(ctx, edit->permissions, p, &next->permissions));
    if (str_present(edit->password))
        user_password_judge(ctx, edit->password, edit->username, "password", p);
    if (str_present(edit->password_hash) && !password_hash_known(edit->password_hash))
        problem_add(p, "password_hash", STR("This is not a bcrypt or Argon2 hash that can be verified here."));
    else if (str_present(edit->password_hash) && !password_hash_bearable(edit->password_hash))
        problem_add(p, "password_hash",
                    STR("This hash is too expensive: every login would have to do its work (at most 16 times our own Argon2id, bcrypt up to cost 13). Give the "
                        "user a new password instead."));
    else if (str_present(edit->password_hash) && !setting_fits(ctx, edit->password_hash))
        problem_add(
            p, "password_hash",
            STR("There are already hashes with eight other settings here, and every login does the work of each. Give the user a new password instead."));
    TRY(user_claims_change(ctx->arena, STR_ABSENT, &edit->claims, p, &next->claims));
    TRY(problem_result(p));
    return user_names_verdict(ctx, next);
}

fallible user_add(struct context *ctx, const struct actor *by, const struct user_edit *edit, struct problems *p, struct db_user **out)
{
    if (!actor_may(by, "create-users"))
        FAIL(INSUFFICIENT_SCOPE, "create-users is needed");
    if ((edit->admin > 0 || str_filled(edit->permissions)) && !actor_is_admin(by)) /* AD-04 */
        FAIL(INSUFFICIENT_SCOPE, "only an administrator gives rights");
    if (str_present(edit->password_hash) && by->kind != ACTOR_OWNER)
        FAIL(INSUFFICIENT_SCOPE, "hashes are brought in by the command line alone");
    struct db_user *next = ARENA_NEW(ctx->arena, struct db_user);
    if (next == NULL)
        FAIL(UNAVAILABLE, "memory");
    TRY(judge_new(ctx, edit, p, next));
    if (str_present(edit->password_hash)) {
        next->password_hash = edit->password_hash;
        next->password_changed_at = ctx->now;
        if (password_foreign(edit->password_hash)) /* LS-11: before there is anybody whose login would take another time */
            TRY(db_password_setting_add(ctx->tx, password_setting(edit->password_hash)));
    }
    if (str_present(edit->password)) {
        char hash[PASSWORD_HASH_MAX];
        str password;
        TRY(text_password(ctx->arena, edit->password, &password)); /* RFC 8265 4 */
        TRY(password_hash(password, hash));
        next->password_hash = str_dup(ctx->arena, str_of(hash));
        next->password_changed_at = ctx->now;
    }
    TRY(check_arena(ctx->arena));
    struct db_user_clash clash = {.look_alike_wanted = edit->allow_look_alike};
    TRY(user_names_saved(ctx, db_user_add(ctx->tx, ctx->arena, next, &clash), &clash, p));
    str detail = next->admin                     ? STR("an administrator")
                 : str_filled(next->permissions) ? str_format(ctx->arena, "permissions: %.*s", STR_FMT(next->permissions))
                                                 : STR("no permissions");
    if (edit->allow_look_alike)
        detail = str_join(ctx->arena, (const str[]){detail, STR("; the username may look like another's")}, 2);
    check_event(ctx, by, "user.added", &(struct authority_event_facts){.subject = next->id, .detail = detail}); /* AD-07 */
    *out = next;
    return OK;
}

static bool is_text_changed(str wanted, str present)
{
    return str_present(wanted) && !str_equal(wanted, str_present(present) ? present : STR(""));
}

/* The fields of a person's own; each that changes is named in `changed` for the audit trail. */
static fallible change_profile(struct context *ctx, const struct actor *by, const struct user_edit *edit, const struct rights *may, struct db_user *next)
{
    if (is_text_changed(edit->username, next->username)) {
        if (!may->edit) /* AD-04 */
            FAIL(INSUFFICIENT_SCOPE, "a person does not change the own username");
        next->username = edit->username;
    }
    if (is_text_changed(edit->email, next->email)) {
        if (!may->edit && !actor_recent(ctx, by)) /* LS-13 */
            REFUSE(INSUFFICIENT_AUTHENTICATION, "Please enter your password again first.", "an own e-mail address without a fresh password");
        next->email = edit->email;
    }
    if (is_text_changed(edit->full_name, next->full_name))
        next->full_name = edit->full_name;
    return OK;
}

/* A verdict is somebody else's: the person cannot give it, and loses it with a new address or number. */
static fallible judge_verdict(str *wanted, str present, const struct rights *may, bool moved)
{
    bool is = str_is(present, "true");
    if (moved && (!may->edit || !str_present(*wanted)))
        *wanted = STR("false");
    if (!may->edit && str_is(*wanted, "true") != is && str_present(*wanted) && !moved) /* AD-04 */
        FAIL(INSUFFICIENT_SCOPE, "a person does not vouch for the own address or number");
    return OK;
}

static fallible change_claims(struct context *ctx, const struct user_edit *edit, const struct rights *may, struct problems *p, struct db_user *next)
{
    struct user_claims_edit claims = edit->claims, present;
    bool email_moved = may->email_moved;
    TRY(user_claims_values(ctx->arena, next, &present));
    bool phone_moved = is_text_changed(claims.values[USER_CLAIMS_phone_number], present.values[USER_CLAIMS_phone_number]);
    TRY(judge_verdict(&claims.values[USER_CLAIMS_email_verified], present.values[USER_CLAIMS_email_verified], may, email_moved));
    TRY(judge_verdict(&claims.values[USER_CLAIMS_phone_number_verified], present.values[USER_CLAIMS_phone_number_verified], may, phone_moved));
    return user_claims_change(ctx->arena, next->claims, &claims, p, &next->claims);
}

/* Demanded of others, and lifted by others: nobody gets round their own. */
static fallible change_demand(const struct user_edit *edit, const struct rights *may, struct db_user *next)
{
    bool wanted = edit->must_change == USER_MUST_CHANGE_PASSWORD;
    if (edit->must_change == USER_MUST_CHANGE_AS_IS || wanted == next->must_change_password)
        return OK;
    if (!may->edit)
        FAIL(INSUFFICIENT_SCOPE, "a person does not lift the demand for a new password");
    next->must_change_password = wanted;
    return OK;
}

static fallible change_rights(struct context *ctx, const struct user_edit *edit, const struct rights *may, struct problems *p, struct db_user *next)
{
    if (edit->admin >= 0 && (edit->admin > 0) != next->admin) {
        if (!may->admin) /* AD-04 */
            FAIL(INSUFFICIENT_SCOPE, "only an administrator makes administrators");
        next->admin = edit->admin > 0;
    }
    if (!str_present(edit->permissions))
        return OK;
    size_t before = p->count;
    str folded = STR("");
    TRY(judge_permissions(ctx, edit->permissions, p, &folded));
    if (p->count == before && !is_text_changed(folded, next->permissions))
        return OK;
    if (!may->admin) /* AD-04 */
        FAIL(INSUFFICIENT_SCOPE, "only an administrator gives permissions");
    next->permissions = folded;
    return OK;
}

static str changed_fields(struct context *ctx, const struct db_user *was, const struct db_user *is)
{
    struct buf b = buf_new(ctx->arena, CHECK_LIST_BYTES * 2);
    if (!str_equal(was->username, is->username))
        buf_add_z(&b, "username ");
    if (is_text_changed(is->email, was->email))
        buf_add_z(&b, "email ");
    if (is_text_changed(is->full_name, was->full_name))
        buf_add_z(&b, "full_name ");
    if (!str_equal(str_present(was->claims) ? was->claims : STR(""), str_present(is->claims) ? is->claims : STR("")))
        buf_add_z(&b, "claims ");
    if (was->must_change_password != is->must_change_password)
        buf_add_z(&b, is->must_change_password ? "password must be changed " : "password need not be changed ");
    if (was->admin != is->admin)
        buf_add_z(&b, is->admin ? "administrator now " : "administrator no longer ");
    if (is_text_changed(is->permissions, was->permissions))
        buf_format(&b, "permissions now: %.*s", STR_FMT(is->permissions));
    str detail = STR_ABSENT;
    err e = buf_done(&b, &detail);
    return FAILED(e) ? STR_ABSENT : detail;
}

/* The store keeps the last administrator: said at the field that asked for it. */
static fallible explain_last_admin(err e, const char *field, struct problems *p)
{
    if (e.kind != ERR_UNPROCESSABLE)
        return e;
    problem_add(p, field, STR("This is the last administrator who can log in; appoint another one first."));
    return problem_result(p);
}

fallible user_change(struct context *ctx, const struct actor *by, str id, const struct user_edit *edit, struct problems *p)
{
    struct db_user *user = NULL;
    TRY(load_user_row(ctx, by, id, "edit-users", &user));
    struct rights may = rights_over(by, user, "edit-users");
    if (!may.edit && !may.self)
        FAIL(INSUFFICIENT_SCOPE, "edit-users is needed");
    if (edit->version != 0 && edit->version != user->version) /* AD-05 */
        FAIL(CONFLICT, "the person was changed meanwhile");
    struct db_user next = *user;
    TRY(change_profile(ctx, by, edit, &may, &next));
    TRY(change_rights(ctx, edit, &may, p, &next));
    TRY(change_demand(edit, &may, &next));
    may.email_moved = is_text_changed(next.email, user->email);
    TRY(change_claims(ctx, edit, &may, p, &next));
    if (!str_equal(next.username, user->username))
        TRY(user_names_username(ctx, next.username, p, &next.username));
    if (is_text_changed(next.email, user->email))
        TRY(user_names_email(ctx, next.email, p, &next.email));
    if (is_text_changed(next.full_name, user->full_name))
        TRY(judge_full_name(ctx, next.full_name, p, &next.full_name));
    TRY(problem_result(p));
    next.updated_at = ctx->now;
    TRY(user_names_verdict(ctx, &next));
    struct db_user_clash clash = {.look_alike_wanted = edit->allow_look_alike && may.edit};
    TRY(user_names_saved(ctx, explain_last_admin(db_user_save(ctx->tx, ctx->arena, &next, &clash), "admin", p), &clash, p));
    str detail = changed_fields(ctx, user, &next);
    if (clash.look_alike_wanted)
        detail = str_join(ctx->arena, (const str[]){detail, STR("the username may look like another's")}, 2);
    check_event(ctx, by, "user.changed", &(struct authority_event_facts){.subject = user->id, .detail = detail});
    return OK;
}

fallible user_block(struct context *ctx, const struct actor *by, str id, bool blocked)
{
    for (int i = 0; i < TRIES; i++) { /* a block must not lose a race with an edit */
        struct db_user *user = NULL;
        TRY(load_user_row(ctx, by, id, "edit-users", &user));
        if (!rights_over(by, user, "edit-users").edit)
            FAIL(INSUFFICIENT_SCOPE, "edit-users is needed");
        if (actor_is(by, user->number))
            REFUSE(UNPROCESSABLE, "You cannot block yourself.", "self block");
        if (user->blocked == blocked)
            return OK;
        struct db_user next = *user;
        next.blocked = blocked;
        next.updated_at = ctx->now;
        err e = db_user_save(ctx->tx, ctx->arena, &next, NULL);
        if (e.kind == ERR_CONFLICT)
            continue;
        if (e.kind == ERR_UNPROCESSABLE) /* AD-07 */
            REFUSE(UNPROCESSABLE, "This is the last administrator who can log in; appoint another one first.", "last administrator");
        TRY(e);
        check_event(ctx, by, blocked ? "user.blocked" : "user.unblocked", &(struct authority_event_facts){.subject = user->id});
        return OK;
    }
    FAIL(CONFLICT, "the person keeps changing");
}

fallible user_remove(struct context *ctx, const struct actor *by, str id)
{
    struct db_user *user = NULL;
    TRY(load_user_row(ctx, by, id, "delete-users", &user));
    if (!rights_over(by, user, "delete-users").edit)
        FAIL(INSUFFICIENT_SCOPE, "delete-users is needed");
    err e = db_user_remove(ctx->tx, ctx->arena, user->number);
    if (e.kind == ERR_UNPROCESSABLE) /* AD-07 */
        REFUSE(UNPROCESSABLE, "This is the last administrator who can log in; appoint another one first.", "last administrator");
    TRY(e);
    check_event(ctx, by, "user.removed", &(struct authority_event_facts){.subject = user->id});
    return OK;
}

fallible user_find(struct context *ctx, str id_or_name, struct db_user **out)
{
    struct db_user *user = NULL;
    if (str_filled(id_or_name)) {
        TRY(db_user_by_id(ctx->tx, ctx->arena, id_or_name, &user));
        if (user == NULL)
            TRY(db_user_by_name(ctx->tx, ctx->arena, id_or_name, &user));
    }
    *out = user;
    return OK;
}

fallible user_list(struct context *ctx, const struct actor *by, const struct db_page *page, struct db_user_rows *out)
{
    if (!actor_may(by, "view-users"))
        FAIL(INSUFFICIENT_SCOPE, "view-users is needed");
    TRY(check_page(page));
    struct db_user_rows rows = {0};
    TRY(db_user_list(ctx->tx, ctx->arena, page, &rows));
    for (size_t i = 0; i < rows.count; i++)
        rows.rows[i].password_hash = STR_ABSENT; /* AD-03: a list needs none */
    *out = rows;
    return OK;
}

fallible user_end_session(struct context *ctx, const struct actor *by, int64_t user_number, str session_id, bool *ended)
{
    if (!actor_may_self(by, user_number, "delete-own-sessions") && !actor_is_admin(by)) /* LS-17, AD-02 */
        FAIL(INSUFFICIENT_SCOPE, "a session of somebody else");
    bool done = false;
    struct db_session_name name = {user_number, session_id};
    TRY(db_authorization_end_session(ctx->tx, ctx->arena, &name, &done));
    if (done)
        check_event(ctx, by, "session.ended", &(struct authority_event_facts){.subject = session_id});
    *ended = done;
    return OK;
}
