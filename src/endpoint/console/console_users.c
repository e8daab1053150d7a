/* SPDX-License-Identifier: MIT
 * console_users: people, for administrators. Relies on user/user for every rule and permission. Promises: a password is
 * given once, when a person is made, and never seen or chosen again here (AD-06); rights are offered to administrators alone;
 * what may act for a person (tokens, applications, sessions) is shown and ended on one page (LS-17). */
#include "user/factors.h"
#include "user/user.h"
#include "endpoint/console/claim_form.h"
#include "endpoint/console/console.h"
#include "endpoint/console/widget.h"
#include "authorize/consent.h"
#include "base/banned.h"

static const char *const names[] = {"username", "full_name", "email", NULL};
static const char *const problem_names[] = {"username", "allow_look_alike", "full_name", "email", "permissions", "admin", NULL};
static const char *const new_problem_names[] = {"username", "allow_look_alike", "full_name", "email", "permissions", "admin", "password", NULL};

static fallible require_user_permission(const struct call *c, const char *permission)
{
    if (!actor_may(&c->actor, permission)) /* AD-01 */
        FAIL(INSUFFICIENT_SCOPE, "console: the person lacks the permission for users");
    return OK;
}

static fallible find_permitted_user(struct call *c, const char *permission, struct db_user **out)
{
    TRY(require_user_permission(c, permission));
    TRY(user_find(c->context, c->parameters[0], out));
    if (!*out || !str_equal((*out)->id, c->parameters[0])) /* by id alone */
        FAIL(NOT_FOUND, "console: no such user");
    return OK;
}

static void put_permissions(struct call *c, struct page_fields *f, str chosen)
{
    size_t count;
    const struct db_scope **scopes = cache_scopes(c->context->snapshot, c->context->arena, &count);
    page_list(f, "permissions");
    for (size_t i = 0; i < count; i++) {
        if (!scopes[i]->builtin || scopes[i]->identity || scopes[i]->own)
            continue;
        struct page_fields *row = page_row(f, "permissions");
        page_put(row, "permission", scopes[i]->name);
        page_put_word(row, "description", scopes[i]->description);
        page_put_flag(row, "chosen", str_has_word(chosen, scopes[i]->name));
    }
}

static void put_typed(struct call *c, struct page_fields *f, const char *const *problems)
{
    widget_typed(c, f, names);
    page_put_flag(f, "admin", form_has(&c->form, "admin"));
    put_permissions(c, f, widget_words(c, "permissions[]"));
    widget_sound(c, f, problems);
}

static struct user_edit edit_asked(struct call *c)
{
    struct user_edit edit = {.admin = -1};
    edit.username = form_get_raw(&c->form, "username");
    edit.full_name = form_get_raw(&c->form, "full_name");
    edit.email = form_get_raw(&c->form, "email");
    edit.allow_look_alike = form_has(&c->form, "allow_look_alike");
    claim_form_read(c, CLAIM_FORM_OTHERS, &edit.claims);
    if (!actor_is_admin(&c->actor))
        return edit;
    edit.admin = form_has(&c->form, "admin"); /* AD-04, AD-07 */
    edit.permissions = widget_words(c, "permissions[]");
    return edit;
}

err console_users_get(struct call *c)
{
    struct db_user_rows rows;
    struct db_page page = widget_page(c);
    TRY(require_user_permission(c, "view-users"));
    page.order_by = STR("username");
    TRY(user_list(c->context, &c->actor, &page, &rows));
    struct page_fields *f = widget_admin(c, "nav_users");
    page_list(f, "users");
    for (size_t i = 0; i < rows.count; i++) {
        const struct db_user *user = &rows.rows[i];
        struct page_fields *row = page_row(f, "users");
        page_put(row, "user_id", user->id);
        page_put(row, "username", user->username);
        page_put(row, "full_name", user->full_name);
        page_put(row, "email", user->email);
        page_put_flag(row, "admin", user->admin);
        page_put_flag(row, "blocked", user->blocked);
        page_put_time(row, "last_login", user->last_login_at);
    }
    page_put(f, "filter", page.filter);
    page_put_flag(f, "may_create", actor_may(&c->actor, "create-users"));
    widget_pager(c, f, &page, rows.total);
    return call_page(c, 200, "users.html", f);
}

