/* SPDX-License-Identifier: MIT
 * visit: one request, from its row in THE table to its last header, over the stage's store: target, fields, row, then the phases, the handler
 * and the reply in the pipeline's order, a WRITE row inside of a transaction. What is left out is sockets and threads (pipeline_test.c). */
#ifndef JETON_TEST_VISIT_H
#define JETON_TEST_VISIT_H
#include "codec/b64url.h"
#include "codec/json.h"
#include "http/request.h"
#include "http/target.h"
#include "server/phase.h"
#include "server/reply.h"
#include "session/csrf.h"
#include "stage.h"
#include <stdlib.h>
#include <string.h>

#define HOSTILE   "\"><script>alert(1)</script>'"
#define FORM_TYPE "application/x-www-form-urlencoded"

/* A browser and who is logged in there; NULL where one is wanted: without any cookie. */
struct browser {
    struct session session;
    str device; /* text of the device cookie; absent: none */
};
struct answer {
    int status;
    str body;
    struct http_header headers[24];
    size_t header_count;
    err refused;
};
struct visit {
    const char *method; /* NULL: GET */
    const char *target;
    const struct browser *by;
    str bearer; /* absent: no Authorization */
    const char *type;
    str body;
    struct http_header more[4];
    bool without_csrf; /* a form that is not ours */
    size_t memory;     /* the n-th allocation fails; 0: none */
};

static struct stage stage;
static struct db_user *ada, *root; /* nobody in particular; an administrator */
static struct app visit_app;
static struct settings visit_settings;

static inline struct db_user *visit_administrator(const char *name)
{
    struct user_edit edit = {.admin = 1};
    struct db_user *user = fixture_user(stage.s.authority, stage.s.a, name);
    scene_next(&stage.s);
    assert_done(user_change(stage.s.ctx, &actor_owner, user->id, &edit, &stage.s.p));
    scene_next(&stage.s);
    return scene_again(&stage.s, user);
}

/* For TestSuite(…, .init = visit_open). */
static inline void visit_open(void)
{
    stage = stage_new();
    ada = stage.ada;
    root = visit_administrator("root");
    visit_settings = (struct settings){.cors_origins = STR("https://spa.example.com")};
    visit_app.authority = *stage.s.authority;
    atomic_store(&visit_app.settings, &visit_settings);
    atomic_store(&visit_app.current, stage.s.authority);
}

static inline struct arena *visit_memory(void)
{
    return stage.s.a;
}

static inline str visit_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline str visit_text(const char *format, ...)
{
    char text[4096];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    cr_assert(n >= 0 && (size_t)n < sizeof text);
    return str_dup(visit_memory(), str_of(text));
}

static inline const char *visit_z(str text)
{
    return str_dup(visit_memory(), text).p; /* ends with NUL */
}

/* NULL: a browser that has come by, and where nobody is logged in. */
static inline struct browser *visit_browser(const struct db_user *user)
{
    struct browser *b = ARENA_NEW(visit_memory(), struct browser);
    scene_next(&stage.s);
    stage.s.ctx->address = STR("192.0.2.7");
    stage.s.ctx->user_agent = STR("visit");
    assert_done(session_find(stage.s.ctx, STR_ABSENT, &b->session));
    if (user)
        assert_done(session_begin(stage.s.ctx, user, STR("pwd"), &b->session));
    b->device = STR_ABSENT;
    return b;
}

static inline str visit_csrf(const struct browser *b)
{
    return csrf_token(stage.s.ctx, &b->session);
}

#define ALL_PERMISSIONS                                                                                                                        \
    "view-users create-users edit-users delete-users view-auth_clients create-auth_clients edit-auth_clients delete-auth_clients view-scopes " \
    "edit-scopes view-events"
#define ALL_OWN                                                                                                                  \
    "view-own-profile edit-own-profile view-own-tokens delete-own-tokens view-own-events view-own-sessions delete-own-sessions " \
    "view-own-authorizations delete-own-authorizations"

