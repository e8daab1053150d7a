/* SPDX-License-Identifier: MIT
 * digest: SHA-256 and HMAC-SHA-256 through libcrypto (FIPS 180-4, RFC 2104), HKDF-Expand (RFC 5869 2.3)
 * of one block by digest_derive. */
#ifndef JETON_CRYPTO_DIGEST_H
#define JETON_CRYPTO_DIGEST_H
#include "base/str.h"
enum { DIGEST_SIZE = 32 };
void digest_sha256(str data, uint8_t out[DIGEST_SIZE]);
void digest_hmac(const uint8_t key[DIGEST_SIZE], str data, uint8_t out[DIGEST_SIZE]);
/* The same for a key that is used once: nothing of it is kept. */
void digest_hmac_once(const uint8_t key[DIGEST_SIZE], str data, uint8_t out[DIGEST_SIZE]);
/* This thread's context keeps the last HMAC keys, for the next call with one of them: not beyond this one. */
void digest_forget(void);
/* A key for one purpose from a master key: HMAC(master, label || 0x01), which is HKDF-Expand to 32 bytes. Labels are literals, one per purpose. */
void digest_derive(const uint8_t master[DIGEST_SIZE], const char *label, uint8_t out[DIGEST_SIZE]);
#endif
