/* SPDX-License-Identifier: MIT
 * secret: types for what must not leak. struct token_raw is a live credential, struct token_hash its SHA-256: the store takes
 * only the second, the log neither. */
#ifndef JETON_CRYPTO_SECRET_H
#define JETON_CRYPTO_SECRET_H
#include "base/str.h"
struct token_raw {
    str text; /* arena memory: wiped with the request */
};
struct token_hash {
    uint8_t bytes[32];
};
/* Constant time for equal lengths; lengths are not secret (IN-11). An absent text equals nothing. */
bool secret_equal(str a, str b);
bool secret_equal_32(const uint8_t a[32], const uint8_t b[32]); /* the same for keys and hashes */
bool token_hash_equal(const struct token_hash *a, const struct token_hash *b);
struct token_hash token_hash_of(str raw); /* SHA-256 */
void secret_wipe(void *p, size_t n);
#endif
