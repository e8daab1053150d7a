/* SPDX-License-Identifier: MIT
 * context: libcrypto's working objects, fetched once a process and made once a thread, private to crypto/. An implicit fetch
 * for each call would cost more than the hash. The thread's exit frees them. */
#ifndef JETON_CRYPTO_CONTEXT_H
#define JETON_CRYPTO_CONTEXT_H
#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

struct context {
    SHA256_CTX hmac_inner, hmac_outer; /* HMAC with SHA-256, both behind hmac_key: begun again with the same, it need not be mixed anew */
    uint8_t hmac_key[32];
    bool hmac_keyed;
    EVP_CIPHER_CTX *close, *open; /* AES-256-GCM, no key */
};
/* Never NULL: libcrypto refusing to work stops the process. Valid until this thread ends; between calls nothing is kept in it but
 * the last HMAC key, which is wiped with it. */
struct context *context_of_thread(void);
#endif
