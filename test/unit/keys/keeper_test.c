/* SPDX-License-Identifier: MIT
 * Claims about the keeper: one key for each purpose, the same for the same master key, and boxes that open as what they are alone. */
#include "keys/keeper_build.h"
#include "crypto/secret.h"
#include "fixture.h"
#include <criterion/criterion.h>
#include <string.h>
#include "base/banned.h"

static struct keeper *keeper_of(uint8_t byte)
{
    struct master master;
    struct keeper *k;
    memset(master.bytes, byte, sizeof master.bytes);
    cr_assert(!FAILED(keeper_new(&master, &k)));
    return k;
}

Test(keeper, derives_as_hkdf_expand_does) /* RFC 5869 A.1: PRK of 32 bytes; one block of output begins with HMAC(PRK, info || 01) */
{
    static const uint8_t prk[DIGEST_SIZE] = {0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf, 0x0d, 0xdc, 0x3f, 0x0d, 0xc4, 0x7b, 0xba, 0x63,
                                             0x90, 0xb6, 0xc7, 0x3b, 0xb5, 0x0f, 0x9c, 0x31, 0x22, 0xec, 0x84, 0x4a, 0xd7, 0xc2, 0xb3, 0xe5};
    static const uint8_t okm[DIGEST_SIZE] = {0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36, 0x2f, 0x2a,
                                             0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4, 0xc5, 0xbf};
    static const char info[] = {'\xf0', '\xf1', '\xf2', '\xf3', '\xf4', '\xf5', '\xf6', '\xf7', '\xf8', '\xf9', '\0'};
    uint8_t out[DIGEST_SIZE];
    digest_derive(prk, info, out);
    cr_assert(memcmp(out, okm, sizeof out) == 0);
}

Test(keeper, has_one_key_for_each_purpose_and_master_key)
{
    struct keeper *one = keeper_of(1), *same = keeper_of(1), *other = keeper_of(2);
    uint8_t macs[KEEPER_MAC_COUNT][DIGEST_SIZE], again[DIGEST_SIZE];
    for (int i = 0; i < KEEPER_MAC_COUNT; i++) {
        keeper_mac(one, (enum keeper_mac)i, STR("text"), macs[i]);
        keeper_mac(same, (enum keeper_mac)i, STR("text"), again);
        cr_assert(memcmp(macs[i], again, DIGEST_SIZE) == 0);
        keeper_mac(other, (enum keeper_mac)i, STR("text"), again);
        cr_assert(memcmp(macs[i], again, DIGEST_SIZE) != 0);
        for (int j = 0; j < i; j++)
            cr_assert(memcmp(macs[i], macs[j], DIGEST_SIZE) != 0, "%d, %d", i, j);
    }
    keeper_free(one);
    keeper_free(same);
    keeper_free(other);
    keeper_free(NULL);
}

Test(keeper, opens_what_it_sealed_under_the_same_label)
{
    struct arena *a = fixture_arena();
    struct keeper *k = keeper_of(1), *other = keeper_of(2);
    const struct keeper_label label = {KEEPER_CLIENT_SECRET, STR("client")};
    static const struct keeper_label others[] = {{KEEPER_CLIENT_SECRET, {"clien", 5}}, {KEEPER_CLIENT_SECRET, {"", 0}}, {KEEPER_PRIVATE_KEY, {"client", 6}}};
    str sealed, plain, twice;
    cr_assert(!FAILED(keeper_seal(k, a, &label, STR("a secret"), &sealed)));
    cr_assert(!FAILED(keeper_seal(k, a, &label, STR("a secret"), &twice)));
    cr_assert_not(str_equal(sealed, twice));
    cr_assert(!FAILED(keeper_open(k, a, &label, sealed, &plain)));
    cr_assert(str_is(plain, "a secret"));
    cr_assert_eq(keeper_open(other, a, &label, sealed, &plain).kind, ERR_SERVER_ERROR);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_eq(keeper_open(k, a, &others[i], sealed, &plain).kind, ERR_SERVER_ERROR, "%zu", i);
    cr_assert_eq(keeper_open(k, a, &label, STR(""), &plain).kind, ERR_SERVER_ERROR);
    cr_assert_eq(keeper_open(k, a, &label, STR("?"), &plain).kind, ERR_SERVER_ERROR);
    cr_assert_eq(keeper_open(k, a, &label, (str){sealed.p, sealed.n - 4}, &plain).kind, ERR_SERVER_ERROR);
    keeper_free(k);
    keeper_free(other);
}

Test(keeper, seals_no_more_than_a_box_holds)
{
    struct arena *a = fixture_arena();
    struct keeper *k = keeper_of(1);
    str sealed;
    char *much = arena_take(a, 24577);
    cr_assert(!FAILED(keeper_seal(k, a, &(struct keeper_label){KEEPER_CLIENT_SECRET, STR("x")}, (str){much, 24576}, &sealed)));
    cr_assert_eq(keeper_seal(k, a, &(struct keeper_label){KEEPER_CLIENT_SECRET, STR("x")}, (str){much, 24577}, &sealed).kind, ERR_SERVER_ERROR);
    keeper_free(k);
}
