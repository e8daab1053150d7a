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

/* ---- XAES-256-GCM ---- */

static const struct seal_key ones = {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
static const struct seal_key threes = {{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}};

/* The vectors of https://c2sp.org/XAES-256-GCM: of the first key AES makes a block whose first bit is 0, of the second one whose is 1. */
Test(seal, the_published_vectors_of_xaes_open)
{
    static const struct {
        const struct seal_key *key;
        str context;
        const char *sealed; /* text and tag */
    } vectors[] = {
        {&ones, STR(""), "\xce\x54\x6e\xf6\x3c\x9c\xc6\x07\x65\x92\x36\x09\xb3\x3a\x9a\x19\x74\xe9\x6e\x52\xda\xf2\xfc\xf7\x07\x5e\x22\x71"},
        {&threes, STR("c2sp.org/XAES-256-GCM"),
         "\x98\x6e\xc1\x83\x25\x93\xdf\x54\x43\xa1\x79\x43\x7f\xd0\x83\xbf\x3f\xdb\x41\xab\xd7\x40\xa2\x1f\x71\xeb\x76\x9d"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t box[12 + SEAL_XAES_OVERHEAD], back[12] = {0};
        memcpy(box, "ABCDEFGHIJKLMNOPQRSTUVWX", SEAL_NONCE);
        memcpy(box + SEAL_NONCE, vectors[i].sealed, 12 + SEAL_TAG);
        cr_assert_not(FAILED(seal_open_xaes(vectors[i].key, vectors[i].context, box, sizeof box, back)));
        cr_assert_eq(memcmp(back, "XAES-256-GCM", 12), 0);
        box[sizeof box - 1] ^= 1;
        cr_assert_eq(seal_open_xaes(vectors[i].key, vectors[i].context, box, sizeof box, back).kind, ERR_INVALID_TOKEN);
    }
}

/* A thread keeps two keys: with three in turn each is keyed anew, and none is taken for another. */
Test(seal, what_is_closed_by_xaes_opens_with_its_key_alone)
{
    static uint8_t plain[SEAL_PLAIN_MAX], box[3][SEAL_PLAIN_MAX + SEAL_XAES_OVERHEAD], back[SEAL_PLAIN_MAX];
    const struct seal_key *const keys[] = {&key, &ones, &threes};
    const size_t sizes[] = {0, 1, 15, 16, 17, 64, 1000, SEAL_PLAIN_MAX};
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 13 + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t k = 0; k < 3; k++)
            seal_close_xaes(keys[k], STR("code"), plain, sizes[i], box[k]);
        for (size_t k = 0; k < 9; k++) {
            memset(back, 0, sizeof back);
            cr_assert_eq(FAILED(seal_open_xaes(keys[k % 3], STR("code"), box[k / 3], sizes[i] + SEAL_XAES_OVERHEAD, back)), k % 3 != k / 3);
            cr_assert(k % 3 != k / 3 || memcmp(plain, back, sizes[i]) == 0);
        }
        cr_assert_neq(memcmp(box[0], box[1], SEAL_NONCE), 0);
    }
}

Test(seal, ST_07_no_changed_bit_and_no_other_length_context_or_form_of_xaes_opens)
{
    uint8_t box[16 + SEAL_XAES_OVERHEAD], back[16 + SEAL_XAES_OVERHEAD];
    static uint8_t large[SEAL_PLAIN_MAX + SEAL_XAES_OVERHEAD + 1];
    seal_close_xaes(&key, STR("code"), "sixteen bytes...", 16, box);
    for (size_t bit = 0; bit < sizeof box * 8; bit++) {
        box[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memset(back, 0xaa, sizeof back);
        cr_assert_eq(seal_open_xaes(&key, STR("code"), box, sizeof box, back).kind, ERR_INVALID_TOKEN);
        cr_assert_eq(memcmp(back, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0, "no plain text without its tag");
        cr_assert_eq(back[16], 0xaa);
        box[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < sizeof box; n++)
        cr_assert_eq(seal_open_xaes(&key, STR("code"), box, n, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open_xaes(&key, STR("refresh"), box, sizeof box, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open(&key, STR("code"), box, sizeof box, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open_xaes(&key, STR("code"), NULL, 0, back).kind, ERR_INVALID_TOKEN);
    cr_assert_eq(seal_open_xaes(&key, STR("code"), large, sizeof large, large).kind, ERR_INVALID_TOKEN);
    cr_assert_not(FAILED(seal_open_xaes(&key, STR("code"), box, sizeof box, back)));
}
