/* SPDX-License-Identifier: MIT
 * evp_state: libcrypto's working objects, fetched once a process and made once a thread, private to crypto/. An implicit fetch
 * for each call would cost more than the hash. The thread's exit frees them. */
#ifndef JETON_CRYPTO_EVP_STATE_H
#define JETON_CRYPTO_EVP_STATE_H
#include "base/err.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

enum { EVP_STATE_HMACS = 2 }; /* a refresh uses two keys in turn: the seal's, and the label of successors */
struct evp_state_hmac {       /* HMAC with SHA-256, both states behind key: begun again with the same, it need not be mixed anew */
    SHA256_CTX inner, outer;
    uint8_t key[32];
    bool keyed;
};
enum { EVP_STATE_BLOCKS = 2 }; /* while a sealing key replaces another, one closes and both open */
struct evp_state_block {       /* AES-256 of single blocks, and what XAES-256-GCM makes of the key (crypto/seal) */
    EVP_CIPHER_CTX *ecb;
    uint8_t key[32], subkey[16];
    bool keyed;
};
struct evp_state {
    struct evp_state_hmac hmacs[EVP_STATE_HMACS];
    size_t hmac_last; /* the one that was used last */
    struct evp_state_block blocks[EVP_STATE_BLOCKS];
    size_t block_last;
    EVP_CIPHER_CTX *close, *open; /* AES-256-GCM, no key */
};
/* Never NULL: libcrypto refusing to work stops the process. Valid until this thread ends; between calls nothing is kept in it but
 * the last keys of HMAC and of blocks, which are wiped with it. */
struct evp_state *evp_state_of_thread(void);
#endif
