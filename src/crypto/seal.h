/* SPDX-License-Identifier: MIT
 * seal: authenticated encryption for the server alone, of two forms. In both the key of AES-256-GCM is derived for one box from random
 * bytes at its head, so that no nonce can ever repeat, whatever the number of boxes (NIST SP 800-38D 8.3 does not bind a single-use key),
 * the tag length is fixed (CVE-2023-37464), and `context` is bound in as associated data: a box of one kind never opens as another.
 *     seal_close          salt (32) || ciphertext || tag (16), derived by HMAC: for what is stored
 *     seal_close_xaes     nonce (24) || ciphertext || tag (16): XAES-256-GCM (https://c2sp.org/XAES-256-GCM), derived by two blocks of
 *                         AES, which costs a tenth: for what is handed out with each answer
 * A key is for one of the forms. */
#ifndef JETON_CRYPTO_SEAL_H
#define JETON_CRYPTO_SEAL_H
#include "base/str.h"
enum { SEAL_SALT = 32, SEAL_TAG = 16, SEAL_OVERHEAD = SEAL_SALT + SEAL_TAG, SEAL_PLAIN_MAX = 24576 };
enum { SEAL_NONCE = 24, SEAL_XAES_OVERHEAD = SEAL_NONCE + SEAL_TAG };
struct seal_key {
    uint8_t bytes[32];
};
/* Writes n + SEAL_OVERHEAD bytes. Cannot fail: libcrypto refusing to work stops the process. */
void seal_close(const struct seal_key *key, str context, const void *plain, size_t n, uint8_t *box);
/* Writes box_n - SEAL_OVERHEAD bytes; INVALID_TOKEN when it was not closed with this key and context: they are zeros then. */
fallible seal_open(const struct seal_key *key, str context, const uint8_t *box, size_t box_n, uint8_t *plain);
/* The same of the other form: SEAL_XAES_OVERHEAD bytes more than the text. */
void seal_close_xaes(const struct seal_key *key, str context, const void *plain, size_t n, uint8_t *box);
fallible seal_open_xaes(const struct seal_key *key, str context, const uint8_t *box, size_t box_n, uint8_t *plain);
/* The same, with the salt given: deterministic, for a successor that is sealed under a one-time secret. */
void seal_close_once(const uint8_t one_time_key[32], str context, const void *plain, size_t n, uint8_t *out /* n + SEAL_TAG */);
fallible seal_open_once(const uint8_t one_time_key[32], str context, const uint8_t *in, size_t n, uint8_t *plain /* n - SEAL_TAG */);
#endif
