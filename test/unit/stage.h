/* SPDX-License-Identifier: MIT
 * stage: clients, people and requests over the fixture's authority, for the tests of grant. Facts are new with each scene_next,
 * so a client is asked for by its id each time and never kept. */
#ifndef JETON_TEST_STAGE_H
#define JETON_TEST_STAGE_H
#include "codec/percent.h"
#include "people.h"
#include "authorize/authorize.h"
#include "resource/bearer.h"
#include "resource/introspect.h"
#include "grant/token_request.h"
#include "store/table/db_scope.h"
#include <sqlite3.h>
#include <stdio.h>

#define CALLBACK  "https://app.example.com/cb"
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* RFC 7636 B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

/* Scopes read, write; ada; web (confidential, read write, all grants), other (the same), pub (public). */
struct stage {
    struct scene s;
    struct db_user *ada;
    str secret; /* of web */
};

static inline str stage_client(struct stage *t, const char *id, void (*shape)(struct client_edit *))
{
    struct client_edit edit = client_edit_nothing();
    struct client_added added;
    edit.id = edit.name = str_of(id);
    edit.grants = STR("authorization_code password client_credentials");
    edit.redirect_uris = STR(CALLBACK);
    edit.scopes = STR("read write");
    if (shape)
        shape(&edit);
    assert_done(client_add(t->s.ctx, &actor_owner, &edit, &t->s.p, &added));
    str secret = added.secret;
    scene_next(&t->s);
    return secret;
}

static inline void stage_public(struct client_edit *edit)
{
    edit->is_public = 1;
    edit->grants = STR("authorization_code password");
}

static inline struct stage stage_new(void)
{
    struct stage t = {.s = scene_new()};
    assert_done(db_scope_add(store_each(t.s.authority->store), STR("read"), STR("Read.")));
    assert_done(db_scope_add(store_each(t.s.authority->store), STR("write"), STR("Write.")));
    t.ada = fixture_user(t.s.authority, t.s.a, "ada");
    scene_next(&t.s);
    t.secret = stage_client(&t, "web", NULL);
    (void)stage_client(&t, "other", NULL);
    (void)stage_client(&t, "pub", stage_public);
    return t;
}

static inline const struct db_client *stage_find(struct stage *t, const char *id)
{
    const struct db_client *client = cache_client(t->s.ctx->snapshot, str_of(id));
    cr_assert_not_null(client, "no client %s", id);
    return client;
}

static inline struct form stage_form(struct stage *t, const char *text)
{
    struct form f;
    assert_done(form_parse(t->s.a, str_of(text), &f));
    return f;
}

static inline struct client_proof stage_proof(struct stage *t, const char *id)
{
    const struct db_client *client = stage_find(t, id);
    return (struct client_proof){.client = client, .authenticated = !client->is_public};
}

/* A token request of an authenticated client, in a request of its own. */
static inline err stage_token(struct stage *t, const char *id, str text, struct token_answer *out)
{
    scene_next(&t->s);
    *out = (struct token_answer){0};
    struct client_proof proof = stage_proof(t, id);
    struct form f;
    assert_done(form_parse(t->s.a, text, &f));
    err judged = token_request_answer(t->s.ctx, &proof, &f, out);
    return FAILED(judged) ? judged : token_request_finish(t->s.ctx, out);
}

struct stage_tried {
    scene_act *act;
    void *context;
    size_t n;
    struct context *ctx;
};

/* On the thread and in the transaction of the store, as a request of the pool WRITE. */
static inline err stage_try_once(void *context)
{
    const struct stage_tried *w = context;
    arena_fail_after(w->n);
    err e = w->act(w->ctx, w->context);
    arena_fail_after(0);
    return e;
}

static inline err stage_try(struct context *ctx, void *context)
{
    struct stage_tried *w = context;
    arena_fail_after(0); /* it counts within the transaction alone */
    w->ctx = ctx;
    return authority_together(ctx, stage_try_once, w);
}

/* In a transaction the n-th allocation fails, for each n until it is done: memory that ends is no verdict, and spends nothing. */
static inline void stage_torture(struct stage *t, scene_act *act, void *context)
{
    struct stage_tried w = {.act = act, .context = context, .n = 1};
    scene_next(&t->s);
    while (w.n < 1000 && !scene_torture(&t->s, w.n, stage_try, &w))
        w.n++;
    cr_expect(w.n > 1 && w.n < 1000, "%zu", w.n);
}

