/* SPDX-License-Identifier: MIT
 * device: a browser is known to the one person who logged in with it, since their password was last changed (RL-02). */
#include "session/device.h"
#include "fixture.h"
#include "token/opaque.h"

#include <criterion/criterion.h>

#include "base/banned.h"

enum { NOW = 1700000000 };
static struct context *ctx;
static struct db_user ada = {.number = 7, .password_changed_at = NOW - 100}, eve = {.number = 8, .password_changed_at = NOW - 100};

static void begin(void)
{
    clock_set(NOW);
    struct arena *a = fixture_arena();
    ctx = fixture_context(fixture_authority(a), a);
}

TestSuite(device, .init = begin);

static bool known(const struct db_user *user, str cookie)
{
    bool is = true;
    ctx->device = cookie;
    cr_assert_eq(device_known(ctx, user, &is).kind, ERR_OK);
    return is;
}

static str made(enum opaque_kind kind, int64_t number, int64_t at)
{
    struct token_raw raw;
    cr_assert_eq(opaque_numbers_make(ctx->arena, ctx->keys, kind, (const int64_t[]){number, at}, &raw).kind, ERR_OK);
    return raw.text;
}

Test(device, it_knows_its_own_person_and_nobody_else)
{
    str cookie;
    cr_assert_eq(session_device_make(ctx, &ada, &cookie).kind, ERR_OK);
    cr_expect(known(&ada, cookie));
    cr_expect_not(known(&eve, cookie));
    cr_expect_not(known(&ada, STR_ABSENT));
    cr_expect_not(known(&ada, STR("")));
    cr_expect_not(known(&ada, STR("jtn_de_forged")));
    cr_expect_not(known(&ada, (str){cookie.p, cookie.n - 1}));
    cr_expect_not(known(&ada, made(OPAQUE_SESSION, ada.number, NOW))); /* another kind of cookie */
}

Test(device, a_changed_password_ends_it)
{
    cr_expect(known(&ada, made(OPAQUE_DEVICE, ada.number, NOW - 100)));
    cr_expect_not(known(&ada, made(OPAQUE_DEVICE, ada.number, NOW - 101)));
    cr_expect(known(&ada, made(OPAQUE_DEVICE, ada.number, NOW)));
    cr_expect_not(known(&ada, made(OPAQUE_DEVICE, ada.number, NOW + 1))); /* of a clock that was set back */
}

Test(device, a_known_one_keeps_its_cookie_and_a_strange_one_gets_its_own)
{
    str first, again, other;
    cr_assert_eq(session_device_make(ctx, &ada, &first).kind, ERR_OK);
    ctx->device = first;
    cr_assert_eq(session_device_make(ctx, &ada, &again).kind, ERR_OK);
    cr_expect(str_equal(first, again)); /* and with it its counter of failures */
    cr_assert_eq(session_device_make(ctx, &eve, &other).kind, ERR_OK);
    cr_expect(!str_equal(first, other) && known(&eve, other));
}

Test(device, its_name_tells_nothing_and_differs)
{
    str one = device_name(ctx->arena, STR("one")), two = device_name(ctx->arena, STR("two"));
    cr_expect(one.n == 22 && two.n == 22 && !str_equal(one, two));
    cr_expect(str_equal(one, device_name(ctx->arena, STR("one"))));
}
