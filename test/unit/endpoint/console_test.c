/* SPDX-License-Identifier: MIT
 * console: people's pages over a real store: every handler fills its template, asks for its permission, and escapes what it
 * shows. */
#include "endpoint/console/console.h"
#include "endpoint/oauth/oauth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/pat.h"
#include "scope/scopes.h"
#include "user/user.h"
#include "fixture.h"

#define HOSTILE "\"><script>alert(1)</script>'"

static struct arena *arena;
static struct authority *authority;
static struct db_user *person, *administrator;
enum { CONTEXTS_MAX = 200 };
static struct context *contexts[CONTEXTS_MAX];
static size_t context_count;

/* A context that tear_down leaves. */
static struct context *context(void)
{
    cr_assert_lt(context_count, CONTEXTS_MAX);
    return contexts[context_count++] = fixture_context(authority, arena);
}

static void tear_down(void)
{
    while (context_count > 0)
        authority_leave(contexts[--context_count]);
}

static void set_up(void)
{
    arena = fixture_arena();
    authority = fixture_authority(arena);
    person = fixture_user(authority, arena, "ada");
    administrator = fixture_user(authority, arena, "root");
    struct context *ctx = context();
    struct problems problems = {.count = 0};
    struct user_edit edit = {.admin = 1, .full_name = STR(HOSTILE)};
    cr_assert_eq(user_change(ctx, &actor_owner, administrator->id, &edit, &problems).kind, ERR_OK);
    cr_assert_eq(user_find(ctx, administrator->id, &administrator).kind, ERR_OK);
}

static struct session *logged_in(struct context *ctx, const struct db_user *user)
{
    struct session *s = ARENA_NEW(arena, struct session);
    cr_assert_eq(session_find(ctx, STR_ABSENT, s).kind, ERR_OK);
    if (user)
        cr_assert_eq(session_begin(ctx, user, STR("pwd"), s).kind, ERR_OK);
    return s;
}

/* One call, as the server would make it; the row's guards are not run. */
static struct call *call_of(const struct db_user *user, enum http_method method, const char *fields)
{
    struct call *c = ARENA_NEW(arena, struct call);
    c->context = context();
    c->request = ARENA_NEW(arena, struct request);
    c->response = ARENA_NEW(arena, struct response);
    c->request->arena = c->response->arena = arena;
    c->request->method = method;
    c->request->secure = true;
    c->session = *logged_in(c->context, user);
    c->actor = c->session.actor;
    cr_assert_eq(form_parse(arena, str_of(fields), &c->form).kind, ERR_OK);
    return c;
}

static str answer_header(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->response->header_count; i++)
        if (str_is(c->response->headers[i].name, name))
            return c->response->headers[i].value;
    return STR_ABSENT;
}

static bool shows(const struct call *c, const char *text)
{
    str body = c->response->body;
    return str_present(body) && memmem(body.p, body.n, text, strlen(text)) != NULL;
}

