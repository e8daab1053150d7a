/* SPDX-License-Identifier: MIT
 * api_users: people over the API; the rules are in user/user. */
#include "user/user.h"
#include "endpoint/api/api.h"
#include "client/subject.h"
#include "resource/userinfo.h"
#include "session/login.h"
#include "base/banned.h"

enum { KNOWN_MAX = 64 };

/* Its members, within an object. */
static fallible write_user(struct call *c, struct json_writer *w, const struct db_user *user)
{
    str id;
    struct arena *a = c->context->arena;
    json *claims = json_object_new(a);
    TRY(api_shown_id(c, user->id, &id));
    TRY(user_claims_put(a, user, claims)); /* a row that is damaged is shown to nobody */
    json_write_text(w, "id", id);
    json_write_text(w, "username", user->username);
    json_write_text(w, "email", user->email.p ? user->email : STR(""));
    json_write_text(w, "full_name", user->full_name.p ? user->full_name : STR(""));
    json_write_text(w, "status", user->blocked ? STR("BLOCKED") : STR("ACTIVE"));
    json_write_boolean(w, "admin", user->admin);
    json_write_boolean(w, "blocked", user->blocked);
    json_write_boolean(w, "must_change_password", user->must_change_password);
    json_write_words(w, "second_factors", user->second_factors.p ? user->second_factors : STR(""));
    json_write_words(w, "permissions", user->permissions.p ? user->permissions : STR(""));
    api_write_time(c, w, "created_at", user->created_at);
    api_write_time(c, w, "updated_at", user->updated_at);
    api_write_time(c, w, "last_login_at", user->last_login_at);
    json_write_integer(w, "version", user->version);
    json_write_members(w, claims);
    return OK;
}

static fallible answer_user(struct call *c, int status, const struct db_user *user)
{
    struct json_writer body = call_object(c);
    TRY(write_user(c, &body, user));
    return call_json(c, status, &body);
}

/* What the token's scopes tell about its person, in the words of this API and of OpenID Connect. */
static fallible write_me(struct call *c, struct json_writer *w)
{
    struct arena *a = c->context->arena;
    const struct actor *by = &c->actor;
    if (actor_may_self(by, by->user->number, "view-own-profile"))
        return write_user(c, w, by->user);
    json *claims = json_object_new(a);
    str sub;
    TRY(userinfo_scoped(a, by, claims));
    TRY(subject_of(c->context, by->client, by->user, &sub)); /* as in introspection and ID tokens */
    json_write_members(w, claims);
    json_write_text(w, "id", sub);
    if (str_has_word(by->scope, STR("openid")))
        json_write_text(w, "sub", sub);
    if (str_has_word(by->scope, STR("profile"))) {
        json_write_text(w, "username", by->user->username);
        json_write_text(w, "full_name", by->user->full_name.p ? by->user->full_name : STR(""));
    }
    return OK;
}

fallible api_me_get(struct call *c)
{
    const struct actor *by = &c->actor;
    struct json_writer body = call_object(c);
    if (by->kind == ACTOR_USER)
        TRY(write_me(c, &body));
    json_write_words(&body, "scopes", by->scope.p ? by->scope : STR(""));
    api_write_time(c, &body, "expires_at", by->expires_at);
    if (by->client) {
        json_write_object(&body, "client");
        json_write_text(&body, "id", by->client->id);
        json_write_text(&body, "client_id", by->client->id);
        json_write_text(&body, "name", by->client->name);
        json_write_end(&body);
    } else {
        json_write_null(&body, "client");
    }
    return call_json(c, 200, &body);
}

fallible api_users_get(struct call *c)
{
    struct db_page page;
    struct db_user_rows found;
    TRY(api_page(c, &page));
    TRY(user_list(c->context, &c->actor, &page, &found));
    struct json_writer rows = api_rows(c);
    for (size_t i = 0; i < found.count; i++) {
        json_write_object(&rows, NULL);
        TRY(write_user(c, &rows, &found.rows[i]));
        json_write_end(&rows);
    }
    return api_list(c, &page, &rows, found.count, found.total);
}

