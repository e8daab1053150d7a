/* SPDX-License-Identifier: MIT
 * Tests of digest, secret and the contexts of threads, with the published vectors. */
#include "crypto/digest.h"

#include "codec/b64url.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include "memory.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *hex(const uint8_t bytes[DIGEST_SIZE])
{
    static char text[2 * DIGEST_SIZE + 1];
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

Test(digest, sha256_of_fips_180)
{
    uint8_t out[DIGEST_SIZE];
    digest_sha256(STR("abc"), out);
    cr_assert_str_eq(hex(out), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256(STR(""), out);
    cr_assert_str_eq(hex(out), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_sha256(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
    cr_assert_str_eq(hex(out), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    digest_sha256((str){million, sizeof million}, out);
    cr_assert_str_eq(hex(out), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

Test(digest, the_challenge_of_rfc7636_appendix_b)
{
    uint8_t out[DIGEST_SIZE];
    char text[B64URL_LENGTH(DIGEST_SIZE)];
    digest_sha256(STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), out);
    b64url_write(text, out, sizeof out);
    cr_assert(str_is((str){text, sizeof text}, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
}

Test(digest, hmac_of_rfc4231)
{
    /* HMAC fills keys up with zeros to a block, so the vectors' shorter keys fit ours of 32 bytes. */
    uint8_t key[DIGEST_SIZE] = {0}, out[DIGEST_SIZE], data[50];
    memset(key, 0x0b, 20);
    digest_hmac(key, STR("Hi There"), out);
    cr_assert_str_eq(hex(out), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    memset(key, 0, sizeof key);
    memcpy(key, "Jefe", 4);
    digest_hmac(key, STR("what do ya want for nothing?"), out);
    cr_assert_str_eq(hex(out), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0, sizeof key);
    memset(key, 0xaa, 20);
    memset(data, 0xdd, sizeof data);
    digest_hmac(key, (str){(const char *)data, sizeof data}, out);
    cr_assert_str_eq(hex(out), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
}

Test(digest, derived_keys_differ_by_label_and_master_and_are_hmac)
{
    uint8_t one[DIGEST_SIZE] = {1}, two[DIGEST_SIZE] = {2}, a[DIGEST_SIZE], b[DIGEST_SIZE];
    digest_derive(one, "code", a);
    digest_hmac(one, STR("code\x01"), b);
    cr_assert_eq(memcmp(a, b, sizeof a), 0);
    digest_derive(one, "refresh", b);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
    digest_derive(two, "code", b);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
}

static void *work(void *result)
{
    uint8_t key[DIGEST_SIZE] = {7}, out[DIGEST_SIZE];
    for (int i = 0; i < 200; i++) {
        digest_hmac(key, STR("x"), out);
        digest_sha256((str){(const char *)out, sizeof out}, result);
    }
    return NULL;
}

Test(digest, threads_do_not_disturb_each_other)
{
    pthread_t threads[8];
    uint8_t results[8][DIGEST_SIZE], expected[DIGEST_SIZE];
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, work, results[i]), 0);
    work(expected);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(memcmp(results[i], expected, DIGEST_SIZE), 0);
    }
}

Test(digest, keys_in_turn_mean_what_each_means_alone)
{
    uint8_t keys[4][DIGEST_SIZE], alone[4][DIGEST_SIZE], out[DIGEST_SIZE];
    for (size_t i = 0; i < 4; i++) {
        random_bytes(keys[i], DIGEST_SIZE);
        digest_hmac_once(keys[i], STR("text"), alone[i]);
    }
    keys[3][DIGEST_SIZE - 1] = keys[2][DIGEST_SIZE - 1] ^ 1; /* the same but for one bit */
    memcpy(keys[3], keys[2], DIGEST_SIZE - 1);
    digest_hmac_once(keys[3], STR("text"), alone[3]);
    static const size_t turns[] = {0, 1, 0, 1, 2, 0, 2, 3, 2, 3, 1, 0, 3, 3};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        digest_hmac(keys[turns[i]], STR("text"), out);
        cr_assert_eq(memcmp(out, alone[turns[i]], DIGEST_SIZE), 0);
    }
}

Test(digest, nothing_is_kept_of_a_key_that_is_used_once)
{
    static uint8_t key[DIGEST_SIZE];
    uint8_t out[DIGEST_SIZE];
    size_t looked;
    random_bytes(key, sizeof key);
    memory_want(key);
    digest_hmac_once(key, STR("text"), out);
    secret_wipe(key, sizeof key);
    cr_assert_eq(memory_copies(&looked), 0);
}

Test(digest, forgets_its_last_keys_when_told)
{
    static uint8_t key[DIGEST_SIZE];
    uint8_t before[DIGEST_SIZE], out[DIGEST_SIZE];
    size_t looked;
    random_bytes(key, sizeof key);
    memory_want(key);
    digest_hmac(key, STR("text"), before);
    digest_hmac(key, STR("text"), out);
    secret_wipe(key, sizeof key);
    cr_assert_geq(memory_copies(&looked), 2, "a thread's context keeps its last keys");
    digest_forget();
    cr_assert_eq(memory_copies(&looked), 0);
    memory_plant(key);
    digest_hmac(key, STR("text"), out);
    cr_assert(memcmp(out, before, sizeof out) == 0, "the same key means the same after it was forgotten");
}