/* A personal access token of this person with these scopes; none: it reads what they may read. */
static inline str visit_token(const struct db_user *user, const char *scopes)
{
    struct pat_edit edit = {.user = user->id, .name = STR("test"), .scopes = str_of(scopes), .dpop_jkt = STR_ABSENT};
    struct pat_made made;
    scene_next(&stage.s);
    assert_done(pat_add(stage.s.ctx, &actor_owner, &edit, &stage.s.p, &made));
    scene_next(&stage.s);
    return made.token;
}

static inline void visit_unlimited(struct client_edit *edit)
{
    edit->scopes = STR("");
    edit->metadata[METADATA_scope_policy] = STR("any");
}

/* A token that acts with all rights of this person, who has the fixture's password: an unscoped one of the password grant. */
static inline str visit_full_token(const char *username)
{
    struct token_answer made;
    scene_next(&stage.s);
    if (!cache_client(stage.s.ctx->snapshot, STR("unlimited")))
        (void)stage_client(&stage, "unlimited", visit_unlimited);
    assert_done(stage_token(&stage, "unlimited", visit_text("grant_type=password&username=%s&password=correct+horse+battery", username), &made));
    return made.access_token;
}

static inline void visit_robot(struct client_edit *edit)
{
    edit->grants = STR("client_credentials");
    edit->scopes = STR(ALL_PERMISSIONS);
}

/* A client's own token with these scopes. */
static inline str visit_own_token(const char *scopes)
{
    struct token_answer made;
    scene_next(&stage.s);
    if (!cache_client(stage.s.ctx->snapshot, STR("robot")))
        (void)stage_client(&stage, "robot", visit_robot);
    str fields = visit_text("grant_type=client_credentials&scope=%s", scopes);
    for (size_t i = 0; i < fields.n; i++)
        if (fields.p[i] == ' ')
            ((char *)(uintptr_t)fields.p)[i] = '+';
    assert_done(stage_token(&stage, "robot", fields, &made));
    return made.access_token;
}

/* One more person, whose rights are these. */
static inline struct db_user *visit_person(const char *name, const char *permissions)
{
    scene_next(&stage.s);
    return scene_person(&stage.s, name, permissions, false);
}

static inline struct db_user *visit_again(const struct db_user *user)
{
    struct db_user *now = NULL;
    scene_next(&stage.s);
    assert_done(user_find(stage.s.ctx, user->id, &now));
    return now;
}

static inline void visit_wait(int64_t seconds)
{
    clock_set(clock_add(clock_now(), seconds));
}

static inline void visit_sql(const char *sql)
{
    char path[512];
    sqlite3 *h = NULL;
    (void)snprintf(path, sizeof path, "%s/jeton.db", fixture_authority_directory());
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(h));
    sqlite3_close(h);
}

/* From now on the store fails at this table. */
static inline void visit_break(const char *table)
{
    visit_sql(visit_z(visit_text("PRAGMA legacy_alter_table = ON; ALTER TABLE %s RENAME TO broken_%s", table, table)));
}

static inline void visit_mend(const char *table)
{
    visit_sql(visit_z(visit_text("PRAGMA legacy_alter_table = ON; ALTER TABLE broken_%s RENAME TO %s", table, table)));
}

static inline void visit_header(struct request *r, const char *name, str value)
{
    if (str_present(value))
        r->headers[r->header_count++] = (struct http_header){str_of(name), value};
}

static inline str visit_cookies(struct arena *a, const struct browser *b)
{
    str name = session_cookie_name(a, stage.s.authority), device = session_device_cookie_name(a, stage.s.authority);
    if (!str_present(b->device))
        return str_format(a, "%.*s=%.*s", STR_FMT(name), STR_FMT(b->session.cookie));
    return str_format(a, "%.*s=%.*s; %.*s=%.*s", STR_FMT(name), STR_FMT(b->session.cookie), STR_FMT(device), STR_FMT(b->device));
}

