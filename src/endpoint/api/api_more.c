/* SPDX-License-Identifier: MIT
 * api_more: scopes, events, sessions, grants, and the document that describes it all. */
#include "context/audit.h"
#include "context/audit_pace.h"
#include "scope/scopes.h"
#include "user/user.h"
#include "endpoint/api/api.h"
#include "authorize/consent.h"
#include "base/banned.h"

/* The addresses that the document names (url, tokenUrl …) are this server's: written from the root, told from the issuer on. */
static str below_issuer(struct call *c, str text)
{
    const str key = STR("rl\": \"");
    struct buf b = buf_new(c->context->arena, BUF_JSON_MAX);
    str out;
    size_t begin = 0;
    for (size_t i = key.n; i < text.n; i++) {
        if (text.p[i] != '/' || !str_ends((str){text.p, i}, key))
            continue;
        buf_add(&b, (str){text.p + begin, i - begin});
        buf_add(&b, c->context->authority->issuer);
        begin = i;
    }
    buf_add(&b, (str){text.p + begin, text.n - begin});
    return FAILED(buf_done(&b, &out)) ? STR_ABSENT : out;
}

fallible api_openapi_get(struct call *c)
{
    const struct page_asset *asset = page_asset(STR("openapi.json"));
    if (!asset)
        FAIL(NOT_FOUND, "api: the document is not embedded");
    str body = below_issuer(c, asset->bytes);
    if (!str_present(body))
        FAIL(UNAVAILABLE, "api: no memory for the document");
    response_body(c->response, 200, "application/json", body);
    return OK;
}

fallible api_scopes_get(struct call *c)
{
    static const char *const columns[] = {"name", "description", NULL};
    struct api_whole all = {.columns = columns, .searched = 2};
    struct db_page page;
    size_t count;
    TRY(api_page(c, &page));
    const struct db_scope **scopes = cache_scopes(c->context->snapshot, c->context->arena, &count);
    TRY(api_whole_new(c->context->arena, count, &all));
    for (size_t i = 0; i < count; i++) {
        struct api_whole_row *row = api_whole_add(&all, scopes[i]);
        row->cells[0] = scopes[i]->name;
        row->cells[1] = scopes[i]->description;
    }
    TRY(api_whole_page(&all, &page));
    struct json_writer list = api_rows(c), *w = &list;
    for (size_t i = all.from; i < all.to; i++) {
        const struct db_scope *scope = all.rows[i].what;
        json_write_object(w, NULL);
        json_write_text(w, "id", scope->name);
        json_write_text(w, "name", scope->name);
        json_write_text(w, "description", scope->description);
        json_write_boolean(w, "builtin", scope->builtin);
        json_write_text(w, "kind", str_of(scopes_kind(scope)));
        json_write_end(w);
    }
    return api_list(c, &page, w, all.to - all.from, (int64_t)all.count);
}

fallible api_scopes_post(struct call *c)
{
    static const char *const known[] = {"name", "description", NULL};
    str name = STR_ABSENT, description = STR_ABSENT;
    const json *body;
    if (!actor_may(&c->actor, "edit-scopes"))
        FAIL(INSUFFICIENT_SCOPE, "api: edit-scopes is missing");
    TRY(api_body(c, known, &body));
    api_text(c, body, "name", &name);
    api_text(c, body, "description", &description);
    TRY(problem_result(&c->problems));
    TRY(scopes_add(c->context, &c->actor, name, description, &c->problems));
    struct json_writer answer = call_object(c);
    json_write_text(&answer, "id", name);
    json_write_text(&answer, "name", name);
    json_write_text(&answer, "description", description);
    return call_json(c, 201, &answer);
}

fallible api_scope_delete(struct call *c)
{
    bool removed;
    if (!actor_may(&c->actor, "edit-scopes"))
        FAIL(INSUFFICIENT_SCOPE, "api: edit-scopes is missing");
    TRY(scopes_remove(c->context, &c->actor, c->parameters[0], &removed));
    if (!removed)
        FAIL(NOT_FOUND, "api: no such scope");
    return call_empty(c, 204);
}

