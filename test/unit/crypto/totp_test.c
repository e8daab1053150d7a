/* SPDX-License-Identifier: MIT
 * Claims about one-time passwords: the vectors of RFC 6238 appendix B (SHA-1; the last six of their eight digits), and what is taken for a code. */
#include "crypto/totp.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

#define SECRET STR("12345678901234567890")

static int64_t match(const char *code, unix_time now)
{
    int64_t step = -1;
    cr_assert(!FAILED(totp_match(SECRET, str_of(code), now, &step)));
    return step;
}

Test(totp, codes_are_those_of_the_rfc)
{
    static const struct {
        unix_time at;
        const char *code;
    } vectors[] = {
        {59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char code[TOTP_DIGITS + 1];
        cr_assert(!FAILED(totp_code(SECRET, vectors[i].at / TOTP_SECONDS, code)));
        cr_expect_str_eq(code, vectors[i].code);
        cr_expect_eq(match(vectors[i].code, vectors[i].at), vectors[i].at / TOTP_SECONDS);
    }
}

Test(totp, a_clock_may_be_one_step_off_and_no_more)
{
    unix_time at = 1111111109; /* 081804 */
    int64_t step = at / TOTP_SECONDS;
    for (int64_t off = -3; off <= 3; off++)
        cr_expect_eq(match("081804", at + off * TOTP_SECONDS), off >= -1 && off <= 1 ? step : 0, "%lld steps off", (long long)off);
}

Test(totp, blanks_between_digits_are_left_out_and_nothing_else_is)
{
    static const char *const wrong[] = {"", " ", "08180", "0818040", "081804 1", "08180a", "-81804", "081804\n", "081\t804", "\xd9\xa0\xd9\xa8", "081804x"};
    cr_expect_neq(match("081 804", 1111111109), 0);
    cr_expect_neq(match(" 081804 ", 1111111109), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(match(wrong[i], 1111111109), 0, "'%s'", wrong[i]);
}

Test(totp, the_first_step_of_all_is_none)
{
    char code[TOTP_DIGITS + 1];
    cr_assert(!FAILED(totp_code(SECRET, 0, code)));
    cr_expect_eq(match(code, 0), 0, "step 0 means that nothing matched");
    cr_expect(FAILED(totp_code(SECRET, -1, code)));
}

Test(totp, a_secret_is_typed_in_base32_without_padding) /* RFC 4648 10 */
{
    struct arena *a = arena_new(4096);
    str text;
    cr_assert(!FAILED(totp_secret_text(a, STR("foobar"), &text)));
    cr_expect(str_is(text, "MZXW6YTBOI"));
    cr_assert(!FAILED(totp_secret_text(a, SECRET, &text)));
    cr_expect(str_is(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    arena_release(a);
}
