/* SPDX-License-Identifier: MIT
 * Tests of seal. */
#include "crypto/seal.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <string.h>

static const struct seal_key key = {{1, 2, 3}}, other_key = {{1, 2, 4}};

Test(seal, what_is_closed_opens)
{
    static uint8_t plain[SEAL_PLAIN_MAX], box[SEAL_PLAIN_MAX + SEAL_OVERHEAD], back[SEAL_PLAIN_MAX];
    const size_t sizes[] = {0, 1, 15, 16, 17, 64, 1000, SEAL_PLAIN_MAX};
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 13 + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        seal_close(&key, STR("code"), plain, sizes[i], box);
        memset(back, 0, sizeof back);
        cr_assert_not(FAILED(seal_open(&key, STR("code"), box, sizes[i] + SEAL_OVERHEAD, back)));
        cr_assert_eq(memcmp(plain, back, sizes[i]), 0);
        if (sizes[i] >= 16)
            cr_assert_neq(memcmp(box + SEAL_SALT, plain, sizes[i]), 0, "it is not plain text");
    }
}

Test(seal, ST_07_two_boxes_of_one_text_share_nothing)
{
    uint8_t one[8 + SEAL_OVERHEAD], two[8 + SEAL_OVERHEAD];
    seal_close(&key, STR("code"), "the text", 8, one);
    seal_close(&key, STR("code"), "the text", 8, two);
    cr_assert_neq(memcmp(one, two, SEAL_SALT), 0);
    cr_assert_neq(memcmp(one + SEAL_SALT, two + SEAL_SALT, 8), 0);
}

Test(seal, ST_07_no_changed_bit_and_no_other_length_opens)
{
    uint8_t box[8 + SEAL_OVERHEAD], back[8 + SEAL_OVERHEAD];
    seal_close(&key, STR("code"), "the text", 8, box);
    for (size_t bit = 0; bit < sizeof box * 8; bit++) {
        box[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memset(back, 0xaa, sizeof back);
        cr_assert_eq(seal_open(&key, STR("code"), box, sizeof box, back).kind, ERR_INVALID_TOKEN);
        cr_assert_eq(memcmp(back, "\0\0\0\0\0\0\0\0", 8), 0, "no plain text without its tag");
        cr_assert_eq(back[8], 0xaa);
        box[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < sizeof box; n++) /* CVE-2023-37464: a shorter tag is no tag */
        cr_assert_eq(seal_open(&key, STR("code"), box, n, back).kind, ERR_INVALID_TOKEN);
    cr_assert_not(FAILED(seal_open(&key, STR("code"), box, sizeof box, back)));
}

Test(seal, another_key_or_context_does_not_open)
{
    uint8_t box[8 + SEAL_OVERHEAD], back[8];
    const struct seal_key zero = {{0}};
    seal_close(&key, STR("code"), "the text", 8, box);
    cr_assert(FAILED(seal_open(&other_key, STR("code"), box, sizeof box, back)));
    cr_assert(FAILED(seal_open(&zero, STR("code"), box, sizeof box, back))); /* CVE-2026-53939 */
    cr_assert(FAILED(seal_open(&key, STR("refresh"), box, sizeof box, back)));
    cr_assert(FAILED(seal_open(&key, STR(""), box, sizeof box, back)));
    cr_assert(FAILED(seal_open(&key, STR("code\0"), box, sizeof box, back)));
}

Test(seal, an_oversized_box_is_refused_unread)
{
    static uint8_t box[SEAL_PLAIN_MAX + SEAL_OVERHEAD + 1], back[SEAL_PLAIN_MAX + 1];
    cr_assert_eq(seal_open(&key, STR("code"), box, sizeof box, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open(&key, STR("code"), NULL, 0, back).kind, ERR_INVALID_TOKEN);
}

Test(seal, closing_too_much_stops_the_process, .signal = SIGABRT)
{
    static uint8_t plain[SEAL_PLAIN_MAX + 1], box[sizeof plain + SEAL_OVERHEAD];
    seal_close(&key, STR("code"), plain, sizeof plain, box);
}

Test(seal, the_box_is_what_its_header_says)
{
    uint8_t box[8 + SEAL_OVERHEAD], own[32], back[8], nonce[12] = {0}, input[SEAL_SALT + 14];
    int n;
    seal_close(&key, STR("code"), "the text", 8, box);
    memcpy(input, box, SEAL_SALT);
    memcpy(input + SEAL_SALT, "jeton seal box", 14);
    HMAC(EVP_sha256(), key.bytes, 32, input, sizeof input, own, NULL);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    cr_assert(EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, own, nonce));
    cr_assert(EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)"code", 4));
    cr_assert(EVP_DecryptUpdate(c, back, &n, box + SEAL_SALT, 8));
    cr_assert(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, box + SEAL_SALT + 8));
    cr_assert_eq(EVP_DecryptFinal_ex(c, back, &n), 1);
    cr_assert_eq(memcmp(back, "the text", 8), 0);
    EVP_CIPHER_CTX_free(c);
}

Test(seal, one_time_boxes_are_deterministic_and_apart_from_the_others)
{
    uint8_t one[8 + SEAL_TAG], two[8 + SEAL_TAG], back[8];
    seal_close_once(key.bytes, STR("next"), "the text", 8, one);
    seal_close_once(key.bytes, STR("next"), "the text", 8, two);
    cr_assert_eq(memcmp(one, two, sizeof one), 0);
    cr_assert_not(FAILED(seal_open_once(key.bytes, STR("next"), one, sizeof one, back)));
    cr_assert_eq(memcmp(back, "the text", 8), 0);
    cr_assert_eq(seal_open_once(other_key.bytes, STR("next"), one, sizeof one, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open_once(key.bytes, STR("code"), one, sizeof one, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open_once(key.bytes, STR("next"), one, sizeof one - 1, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open_once(key.bytes, STR("next"), one, SEAL_TAG - 1, back).kind, ERR_INVALID_TOKEN);
    one[0] ^= 1;
    cr_assert_eq(seal_open_once(key.bytes, STR("next"), one, sizeof one, back).kind, ERR_INVALID_TOKEN);
}
