/* SPDX-License-Identifier: MIT
 * seal: boxes that only this server opens. Relies on digest for the box key and on libcrypto's AES-256-GCM.
 * Invariants: 1. a GCM key is used for one box, so that the fixed nonce never repeats under a key; 2. the tag is 16 bytes,
 * always, and its length is never read from the box (ST-07; CVE-2023-37464); 3. what does not open leaves zeros, never plain text.
 *
 *     box key = HMAC-SHA256(server key, salt || label)      salt: 32 random bytes, the head of the box
 *     box key = HMAC-SHA256(one-time key, label of its own)  seal_close_once: the caller never uses a key twice
 */
#include "crypto/seal.h"

#include "crypto/evp_state.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "base/banned.h"

static const uint8_t nonce[12]; /* NIST SP 800-38D 8.2: any fixed value, because the key is single-use */

static void box_key(const struct seal_key *key, const uint8_t salt[SEAL_SALT], uint8_t out[DIGEST_SIZE])
{
    static const char label[] = "jeton seal box";
    char input[SEAL_SALT + sizeof label - 1];
    memcpy(input, salt, SEAL_SALT);
    memcpy(input + SEAL_SALT, label, sizeof label - 1);
    digest_hmac(key->bytes, (str){input, sizeof input}, out);
}

static void once_key(const uint8_t one_time_key[32], uint8_t out[DIGEST_SIZE])
{
    digest_hmac_once(one_time_key, STR("jeton seal once"), out);
}

/* Wipes `key`. Writes n + SEAL_TAG bytes. */
static void encrypt_gcm(uint8_t key[DIGEST_SIZE], str context, const void *plain, size_t n, uint8_t *out)
{
    INVARIANT(n <= SEAL_PLAIN_MAX && context.n <= INT_MAX);
    EVP_CIPHER_CTX *c = evp_state_of_thread()->close;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out + n, SEAL_TAG), OSSL_PARAM_construct_end()};
    int written = 0;
    INVARIANT(EVP_EncryptInit_ex2(c, NULL, key, nonce, NULL) == 1);
    explicit_bzero(key, DIGEST_SIZE);
    if (context.n > 0)
        INVARIANT(EVP_EncryptUpdate(c, NULL, &written, (const uint8_t *)context.p, (int)context.n) == 1);
    if (n > 0)
        INVARIANT(EVP_EncryptUpdate(c, out, &written, plain, (int)n) == 1 && written == (int)n);
    INVARIANT(EVP_EncryptFinal_ex(c, out + n, &written) == 1 && written == 0);
    INVARIANT(EVP_CIPHER_CTX_get_params(c, tag) == 1);
}

/* Wipes `key`. Writes n bytes; reads n + SEAL_TAG. */
static bool decrypt_gcm(uint8_t key[DIGEST_SIZE], str context, const uint8_t *in, size_t n, uint8_t *plain)
{
    INVARIANT(n <= SEAL_PLAIN_MAX && context.n <= INT_MAX);
    EVP_CIPHER_CTX *c = evp_state_of_thread()->open;
    int written = 0;
    uint8_t tag[SEAL_TAG], nothing[SEAL_TAG];
    memcpy(tag, in + n, SEAL_TAG);
    INVARIANT(EVP_DecryptInit_ex2(c, NULL, key, nonce, NULL) == 1);
    explicit_bzero(key, DIGEST_SIZE);
    INVARIANT(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) == 1);
    if (context.n > 0)
        INVARIANT(EVP_DecryptUpdate(c, NULL, &written, (const uint8_t *)context.p, (int)context.n) == 1);
    if (n > 0)
        INVARIANT(EVP_DecryptUpdate(c, plain, &written, in, (int)n) == 1 && written == (int)n);
    return EVP_DecryptFinal_ex(c, nothing, &written) == 1;
}

void seal_close(const struct seal_key *key, str context, const void *plain, size_t n, uint8_t *box)
{
    uint8_t own[DIGEST_SIZE];
    random_bytes(box, SEAL_SALT);
    box_key(key, box, own);
    encrypt_gcm(own, context, plain, n, box + SEAL_SALT);
}

fallible seal_open(const struct seal_key *key, str context, const uint8_t *box, size_t box_n, uint8_t *plain)
{
    if (box == NULL || box_n < SEAL_OVERHEAD || box_n - SEAL_OVERHEAD > SEAL_PLAIN_MAX)
        FAIL(INVALID_TOKEN, "seal: wrong size");
    size_t n = box_n - SEAL_OVERHEAD;
    uint8_t own[DIGEST_SIZE];
    box_key(key, box, own);
    if (!decrypt_gcm(own, context, box + SEAL_SALT, n, plain)) {
        explicit_bzero(plain, n);
        FAIL(INVALID_TOKEN, "seal: not closed with this key and context");
    }
    return OK;
}

void seal_close_once(const uint8_t one_time_key[32], str context, const void *plain, size_t n, uint8_t *out)
{
    uint8_t own[DIGEST_SIZE];
    once_key(one_time_key, own);
    encrypt_gcm(own, context, plain, n, out);
}

fallible seal_open_once(const uint8_t one_time_key[32], str context, const uint8_t *in, size_t n, uint8_t *plain)
{
    if (in == NULL || n < SEAL_TAG || n - SEAL_TAG > SEAL_PLAIN_MAX)
        FAIL(INVALID_TOKEN, "seal: wrong size");
    uint8_t own[DIGEST_SIZE];
    once_key(one_time_key, own);
    if (!decrypt_gcm(own, context, in, n - SEAL_TAG, plain)) {
        explicit_bzero(plain, n - SEAL_TAG);
        FAIL(INVALID_TOKEN, "seal: not closed with this one-time key and context");
    }
    return OK;
}
