/* SPDX-License-Identifier: MIT
 * sealed: what was sealed under a prefix opens under it, and nothing else opens at all (AC-11). */
#include "token/sealed.h"
#include "fixture.h"
#include "keys/keyring_build.h"
#include "token/opaque.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

static struct arena *a;
static struct keyring *k;

static void begin(void)
{
    a = fixture_arena();
    k = fixture_keyring(a);
}

TestSuite(sealed, .init = begin);

static struct sealed closed(const char *prefix, str payload)
{
    struct sealed s;
    cr_assert_eq(sealed_close(a, k, str_of(prefix), payload, &s).kind, ERR_OK);
    return s;
}

static enum err_kind opened(const char *prefix, str text)
{
    struct sealed s;
    return sealed_open(a, k, str_of(prefix), text, &s).kind;
}

Test(sealed, what_was_put_in_comes_out_with_the_same_id)
{
    static const char zeros[OPAQUE_PAYLOAD_MAX];
    const str payloads[] = {STR(""), STR("x"), STR("a\0b"), {zeros, sizeof zeros}};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct sealed s = closed("jtn_x_", payloads[i]), out;
        cr_assert_eq(sealed_open(a, k, STR("jtn_x_"), s.text, &out).kind, ERR_OK);
        cr_expect(str_equal(out.payload, payloads[i]) && memcmp(out.id, s.id, SEALED_ID) == 0);
        cr_expect(str_starts(s.text, STR("jtn_x_")) && s.text.p[s.text.n] == '\0');
    }
    cr_expect(!str_equal(closed("jtn_x_", STR("x")).text, closed("jtn_x_", STR("x")).text));
}

Test(sealed, another_prefix_opens_nothing)
{
    str text = closed("jtn_x_", STR("payload")).text;
    str code = {text.p + 6, text.n - 6};
    cr_expect_eq(opened("jtn_y_", text), ERR_INVALID_TOKEN);
    cr_expect_eq(opened("jtn_y_", str_join(a, (const str[]){STR("jtn_y_"), code}, 2)), ERR_INVALID_TOKEN);
    cr_expect_eq(opened("", code), ERR_INVALID_TOKEN);
    cr_expect_eq(opened("jtn_x", text), ERR_INVALID_TOKEN);
}

Test(sealed, each_changed_character_is_noticed)
{
    str text = closed("jtn_x_", STR("payload")).text;
    char *copy = arena_take(a, text.n);
    for (size_t i = 0; i < text.n; i++) {
        memcpy(copy, text.p, text.n);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        cr_expect_eq(opened("jtn_x_", (str){copy, text.n}), ERR_INVALID_TOKEN, "%zu", i);
        copy[i] = '=';
        cr_expect_eq(opened("jtn_x_", (str){copy, text.n}), ERR_INVALID_TOKEN, "%zu", i);
        cr_expect_eq(opened("jtn_x_", (str){text.p, i}), ERR_INVALID_TOKEN, "%zu", i);
    }
    cr_expect_eq(opened("jtn_x_", str_join(a, (const str[]){text, STR("A")}, 2)), ERR_INVALID_TOKEN);
    cr_expect_eq(opened("jtn_x_", STR_ABSENT), ERR_INVALID_TOKEN);
}

Test(sealed, a_foreign_keyring_opens_nothing)
{
    struct sealed s = closed("jtn_x_", STR("payload")), out;
    cr_expect_eq(sealed_open(a, fixture_keyring(a), STR("jtn_x_"), s.text, &out).kind, ERR_INVALID_TOKEN);
}

Test(sealed, too_much_is_neither_sealed_nor_opened)
{
    static char many[OPAQUE_PAYLOAD_MAX * 2];
    struct sealed s;
    memset(many, 'A', sizeof many);
    cr_expect_eq(sealed_close(a, k, STR("jtn_x_"), (str){many, OPAQUE_PAYLOAD_MAX + 1}, &s).kind, ERR_SERVER_ERROR);
    size_t used = arena_used(a);
    cr_expect_eq(opened("", (str){many, sizeof many}), ERR_INVALID_TOKEN);
    cr_expect_eq(arena_used(a), used); /* judged before memory was taken */
}
