/* SPDX-License-Identifier: MIT
 * console_account: a person's own profile and password. Relies on user/user for every rule. Promises: the e-mail address
 * changes only after a recent password (LS-13), and a new password leaves this browser logged in, with a new cookie, and no
 * other. */
#include "user/user.h"
#include "endpoint/console/claim_form.h"
#include "endpoint/console/console.h"
#include "endpoint/console/widget.h"
#include "grant/ciba.h"
#include "session/login.h"
#include "base/banned.h"

static const char *const profile_names[] = {"full_name", "email", NULL};
static const char *const password_names[] = {"current", "password", NULL};

err console_account_home_get(struct call *c)
{
    return call_redirect(c, STR("/account"));
}

/* How many applications wait for this person's word. A decoration: when it cannot be told, the page under Requests will say why. */
static void put_waiting(struct call *c, struct page_fields *f)
{
    struct db_deferred *rows;
    size_t count;
    bool any = !FAILED(ciba_waiting(c->context, &c->session, &rows, &count)) && count > 0;
    page_put(f, "requests_waiting", any ? str_format(c->context->arena, "%zu", count) : STR(""));
}

static fallible profile_fields(struct call *c, const struct claim_form *form, struct page_fields **out)
{
    struct user_claims_edit claims;
    const struct db_user *user = c->session.user;
    struct page_fields *f = widget_account(c, "nav_profile");
    page_put(f, "username", user->username);
    page_put(f, "id", user->id);
    page_put_time(f, "created", user->created_at);
    page_put_flag(f, "admin", user->admin);
    page_put(f, "permissions", user->permissions);
    page_put_number(f, "version", user->version);
    page_put_flag(f, "recent", session_recent(c->context, &c->session));
    page_put(f, "full_name", user->full_name);
    page_put(f, "email", user->email);
    TRY(user_claims_values(c->context->arena, user, &claims));
    page_put_flag(f, "email_verified", str_is(claims.values[USER_CLAIMS_email_verified], "true"));
    TRY(claim_form_put(c, f, form));
    put_waiting(c, f);
    widget_sound(c, f, profile_names);
    *out = f;
    return OK;
}

err console_account_get(struct call *c)
{
    struct page_fields *f;
    const struct claim_form form = {CLAIM_FORM_OWN, c->session.user, NULL, NULL};
    TRY(profile_fields(c, &form, &f));
    return call_page(c, 200, "account.html", f);
}

static bool is_same_or_unfilled(str a, str b)
{
    return str_equal(a, b) || (!str_filled(a) && !str_filled(b));
}

err console_account_post(struct call *c)
{
    const struct db_user *user = c->session.user;
    struct problems problems = {.count = 0};
    struct user_edit edit = {.admin = -1};
    int status = 422;
    edit.full_name = form_get_raw(&c->form, "full_name");
    str email = form_get_raw(&c->form, "email");
    edit.version = widget_number(c, "version", 0, &problems);
    if (str_present(email) && !is_same_or_unfilled(email, user->email)) {
        if (!session_recent(c->context, &c->session)) /* LS-13 */
            return widget_login_again(c, STR("/account"));
        edit.email = email;
    }
    claim_form_read(c, CLAIM_FORM_OWN, &edit.claims);
    err changed = user_change(c->context, &c->actor, user->id, &edit, &problems);
    if (!FAILED(changed))
        return call_redirect(c, STR("/account?done=saved"));
    struct page_fields *f;
    const struct claim_form form = {CLAIM_FORM_OWN, user, &edit.claims, &problems};
    TRY(profile_fields(c, &form, &f));
    TRY(widget_refused(c, f, changed, &status));
    widget_typed(c, f, profile_names);
    widget_problems(c, f, &problems, profile_names);
    return call_page(c, status, "account.html", f);
}

static struct page_fields *password_fields(struct call *c)
{
    struct page_fields *f = widget_account(c, "nav_password");
    page_put(f, "username", c->session.user->username);
    page_put_flag(f, "end_personal_tokens", form_has(&c->form, "end_personal_tokens"));
    page_put_flag(f, "due", c->session.user->must_change_password);
    page_put(f, "return_to", call_local_path(form_get(&c->form, "return_to"), STR("")));
    widget_sound(c, f, password_names);
    return f;
}

err console_account_password_get(struct call *c)
{
    return call_page(c, 200, "password.html", password_fields(c));
}

static fallible answer_throttled(struct call *c, struct page_fields *f, err why, int64_t seconds)
{
    struct problems p = {.count = 0};
    c->response->refused = why;
    problem_tell(&p, "current", c->context->arena,
                 &MESSAGE_MANY("Too many wrong passwords. Try again in {n} second.", "Too many wrong passwords. Try again in {n} seconds.",
                               MESSAGE_NUMBER("n", seconds)));
    TRY(response_header(c->response, "Retry-After", str_format(c->context->arena, "%lld", (long long)seconds)));
    widget_problems(c, f, &p, password_names);
    return call_page(c, 429, "password.html", f);
}

err console_account_password_post(struct call *c)
{
    struct problems problems = {.count = 0};
    int status = 422;
    struct user_password_change change = {
        .prove = login_prove,
        .id = c->session.user->id,
        .current = form_get_raw(&c->form, "current"),
        .fresh = form_get_raw(&c->form, "password"),
        .end_personal_tokens = form_has(&c->form, "end_personal_tokens"),
        .keep_session = c->session.row->number,
    };
    err changed = user_password(c->context, &c->actor, &change, &problems);
    if (!FAILED(changed)) {
        TRY(cache_user(c->context->authority->cache, c->context->tx, c->context->arena, c->session.user->number, &c->session.user));
        if (!c->session.user)
            FAIL(LOGIN_REQUIRED, "account: the person was removed meanwhile");
        TRY(session_password_set(c->context, &c->session)); /* LS-01: the old cookie is dead here too */
        return call_redirect(c, call_local_path(form_get(&c->form, "return_to"), STR("/account/password?done=password")));
    }
    struct page_fields *f = password_fields(c);
    if (changed.kind == ERR_THROTTLED)
        return answer_throttled(c, f, changed, change.retry_after);
    TRY(widget_refused(c, f, changed, &status));
    widget_problems(c, f, &problems, password_names);
    return call_page(c, status, "password.html", f);
}
