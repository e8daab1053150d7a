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

/* One page of something that is whole in memory. */
static void find_page_bounds(const struct db_page *page, size_t total, size_t *from, size_t *to)
{
    *from = (size_t)page->offset < total ? (size_t)page->offset : total;
    *to = *from + (size_t)page->limit < total ? *from + (size_t)page->limit : total;
}

fallible api_scopes_get(struct call *c)
{
    struct db_page page;
    size_t count, from, to;
    TRY(api_page(c, &page));
    const struct db_scope **scopes = cache_scopes(c->context->snapshot, c->context->arena, &count);
    struct json_writer list = api_rows(c), *w = &list;
    find_page_bounds(&page, count, &from, &to);
    for (size_t i = from; i < to; i++) {
        json_write_object(w, NULL);
        json_write_text(w, "id", scopes[i]->name);
        json_write_text(w, "name", scopes[i]->name);
        json_write_text(w, "description", scopes[i]->description);
        json_write_boolean(w, "builtin", scopes[i]->builtin);
        json_write_text(w, "kind", str_of(scopes_kind(scopes[i])));
        json_write_end(w);
    }
    return api_list(c, &page, w, to - from, (int64_t)count);
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
        REFUSE(INSUFFICIENT_SCOPE, "This is about people; a client's own token has none.", "api: a client's own token");
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

fallible api_sessions_get(struct call *c)
{
    struct db_page page;
    struct db_user *user;
    struct db_session *rows;
    struct db_authorization *grants = NULL;
    size_t count, granted = 0, from, to;
    TRY(find_subject_user(c, "view-own-sessions", &user));
    if (!actor_may_self(&c->actor, user->number, "view-own-sessions") && !actor_is_admin(&c->actor)) /* AD-02: view-users shows people only */
        FAIL(INSUFFICIENT_SCOPE, "api: sessions of somebody else, or with a token that is too narrow");
    TRY(api_page_of(c, "user", &page));
    TRY(session_list(c->context, user->number, &rows, &count));
    if (consent_may_see(&c->actor, user->number)) /* which applications were opened in a login is more than the login */
        TRY(consent_authorizations(c->context, &c->actor, user->number, &grants, &granted));
    struct json_writer list = api_rows(c), *w = &list;
    find_page_bounds(&page, count, &from, &to);
    for (size_t i = from; i < to; i++) {
        json_write_object(w, NULL);
        json_write_text(w, "id", rows[i].id);
        api_write_time(c, w, "created_at", rows[i].created_at);
        api_write_time(c, w, "last_seen_at", rows[i].last_seen_at);
        api_write_time(c, w, "expires_at", rows[i].expires_at);
        json_write_text(w, "address", rows[i].address);
        json_write_text(w, "user_agent", rows[i].user_agent);
        write_clients(c, w, rows[i].id, grants, granted);
        json_write_end(w);
    }
    return api_list(c, &page, w, to - from, (int64_t)count);
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

fallible api_grants_get(struct call *c)
{
    struct db_page page;
    struct db_user *user;
    struct db_authorization *rows;
    size_t count, from, to;
    TRY(find_subject_user(c, "view-own-authorizations", &user));
    TRY(api_page_of(c, "user", &page));
    TRY(consent_authorizations(c->context, &c->actor, user->number, &rows, &count));
    struct json_writer list = api_rows(c), *w = &list;
    find_page_bounds(&page, count, &from, &to);
    for (size_t i = from; i < to; i++) { /* contract 7 */
        const struct db_client *client = cache_client_by_number(c->context->snapshot, rows[i].client_number);
        json_write_object(w, NULL);
        json_write_text(w, "id", rows[i].id);
        json_write_text(w, "client_id", client ? client->id : STR_ABSENT);
        json_write_text(w, "client_name", client ? client->name : STR_ABSENT);
        json_write_words(w, "scopes", rows[i].scope.p ? rows[i].scope : STR(""));
        api_write_time(c, w, "created_at", rows[i].created_at);
        api_write_time(c, w, "last_used_at", rows[i].last_used_at);
        json_write_end(w);
    }
    return api_list(c, &page, w, to - from, (int64_t)count);
}

fallible api_grant_delete(struct call *c)
{
    bool revoked;
    if (c->actor.kind != ACTOR_USER)
        REFUSE(INSUFFICIENT_SCOPE, "This is about people; a client's own token has none.", "api: a client's own token");
    TRY(consent_revoke_authorization(c->context, &c->actor, c->parameters[0], &revoked));
    if (!revoked)
        FAIL(NOT_FOUND, "api: no such grant");
    return call_empty(c, 204);
}