err console_users_new_get(struct call *c)
{
    TRY(require_user_permission(c, "create-users"));
    struct page_fields *f = widget_admin(c, "nav_users");
    put_typed(c, f, new_problem_names);
    TRY(claim_form_put(c, f, &(struct claim_form){.whose = CLAIM_FORM_OTHERS}));
    return call_page(c, 200, "user_new.html", f);
}

err console_users_new_post(struct call *c)
{
    struct problems problems = {.count = 0};
    struct db_user *user;
    int status = 422;
    TRY(require_user_permission(c, "create-users"));
    struct user_edit edit = edit_asked(c);
    edit.password = form_get(&c->form, "password"); /* AD-06: the first one alone, which somebody else knows */
    edit.must_change = USER_MUST_CHANGE_PASSWORD;
    err added = user_add(c->context, &c->actor, &edit, &problems, &user);
    if (!FAILED(added))
        return call_redirect(c, widget_place(c, "/admin/users/", user->id, "?done=added"));
    struct page_fields *f = widget_admin(c, "nav_users");
    put_typed(c, f, new_problem_names);
    TRY(claim_form_put(c, f, &(struct claim_form){CLAIM_FORM_OTHERS, NULL, &edit.claims, &problems}));
    TRY(widget_refused(c, f, added, &status));
    widget_problems(c, f, &problems, new_problem_names);
    return call_page(c, status, "user_new.html", f);
}

