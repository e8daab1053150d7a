/* SPDX-License-Identifier: MIT
 * context: libcrypto's working objects, fetched once a process and made once a thread, private to crypto/. An implicit fetch
 * for each call would cost more than the hash. The thread's exit frees them. */
#ifndef JETON_CRYPTO_CONTEXT_H
#define JETON_CRYPTO_CONTEXT_H
#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

enum { CONTEXT_HMACS = 2 }; /* a refresh uses two keys in turn: the seal's, and the label of successors */
struct context_hmac {       /* HMAC with SHA-256, both states behind key: begun again with the same, it need not be mixed anew */
    SHA256_CTX inner, outer;
    uint8_t key[32];
    bool keyed;
};
struct context {
    struct context_hmac hmacs[CONTEXT_HMACS];
    size_t hmac_last;             /* the one that was used last */
    EVP_CIPHER_CTX *close, *open; /* AES-256-GCM, no key */
};
/* Never NULL: libcrypto refusing to work stops the process. Valid until this thread ends; between calls nothing is kept in it but
 * the last HMAC keys, which are wiped with it. */
struct context *context_of_thread(void);
#endif
