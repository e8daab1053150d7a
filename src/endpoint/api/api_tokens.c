/* SPDX-License-Identifier: MIT
 * api_tokens: a person's personal access tokens over the API; the rules are in user/pat. */
#include "user/pat.h"
#include "user/user.h"
#include "endpoint/api/api.h"
#include "base/banned.h"

static void write_members(struct call *c, struct json_writer *w, const struct db_pat *pat)
{
    json_write_text(w, "id", pat->id);
    json_write_text(w, "name", pat->name);
    json_write_words(w, "scopes", pat->scope.p ? pat->scope : STR(""));
    json_write_text(w, "dpop_jkt", pat->jkt); /* null: bound to no key */
    json_write_boolean(w, "revoked", pat->revoked_at != 0);
    api_write_time(c, w, "created_at", pat->created_at);
    api_write_time(c, w, "expires_at", pat->expires_at);
    api_write_time(c, w, "last_used_at", pat->last_used_at);
    json_write_text(w, "last_used_address", str_filled(pat->last_used_address) ? pat->last_used_address : STR_ABSENT);
}

static void write_token(struct call *c, struct json_writer *w, const char *name, const struct db_pat *pat)
{
    json_write_object(w, name);
    write_members(c, w, pat);
    json_write_end(w);
}

fallible api_tokens_get(struct call *c)
{
    struct db_page page;
    struct db_pat_rows found;
    struct db_user *user;
    TRY(api_user(c, c->parameters[0], "view-own-tokens", &user));
    TRY(api_page(c, &page));
    TRY(pat_list(c->context, &c->actor, user->id, &page, &found));
    struct json_writer rows = api_rows(c);
    for (size_t i = 0; i < found.count; i++)
        write_token(c, &rows, NULL, &found.rows[i]);
    return api_list(c, &page, &rows, found.count, found.total);
}

fallible api_tokens_post(struct call *c)
{
    static const char *const known[] = {"name", "scopes", "expires_in", "dpop_jkt", NULL};
    struct pat_edit edit = {.dpop_jkt = STR_ABSENT};
    struct pat_made made;
    struct db_user *user;
    const json *given;
    TRY(api_user(c, c->parameters[0], "view-own-tokens", &user)); /* who may make one reaches everything: PT-03, in pat_add */
    edit.user = user->id;
    TRY(api_body(c, known, &given));
    api_text(c, given, "name", &edit.name);
    api_words(c, given, "scopes", ' ', &edit.scopes);
    api_number(c, given, "expires_in", &edit.expires_in);
    api_text(c, given, "dpop_jkt", &edit.dpop_jkt);
    TRY(problem_result(&c->problems));
    TRY(pat_add(c->context, &c->actor, &edit, &c->problems, &made));
    struct json_writer body = call_object(c);
    json_write_text(&body, "accessToken", made.token); /* PT-01: this once */
    write_token(c, &body, "token", &made.pat);
    return call_json(c, 201, &body);
}

fallible api_token_get(struct call *c)
{
    struct db_pat *pat;
    struct db_user *user;
    TRY(api_user(c, c->parameters[0], "view-own-tokens", &user));
    TRY(pat_get(c->context, &c->actor, user->id, c->parameters[1], &pat));
    if (!pat)
        FAIL(NOT_FOUND, "api: no such token");
    struct json_writer body = call_object(c);
    write_members(c, &body, pat);
    return call_json(c, 200, &body);
}

fallible api_token_delete(struct call *c)
{
    bool revoked;
    str id;
    TRY(api_user_id(c, c->parameters[0], &id));
    TRY(pat_revoke(c->context, &c->actor, id, c->parameters[1], &revoked));
    if (!revoked)
        FAIL(NOT_FOUND, "api: no such token");
    return call_empty(c, 204);
}
