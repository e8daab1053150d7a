/* SPDX-License-Identifier: MIT
 * api_tokens: a person's personal access tokens over the API; the rules are in directory/pat. */
#include "directory/pat.h"
#include "directory/user.h"
#include "endpoint/api/api.h"
#include "base/banned.h"

static json *token_json(struct call *c, const struct db_pat *pat)
{
    struct arena *a = c->ground->arena;
    json *o = json_object_new(a);
    json_put_text(a, o, "id", pat->id);
    json_put_text(a, o, "name", pat->name);
    json_put_words(a, o, "scopes", pat->scope.p ? pat->scope : STR(""));
    json_put_text(a, o, "dpop_jkt", pat->jkt); /* null: bound to no key */
    json_put_boolean(a, o, "revoked", pat->revoked_at != 0);
    api_put_time(c, o, "created_at", pat->created_at);
    api_put_time(c, o, "expires_at", pat->expires_at);
    api_put_time(c, o, "last_used_at", pat->last_used_at);
    json_put_text(a, o, "last_used_address", str_filled(pat->last_used_address) ? pat->last_used_address : STR_ABSENT);
    return o;
}

fallible api_tokens_get(struct call *c)
{
    struct db_page page;
    struct db_pat_rows found;
    struct db_user *user;
    TRY(api_person(c, c->parameters[0], "view-own-tokens", &user));
    TRY(api_page(c, &page));
    TRY(pat_list(c->ground, &c->actor, user->id, &page, &found));
    json *data = json_list_new(c->ground->arena);
    for (size_t i = 0; i < found.count; i++)
        json_add(c->ground->arena, data, token_json(c, &found.rows[i]));
    return api_list(c, &page, data, found.total);
}

fallible api_tokens_post(struct call *c)
{
    static const char *const known[] = {"name", "scopes", "expires_in", "dpop_jkt", NULL};
    struct pat_edit edit = {.dpop_jkt = STR_ABSENT};
    struct pat_made made;
    struct db_user *user;
    const json *body;
    struct arena *a = c->ground->arena;
    TRY(api_person(c, c->parameters[0], "view-own-tokens", &user)); /* who may make one reaches everything: PT-03, in pat_add */
    edit.user = user->id;
    TRY(api_body(c, known, &body));
    api_text(c, body, "name", &edit.name);
    api_words(c, body, "scopes", ' ', &edit.scopes);
    api_number(c, body, "expires_in", &edit.expires_in);
    api_text(c, body, "dpop_jkt", &edit.dpop_jkt);
    TRY(problem_result(&c->problems));
    TRY(pat_add(c->ground, &c->actor, &edit, &c->problems, &made));
    json *o = json_object_new(a);
    json_put_text(a, o, "accessToken", made.token); /* PT-01: this once */
    json_put(a, o, "token", token_json(c, &made.pat));
    return call_json(c, 201, o);
}

fallible api_token_get(struct call *c)
{
    struct db_pat *pat;
    struct db_user *user;
    TRY(api_person(c, c->parameters[0], "view-own-tokens", &user));
    TRY(pat_get(c->ground, &c->actor, user->id, c->parameters[1], &pat));
    if (!pat)
        FAIL(NOT_FOUND, "api: no such token");
    return call_json(c, 200, token_json(c, pat));
}

fallible api_token_delete(struct call *c)
{
    bool revoked;
    str id;
    TRY(api_user_id(c, c->parameters[0], &id));
    TRY(pat_revoke(c->ground, &c->actor, id, c->parameters[1], &revoked));
    if (!revoked)
        FAIL(NOT_FOUND, "api: no such token");
    return call_empty(c, 204);
}