static void read_edit(struct call *c, const json *body, struct user_edit *edit)
{
    int must_change = -1, look_alike = -1;
    api_text(c, body, "username", &edit->username);
    api_text(c, body, "email", &edit->email);
    api_text(c, body, "full_name", &edit->full_name);
    api_text(c, body, "password", &edit->password);
    api_flag(c, body, "admin", &edit->admin);
    api_flag(c, body, "must_change_password", &must_change);
    api_flag(c, body, "allow_look_alike", &look_alike);
    edit->allow_look_alike = look_alike > 0;
    if (must_change >= 0)
        edit->must_change = must_change ? USER_MUST_CHANGE_PASSWORD : USER_MUST_CHANGE_NOTHING;
    api_words(c, body, "permissions", ' ', &edit->permissions);
    api_number(c, body, "version", &edit->version);
    user_claims_from_json(c->context->arena, body, &edit->claims, &c->problems);
}

/* The members of a person that may be written: `own` (ends with NULL), and the claims of the table. */
static fallible known_members(struct call *c, const char *const *own, const char *const **out)
{
    size_t n = 0;
    const char **all = arena_array(c->context->arena, KNOWN_MAX, sizeof *all);
    if (!all)
        FAIL(UNAVAILABLE, "api: no memory");
    for (; own[n]; n++)
        all[n] = own[n];
    INVARIANT(n + USER_CLAIMS_COUNT + 2 <= KNOWN_MAX);
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++)
        if (!user_claims_table[i].parent)
            all[n++] = user_claims_table[i].claim;
    all[n++] = "address";
    *out = all;
    return OK;
}

fallible api_users_post(struct call *c)
{
    static const char *const own[] = {"username", "email", "full_name", "password", "admin", "permissions", "must_change_password", "allow_look_alike", NULL};
    const char *const *known;
    struct user_edit edit = {.admin = -1};
    struct db_user *user;
    const json *body;
    if (!actor_may(&c->actor, "create-users"))
        FAIL(INSUFFICIENT_SCOPE, "api: create-users is missing");
    TRY(known_members(c, own, &known));
    TRY(api_body(c, known, &body));
    read_edit(c, body, &edit);
    TRY(problem_result(&c->problems));
    TRY(user_add(c->context, &c->actor, &edit, &c->problems, &user));
    return answer_user(c, 201, user);
}

fallible api_user_get(struct call *c)
{
    struct db_user *user;
    TRY(api_user(c, c->parameters[0], "view-own-profile", &user));
    TRY(response_header(c->response, "ETag", str_format(c->context->arena, "\"%lld\"", (long long)user->version)));
    return answer_user(c, 200, user);
}

/* AD-05: a client that read a version may ask that nobody else has written since. */
static fallible if_match(struct call *c, int64_t *version)
{
    uint64_t number;
    str header = request_header(c->request, "If-Match");
    if (!str_present(header) || str_is(header, "*"))
        return OK;
    if (header.n < 3 || header.p[0] != '"' || header.p[header.n - 1] != '"' || FAILED(str_u64((str){header.p + 1, header.n - 2}, INT64_MAX, &number)) ||
        number == 0)
        REFUSE(CONFLICT, "If-Match does not contain the ETag of this object.", "api: malformed If-Match");
    *version = (int64_t)number;
    return OK;
}

static fallible change_password(struct call *c, const struct db_user *user, const json *body, str fresh)
{
    struct user_password_change change = {.prove = login_prove, .id = user->id, .fresh = fresh};
    int end_tokens = 0;
    api_text(c, body, "current_password", &change.current);
    api_flag(c, body, "end_personal_tokens", &end_tokens);
    TRY(problem_result(&c->problems));
    change.end_personal_tokens = end_tokens == 1;
    err changed = user_password(c->context, &c->actor, &change, &c->problems);
    if (changed.kind == ERR_THROTTLED)
        TRY(response_header(c->response, "Retry-After", str_format(c->context->arena, "%lld", (long long)change.retry_after)));
    for (size_t i = 0; i < c->problems.count; i++) /* the member's name here */
        if (str_is(str_of(c->problems.rows[i].field), "current"))
            c->problems.rows[i].field = "current_password";
    return changed;
}

static bool touches_profile(const struct user_edit *e)
{
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++)
        if (str_present(e->claims.values[i]))
            return true;
    return str_present(e->username) || str_present(e->email) || str_present(e->full_name) || e->admin >= 0 || str_present(e->permissions) ||
           (e->must_change != USER_MUST_CHANGE_AS_IS && !str_present(e->password)); /* beside a password it says how that is set */
}

