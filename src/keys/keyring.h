/* SPDX-License-Identifier: MIT
 * keyring: the keys that sign and seal, immutable once built, shared by all threads, replaced whole at rotation. Private halves never leave
 * it: others ask it to sign, seal, open or check. */
#ifndef JETON_KEYS_KEYRING_H
#define JETON_KEYS_KEYRING_H
#include "base/clock.h"
#include "codec/json.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
struct keyring;
struct keyring_entry { /* one stored key, as the caller read it; `material` is opened: DER or 32 bytes */
    str kid, use, alg, state, material;
    unix_time created_at, destroy_after;
};
/* Built from all stored keys (material wiped by the caller's arena). SERVER_ERROR when there is no active sealing key. */
fallible keyring_build(const struct keyring_entry *entries, size_t count, struct keyring **out);
void keyring_free(struct keyring *k);
/* A fresh key: kid (RFC 7638 thumbprint, or the given sealing number) and its material. */
fallible keyring_fresh_signing(struct arena *a, enum sign_alg alg, struct keyring_entry *out);
fallible keyring_fresh_sealing(struct arena *a, uint8_t number, struct keyring_entry *out);
/* The active key of that algorithm; NULL when there is none. */
const struct sign_key *keyring_signing(const struct keyring *k, enum sign_alg alg, str *kid);
const struct sign_key *keyring_checking(const struct keyring *k, str kid); /* next, active or old; NULL unknown */
uint8_t keyring_sealing(const struct keyring *k, const struct seal_key **key);      /* the active one and its number */
const struct seal_key *keyring_opening(const struct keyring *k, uint8_t number);    /* NULL unknown */
/* {"keys":[…]}: public members only, kid, use=sig, alg; next, active and old (AT-10, AT-11); of the algorithms in `algs`, a set of bits 1 <<
 * alg, RS256 first: some readers take no key that they do not know, or try one after the other. Built once. */
str keyring_jwks(const struct keyring *k, unsigned algs);
enum { KEYRING_ALL_ALGS = (1 << SIGN_OWN_COUNT) - 1 };
size_t keyring_algs(const struct keyring *k, enum sign_alg out[SIGN_OWN_COUNT]); /* algorithms with an active key */
#endif
