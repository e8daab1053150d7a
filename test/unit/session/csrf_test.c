/* SPDX-License-Identifier: MIT
 * Claims about forms: ours pass, everybody else's do not. */
#include "session/csrf.h"
#include "fixture.h"
#include <criterion/criterion.h>
#include <string.h>
#include "base/banned.h"

#define ABSENT  \
    {           \
        NULL, 0 \
    }
#define S(text_)                 \
    {                            \
        text_, sizeof(text_) - 1 \
    }

static struct authority authority;
static struct context ctx;

static void setup(void)
{
    authority.issuer_origin = STR(FIXTURE_ISSUER);
    authority.keeper = fixture_keeper(fixture_directory());
    ctx.authority = &authority;
    ctx.arena = fixture_arena();
}

static struct session browser(const char *cookie)
{
    return (struct session){.cookie = str_of(cookie)};
}

Test(csrf, headers_decide_with_a_right_token, .init = setup) /* LS-06 */
{
    const struct {
        str origin, site;
        enum err_kind kind;
    } cases[] = {
        {ABSENT, ABSENT, ERR_OK},
        {S(FIXTURE_ISSUER), ABSENT, ERR_OK},
        {S(FIXTURE_ISSUER), S("same-origin"), ERR_OK},
        {ABSENT, S("none"), ERR_OK},
        {S("null"), S("same-origin"), ERR_OK},
        {S("null"), ABSENT, ERR_INVALID_REQUEST},
        {S("null"), S("cross-site"), ERR_INVALID_REQUEST},
        {S("null"), S("none"), ERR_INVALID_REQUEST},
        {S(""), ABSENT, ERR_INVALID_REQUEST},
        {S("https://auth.example.com."), ABSENT, ERR_INVALID_REQUEST},
        {S("https://auth.example.com/"), ABSENT, ERR_INVALID_REQUEST},
        {S("https://auth.example.com:8443"), ABSENT, ERR_INVALID_REQUEST},
        {S("http://auth.example.com"), ABSENT, ERR_INVALID_REQUEST},
        {S("https://evil.example"), ABSENT, ERR_INVALID_REQUEST},
        {S("https://evil.example"), S("same-origin"), ERR_INVALID_REQUEST},
        {S(FIXTURE_ISSUER), S("cross-site"), ERR_INVALID_REQUEST},
        {S(FIXTURE_ISSUER), S("same-site"), ERR_INVALID_REQUEST},
        {ABSENT, S("cross-site"), ERR_INVALID_REQUEST},
        {ABSENT, S(""), ERR_INVALID_REQUEST},
        {ABSENT, S("SAME-ORIGIN"), ERR_INVALID_REQUEST},
    };
    struct session s = browser("jtn_vi_one");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct csrf_claim claim = {csrf_token(&ctx, &s), cases[i].origin, cases[i].site, STR_ABSENT};
        cr_assert_eq(csrf_check(&ctx, &s, &claim).kind, cases[i].kind, "case %zu", i);
    }
}

Test(csrf, a_token_of_another_browser_or_none_is_refused, .init = setup)
{
    struct session s = browser("jtn_vi_one"), other = browser("jtn_vi_two");
    str right = csrf_token(&ctx, &s);
    cr_assert_eq(right.n, 64);
    cr_assert(str_equal(right, csrf_token(&ctx, &s)), "the token must stay the same while the cookie does");
    str marked = str_dup(ctx.arena, csrf_token(&ctx, &other));
    ((char *)(uintptr_t)marked.p)[63] = marked.p[63] == 'A' ? 'Q' : 'A'; /* whose mark is not right is nobody's */
    const str wrong[] = {
        STR_ABSENT, STR(""), csrf_token(&ctx, &other), marked, {right.p, right.n - 1}, s.cookie, str_join(ctx.arena, (const str[]){right, STR("A")}, 2)};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct csrf_claim claim = {wrong[i], STR(FIXTURE_ISSUER), STR("same-origin"), STR_ABSENT};
        err e = csrf_check(&ctx, &s, &claim);
        cr_assert_eq(e.kind, i == 2 ? ERR_STALE_FORM : ERR_INVALID_REQUEST, "case %zu", i); /* ours, of another session: an old page */
        cr_assert(strstr(err_say(e), "try again") != NULL);
    }
}

Test(csrf, memory_that_ends_lets_nobody_in, .init = setup)
{
    struct session s = browser("jtn_vi_one");
    struct csrf_claim claim = {csrf_token(&ctx, &s), STR_ABSENT, STR_ABSENT, STR_ABSENT};
    arena_fail_after(1);
    cr_assert(FAILED(csrf_check(&ctx, &s, &claim)));
    arena_fail_after(0);
}
