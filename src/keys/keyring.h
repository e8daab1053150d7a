/* SPDX-License-Identifier: MIT
 * keyring: the keys that sign and seal, as verbs. Immutable once built, shared by all threads, replaced whole at rotation. Nobody outside of
 * keys/ sees a key or its bytes: a caller names an algorithm or a kid and gets a signature, a verdict, a box, what was in it, or the JWKS. */
#ifndef JETON_KEYS_KEYRING_H
#define JETON_KEYS_KEYRING_H
#include "crypto/seal.h"
#include "crypto/sign.h"
struct keyring;
/* kid of the active key of that algorithm (RFC 7638 thumbprint, 43 characters of base64url), in the keyring's memory; absent: there is none. */
str keyring_kid(const struct keyring *k, enum sign_alg alg);
/* Signs with that active key: a JWS signature (RFC 7515 5.1). SERVER_ERROR when there is none. */
fallible keyring_sign(const struct keyring *k, enum sign_alg alg, str text, uint8_t signature[SIGN_SIZE_MAX], size_t *n);
/* What a foreign hand says that one of our keys has signed. */
struct keyring_claim {
    str kid, alg;        /* as the header tells them */
    str text, signature; /* signature: bytes */
};
/* Ours are the next, the active and the old keys. INVALID_TOKEN when the kid is none of them, when the algorithm is not that key's own
 * (RFC 8725 3.1; AT-05), or when the signature does not hold; the first two before anything is computed. */
fallible keyring_verify(const struct keyring *k, const struct keyring_claim *claim);
/* Seals under the active sealing key. `sealed` takes n + KEYRING_SEALED bytes: the key's number, added (xor) to the first byte of the nonce behind it, so that no place
 * of what is sealed is alike (AC-01); and a box (crypto/seal, XAES). `context` is bound in, and n is SEAL_PLAIN_MAX at the most. Cannot fail. */
enum { KEYRING_HEAD = 1, KEYRING_SEALED = KEYRING_HEAD + SEAL_XAES_OVERHEAD };
void keyring_seal(const struct keyring *k, str context, str plain, uint8_t *sealed);
/* Opens what any sealing key of the ring has sealed; writes fewer bytes than `sealed` has. INVALID_TOKEN: not sealed by us in this context, or
 * by a key that is destroyed. Opens boxes from before there was XAES, too: the key's number, then a box with a salt. */
struct keyring_opened {
    str plain;             /* in the bytes that were given for it */
    const uint8_t *chance; /* in `sealed`: KEYRING_CHANCE bytes and more that no other box has */
};
enum { KEYRING_CHANCE = SEAL_NONCE, KEYRING_SEALED_EARLY = 1 + SEAL_OVERHEAD };
fallible keyring_open(const struct keyring *k, str context, str sealed, uint8_t *plain, struct keyring_opened *out);
uint8_t keyring_sealing_number(const struct keyring *k); /* of the active one */
/* {"keys":[…]} (RFC 7517 5): public members only, kid, use=sig, alg; active, next, old (AT-10, AT-11); of the algorithms in `algs`, a set of
 * bits 1 << alg, RS256 first: some readers take no key that they do not know, or try one after the other. In the keyring's memory. */
str keyring_jwks(const struct keyring *k, unsigned algs);
enum { KEYRING_ALL_ALGS = (1 << SIGN_OWN_COUNT) - 1 };
size_t keyring_algs(const struct keyring *k, enum sign_alg out[SIGN_OWN_COUNT]); /* algorithms with an active key */
#endif
