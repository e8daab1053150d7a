/* SPDX-License-Identifier: MIT
 * Claims about recovery codes: each opens one login, however it is typed, and is one person's. */
#include "two_factors.h"
#include "base/banned.h"

Test(authenticator_recovery, each_code_opens_one_login)
{
    struct scene s = scene_new();
    struct session browser;
    struct login_result r;
    add_app(&s);
    struct login_result waiting = begin_login(&s, &browser);
    cr_assert_eq(next_step(&s, &browser, waiting.state, "recovery", STR("aaaa-bbbb-cccc-dddd-eeee-ffff"), &r).kind, ERR_INVALID_GRANT);
    must(next_step(&s, &browser, waiting.state, "recovery", s.codes[0], &r));
    cr_assert_not_null(r.user);
    cr_assert(str_is(r.acr, ACR_MFA));
    struct login_result again = begin_login(&s, &browser);
    cr_assert_eq(next_step(&s, &browser, again.state, "recovery", s.codes[0], &r).kind, ERR_INVALID_GRANT);
    must(next_step(&s, &browser, again.state, "recovery", s.codes[1], &r));
}

Test(authenticator_recovery, case_blanks_and_hyphens_do_not_matter_and_nothing_else_fits)
{
    struct db_user ada = {.id = STR("0b5c2c6e-0000-4000-8000-000000000001")}, eve = {.id = STR("0b5c2c6e-0000-4000-8000-000000000002")};
    struct token_hash one, other;
    static const char *const wrong[] = {"", "abcd-efgh-ijkl-mnop-qrst-uvw", "abcd-efgh-ijkl-mnop-qrst-uvwxy", "----", "abcdefghijklmnopabcdefghijklmnop"};
    cr_assert(second_factor_recovery_hash(&ada, STR("abcd-efgh-ijkl-mnop-qrst-uvwx"), &one));
    cr_assert(second_factor_recovery_hash(&ada, STR(" ABCD efghIJKL-mnop qrst-UVWX "), &other));
    cr_assert(token_hash_equal(&one, &other));
    cr_assert(second_factor_recovery_hash(&eve, STR("abcd-efgh-ijkl-mnop-qrst-uvwx"), &other));
    cr_assert_not(token_hash_equal(&one, &other), "the same code of two people has two hashes");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(second_factor_recovery_hash(&ada, str_of(wrong[i]), &other), "'%s'", wrong[i]);
}

Test(authenticator_recovery, the_audit_trail_tells_a_code_on_paper_from_an_app)
{
    struct scene s = scene_new();
    struct session browser;
    struct login_result r;
    add_app(&s);
    at(&s, NOW + 60);
    must(next_step(&s, &browser, begin_login(&s, &browser).state, "recovery", s.codes[0], &r));
    cr_assert(str_is(newest_event(&s).name, "login.ok") && str_is(newest_event(&s).detail, "recovery"));
    must(next_step(&s, &browser, begin_login(&s, &browser).state, "totp", app_code(&s, s.ctx->now), &r));
    cr_assert(str_is(newest_event(&s).name, "login.ok") && str_is(newest_event(&s).detail, "totp"));
}

Test(authenticator_recovery, a_code_has_more_than_112_bits) /* OWASP ASVS 5, 6.5.2: such may be stored by a plain hash */
{
    struct scene s = scene_new();
    add_app(&s);
    for (size_t i = 0; i < DB_RECOVERY_CODES; i++) {
        size_t characters = 0;
        for (size_t k = 0; k < s.codes[i].n; k++)
            characters += s.codes[i].p[k] != '-';
        cr_expect_geq(characters * 5, 112, "of base32");
    }
}
