/* SPDX-License-Identifier: MIT
 * seal: authenticated encryption for the server alone. AES-256-GCM under a key that is derived for this one box from 32 random
 * bytes, so that no nonce can ever repeat, whatever the number of boxes (NIST SP 800-38D 8.3 does not bind a single-use key).
 * A box is salt (32) || ciphertext || tag (16); the tag length is fixed (CVE-2023-37464). `context` is bound in as associated
 * data: a box of one kind never opens as another. */
#ifndef JETON_CRYPTO_SEAL_H
#define JETON_CRYPTO_SEAL_H
#include "base/str.h"
enum { SEAL_SALT = 32, SEAL_TAG = 16, SEAL_OVERHEAD = SEAL_SALT + SEAL_TAG, SEAL_PLAIN_MAX = 24576 };
struct seal_key {
    uint8_t bytes[32];
};
/* Writes n + SEAL_OVERHEAD bytes. Cannot fail: libcrypto refusing to work stops the process. */
void seal_close(const struct seal_key *key, str context, const void *plain, size_t n, uint8_t *box);
/* Writes box_n - SEAL_OVERHEAD bytes; INVALID_TOKEN when it was not closed with this key and context: they are zeros then. */
fallible seal_open(const struct seal_key *key, str context, const uint8_t *box, size_t box_n, uint8_t *plain);
/* The same, with the salt given: deterministic, for a successor that is sealed under a one-time secret. */
void seal_close_once(const uint8_t one_time_key[32], str context, const void *plain, size_t n, uint8_t *out /* n + SEAL_TAG */);
fallible seal_open_once(const uint8_t one_time_key[32], str context, const uint8_t *in, size_t n, uint8_t *plain /* n - SEAL_TAG */);
#endif