/* As http/stream hands it on. */
static inline void visit_request(struct request *r, const struct visit *v)
{
    bool form = v->type && strcmp(v->type, FORM_TYPE) == 0;
    r->headers = arena_array(r->arena, 16, sizeof *r->headers);
    r->method_name = str_of(v->method ? v->method : "GET");
    r->method = request_method(r->method_name);
    r->target = str_of(v->target);
    r->peer = STR("192.0.2.7");
    r->secure = true;
    (void)snprintf(r->id, sizeof r->id, "0123456789abcdef");
    assert_done(target_parse(r->arena, r->target, &r->path, &r->query));
    r->body = v->body;
    if (form && v->by && !v->without_csrf)
        r->body = str_format(r->arena, "%.*s%scsrf=%.*s", STR_FMT(v->body), v->body.n > 0 ? "&" : "", STR_FMT(visit_csrf(v->by)));
    visit_header(r, "Host", STR("auth.example.com"));
    visit_header(r, "Accept", STR("text/html"));
    visit_header(r, "User-Agent", STR("visit"));
    visit_header(r, "Content-Type", v->type ? str_of(v->type) : STR_ABSENT);
    visit_header(r, "Cookie", v->by ? visit_cookies(r->arena, v->by) : STR_ABSENT);
    visit_header(r, "Authorization", str_present(v->bearer) ? str_format(r->arena, "Bearer %.*s", STR_FMT(v->bearer)) : STR_ABSENT);
    for (size_t i = 0; i < sizeof v->more / sizeof *v->more; i++)
        if (str_present(v->more[i].name))
            r->headers[r->header_count++] = v->more[i];
    r->body_kind = request_body_kind(r);
}

static inline err visit_phases(struct pipeline *w)
{
    TRY(phase_describe(w));
    TRY(phase_authenticate(w));
    TRY(phase_authorize(w));
    return w->route->handler(&w->call);
}

static inline err visit_inside(struct tx *tx, void *context)
{
    struct pipeline *w = context;
    w->context.tx = tx;
    w->outcome = visit_phases(w);
    w->context.tx = store_each(stage.s.authority->store);
    return OK;
}

static inline err visit_pass(struct pipeline *w)
{
    TRY(authority_enter(stage.s.authority, w->exchange->request.arena, &w->context));
    w->pool = w->route->pool == CHOOSE ? w->route->choose(&w->call.form) : w->route->pool;
    if (w->pool == WRITE)
        TRY(store_together(store_each(stage.s.authority->store), visit_inside, w));
    else
        w->outcome = visit_phases(w);
    TRY(w->outcome);
    if (w->call.finish)
        TRY(w->call.finish(&w->call));
    if (route_of_browser(w->route))
        TRY(call_set_session(&w->call));
    if (arena_failed(w->exchange->request.arena))
        FAIL(UNAVAILABLE, "visit: the request's memory is used up");
    return OK;
}

static inline err visit_row(struct pipeline *w)
{
    const struct request *r = &w->exchange->request;
    w->route = route_find(r->method, r->path, w->call.parameters, &w->methods);
    if (!w->route && w->methods == 0)
        FAIL(NOT_FOUND, "visit: no such address");
    if (!w->route) {
        w->route = route_find_any(r->path);
        FAIL(METHOD_NOT_ALLOWED, "visit: the address does not take this method");
    }
    return phase_limit(w);
}

static inline void visit_answer(struct pipeline *w)
{
    err outcome = visit_row(w);
    if (!FAILED(outcome))
        outcome = visit_pass(w);
    if (FAILED(outcome))
        reply_error(w, outcome);
    if (w->context.snapshot)
        authority_leave(&w->context);
    reply_finish(w);
}

static inline str visit_kept(str text)
{
    return str_present(text) ? str_dup(visit_memory(), text) : text;
}

