/* SPDX-License-Identifier: MIT
 * keyring_build: how a keyring comes to be, from stored keys whose material is in the clear. Private to keys/. */
#ifndef JETON_KEYS_KEYRING_BUILD_H
#define JETON_KEYS_KEYRING_BUILD_H
#include "base/clock.h"
#include "keys/keyring.h"
struct keyring_entry {        /* one key; absent texts are refused */
    str kid, use, alg, state; /* use: sig seal pub; state: next active old */
    str material;             /* DER, or JSON of the public half; sealing: 32 bytes */
    unix_time created_at, destroy_after;
};
/* Copies what it needs: the entries stay the caller's, whose arena wipes them. SERVER_ERROR: no active sealing key, or a key that is not whole. */
fallible keyring_build(const struct keyring_entry *entries, size_t count, struct keyring **out);
void keyring_free(struct keyring *k);
/* A fresh key in a's memory: `next` to sign (kid: thumbprint), `active` to seal (kid: the number, 1 to 255). UNAVAILABLE without memory. */
fallible keyring_fresh_signing(struct arena *a, enum sign_alg alg, struct keyring_entry *out);
fallible keyring_fresh_sealing(struct arena *a, uint8_t number, struct keyring_entry *out);
/* The public half of the active key of that algorithm, as an `old` one of use pub. SERVER_ERROR when there is none. */
fallible keyring_public_half(const struct keyring *k, struct arena *a, enum sign_alg alg, struct keyring_entry *out);
#endif