static fallible put_tokens(struct call *c, struct page_fields *f, const struct db_user *user)
{
    struct db_pat_rows rows;
    struct db_page page = {.limit = 100};
    TRY(pat_list(c->context, &c->actor, user->id, &page, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        struct page_fields *row = page_row(f, "tokens");
        page_put(row, "token_id", rows.rows[i].id);
        page_put(row, "token_name", rows.rows[i].name);
        page_put(row, "token_scope", rows.rows[i].scope);
        page_put_time(row, "expires", rows.rows[i].expires_at);
        page_put_time(row, "used", rows.rows[i].last_used_at);
    }
    return OK;
}

static fallible put_grants(struct call *c, struct page_fields *f, const struct db_user *user)
{
    struct db_authorization *grants;
    size_t count;
    TRY(consent_authorizations(c->context, &c->actor, user->number, &grants, &count));
    for (size_t i = 0; i < count; i++) {
        const struct db_client *client = cache_client_by_number(c->context->snapshot, grants[i].client_number);
        struct page_fields *row = page_row(f, "grants");
        page_put(row, "grant_id", grants[i].id);
        if (client)
            page_put(row, "client_name", client->name);
        else
            page_put_word(row, "client_name", STR("a client that was deleted"));
        page_put(row, "scope", grants[i].scope);
        page_put_time(row, "created", grants[i].created_at);
    }
    return OK;
}

static fallible put_sessions(struct call *c, struct page_fields *f, const struct db_user *user)
{
    struct db_session *rows;
    size_t count;
    TRY(session_list(c->context, user->number, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        struct page_fields *row = page_row(f, "sessions");
        page_put(row, "session_id", rows[i].id);
        page_put(row, "agent", rows[i].user_agent);
        page_put(row, "address", rows[i].address);
        page_put_time(row, "seen", rows[i].last_seen_at);
    }
    return OK;
}

static void put_profile(struct call *c, struct page_fields *f, const struct db_user *user)
{
    bool self = actor_is(&c->actor, user->number);
    bool reach = !user->admin || actor_is_admin(&c->actor); /* only an administrator changes one */
    bool may_edit = reach && actor_may(&c->actor, "edit-users"), may_delete = reach && actor_may(&c->actor, "delete-users");
    page_put(f, "user_id", user->id);
    page_put(f, "name", user->username);
    page_put(f, "username", user->username);
    page_put(f, "full_name", user->full_name);
    page_put(f, "email", user->email);
    page_put_flag(f, "is_admin", user->admin);
    page_put_flag(f, "admin", user->admin);
    page_put_flag(f, "blocked", user->blocked);
    page_put_time(f, "created", user->created_at);
    page_put_time(f, "last_login", user->last_login_at);
    page_put_time(f, "password_changed", user->password_changed_at);
    page_put_number(f, "version", user->version);
    page_put_flag(f, "may_edit", may_edit);
    page_put_flag(f, "may_delete", may_delete);
    page_put_flag(f, "must_change", user->must_change_password);
    page_put_flag(f, "may_set_password", !self && may_edit && !user->blocked);
    page_put(f, "problem_password", STR(""));
    page_put_flag(f, "may_reset_factors", !self && may_edit);
    page_put(f, "second_factors", user->second_factors);
    page_put(f, "reason", STR(""));
    page_put(f, "problem_reason", STR(""));
    page_put_flag(f, "may_end", !self && (may_edit || may_delete)); /* nobody shuts themself out by a slip */
    put_permissions(c, f, user->permissions);
    widget_sound(c, f, problem_names);
}

static fallible fields_of(struct call *c, const struct db_user *user, struct page_fields **out)
{
    bool see = actor_is_admin(&c->actor);
    struct page_fields *f = widget_admin(c, "nav_users");
    put_profile(c, f, user);
    TRY(claim_form_put(c, f, &(struct claim_form){CLAIM_FORM_OTHERS, user, NULL, NULL}));
    page_put_flag(f, "may_see", see);
    page_list(f, "tokens");
    page_list(f, "grants");
    page_list(f, "sessions");
    if (see) {
        TRY(put_tokens(c, f, user));
        TRY(put_grants(c, f, user));
        TRY(put_sessions(c, f, user));
    }
    *out = f;
    return OK;
}

err console_users_one_get(struct call *c)
{
    struct db_user *user;
    struct page_fields *f;
    TRY(find_permitted_user(c, "view-users", &user));
    TRY(fields_of(c, user, &f));
    return call_page(c, 200, "user.html", f);
}

static fallible answer_refused(struct call *c, const struct db_user *user, err why)
{
    struct page_fields *f;
    int status = 422;
    TRY(fields_of(c, user, &f));
    TRY(widget_refused(c, f, why, &status));
    return call_page(c, status, "user.html", f);
}

static fallible answer_done(struct call *c, str id, const char *word)
{
    return call_redirect(c, widget_place(c, "/admin/users/", id, word));
}

err console_users_one_post(struct call *c)
{
    struct db_user *user;
    struct page_fields *f;
    struct problems problems = {.count = 0};
    int status = 422;
    TRY(find_permitted_user(c, "edit-users", &user));
    struct user_edit edit = edit_asked(c);
    bool other_email = str_present(edit.email) && !str_equal(edit.email, str_filled(user->email) ? user->email : STR(""));
    if (actor_is(&c->actor, user->number) && other_email && !session_recent(c->context, &c->session)) /* LS-13, here too */
        return widget_login_again(c, widget_place(c, "/admin/users/", user->id, ""));
    edit.version = widget_number(c, "version", 0, &problems); /* AD-05 */
    err changed = problem_result(&problems);
    if (!FAILED(changed))
        changed = user_change(c->context, &c->actor, user->id, &edit, &problems);
    if (!FAILED(changed))
        return answer_done(c, user->id, "?done=saved");
    TRY(fields_of(c, user, &f));
    put_typed(c, f, problem_names);
    TRY(claim_form_put(c, f, &(struct claim_form){CLAIM_FORM_OTHERS, user, &edit.claims, &problems}));
    TRY(widget_refused(c, f, changed, &status));
    widget_problems(c, f, &problems, problem_names);
    return call_page(c, status, "user.html", f);
}

/* A first password for somebody else, which they must change; or, without one, the demand alone. */
err console_users_password_post(struct call *c)
{
    struct db_user *user;
    struct page_fields *f;
    struct problems problems = {.count = 0};
    int status = 422;
    TRY(find_permitted_user(c, "edit-users", &user));
    struct user_password_change change = {.id = user->id, .fresh = form_get_raw(&c->form, "password")};
    struct user_edit demand = {.admin = -1, .must_change = form_has(&c->form, "lift") ? USER_MUST_CHANGE_NOTHING : USER_MUST_CHANGE_PASSWORD};
    if (actor_is(&c->actor, user->number))
        REFUSE(UNPROCESSABLE, "Change your own password under Account, Password.", "console: the own password");
    err changed =
        str_filled(change.fresh) ? user_password(c->context, &c->actor, &change, &problems) : user_change(c->context, &c->actor, user->id, &demand, &problems);
    if (!FAILED(changed))
        return answer_done(c, user->id, "?done=saved");
    TRY(fields_of(c, user, &f));
    TRY(widget_refused(c, f, changed, &status));
    widget_problems(c, f, &problems, (const char *const[]){"password", NULL});
    return call_page(c, status, "user.html", f);
}

/* Of somebody who lost them. */
err console_users_factors_post(struct call *c)
{
    struct db_user *user;
    struct page_fields *f;
    struct problems problems = {.count = 0};
    int status = 422;
    TRY(find_permitted_user(c, "edit-users", &user));
    if (!session_recent(c->context, &c->session)) /* LS-15 */
        return widget_login_again(c, widget_place(c, "/admin/users/", user->id, ""));
    err reset = factors_reset(c->context, &c->actor, user->id, form_get(&c->form, "reason"), &problems);
    if (!FAILED(reset))
        return answer_done(c, user->id, "?done=factors-reset");
    TRY(fields_of(c, user, &f));
    TRY(widget_refused(c, f, reset, &status));
    page_put(f, "reason", form_get(&c->form, "reason"));
    widget_problems(c, f, &problems, (const char *const[]){"reason", NULL});
    return call_page(c, status, "user.html", f);
}

err console_users_block_post(struct call *c)
{
    struct db_user *user;
    TRY(find_permitted_user(c, "edit-users", &user));
    bool blocked = !str_is(form_get(&c->form, "blocked"), "0");
    err changed = user_block(c->context, &c->actor, user->id, blocked);
    if (FAILED(changed))
        return answer_refused(c, user, changed);
    return answer_done(c, user->id, blocked ? "?done=blocked" : "?done=unblocked");
}

err console_users_remove_get(struct call *c)
{
    struct db_user *user;
    TRY(find_permitted_user(c, "delete-users", &user));
    struct page_fields *f = widget_admin(c, "nav_users");
    page_put(f, "name", user->username);
    page_put(f, "action", widget_place(c, "/admin/users/", user->id, "/remove"));
    page_put(f, "back", widget_place(c, "/admin/users/", user->id, ""));
    return call_page(c, 200, "user_remove.html", f);
}

err console_users_remove_post(struct call *c)
{
    struct db_user *user;
    TRY(find_permitted_user(c, "delete-users", &user));
    err removed = user_remove(c->context, &c->actor, user->id);
    if (FAILED(removed))
        return answer_refused(c, user, removed);
    return call_redirect(c, STR("/admin/users?done=removed"));
}

err console_users_token_revoke_get(struct call *c)
{
    struct db_user *user;
    struct db_pat *pat;
    TRY(find_permitted_user(c, "edit-users", &user));
    TRY(pat_get(c->context, &c->actor, user->id, c->parameters[1], &pat));
    if (!pat)
        FAIL(NOT_FOUND, "console: no such personal access token");
    struct page_fields *f = widget_admin(c, "nav_users");
    str place = widget_place(c, "/admin/users/", user->id, "");
    page_put(f, "name", pat->name);
    page_put(f, "action", str_format(c->context->arena, "%.*s/tokens/%.*s/revoke", STR_FMT(place), STR_FMT(pat->id)));
    page_put(f, "back", place);
    return call_page(c, 200, "token_revoke.html", f);
}

err console_users_token_revoke_post(struct call *c)
{
    struct db_user *user;
    bool revoked;
    TRY(find_permitted_user(c, "edit-users", &user));
    TRY(pat_revoke(c->context, &c->actor, user->id, c->parameters[1], &revoked));
    if (!revoked)
        FAIL(NOT_FOUND, "console: no such personal access token");
    return answer_done(c, user->id, "?done=revoked");
}

err console_users_grant_revoke_post(struct call *c)
{
    struct db_user *user;
    bool revoked;
    TRY(find_permitted_user(c, "edit-users", &user));
    TRY(consent_revoke_of(c->context, &c->actor, user->number, c->parameters[1], &revoked)); /* AD-02 */
    if (!revoked)
        FAIL(NOT_FOUND, "console: no such grant");
    return answer_done(c, user->id, "?done=access-ended");
}

err console_users_session_end_post(struct call *c)
{
    struct db_user *user;
    bool ended;
    TRY(find_permitted_user(c, "edit-users", &user));
    TRY(user_end_session(c->context, &c->actor, user->number, c->parameters[1], &ended));
    if (!ended)
        FAIL(NOT_FOUND, "console: no such session");
    return answer_done(c, user->id, "?done=session-ended");
}