fallible api_events_get(struct call *c)
{
    struct db_page page;
    struct db_event_rows found;
    TRY(api_page(c, &page));
    TRY(audit_list(c->context, &c->actor, &page, &found));
    struct json_writer list = api_rows(c), *w = &list;
    for (size_t i = 0; i < found.count; i++) {
        const struct db_event *e = &found.rows[i];
        json_write_object(w, NULL);
        str actor, subject;
        TRY(api_shown_id(c, e->actor, &actor));
        TRY(api_shown_id(c, e->subject, &subject));
        json_write_integer(w, "id", e->number);
        api_write_time(c, w, "at", e->at);
        json_write_text(w, "name", e->name);
        json_write_text(w, "actor", actor);
        json_write_text(w, "client_id", e->client_id);
        json_write_text(w, "subject", subject);
        json_write_text(w, "address", e->address);
        json_write_text(w, "request_id", e->request_id);
        json_write_text(w, "detail", e->detail);
        json_write_text(w, "class", str_of(audit_class_name(e->class)));
        json_write_end(w);
    }
    return api_list(c, &page, w, found.count, found.total);
}

/* Whose: the person's own, or with ?user= somebody else's for those who may see them. */
static fallible find_subject_user(struct call *c, const char *own, struct db_user **user)
{
    str id = form_get(&c->form, "user");
    if (str_present(id))
        return api_user(c, id, own, user);
    if (c->actor.kind != ACTOR_USER)
        REFUSE(INSUFFICIENT_SCOPE, "This is about users, and a client's own token has no user.", "api: a client's own token");
    return api_user(c, c->actor.user->id, own, user);
}

/* Client ids of the applications that were given something in the session, and still have it. */
static void write_clients(struct call *c, struct json_writer *w, str session_id, const struct db_authorization *grants, size_t count)
{
    json_write_list(w, "applications");
    for (size_t i = 0; i < count; i++) {
        const struct db_client *client = cache_client_by_number(c->context->snapshot, grants[i].client_number);
        if (client && str_equal(grants[i].session_id, session_id))
            json_write_text(w, NULL, client->id);
    }
    json_write_end(w);
}

/* Times in order are texts in order; empty for never. */
static str time_cell(struct call *c, unix_time t)
{
    return t == 0 ? STR("") : clock_rfc3339(c->context->arena, t);
}

static void write_session(struct call *c, struct json_writer *w, const struct db_session *row)
{
    json_write_text(w, "id", row->id);
    api_write_time(c, w, "created_at", row->created_at);
    api_write_time(c, w, "last_seen_at", row->last_seen_at);
    api_write_time(c, w, "expires_at", row->expires_at);
    json_write_text(w, "address", row->address);
    json_write_text(w, "user_agent", row->user_agent);
}

static fallible choose_sessions(struct call *c, const struct db_page *page, int64_t user_number, struct api_whole *all)
{
    static const char *const columns[] = {"address", "user_agent", "created_at", "last_seen_at", "expires_at", NULL};
    struct db_session *rows;
    size_t count;
    *all = (struct api_whole){.columns = columns, .searched = 2};
    TRY(session_list(c->context, user_number, &rows, &count));
    TRY(api_whole_new(c->context->arena, count, all));
    for (size_t i = 0; i < count; i++) {
        struct api_whole_row *row = api_whole_add(all, &rows[i]);
        row->cells[0] = rows[i].address;
        row->cells[1] = rows[i].user_agent;
        row->cells[2] = time_cell(c, rows[i].created_at);
        row->cells[3] = time_cell(c, rows[i].last_seen_at);
        row->cells[4] = time_cell(c, rows[i].expires_at);
    }
    return api_whole_page(all, page);
}