/* The whole answer, kept beyond the request's memory. */
static inline struct answer visit(const struct visit *v)
{
    struct arena *a = arena_new(HTTP_ARENA_MAX);
    struct exchange *x = ARENA_NEW(a, struct exchange);
    struct pipeline *w = ARENA_NEW(a, struct pipeline);
    struct answer answer = {0};
    x->request.arena = x->response.arena = a;
    w->exchange = x;
    w->app = &visit_app;
    w->call.request = &x->request;
    w->call.response = &x->response;
    w->call.context = &w->context;
    w->context = (struct context){.authority = stage.s.authority, .arena = a, .now = clock_now()};
    visit_request(&x->request, v);
    arena_fail_after(v->memory);
    visit_answer(w);
    arena_fail_after(0);
    answer.status = x->response.status;
    answer.refused = x->response.refused;
    answer.body = visit_kept(x->response.body);
    for (size_t i = 0; i < x->response.header_count; i++)
        answer.headers[answer.header_count++] = (struct http_header){visit_kept(x->response.headers[i].name), visit_kept(x->response.headers[i].value)};
    arena_release(a);
    scene_next(&stage.s);
    return answer;
}

static inline struct answer visit_get(const struct browser *by, const char *target)
{
    return visit(&(struct visit){.target = target, .by = by, .bearer = STR_ABSENT});
}

/* A form of ours. */
static inline struct answer visit_post(const struct browser *by, const char *target, const char *fields)
{
    return visit(&(struct visit){.method = "POST", .target = target, .by = by, .bearer = STR_ABSENT, .type = FORM_TYPE, .body = str_of(fields)});
}

/* The same without the token of this very browser. */
static inline struct answer visit_forged(const struct browser *by, const char *target, const char *fields)
{
    return visit(
        &(struct visit){.method = "POST", .target = target, .by = by, .bearer = STR_ABSENT, .type = FORM_TYPE, .body = str_of(fields), .without_csrf = true});
}

/* A program with a token; body NULL: none. */
static inline struct answer visit_api(const char *method, str token, const char *target, const char *body)
{
    return visit(&(struct visit){
        .method = method, .target = target, .bearer = token, .type = body ? "application/json" : NULL, .body = body ? str_of(body) : STR_ABSENT});
}

/* A client that authenticates in the body (web: with its secret). */
static inline struct answer visit_client(const char *target, str fields)
{
    str body = visit_text("client_id=web&client_secret=%.*s&%.*s", STR_FMT(stage.secret), STR_FMT(fields));
    return visit(&(struct visit){.method = "POST", .target = target, .bearer = STR_ABSENT, .type = FORM_TYPE, .body = body});
}

static inline str visit_answer_header(const struct answer *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_nocase(r->headers[i].name, str_of(name)))
            return r->headers[i].value;
    return STR_ABSENT;
}

/* The value of a cookie that the answer sets; absent: it sets none. */
static inline str visit_cookie(const struct answer *r, const char *name)
{
    str start = visit_text("%s=", name);
    for (size_t i = 0; i < r->header_count; i++)
        if (str_equal_nocase(r->headers[i].name, STR("Set-Cookie")) && str_starts(r->headers[i].value, start)) {
            str value = {r->headers[i].value.p + start.n, r->headers[i].value.n - start.n};
            value.n = str_find(value, ';');
            return value;
        }
    return STR_ABSENT;
}

/* The same browser after this answer: with the cookies that it has set. */
static inline struct browser *visit_follow(const struct browser *before, const struct answer *r)
{
    struct browser *b = ARENA_NEW(visit_memory(), struct browser);
    str session = visit_cookie(r, "__Host-jeton"), device = visit_cookie(r, "__Host-jeton-device");
    *b = *before;
    b->session.cookie = str_present(session) ? session : b->session.cookie;
    b->device = str_present(device) ? device : b->device;
    return b;
}

/* What a handler gets, for the parts that handlers share: a request of nobody with these parameters. */
static inline struct call *visit_call(const char *query)
{
    struct call *c = ARENA_NEW(visit_memory(), struct call);
    c->request = ARENA_NEW(visit_memory(), struct request);
    c->response = ARENA_NEW(visit_memory(), struct response);
    c->request->arena = c->response->arena = visit_memory();
    c->request->method = HTTP_GET;
    c->context = stage.s.ctx;
    assert_done(form_parse_repeating(visit_memory(), str_of(query), &c->form));
    return c;
}

