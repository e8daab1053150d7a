/* SPDX-License-Identifier: MIT
 * two_factors: a person at a browser, with the app that their second factor is in. */
#ifndef JETON_TEST_SESSION_TWO_FACTORS_H
#define JETON_TEST_SESSION_TWO_FACTORS_H
#include "session/second_factor.h"
#include "app_secret.h"
#include "fixture.h"
#include "session/login.h"
#include "store/cache/cache.h"
#include "store/table/db_event.h"
#include <criterion/criterion.h>

enum { NOW = 1700000000 };

struct scene {
    struct arena *a;
    struct authority *authority;
    struct context *ctx;
    struct db_user *ada;
    struct session browser;
    uint8_t secret[TOTP_SECRET_SIZE];
    str codes[DB_RECOVERY_CODES];
};

#define must(call_)                                                  \
    do {                                                             \
        err must_ = (call_);                                         \
        cr_assert(!FAILED(must_), "%s: %s", #call_, err_why(must_)); \
    } while (0)

static inline void at(struct scene *s, unix_time t)
{
    clock_set(t);
    s->ctx->now = t;
}

static inline struct scene scene_new(void)
{
    struct scene s = {.a = fixture_arena()};
    clock_set(NOW);
    s.authority = fixture_authority(s.a);
    s.ada = fixture_user(s.authority, s.a, "ada");
    s.ctx = fixture_context(s.authority, s.a);
    must(session_find(s.ctx, STR_ABSENT, &s.browser));
    must(session_begin(s.ctx, s.ada, STR("pwd"), &s.browser));
    return s;
}

/* What the app shows at that moment. */
static inline str app_code(struct scene *s, unix_time when)
{
    char code[TOTP_DIGITS + 1];
    must(totp_code((str){(const char *)s->secret, TOTP_SECRET_SIZE}, when / TOTP_SECONDS, code));
    return str_dup(s->a, str_of(code));
}

/* An app is added with the code of now. */
static inline void add_app(struct scene *s)
{
    struct second_factor_offer offer;
    struct problems p = {.count = 0};
    must(second_factor_offer(s->ctx, &s->browser, &offer));
    secret_of(offer.secret, s->secret);
    struct second_factor_added added = {.state = offer.state, .name = STR("phone"), .code = app_code(s, s->ctx->now)};
    must(second_factor_add(s->ctx, &s->browser, &added, &p));
    memcpy(s->codes, added.codes, sizeof s->codes);
}

static inline struct db_event newest_event(struct scene *s)
{
    struct db_event_rows events;
    must(db_event_list(s->ctx->tx, s->a, STR_ABSENT, &(struct db_page){.limit = 1, .filter = STR_ABSENT}, &events));
    cr_assert_eq(events.count, 1);
    return events.rows[0];
}

/* The first step of a login elsewhere, by password; what follows brings its state. */
static inline struct login_result begin_login(struct scene *s, struct session *browser)
{
    struct login_result r;
    must(session_find(s->ctx, STR_ABSENT, browser));
    const struct login_try t = {.username = STR("ada"), .proof = STR(FIXTURE_PASSWORD), .event = "login", .session = browser};
    must(login_check(s->ctx, &t, &r));
    return r;
}

static inline err next_step(struct scene *s, const struct session *browser, str state, const char *with, str proof, struct login_result *r)
{
    const struct login_try t = {.proof = proof, .event = "login", .with = str_of(with), .state = state, .session = browser};
    return login_check(s->ctx, &t, r);
}
#endif