/* The page is whole and nothing hostile got through; kept for the eye when asked. */
static void whole(const struct call *c, const char *name, int status)
{
    cr_assert_eq(c->response->status, status, "%s: %d", name, c->response->status);
    cr_assert(shows(c, "</html>"), "%s", name);
    cr_assert_not(shows(c, "<script>alert"), "%s", name);
    const char *directory = getenv("JETON_TEST_PAGES");
    if (!directory)
        return;
    char path[256];
    snprintf(path, sizeof path, "%s/%s.html", directory, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(c->response->body.p, 1, c->response->body.n, file);
    fclose(file);
}

static struct call *got(call_handler *handler, const struct db_user *user, const char *query, str parameter)
{
    struct call *c = call_of(user, HTTP_GET, query);
    c->parameters[0] = parameter;
    err e = handler(c);
    cr_assert_eq(e.kind, ERR_OK, "%s", err_why(e));
    return c;
}

static struct call *sent(call_handler *handler, const struct db_user *user, const char *fields, str parameter)
{
    struct call *c = call_of(user, HTTP_POST, fields);
    c->parameters[0] = parameter;
    err e = handler(c);
    cr_assert_eq(e.kind, ERR_OK, "%s", err_why(e));
    return c;
}

static void goes_to(const struct call *c, const char *place)
{
    str location = answer_header(c, "Location");
    cr_assert_eq(c->response->status, 303);
    cr_assert(str_is(location, place), "%.*s", STR_FMT(location));
}

TestSuite(console, .init = set_up, .fini = tear_down);

Test(console, login_page_keeps_the_way_back_only_when_it_is_local)
{
    struct call *c = got(console_login_get, NULL, "return_to=%2Faccount%2Ftokens", STR_ABSENT);
    whole(c, "login", 200);
    cr_assert(shows(c, "name=\"return_to\" value=\"/account/tokens\""));
    c = got(console_login_get, NULL, "return_to=%2F%2Fevil.example", STR_ABSENT);
    cr_assert(shows(c, "name=\"return_to\" value=\"/account\""));
}

Test(console, login_on_the_way_to_an_application_names_it_and_may_end_there)
{
    struct problems problems = {.count = 0};
    struct client_edit edit = client_edit_nothing();
    struct client_added added;
    edit.id = STR("robot");
    edit.name = STR("Invoice Robot");
    edit.grants = STR("authorization_code");
    edit.redirect_uris = STR("https://app.example/cb");
    cr_assert_eq(client_add(context(), &actor_owner, &edit, &problems, &added).kind, ERR_OK);
    struct call *c =
        got(console_login_get, NULL, "return_to=%2Foauth%2Fauthorize%3Fclient_id%3Drobot%26redirect_uri%3Dhttps%253A%252F%252Fapp.example%252Fcb", STR_ABSENT);
    whole(c, "login_application", 200);
    cr_assert(shows(c, "to continue to <strong><bdi>Invoice Robot</bdi></strong>"));
    cr_assert(str_ends(answer_header(c, "Content-Security-Policy"), STR("form-action 'self' https://app.example")));
    c = got(console_login_get, NULL, "return_to=%2Foauth%2Fauthorize%3Fclient_id%3Drobot%26redirect_uri%3Dhttps%253A%252F%252Fevil.example%252F", STR_ABSENT);
    cr_assert(!str_present(answer_header(c, "Content-Security-Policy")), "an unregistered place widens nothing");
}

Test(console, wrong_login_is_401_and_keeps_the_name)
{
    struct call *c = sent(console_login_post, NULL, "username=ada&password=wrong-one", STR_ABSENT);
    whole(c, "login_wrong", 401);
    cr_assert(shows(c, "id=\"error\""));
    cr_assert(shows(c, "Error:"));
    cr_assert(shows(c, "value=\"ada\""));
    cr_assert_not(shows(c, "wrong-one"));
    cr_assert_null(c->session.user);
}

Test(console, unknown_person_gets_the_same_answer_as_a_wrong_password)
{
    struct call *known = sent(console_login_post, NULL, "username=ada&password=wrong-one", STR_ABSENT);
    struct call *unknown = sent(console_login_post, NULL, "username=abc&password=wrong-one", STR_ABSENT);
    cr_assert_eq(known->response->status, unknown->response->status);
    cr_assert_eq(known->response->body.n, unknown->response->body.n);
}

Test(console, login_begins_a_session_and_leads_back)
{
    struct call *c = sent(console_login_post, NULL, "username=ada&password=correct+horse+battery&return_to=%2Faccount%2Ftokens", STR_ABSENT);
    goes_to(c, "/account/tokens");
    cr_assert_not_null(c->session.user);
    cr_assert(c->session.fresh);
    cr_assert(str_starts(answer_header(c, "Set-Cookie"), STR("__Host-jeton-device=")));
    c->response->header_count = 0;
    cr_assert_eq(call_set_session(c).kind, ERR_OK);
    cr_assert(str_starts(answer_header(c, "Set-Cookie"), STR("__Host-jeton=")));
    cr_assert_eq(call_set_session(c).kind, ERR_OK);
    cr_assert_eq(c->response->header_count, 1, "set once");
}

Test(console, login_again_is_the_same_session_with_a_new_cookie)
{
    struct call *c = call_of(person, HTTP_POST, "username=ada&password=correct+horse+battery&again=1");
    str cookie = str_dup(arena, c->session.cookie);
    cr_assert_eq(console_login_post(c).kind, ERR_OK);
    cr_assert_eq(c->session.user->number, person->number);
    cr_assert_not(str_equal(c->session.cookie, cookie));
    struct session old; /* LS-01: the old cookie is dead */
    cr_assert_eq(session_find(context(), cookie, &old).kind, ERR_OK);
    cr_assert_null(old.user);
}

Test(console, login_again_knows_the_name_and_says_why)
{
    struct call *c = got(console_login_get, person, "again=1&return_to=%2Faccount", STR_ABSENT);
    whole(c, "login_again", 200);
    cr_assert(shows(c, "value=\"ada\""));
    cr_assert(shows(c, "sensitive"));
    goes_to(got(console_login_get, person, "return_to=%2Faccount%2Ftokens", STR_ABSENT), "/account/tokens");
}

Test(console, too_many_tries_say_when_to_try_again)
{
    struct call *c = NULL;
    for (int i = 0; i < 60; i++) {
        c = sent(console_login_post, NULL, "username=ada&password=wrong-one", STR_ABSENT);
        if (c->response->status == 429)
            break;
    }
    whole(c, "login_throttled", 429);
    cr_assert(str_filled(answer_header(c, "Retry-After")));
    cr_assert(shows(c, "Try again in "));
}

Test(console, logout_asks_and_ends)
{
    whole(got(oauth_logout_page_get, person, "", STR_ABSENT), "logout", 200);
    struct call *c = sent(oauth_logout_answer_post, person, "", STR_ABSENT);
    goes_to(c, "/login?done=logged-out");
    cr_assert_null(c->session.user);
    cr_assert(c->session.fresh);
    whole(got(console_login_get, NULL, "done=logged-out", STR_ABSENT), "login_out", 200);
}

Test(console, profile_is_shown_and_changed)
{
    whole(got(console_account_get, administrator, "done=saved", STR_ABSENT), "account", 200);
    goes_to(sent(console_account_post, person, "full_name=Ada+Lovelace&email=ada%40example.com", STR_ABSENT), "/account?done=saved");
    cr_assert_eq(user_find(context(), person->id, &person).kind, ERR_OK);
    struct call *c = got(console_account_get, person, "", STR_ABSENT);
    cr_assert(shows(c, "value=\"ada@example.com\""));
}

Test(console, a_bad_address_is_told_beside_its_field_and_kept)
{
    struct call *c = sent(console_account_post, person, "full_name=Ada&email=%22%3E%3Cscript%3Ealert(1)", STR_ABSENT);
    whole(c, "account_problem", 422);
    cr_assert(shows(c, "aria-describedby=\"email-problem\""));
    cr_assert(shows(c, "id=\"email-problem\""));
    cr_assert(shows(c, "&lt;script&gt;alert(1)"));
}

Test(console, a_notice_is_never_text_from_the_address)
{
    struct call *c = got(console_account_get, person, "done=You+won", STR_ABSENT);
    cr_assert_not(shows(c, "You won"));
    cr_assert_not(shows(c, "class=\"notice\""));
}

Test(console, an_address_changes_only_after_a_recent_password)
{
    struct call *c = call_of(person, HTTP_POST, "full_name=Ada&email=new%40example.com");
    c->context->now = clock_add(c->context->now, authority->policy.reauthentication + 1);
    cr_assert_eq(console_account_post(c).kind, ERR_OK);
    goes_to(c, "/login?again=1&return_to=%2Faccount");
}

Test(console, an_administrators_own_address_needs_a_recent_password_at_the_admin_page_too) /* LS-13 */
{
    struct call *c = call_of(administrator, HTTP_POST, "username=root&admin=1&email=new%40example.com");
    c->parameters[0] = administrator->id;
    c->context->now = clock_add(c->context->now, authority->policy.reauthentication + 1);
    cr_assert_eq(console_users_one_post(c).kind, ERR_OK);
    goes_to(c, str_z(arena, str_format(arena, "/login?again=1&return_to=%%2Fadmin%%2Fusers%%2F%.*s", STR_FMT(administrator->id))));
    struct db_user *user;
    cr_assert_eq(user_find(c->context, administrator->id, &user).kind, ERR_OK);
    cr_assert_not(str_is(user->email, "new@example.com"));
}

Test(console, password_change_needs_the_current_one)
{
    whole(got(console_account_password_get, person, "", STR_ABSENT), "password", 200);
    struct call *c = sent(console_account_password_post, person, "current=nonsense&password=quite+a+new+secret", STR_ABSENT);
    whole(c, "password_problem", 422);
    cr_assert_not(shows(c, "nonsense"));
    c = sent(console_account_password_post, person, "current=correct+horse+battery&password=quite+a+new+secret", STR_ABSENT);
    goes_to(c, "/account/password?done=password");
    cr_assert(c->session.fresh);
}

Test(console, a_token_is_made_shown_once_and_revoked)
{
    struct call *c = sent(console_tokens_post, person, "name=Backup+%3Cscript%3Ealert(1)&expires=30", STR_ABSENT);
    whole(c, "token_made", 201);
    cr_assert(shows(c, "value=\"jtn_pat_"));
    c = got(console_tokens_get, person, "", STR_ABSENT);
    whole(c, "tokens", 200);
    cr_assert(shows(c, "Backup &lt;script&gt;"));
    cr_assert_not(shows(c, "jtn_pat_"));
    struct db_pat_rows rows;
    struct db_page page = {.limit = 10};
    cr_assert_eq(pat_list(c->context, &c->actor, person->id, &page, &rows).kind, ERR_OK);
    cr_assert_eq(rows.count, 1);
    cr_assert_eq(rows.rows[0].expires_at - rows.rows[0].created_at, 30 * 86400);
    whole(got(console_tokens_revoke_get, person, "", rows.rows[0].id), "token_revoke", 200);
    goes_to(sent(console_tokens_revoke_post, person, "", rows.rows[0].id), "/account/tokens?done=revoked");
    cr_assert(shows(got(console_tokens_get, person, "", STR_ABSENT), "You have no tokens."));
}

Test(console, a_token_needs_a_name_and_a_sound_period)
{
    struct call *c = sent(console_tokens_post, person, "expires=custom&days=-1", STR_ABSENT);
    whole(c, "tokens_problem", 422);
    cr_assert(shows(c, "id=\"days-problem\""));
    c = sent(console_tokens_post, person, "expires=7", STR_ABSENT);
    cr_assert_eq(c->response->status, 422);
    cr_assert(shows(c, "id=\"name-problem\""));
    c = sent(console_tokens_post, person, "name=x&expires=8", STR_ABSENT);
    cr_assert_eq(c->response->status, 422);
}

Test(console, a_token_needs_a_recent_password)
{
    struct call *c = call_of(person, HTTP_POST, "name=x&expires=7");
    c->context->now = clock_add(c->context->now, authority->policy.reauthentication + 1);
    cr_assert_eq(console_tokens_post(c).kind, ERR_OK);
    goes_to(c, "/login?again=1&return_to=%2Faccount%2Ftokens");
    c = call_of(person, HTTP_GET, "");
    c->context->now = clock_add(c->context->now, authority->policy.reauthentication + 1);
    cr_assert_eq(console_tokens_get(c).kind, ERR_OK);
    cr_assert(shows(c, "Confirm your password"));
    cr_assert_not(shows(c, "Create token"));
}

Test(console, somebody_elses_token_is_not_found)
{
    struct call *made = call_of(administrator, HTTP_POST, "");
    struct pat_edit edit = {.user = administrator->id, .name = STR("theirs")};
    struct problems problems = {.count = 0};
    struct pat_made pat;
    cr_assert_eq(pat_add(made->context, &made->actor, &edit, &problems, &pat).kind, ERR_OK);
    struct call *c = call_of(person, HTTP_POST, "");
    c->parameters[0] = pat.pat.id;
    cr_assert_neq(console_tokens_revoke_post(c).kind, ERR_OK);
    c = call_of(person, HTTP_GET, "");
    c->parameters[0] = pat.pat.id;
    cr_assert_neq(console_tokens_revoke_get(c).kind, ERR_OK);
}

Test(console, sessions_are_listed_and_the_others_ended)
{
    call_of(person, HTTP_GET, "");
    struct call *c = got(console_access_sessions_get, person, "", STR_ABSENT);
    whole(c, "sessions", 200);
    cr_assert(shows(c, "this browser"));
    c = sent(console_access_sessions_end_others_post, person, "", STR_ABSENT);
    goes_to(c, "/account/sessions?done=sessions-ended");
    struct db_session *rows;
    size_t count;
    cr_assert_eq(session_list(c->context, person->number, &rows, &count).kind, ERR_OK);
    cr_assert_eq(count, 1);
    cr_assert_eq(rows[0].number, c->session.row->number);
    whole(got(console_access_applications_get, person, "", STR_ABSENT), "applications", 200);
}

static call_handler *const admin_gets[] = {
    console_admin_get,        console_clients_get,         console_clients_new_get,  console_users_get,      console_users_new_get,
    console_admin_scopes_get, console_admin_resources_get, console_admin_events_get, console_admin_keys_get, console_admin_keys_rotate_get,
};
static call_handler *const admin_posts[] = {
    console_clients_new_post,       console_clients_one_post,        console_clients_secret_post,     console_clients_disable_post,
    console_clients_remove_post,    console_users_new_post,          console_users_one_post,          console_users_block_post,
    console_users_remove_post,      console_users_token_revoke_post, console_users_grant_revoke_post, console_users_session_end_post,
    console_admin_scopes_post,      console_admin_scope_remove_post, console_admin_resources_post,    console_admin_resource_remove_post,
    console_admin_keys_rotate_post,
};

Test(console, a_person_without_rights_is_refused_everywhere) /* AD-01 */
{
    for (size_t i = 0; i < sizeof admin_gets / sizeof admin_gets[0]; i++)
        cr_assert_eq(admin_gets[i](call_of(person, HTTP_GET, "")).kind, ERR_INSUFFICIENT_SCOPE, "get %zu", i);
    for (size_t i = 0; i < sizeof admin_posts / sizeof admin_posts[0]; i++)
        cr_assert_eq(admin_posts[i](call_of(person, HTTP_POST, "")).kind, ERR_INSUFFICIENT_SCOPE, "post %zu", i);
    cr_assert_not(shows(got(console_account_get, person, "", STR_ABSENT), "Administration"));
}

Test(console, an_administrator_sees_every_page)
{
    static const char *const names[] = {"admin", "clients", "client_new", "users", "user_new", "scopes", "resources", "events", "keys", "keys_rotate"};
    for (size_t i = 0; i < sizeof admin_gets / sizeof admin_gets[0]; i++)
        whole(got(admin_gets[i], administrator, "", STR_ABSENT), names[i], 200);
}

Test(console, a_client_is_made_changed_rotated_disabled_and_deleted)
{
    struct call *c = sent(console_clients_new_post, administrator,
                          "name=%22%3E%3Cscript%3Ealert(1)&id=it%27s&grants%5B%5D=authorization_code&grants%5B%5D=refresh_token"
                          "&grants%5B%5D=client_credentials&grants%5B%5D=password&redirect_uris=https%3A%2F%2Fapp.example%2Fcb%0D%0A%0D%0A",
                          STR_ABSENT);
    whole(c, "client_secret", 201);
    cr_assert(shows(c, "value=\"jtn_cs_"));
    const struct db_client *client = client_find(context(), STR("it's"));
    cr_assert_not_null(client);
    cr_assert(str_is(client->redirect_uris, "https://app.example/cb"));
    c = got(console_clients_one_get, administrator, "", STR("it's"));
    whole(c, "client", 200);
    cr_assert_not(shows(c, "jtn_cs_"));
    cr_assert(shows(c, "&#39;it&#39;\\&#39;&#39;s&#39;"), "quoted for the shell");
    cr_assert(shows(c, "grant_type=client_credentials"));
    char fields[200];
    snprintf(fields, sizeof fields, "name=App&grants%%5B%%5D=client_credentials&access_lifetime=60x&version=%lld", (long long)client->version);
    c = sent(console_clients_one_post, administrator, fields, STR("it's"));
    whole(c, "client_problem", 422);
    cr_assert(shows(c, "id=\"access_lifetime-problem\""));
    cr_assert(shows(c, "value=\"60x\""));
    snprintf(fields, sizeof fields, "name=App&grants%%5B%%5D=client_credentials&version=%lld", (long long)client->version);
    goes_to(sent(console_clients_one_post, administrator, fields, STR("it's")), "/admin/clients/it%27s?done=saved");
    c = sent(console_clients_one_post, administrator, fields, STR("it's")); /* AD-05 */
    whole(c, "client_conflict", 409);
    c = sent(console_clients_secret_post, administrator, "overlap=3600", STR("it's"));
    cr_assert(shows(c, "value=\"jtn_cs_"));
    goes_to(sent(console_clients_disable_post, administrator, "disabled=1", STR("it's")), "/admin/clients/it%27s?done=disabled");
    whole(got(console_clients_one_get, administrator, "done=disabled", STR("it's")), "client_disabled", 200);
    goes_to(sent(console_clients_disable_post, administrator, "disabled=0", STR("it's")), "/admin/clients/it%27s?done=enabled");
    whole(got(console_clients_remove_get, administrator, "", STR("it's")), "client_remove", 200);
    goes_to(sent(console_clients_remove_post, administrator, "", STR("it's")), "/admin/clients?done=removed");
    cr_assert_null(client_find(context(), STR("it's")));
}

Test(console, a_refused_client_keeps_what_was_typed)
{
    struct call *c =
        sent(console_clients_new_post, administrator, "name=&redirect_uris=javascript%3Aalert(1)&grants%5B%5D=authorization_code&is_public=1", STR_ABSENT);
    whole(c, "client_new_problem", 422);
    cr_assert(shows(c, "id=\"name-problem\""));
    cr_assert(shows(c, "id=\"redirect_uris-problem\""));
    cr_assert(shows(c, "javascript:alert(1)</textarea>"));
    cr_assert(shows(c, "name=\"is_public\" value=\"1\" checked"));
    cr_assert(shows(c, "value=\"authorization_code\" checked"));
    cr_assert_not(shows(c, "value=\"refresh_token\" checked"));
}

Test(console, a_user_is_made_changed_blocked_and_deleted)
{
    struct call *c = sent(console_users_new_post, administrator,
                          "username=grace&full_name=%3Cscript%3Ealert(1)&email=g%40example.com&password=a+first+password", STR_ABSENT);
    struct db_user *user;
    cr_assert_eq(user_find(c->context, STR("grace"), &user).kind, ERR_OK);
    cr_assert_not_null(user);
    goes_to(c, str_z(arena, str_format(arena, "/admin/users/%.*s?done=added", STR_FMT(user->id))));
    call_of(user, HTTP_GET, ""); /* a session to show */
    c = got(console_users_one_get, administrator, "done=added", user->id);
    whole(c, "user", 200);
    cr_assert(shows(c, "192.0.2.7"));
    c = sent(console_users_one_post, administrator, "username=x&full_name=Grace", user->id);
    whole(c, "user_problem", 422);
    cr_assert(shows(c, "id=\"username-problem\""));
    c = sent(console_users_one_post, administrator, "username=grace&permissions%5B%5D=view-users", user->id);
    cr_assert_eq(c->response->status, 303);
    cr_assert_eq(user_find(c->context, STR("grace"), &user).kind, ERR_OK);
    cr_assert(str_is(user->permissions, "view-users"));
    cr_assert(shows(got(console_users_get, user, "", STR_ABSENT), "grace"));
    cr_assert_eq(console_users_new_get(call_of(user, HTTP_GET, "")).kind, ERR_INSUFFICIENT_SCOPE);
    cr_assert_eq(sent(console_users_block_post, administrator, "blocked=1", user->id)->response->status, 303);
    whole(got(console_users_one_get, administrator, "done=blocked", user->id), "user_blocked", 200);
    cr_assert_eq(sent(console_users_block_post, administrator, "blocked=0", user->id)->response->status, 303);
    whole(got(console_users_remove_get, administrator, "", user->id), "user_remove", 200);
    goes_to(sent(console_users_remove_post, administrator, "", user->id), "/admin/users?done=removed");
}

Test(console, the_last_administrator_stays)
{
    struct call *c = sent(console_users_remove_post, administrator, "", administrator->id);
    whole(c, "user_last", 422);
    cr_assert(shows(c, "id=\"error\""));
}

Test(console, scopes_and_resources_come_and_go)
{
    goes_to(sent(console_admin_scopes_post, administrator, "name=invoices%3Aread&description=Read+your+invoices", STR_ABSENT), "/admin/scopes?done=added");
    cr_assert(shows(got(console_admin_scopes_get, administrator, "", STR_ABSENT), "invoices:read"));
    struct call *c = sent(console_admin_scopes_post, administrator, "name=a+b&description=x", STR_ABSENT);
    whole(c, "scopes_problem", 422);
    cr_assert(shows(c, "id=\"name-problem\""));
    whole(got(console_admin_scope_remove_get, administrator, "name=invoices%3Aread", STR_ABSENT), "scope_remove", 200);
    goes_to(sent(console_admin_scope_remove_post, administrator, "name=invoices%3Aread", STR_ABSENT), "/admin/scopes?done=removed");
    goes_to(sent(console_admin_resources_post, administrator, "uri=https%3A%2F%2Fapi.example&name=API&token_format=jwt&alg=ES256", STR_ABSENT),
            "/admin/resources?done=added");
    whole(got(console_admin_resources_get, administrator, "", STR_ABSENT), "resources", 200);
    c = sent(console_admin_resources_post, administrator, "uri=nowhere&name=API", STR_ABSENT);
    whole(c, "resources_problem", 422);
    whole(got(console_admin_resource_get, administrator, "uri=https%3A%2F%2Fapi.example", STR_ABSENT), "resource", 200);
    c = sent(console_admin_resource_post, administrator, "uri=https%3A%2F%2Fapi.example&name=API&scopes%5B%5D=openid", STR_ABSENT);
    whole(c, "resource_problem", 422);
    cr_assert(shows(c, "id=\"scopes-problem\""));
    goes_to(sent(console_admin_resource_post, administrator, "uri=https%3A%2F%2Fapi.example&name=Orders", STR_ABSENT), "/admin/resources?done=saved");
    whole(got(console_admin_resource_remove_get, administrator, "uri=https%3A%2F%2Fapi.example", STR_ABSENT), "resource_remove", 200);
    goes_to(sent(console_admin_resource_remove_post, administrator, "uri=https%3A%2F%2Fapi.example", STR_ABSENT), "/admin/resources?done=removed");
}

Test(console, lists_are_filtered_and_paged)
{
    struct call *c = got(console_users_get, administrator, "filter=ad", STR_ABSENT);
    cr_assert(shows(c, "<bdi>ada</bdi></a>"));
    cr_assert_not(shows(c, "<bdi>root</bdi></a>"));
    whole(got(console_users_get, administrator, "filter=%22%3E%3Cscript%3Ealert(1)", STR_ABSENT), "users_none", 200);
    whole(got(console_users_get, administrator, "page=999999999999999999999", STR_ABSENT), "users_far", 200);
    whole(got(console_users_get, administrator, "page=1000000", STR_ABSENT), "users_beyond", 200);
    whole(got(console_admin_events_get, administrator, "filter=user.changed", STR_ABSENT), "events_filtered", 200);
}

Test(console, keys_are_rotated)
{
    goes_to(sent(console_admin_keys_rotate_post, administrator, "", STR_ABSENT), "/admin/keys?done=rotated"); /* the very first */
    err early = console_admin_keys_rotate_post(call_of(administrator, HTTP_POST, ""));
    cr_assert_eq(early.kind, ERR_UNPROCESSABLE, "keys were put to use that nobody could know yet"); /* AT-11 */
    clock_set(clock_now() + ROTATION_PUBLISHED_SECONDS);
    goes_to(sent(console_admin_keys_rotate_post, administrator, "", STR_ABSENT), "/admin/keys?done=rotated");
    whole(got(console_admin_keys_get, administrator, "done=rotated", STR_ABSENT), "keys_rotated", 200);
}

Test(console, static_files_are_kept_by_their_hash)
{
    struct call *c = got(console_static_get, NULL, "", STR("style.css"));
    cr_assert_eq(c->response->status, 200);
    cr_assert(str_is(answer_header(c, "Cache-Control"), "public, max-age=300"));
    str etag = answer_header(c, "ETag");
    char query[40];
    snprintf(query, sizeof query, "v=%.*s", (int)etag.n - 2, etag.p + 1);
    c = got(console_static_get, NULL, query, STR("style.css"));
    cr_assert(str_is(answer_header(c, "Cache-Control"), "public, max-age=31536000, immutable"));
    c = call_of(NULL, HTTP_GET, "");
    c->parameters[0] = STR("style.css");
    struct http_header header = {STR("If-None-Match"), etag};
    c->request->headers = &header;
    c->request->header_count = 1;
    cr_assert_eq(console_static_get(c).kind, ERR_OK);
    cr_assert_eq(c->response->status, 304);
    c = call_of(NULL, HTTP_GET, "");
    c->parameters[0] = STR("layout.html");
    cr_assert_eq(console_static_get(c).kind, ERR_NOT_FOUND);
}

/* The fields that the authorization endpoint fills. */
static struct page_fields *consent_fields(struct call *c, bool first_party, bool unscoped)
{
    struct page_fields *f = call_fields(c);
    page_put(f, "client_name", STR("Invoice Robot <script>alert(1)</script>"));
    page_put(f, "redirect_host", STR("app.example.com"));
    static const char *const addresses[] = {"document_host", "client_uri", "client_host", "policy_uri", "tos_uri"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        page_put(f, addresses[i], STR(""));
    page_list(f, "details");
    page_put(f, "account", person->username);
    page_put(f, "pending", STR("sealed"));
    page_put(f, "return_to", STR(""));
    page_put(f, "lifetime", STR("1 hour"));
    page_put_flag(f, "first_party", first_party);
    page_put_flag(f, "unscoped", unscoped);
    page_put_flag(f, "unscoped_service", false);
    page_list(f, "services");
    page_put(f, "client_uri", STR("https://robot.example.com/?a=\"b"));
    page_put(f, "client_host", STR("robot.example.com"));
    page_put(f, "policy_uri", STR_ABSENT);
    page_put(f, "tos_uri", STR_ABSENT);
    page_list(f, "details");
    page_list(f, "scopes");
    return f;
}

Test(console, consent_page_tells_who_what_and_where) /* CO-02 */
{
    struct call *c = call_of(person, HTTP_GET, "");
    struct page_fields *f = consent_fields(c, false, false);
    struct page_fields *row = page_row(f, "scopes");
    page_put(row, "name", STR("invoices:read"));
    page_put(row, "description", STR("Read your invoices"));
    row = page_row(f, "scopes");
    page_put(row, "name", STR("view-users"));
    page_put(row, "description", STR("See the people who have an account here, their names and e-mail addresses"));
    row = page_row(f, "services");
    page_put(row, "name", STR("Invoices"));
    page_put(row, "uri", STR("https://invoices.example.com/mcp"));
    cr_assert_eq(call_page(c, 200, "consent.html", f).kind, ERR_OK);
    whole(c, "consent", 200);
    cr_assert(shows(c, "name=\"decision\" value=\"allow\""));
    cr_assert(shows(c, "name=\"decision\" value=\"deny\""));
    cr_assert(shows(c, "name=\"pending\" value=\"sealed\""));
    cr_assert(shows(c, "Read your invoices"));
    cr_assert(shows(c, "app.example.com"));
    cr_assert(shows(c, "https://invoices.example.com/mcp"));
}

Test(console, consent_without_scopes_says_plainly_what_is_given)
{
    struct call *c = call_of(person, HTTP_GET, "");
    cr_assert_eq(call_page(c, 200, "consent.html", consent_fields(c, true, true)).kind, ERR_OK);
    whole(c, "consent_unscoped", 200);
    cr_assert(shows(c, "everything that you can do here"));
    cr_assert_eq(call_page(c, 200, "consent.html", consent_fields(c, false, true)).kind, ERR_OK);
    whole(c, "consent_identity", 200);
    cr_assert(shows(c, "everything that you can see here"));
    cr_assert_not(shows(c, "everything that you can do here"));
}

Test(console, error_page_has_its_marks)
{
    struct call *c = call_of(NULL, HTTP_GET, "");
    struct page_fields *f = call_fields(c);
    page_put(f, "title", STR("This cannot be done"));
    page_put(f, "message", STR("The redirect URI is not one that the application has registered."));
    page_put(f, "request_id", STR("0123456789abcdef"));
    cr_assert_eq(call_page(c, 400, "error.html", f).kind, ERR_OK);
    whole(c, "error", 400);
    cr_assert(shows(c, "Error:"));
    cr_assert(shows(c, "id=\"error\""));
}