static inline bool visit_shows(const struct answer *r, const char *text)
{
    return r->body.n > 0 && memmem(r->body.p, r->body.n, text, strlen(text)) != NULL;
}

static inline const json *visit_json(const struct answer *r)
{
    json *j = NULL;
    assert_done(json_parse(visit_memory(), r->body, &j));
    return j;
}

static inline bool visit_member_is(const json *object, const char *name, const char *text)
{
    return str_is(json_member_text(object, name), text);
}

static inline int64_t visit_number(const json *object, const char *name)
{
    int64_t n = INT64_MIN;
    (void)json_integer_of(json_member(object, name), &n);
    return n;
}

static inline bool visit_flag(const json *object, const char *name)
{
    bool on = false;
    cr_assert(json_boolean_of(json_member(object, name), &on), "%s", name);
    return on;
}

/* Among the problems of a 422 is one of this member. */
static inline bool visit_problem(const struct answer *r, const char *name)
{
    return r->status == 422 && json_count(json_member(json_member(visit_json(r), "errors"), name)) > 0;
}

/* What the field of a page's form holds; absent: there is no such field. */
static inline str visit_field(const struct answer *r, const char *name)
{
    str start = visit_text("name=\"%s\" value=\"", name);
    const char *at = memmem(r->body.p, r->body.n, start.p, start.n);
    if (!at)
        return STR_ABSENT;
    str rest = {at + start.n, (size_t)(r->body.p + r->body.n - at) - start.n};
    rest.n = str_find(rest, '"');
    return rest;
}

/* A whole page of ours, in which nothing that was typed is an element. Kept for the eye when asked. */
#define expect_page(answer_, name_, status_)                                                                            \
    do {                                                                                                                \
        const struct answer page_ = (answer_);                                                                          \
        cr_expect_eq(page_.status, status_, "%s: %d %s", name_, page_.status, err_why(page_.refused));                  \
        cr_expect(visit_shows(&page_, "</html>") && !visit_shows(&page_, "<script>alert"), "%s: no whole page", name_); \
        visit_keep(&page_, name_);                                                                                      \
    } while (0)
static inline void visit_keep(const struct answer *r, const char *name)
{
    const char *directory = getenv("JETON_TEST_PAGES");
    if (!directory)
        return;
    FILE *file = fopen(visit_z(visit_text("%s/%s.html", directory, name)), "wb");
    cr_assert_not_null(file);
    fwrite(r->body.p, 1, r->body.n, file);
    fclose(file);
}

#define expect_status(answer_, status_)                                                                                                                 \
    do {                                                                                                                                                \
        const struct answer got_ = (answer_);                                                                                                           \
        cr_expect_eq(got_.status, status_, "%s: %d %s, %.*s", #answer_, got_.status, err_why(got_.refused), got_.body.n < 300 ? (int)got_.body.n : 300, \
                     got_.body.p ? got_.body.p : "");                                                                                                   \
    } while (0)
#define expect_goes(answer_, place_)                                                                                                           \
    do {                                                                                                                                       \
        const struct answer got_ = (answer_);                                                                                                  \
        str to_ = visit_answer_header(&got_, "Location");                                                                                      \
        cr_expect(got_.status == 303 && str_is(to_, place_), "%s: %d %s to %.*s", #answer_, got_.status, err_why(got_.refused), STR_FMT(to_)); \
    } while (0)
/* Refused, by a page or by JSON, for this reason. */
#define expect_refused(answer_, status_, kind_)                                                                                                  \
    do {                                                                                                                                         \
        const struct answer got_ = (answer_);                                                                                                    \
        cr_expect(got_.status == (status_) && got_.refused.kind == ERR_##kind_, "%s: %d %s (%s)", #answer_, got_.status, err_code(got_.refused), \
                  err_why(got_.refused));                                                                                                        \
    } while (0)
#endif
