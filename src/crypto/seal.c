/* SPDX-License-Identifier: MIT
 * seal: boxes that only this server opens. Relies on digest for the box key and on libcrypto's AES-256-ECB and AES-256-GCM.
 * Invariants: 1. a GCM key is used for one box, so that no nonce repeats under a key; 2. the tag is 16 bytes,
 * always, and its length is never read from the box (ST-07; CVE-2023-37464); 3. what does not open leaves zeros, never plain text.
 *
 *     box key = AES(server key, block 1 || block 2)          XAES: the first 12 of 24 random bytes are in the blocks, the others are GCM's nonce
 *     box key = HMAC-SHA256(server key, salt || label)      salt: 32 random bytes, the head of the box
 *     box key = HMAC-SHA256(one-time key, label of its own)  seal_close_once: the caller never uses a key twice
 */
#include "crypto/seal.h"

#include "crypto/evp_state.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "base/banned.h"

enum { BLOCK = 16, XAES_DERIVES = 12 /* bytes of its nonce; the others are GCM's */ };
_Static_assert(2 * BLOCK == DIGEST_SIZE && SEAL_NONCE == XAES_DERIVES + 12, "two blocks are a key, and GCM has twelve bytes of nonce");

static const uint8_t fixed_nonce[12]; /* NIST SP 800-38D 8.2: any fixed value, because the key is single-use */

static void box_key(const struct seal_key *key, const uint8_t salt[SEAL_SALT], uint8_t out[DIGEST_SIZE])
{
    static const char label[] = "jeton seal box";
    char input[SEAL_SALT + sizeof label - 1];
    memcpy(input, salt, SEAL_SALT);
    memcpy(input + SEAL_SALT, label, sizeof label - 1);
    digest_hmac(key->bytes, (str){input, sizeof input}, out);
}

/* CMAC's first subkey (NIST SP 800-38B 6.1): what AES makes of zeros, doubled in GF(2^128). */
static void double_block(const uint8_t in[BLOCK], uint8_t out[BLOCK])
{
    uint8_t carry = 0;
    for (size_t i = BLOCK; i-- > 0;) {
        uint8_t byte = in[i];
        out[i] = (uint8_t)(byte << 1 | carry);
        carry = byte >> 7;
    }
    out[BLOCK - 1] ^= (uint8_t)(0x87 & -carry);
}

static void encrypt_blocks(const struct evp_state_block *b, const uint8_t *in, uint8_t *out, int n)
{
    int written = 0;
    INVARIANT(EVP_EncryptUpdate(b->ecb, out, &written, in, n) == 1 && written == n);
}

static void key_block(struct evp_state_block *b, const uint8_t key[DIGEST_SIZE])
{
    const uint8_t zeros[BLOCK] = {0};
    uint8_t doubled[BLOCK];
    INVARIANT(EVP_EncryptInit_ex2(b->ecb, NULL, key, NULL, NULL) == 1);
    encrypt_blocks(b, zeros, doubled, BLOCK);
    double_block(doubled, b->subkey);
    explicit_bzero(doubled, sizeof doubled);
    memcpy(b->key, key, DIGEST_SIZE);
    b->keyed = true;
}

/* The one with this key; if there is none, the one that was not used last gets it. */
static const struct evp_state_block *find_keyed_block(struct evp_state *mine, const uint8_t key[DIGEST_SIZE])
{
    for (size_t i = 0; i < EVP_STATE_BLOCKS; i++)
        if (mine->blocks[i].keyed && secret_equal_32(mine->blocks[i].key, key)) {
            mine->block_last = i;
            return &mine->blocks[i];
        }
    mine->block_last = (mine->block_last + 1) % EVP_STATE_BLOCKS;
    key_block(&mine->blocks[mine->block_last], key);
    return &mine->blocks[mine->block_last];
}

/* NIST SP 800-108r1 4.1 with CMAC, as XAES-256-GCM has it: two blocks that differ in their counter. */
static void xaes_key(const struct seal_key *key, const uint8_t nonce[SEAL_NONCE], uint8_t out[DIGEST_SIZE])
{
    const struct evp_state_block *b = find_keyed_block(evp_state_of_thread(), key->bytes);
    uint8_t blocks[2 * BLOCK] = {0, 1, 'X', 0, [BLOCK] = 0, 2, 'X', 0};
    memcpy(blocks + 4, nonce, XAES_DERIVES);
    memcpy(blocks + BLOCK + 4, nonce, XAES_DERIVES);
    for (size_t i = 0; i < sizeof blocks; i++)
        blocks[i] ^= b->subkey[i % BLOCK];
    encrypt_blocks(b, blocks, out, sizeof blocks);
}

static void once_key(const uint8_t one_time_key[32], uint8_t out[DIGEST_SIZE])
{
    digest_hmac_once(one_time_key, STR("jeton seal once"), out);
}

struct once { /* a key that is used for one box, and GCM's nonce beside it */
    uint8_t key[DIGEST_SIZE];
    const uint8_t *nonce;
};

