/* SPDX-License-Identifier: MIT
 * people: actors of every kind over the fixture's authority, for the tests of directory. */
#ifndef JETON_TEST_PEOPLE_H
#define JETON_TEST_PEOPLE_H
#include "client/client.h"
#include "user/pat.h"
#include "scope/scopes.h"
#include "user/user.h"
#include "fixture.h"
#include "store/cache/cache_follow.h"

#include <criterion/criterion.h>

#define NOW 1790000000

struct scene {
    struct arena *a;
    struct authority *authority;
    struct context *ctx;
    struct problems p;
};

static inline struct scene scene_new(void)
{
    clock_set(NOW);
    struct scene s = {.a = fixture_arena()};
    s.authority = fixture_authority(s.a);
    s.ctx = fixture_context(s.authority, s.a);
    return s;
}

/* The next request: fresh facts, no problems. */
static inline void scene_next(struct scene *s)
{
    authority_leave(s->ctx);
    err e = authority_enter(s->authority, s->a, s->ctx);
    cr_assert(!FAILED(e), "%s", err_why(e));
    s->p.count = 0;
}

/* Another process has committed something, and this one has not heard of it yet. */
static inline void scene_unheard(const struct scene *s)
{
    atomic_store(&s->authority->cache->seen_generation, store_generation(s->authority->store));
}

/* The same request with the n-th allocation failing, in an arena of its own: done, or UNAVAILABLE. */
typedef err scene_act(struct context *ctx, void *context);
static inline bool scene_torture(struct scene *s, size_t n, scene_act *act, void *context)
{
    struct arena *small = arena_new(1 << 20);
    struct context ctx;
    cr_assert(small != NULL && !FAILED(authority_enter(s->authority, small, &ctx)));
    arena_fail_after(n);
    err e = act(&ctx, context);
    arena_fail_after(0);
    cr_expect(e.kind == ERR_OK || e.kind == ERR_UNAVAILABLE, "allocation %zu: %s (%s)", n, err_code(e), err_why(e));
    authority_leave(&ctx);
    arena_release(small);
    scene_next(s);
    return e.kind == ERR_OK;
}

static inline struct user_edit edit_nothing(void)
{
    return (struct user_edit){.admin = -1};
}

/* Added by the command line. */
static inline struct db_user *scene_person(struct scene *s, const char *name, const char *permissions, bool admin)
{
    struct user_edit edit = edit_nothing();
    struct db_user *user = NULL;
    edit.username = str_of(name);
    edit.permissions = str_of(permissions);
    edit.admin = admin;
    err e = user_add(s->ctx, &actor_owner, &edit, &s->p, &user);
    cr_assert(!FAILED(e), "%s: %s %s", name, err_why(e), s->p.count ? s->p.rows[0].message.p : "");
    scene_next(s);
    return user;
}

static inline struct db_user *scene_again(struct scene *s, const struct db_user *user)
{
    struct db_user *now = NULL;
    cr_assert(!FAILED(user_find(s->ctx, user->id, &now)) && now != NULL);
    return now;
}

static inline struct actor by_session(const struct db_user *user)
{
    return (struct actor){.kind = ACTOR_USER, .way = ACTOR_BY_SESSION, .user = user, .session = 1, .auth_time = NOW, .expires_at = NOW + 3600};
}

static inline struct actor by_token(const struct db_user *user, const char *scope, bool full)
{
    return (struct actor){
        .kind = ACTOR_USER, .way = ACTOR_BY_TOKEN, .user = user, .scope = str_of(scope), .unscoped_full = full, .auth_time = NOW, .expires_at = NOW + 3600};
}

static inline struct actor by_personal(const struct db_user *user, const char *scope)
{
    return (struct actor){.kind = ACTOR_USER, .way = ACTOR_BY_PERSONAL_TOKEN, .user = user, .scope = str_of(scope), .unscoped = scope[0] == '\0'};
}

static inline struct actor by_client(const struct db_client *client, const char *scope)
{
    return (struct actor){.kind = ACTOR_CLIENT, .way = ACTOR_BY_TOKEN, .client = client, .scope = str_of(scope)};
}

static inline bool problem_at(const struct problems *p, const char *field)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_is(str_of(p->rows[i].field), field))
            return true;
    return false;
}

/* How many events of this name are there? They are queued without waiting; in a command's store they are written at once. */
static inline int64_t event_count(struct scene *s, const char *name)
{
    struct db_page page = {.filter = str_of(name), .limit = 100};
    struct db_event_rows rows = {0};
    cr_assert(!FAILED(db_event_list(store_each(s->authority->store), s->a, STR_ABSENT, &page, &rows)));
    int64_t count = 0;
    for (size_t i = 0; i < rows.count; i++)
        count += str_is(rows.rows[i].name, name);
    return count;
}

#define expect_kind(expression_, kind_)                                                                       \
    do {                                                                                                      \
        err got_ = (expression_);                                                                             \
        cr_expect_eq(got_.kind, ERR_##kind_, "%s: got %s (%s)", #expression_, err_code(got_), err_why(got_)); \
    } while (0)
#define assert_done(expression_)                                         \
    do {                                                                 \
        err got_ = (expression_);                                        \
        cr_assert(!FAILED(got_), "%s: %s", #expression_, err_why(got_)); \
    } while (0)
#define expect_problem(scene_, expression_, field_)                                                \
    do {                                                                                           \
        expect_kind(expression_, UNPROCESSABLE);                                                   \
        cr_expect(problem_at(&(scene_)->p, field_), "%s: no problem at %s", #expression_, field_); \
        (scene_)->p.count = 0;                                                                     \
    } while (0)
#endif
