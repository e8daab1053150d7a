/* SPDX-License-Identifier: MIT
 * digest: SHA-256 and HMAC through this thread's contexts. Relies on context. Promises: it cannot fail; where libcrypto
 * refuses, the process stops, because no answer would be safe. */
#include "crypto/digest.h"

#include "crypto/context.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/banned.h"

enum { LABEL_MAX = 64 };

void digest_sha256(str data, uint8_t out[DIGEST_SIZE])
{
    EVP_MD_CTX *c = context_of_thread()->sha256;
    INVARIANT(EVP_DigestInit_ex2(c, context_sha256(), NULL) == 1);
    INVARIANT(EVP_DigestUpdate(c, data.p, data.n) == 1);
    INVARIANT(EVP_DigestFinal_ex(c, out, NULL) == 1);
}

void digest_hmac(const uint8_t key[DIGEST_SIZE], str data, uint8_t out[DIGEST_SIZE])
{
    struct context *mine = context_of_thread();
    EVP_MAC_CTX *c = mine->hmac;
    size_t n = 0;
    bool same = mine->hmac_keyed && CRYPTO_memcmp(mine->hmac_key, key, DIGEST_SIZE) == 0;
    INVARIANT(EVP_MAC_init(c, same ? NULL : key, same ? 0 : DIGEST_SIZE, NULL) == 1); /* NULL: the same key once more */
    if (!same)
        memcpy(mine->hmac_key, key, DIGEST_SIZE);
    mine->hmac_keyed = true;
    INVARIANT(EVP_MAC_update(c, (const uint8_t *)data.p, data.n) == 1);
    INVARIANT(EVP_MAC_final(c, out, &n, DIGEST_SIZE) == 1 && n == DIGEST_SIZE);
}

void digest_derive(const uint8_t master[DIGEST_SIZE], const char *label, uint8_t out[DIGEST_SIZE])
{
    char text[LABEL_MAX + 1];
    size_t n = strlen(label);
    INVARIANT(n > 0 && n <= LABEL_MAX);
    memcpy(text, label, n);
    text[n] = 0x01;
    digest_hmac(master, (str){text, n + 1}, out);
}