/* Wipes the key. Writes n + SEAL_TAG bytes. */
static void encrypt_gcm(struct once *once, str context, const void *plain, size_t n, uint8_t *out)
{
    INVARIANT(n <= SEAL_PLAIN_MAX && context.n <= INT_MAX);
    EVP_CIPHER_CTX *c = evp_state_of_thread()->close;
    OSSL_PARAM tag[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out + n, SEAL_TAG), OSSL_PARAM_construct_end()};
    int written = 0;
    INVARIANT(EVP_EncryptInit_ex2(c, NULL, once->key, once->nonce, NULL) == 1);
    explicit_bzero(once->key, DIGEST_SIZE);
    if (context.n > 0)
        INVARIANT(EVP_EncryptUpdate(c, NULL, &written, (const uint8_t *)context.p, (int)context.n) == 1);
    if (n > 0)
        INVARIANT(EVP_EncryptUpdate(c, out, &written, plain, (int)n) == 1 && written == (int)n);
    INVARIANT(EVP_EncryptFinal_ex(c, out + n, &written) == 1 && written == 0);
    INVARIANT(EVP_CIPHER_CTX_get_params(c, tag) == 1);
}

/* Wipes the key. Writes n bytes; reads n + SEAL_TAG. */
static bool decrypt_gcm(struct once *once, str context, const uint8_t *in, size_t n, uint8_t *plain)
{
    INVARIANT(n <= SEAL_PLAIN_MAX && context.n <= INT_MAX);
    EVP_CIPHER_CTX *c = evp_state_of_thread()->open;
    int written = 0;
    uint8_t tag[SEAL_TAG], nothing[SEAL_TAG];
    memcpy(tag, in + n, SEAL_TAG);
    const OSSL_PARAM wanted[] = {OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, SEAL_TAG), OSSL_PARAM_construct_end()};
    INVARIANT(EVP_DecryptInit_ex2(c, NULL, once->key, once->nonce, wanted) == 1);
    explicit_bzero(once->key, DIGEST_SIZE);
    if (context.n > 0)
        INVARIANT(EVP_DecryptUpdate(c, NULL, &written, (const uint8_t *)context.p, (int)context.n) == 1);
    if (n > 0)
        INVARIANT(EVP_DecryptUpdate(c, plain, &written, in, (int)n) == 1 && written == (int)n);
    return EVP_DecryptFinal_ex(c, nothing, &written) == 1;
}

void seal_close(const struct seal_key *key, str context, const void *plain, size_t n, uint8_t *box)
{
    struct once own = {.nonce = fixed_nonce};
    random_bytes(box, SEAL_SALT);
    box_key(key, box, own.key);
    encrypt_gcm(&own, context, plain, n, box + SEAL_SALT);
}

/* The text of n bytes, and the tag behind it. */
static fallible open_with(struct once *once, str context, const uint8_t *in, size_t n, uint8_t *plain)
{
    if (!decrypt_gcm(once, context, in, n, plain)) {
        explicit_bzero(plain, n);
        FAIL(INVALID_TOKEN, "seal: not closed with this key and context");
    }
    return OK;
}

static fallible require_box_size(const uint8_t *box, size_t box_n, size_t overhead)
{
    if (box == NULL || box_n < overhead || box_n - overhead > SEAL_PLAIN_MAX)
        FAIL(INVALID_TOKEN, "seal: wrong size");
    return OK;
}

fallible seal_open(const struct seal_key *key, str context, const uint8_t *box, size_t box_n, uint8_t *plain)
{
    struct once own = {.nonce = fixed_nonce};
    TRY(require_box_size(box, box_n, SEAL_OVERHEAD));
    box_key(key, box, own.key);
    return open_with(&own, context, box + SEAL_SALT, box_n - SEAL_OVERHEAD, plain);
}

void seal_close_xaes(const struct seal_key *key, str context, const void *plain, size_t n, uint8_t *box)
{
    struct once own = {.nonce = box + XAES_DERIVES};
    random_bytes(box, SEAL_NONCE);
    xaes_key(key, box, own.key);
    encrypt_gcm(&own, context, plain, n, box + SEAL_NONCE);
}

fallible seal_open_xaes(const struct seal_key *key, str context, const uint8_t *box, size_t box_n, uint8_t *plain)
{
    TRY(require_box_size(box, box_n, SEAL_XAES_OVERHEAD));
    struct once own = {.nonce = box + XAES_DERIVES};
    xaes_key(key, box, own.key);
    return open_with(&own, context, box + SEAL_NONCE, box_n - SEAL_XAES_OVERHEAD, plain);
}

void seal_close_once(const uint8_t one_time_key[32], str context, const void *plain, size_t n, uint8_t *out)
{
    struct once own = {.nonce = fixed_nonce};
    once_key(one_time_key, own.key);
    encrypt_gcm(&own, context, plain, n, out);
}

fallible seal_open_once(const uint8_t one_time_key[32], str context, const uint8_t *in, size_t n, uint8_t *plain)
{
    struct once own = {.nonce = fixed_nonce};
    TRY(require_box_size(in, n, SEAL_TAG));
    once_key(one_time_key, own.key);
    return open_with(&own, context, in, n - SEAL_TAG, plain);
}
