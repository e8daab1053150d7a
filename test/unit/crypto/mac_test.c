/* SPDX-License-Identifier: MIT
 * Claims about HMAC signatures. The vectors of RFC 7515 A.1 and RFC 7520 4.4 are fed by token/jwt_test.c. */
#include "crypto/mac.h"
#include <criterion/criterion.h>
#include <string.h>
#include "base/banned.h"

static const char long_secret[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Test(mac, names_are_exact)
{
    enum mac_alg alg = MAC_NONE_CHOSEN;
    cr_assert(mac_alg_of(STR("HS256"), &alg) && alg == MAC_HS256);
    cr_assert(mac_alg_of(STR("HS384"), &alg) && alg == MAC_HS384);
    cr_assert(mac_alg_of(STR("HS512"), &alg) && alg == MAC_HS512);
    cr_assert_str_eq(mac_alg_name(MAC_HS512), "HS512");
    static const char *const bad[] = {"", "none", "hs256", "HS256 ", "RS256", "HS1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert(!mac_alg_of(str_of(bad[i]), &alg), "%s", bad[i]);
    cr_assert(!mac_alg_of(STR_ABSENT, &alg));
    cr_assert_str_eq(mac_alg_name((enum mac_alg)99), "");
    cr_assert_eq(mac_size((enum mac_alg)99), 0);
}

Test(mac, a_tag_is_whole_and_exact_or_nothing)
{
    for (int alg = MAC_HS256; alg < MAC_ALG_COUNT; alg++) {
        uint8_t tag[MAC_SIZE_MAX + 1] = {0};
        size_t n = mac_size((enum mac_alg)alg);
        str secret = str_of(long_secret);
        cr_assert(!FAILED(mac_make((enum mac_alg)alg, secret, STR("data"), tag)));
        cr_assert(!FAILED(mac_check((enum mac_alg)alg, secret, STR("data"), (str){(char *)tag, n})));
        cr_assert_eq(mac_check((enum mac_alg)alg, secret, STR("Data"), (str){(char *)tag, n}).kind, ERR_INVALID_TOKEN);
        for (size_t cut = 0; cut <= n + 1; cut++) /* RFC 7518 3.2: not shortened, not lengthened */
            cr_assert(cut == n || mac_check((enum mac_alg)alg, secret, STR("data"), (str){(char *)tag, cut}).kind == ERR_INVALID_TOKEN);
        cr_assert_eq(mac_check((enum mac_alg)alg, secret, STR("data"), STR_ABSENT).kind, ERR_INVALID_TOKEN);
        for (size_t i = 0; i < n; i++) {
            tag[i] ^= 1;
            cr_assert_eq(mac_check((enum mac_alg)alg, secret, STR("data"), (str){(char *)tag, n}).kind, ERR_INVALID_TOKEN);
            tag[i] ^= 1;
        }
    }
}

Test(mac, absent_empty_and_short_secrets_prove_nothing) /* AT-05, CVE-2026-44699 */
{
    for (int alg = MAC_HS256; alg < MAC_ALG_COUNT; alg++) {
        uint8_t tag[MAC_SIZE_MAX] = {0};
        size_t n = mac_size((enum mac_alg)alg);
        const str secrets[] = {STR_ABSENT, {"", 0}, {long_secret, 1}, {long_secret, n - 1}};
        for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
            cr_assert_eq(mac_make((enum mac_alg)alg, secrets[i], STR("data"), tag).kind, ERR_INVALID_REQUEST);
            cr_assert_eq(mac_check((enum mac_alg)alg, secrets[i], STR("data"), (str){(char *)tag, n}).kind, ERR_INVALID_TOKEN);
        }
        cr_assert(!FAILED(mac_make((enum mac_alg)alg, (str){long_secret, n}, STR("data"), tag)));
    }
    uint8_t tag[MAC_SIZE_MAX];
    cr_assert(FAILED(mac_make(MAC_NONE_CHOSEN, str_of(long_secret), STR("data"), tag)));
    cr_assert(FAILED(mac_check((enum mac_alg)99, str_of(long_secret), STR("data"), STR(""))));
}