fallible api_sessions_get(struct call *c)
{
    struct db_page page;
    struct db_user *user;
    struct api_whole all;
    struct db_authorization *grants = NULL;
    size_t granted = 0;
    TRY(find_subject_user(c, "view-own-sessions", &user));
    if (!actor_may_self(&c->actor, user->number, "view-own-sessions") && !actor_is_admin(&c->actor)) /* AD-02: view-users shows people only */
        FAIL(INSUFFICIENT_SCOPE, "api: sessions of somebody else, or with a token that is too narrow");
    TRY(api_page_of(c, "user", &page));
    TRY(choose_sessions(c, &page, user->number, &all));
    if (consent_may_see(&c->actor, user->number)) /* which applications were opened in a login is more than the login */
        TRY(consent_authorizations(c->context, &c->actor, user->number, &grants, &granted));
    struct json_writer list = api_rows(c), *w = &list;
    for (size_t i = all.from; i < all.to; i++) {
        const struct db_session *row = all.rows[i].what;
        json_write_object(w, NULL);
        write_session(c, w, row);
        write_clients(c, w, row->id, grants, granted);
        json_write_end(w);
    }
    return api_list(c, &page, w, all.to - all.from, (int64_t)all.count);
}

fallible api_session_delete(struct call *c)
{
    bool ended;
    struct db_user *user;
    TRY(find_subject_user(c, "delete-own-sessions", &user));
    TRY(user_end_session(c->context, &c->actor, user->number, c->parameters[0], &ended));
    if (!ended)
        FAIL(NOT_FOUND, "api: no such session");
    return call_empty(c, 204);
}

static fallible choose_grants(struct call *c, const struct db_page *page, int64_t user_number, struct api_whole *all)
{
    static const char *const columns[] = {"client_id", "client_name", "scopes", "created_at", "last_used_at", NULL};
    struct db_authorization *rows;
    size_t count;
    *all = (struct api_whole){.columns = columns, .searched = 3};
    TRY(consent_authorizations(c->context, &c->actor, user_number, &rows, &count));
    TRY(api_whole_new(c->context->arena, count, all));
    for (size_t i = 0; i < count; i++) {
        const struct db_client *client = cache_client_by_number(c->context->snapshot, rows[i].client_number);
        struct api_whole_row *row = api_whole_add(all, &rows[i]);
        row->cells[0] = client ? client->id : STR_ABSENT;
        row->cells[1] = client ? client->name : STR_ABSENT;
        row->cells[2] = rows[i].scope;
        row->cells[3] = time_cell(c, rows[i].created_at);
        row->cells[4] = time_cell(c, rows[i].last_used_at);
    }
    return api_whole_page(all, page);
}

fallible api_grants_get(struct call *c)
{
    struct db_page page;
    struct db_user *user;
    struct api_whole all;
    TRY(find_subject_user(c, "view-own-authorizations", &user));
    TRY(api_page_of(c, "user", &page));
    TRY(choose_grants(c, &page, user->number, &all));
    struct json_writer list = api_rows(c), *w = &list;
    for (size_t i = all.from; i < all.to; i++) { /* contract 7 */
        const struct db_authorization *row = all.rows[i].what;
        json_write_object(w, NULL);
        json_write_text(w, "id", row->id);
        json_write_text(w, "client_id", all.rows[i].cells[0]);
        json_write_text(w, "client_name", all.rows[i].cells[1]);
        json_write_words(w, "scopes", row->scope.p ? row->scope : STR(""));
        api_write_time(c, w, "created_at", row->created_at);
        api_write_time(c, w, "last_used_at", row->last_used_at);
        json_write_end(w);
    }
    return api_list(c, &page, w, all.to - all.from, (int64_t)all.count);
}

fallible api_grant_delete(struct call *c)
{
    bool revoked;
    if (c->actor.kind != ACTOR_USER)
        REFUSE(INSUFFICIENT_SCOPE, "This is about users, and a client's own token has no user.", "api: a client's own token");
    TRY(consent_revoke_authorization(c->context, &c->actor, c->parameters[0], &revoked));
    if (!revoked)
        FAIL(NOT_FOUND, "api: no such grant");
    return call_empty(c, 204);
}