/* Nothing is done before all of the request has been looked at: a request that fails leaves the person as they were. */
static fallible judge_put(struct call *c, const struct db_user *user, const struct user_edit *edit, str status)
{
    bool profile = touches_profile(edit);
    if (str_present(status) && !str_is(status, "BLOCKED") && !str_is(status, "ACTIVE"))
        problem_add(&c->problems, "status", STR("Must be ACTIVE or BLOCKED."));
    bool others = str_present(edit->password) && !actor_is(&c->actor, user->number);
    if (others && edit->must_change != USER_MUST_CHANGE_PASSWORD) /* AD-06: said, so that nobody does it by a slip */
        problem_add(&c->problems, "must_change_password",
                    STR("Must be true: a user must change a password that someone else has chosen for them at the next login."));
    if (str_present(edit->password) && (profile || str_present(status)))
        problem_add(&c->problems, "password", STR("A password must be changed in a separate request."));
    return problem_result(&c->problems);
}

/* {id} as a person whom the token may change. */
static fallible find_changeable_user(struct call *c, struct db_user **out)
{
    str id;
    struct db_user *user;
    const struct actor *by = &c->actor;
    TRY(api_user_id(c, c->parameters[0], &id));
    bool own = by->kind == ACTOR_USER && str_equal(by->user->id, id) && actor_may_self(by, by->user->number, "edit-own-profile");
    if (!own && !actor_may(by, "edit-users"))
        FAIL(INSUFFICIENT_SCOPE, "api: neither the own account within the token's scope nor edit-users");
    TRY(user_find(c->context, id, &user));
    if (!user || !str_equal(user->id, id))
        FAIL(NOT_FOUND, "api: no such person");
    *out = user;
    return OK;
}

struct putting {
    struct call *c;
    const struct db_user *user;
    const struct user_edit *edit;
    str status;
};

/* Profile and block together or neither: what is refused of one leaves the other as it was. */
static err store_user_put(void *context)
{
    struct putting *w = context;
    struct call *c = w->c;
    c->problems.count = 0;
    if (touches_profile(w->edit))
        TRY(user_change(c->context, &c->actor, w->user->id, w->edit, &c->problems));
    return str_present(w->status) ? user_block(c->context, &c->actor, w->user->id, str_is(w->status, "BLOCKED")) : OK;
}

fallible api_user_put(struct call *c)
{
    static const char *const own[] = {"username", "email",       "full_name", "password", "current_password",     "end_personal_tokens",
                                      "admin",    "permissions", "status",    "version",  "must_change_password", "allow_look_alike",
                                      NULL};
    const char *const *known;
    struct user_edit edit = {.admin = -1};
    struct db_user *user;
    const json *body;
    str status = STR_ABSENT;
    TRY(find_changeable_user(c, &user));
    TRY(known_members(c, own, &known));
    TRY(api_body(c, known, &body));
    read_edit(c, body, &edit);
    api_text(c, body, "status", &status);
    TRY(if_match(c, &edit.version));
    TRY(problem_result(&c->problems));
    if (edit.version != 0 && edit.version != user->version) /* AD-05: for what follows the profile too */
        FAIL(CONFLICT, "api: the person was changed meanwhile");
    if (str_is(status, user->blocked ? "BLOCKED" : "ACTIVE")) /* as it is: whoever sends back what they read changes nothing */
        status = STR_ABSENT;
    TRY(judge_put(c, user, &edit, status));
    if (str_present(edit.password)) /* alone: judge_put */
        TRY(change_password(c, user, body, edit.password));
    else
        TRY(authority_together(c->context, store_user_put, &(struct putting){c, user, &edit, status}));
    return call_empty(c, 204);
}

fallible api_user_delete(struct call *c)
{
    struct db_user *user;
    if (!actor_may(&c->actor, "delete-users"))
        FAIL(INSUFFICIENT_SCOPE, "api: delete-users is missing");
    TRY(user_find(c->context, c->parameters[0], &user));
    if (!user || !str_equal(user->id, c->parameters[0]))
        FAIL(NOT_FOUND, "api: no such person");
    TRY(user_remove(c->context, &c->actor, user->id));
    return call_empty(c, 204);
}
