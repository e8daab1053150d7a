/* SPDX-License-Identifier: MIT
 * Tests of secret. */
#include "crypto/secret.h"

#include "crypto/digest.h"

#include <criterion/criterion.h>
#include <string.h>

Test(secret, equal_means_same_length_and_same_bytes)
{
    cr_assert(secret_equal(STR("abc"), STR("abc")));
    cr_assert(secret_equal(STR(""), STR("")));
    cr_assert_not(secret_equal(STR("abc"), STR("abd")));
    cr_assert_not(secret_equal(STR("abc"), STR("ab")));
    cr_assert_not(secret_equal(STR("abc"), STR("abc\0"))); /* IN-11 */
    cr_assert_not(secret_equal(STR("a\0b"), STR("a\0c")));
}

Test(secret, an_absent_secret_matches_nothing)
{
    cr_assert_not(secret_equal(STR_ABSENT, STR_ABSENT));
    cr_assert_not(secret_equal(STR_ABSENT, STR("")));
    cr_assert_not(secret_equal(STR(""), STR_ABSENT));
}

Test(secret, a_token_hash_is_sha256)
{
    struct token_hash hash = token_hash_of(STR("token")), other = token_hash_of(STR("Token"));
    uint8_t expected[DIGEST_SIZE];
    digest_sha256(STR("token"), expected);
    cr_assert_eq(memcmp(hash.bytes, expected, sizeof expected), 0);
    cr_assert_not(token_hash_equal(&hash, &other));
    other = hash;
    cr_assert(token_hash_equal(&hash, &other));
    other.bytes[31] ^= 1;
    cr_assert_not(token_hash_equal(&hash, &other));
}

Test(secret, wiping_leaves_zeros)
{
    char text[] = "secret";
    secret_wipe(text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        cr_assert_eq(text[i], 0);
}

Test(secret, keys_are_the_same_when_each_bit_is)
{
    uint8_t one[32] = {1, 2, 3}, other[32] = {1, 2, 3};
    cr_expect(secret_equal_32(one, other));
    for (size_t bit = 0; bit < sizeof one * 8; bit++) {
        other[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_expect(!secret_equal_32(one, other), "%zu", bit);
        other[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