struct stage_asked {
    const char *id;
    str text;
};

static inline err stage_ask(struct context *ctx, void *context)
{
    const struct stage_asked *w = context;
    struct token_answer answer = {0};
    struct form f;
    const struct db_client *client = cache_client(ctx->snapshot, str_of(w->id));
    struct client_proof proof = {.client = client, .authenticated = !client->is_public};
    TRY(form_parse(ctx->arena, w->text, &f));
    return token_request_answer(ctx, &proof, &f, &answer);
}

static inline void stage_torture_token(struct stage *t, const char *id, str text)
{
    stage_torture(t, stage_ask, &(struct stage_asked){id, text});
}

static inline str stage_text(struct stage *t, const char *before, str middle, const char *after)
{
    str parts[] = {str_of(before), middle, str_of(after)};
    return str_join(t->s.a, parts, 3);
}

static inline err stage_password(struct stage *t, const char *id, const char *more, struct token_answer *out)
{
    return stage_token(t, id, stage_text(t, "grant_type=password&username=ada&password=correct+horse+battery", str_of(more), ""), out);
}

static inline err stage_refresh(struct stage *t, const char *id, str token, const char *more, struct token_answer *out)
{
    return stage_token(t, id, stage_text(t, "grant_type=refresh_token&refresh_token=", token, more), out);
}

static inline err stage_redeem(struct stage *t, const char *id, str code, const char *more, struct token_answer *out)
{
    return stage_token(t, id, stage_text(t, "grant_type=authorization_code&code=", code, more), out);
}

static inline err stage_bearer(struct stage *t, str token, struct bearer *out)
{
    scene_next(&t->s);
    return bearer_check(t->s.ctx, token, out);
}

static inline struct session stage_session(struct stage *t, const struct db_user *user)
{
    struct session s;
    assert_done(session_find(t->s.ctx, STR_ABSENT, &s));
    if (user)
        assert_done(session_begin(t->s.ctx, user, STR("pwd"), &s));
    return s;
}

/* The value of a parameter of an address, decoded; absent when it is not there. */
static inline str stage_parameter(struct stage *t, str location, const char *name)
{
    size_t at = str_find(location, '?');
    struct form f;
    if (at == location.n)
        return STR_ABSENT;
    assert_done(form_parse(t->s.a, (str){location.p + at + 1, location.n - at - 1}, &f));
    return form_get_raw(&f, name);
}

/* The whole way of a browser that says yes; returns the Location. */
static inline str stage_allow(struct stage *t, const char *request)
{
    struct authorize_request asked;
    struct authorize_pending pending;
    struct redirect_sent sent;
    str sealed;
    scene_next(&t->s);
    struct form f = stage_form(t, request);
    struct session s = stage_session(t, t->ada);
    assert_done(authorize_read(t->s.ctx, &f, &asked));
    assert_done(authorize_check(t->s.ctx, &f, &asked));
    assert_done(authorize_pend(t->s.ctx, &asked, &s, &sealed));
    assert_done(authorize_resume(t->s.ctx, sealed, &s, &pending));
    assert_done(authorize_allow(t->s.ctx, &pending, &s, &sent));
    return sent.location;
}

static inline str stage_code(struct stage *t, const char *request)
{
    str code = stage_parameter(t, stage_allow(t, request), "code");
    cr_assert(str_filled(code));
    return code;
}

static inline void stage_revoke_client(struct stage *t, const char *id, bool disabled)
{
    scene_next(&t->s);
    assert_done(client_set_disabled(t->s.ctx, &actor_owner, str_of(id), disabled));
    scene_next(&t->s);
}
/* From now on a person is blocked by somebody else at the moment when a grant is written: what two threads do once in a thousand times. */
static inline void stage_block_overtakes(void)
{
    char path[512];
    sqlite3 *h = NULL;
    (void)snprintf(path, sizeof path, "%s/jeton.db", fixture_authority_directory());
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(h, "CREATE TRIGGER overtaking AFTER INSERT ON grants BEGIN UPDATE users SET blocked = 1; END", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
}
#endif
