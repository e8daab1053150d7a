/* SPDX-License-Identifier: MIT
 * random: getrandom(2) and nothing else; a failure stops the process. */
#ifndef JETON_CRYPTO_RANDOM_H
#define JETON_CRYPTO_RANDOM_H
#include "base/str.h"
void random_bytes(void *out, size_t n);
/* Tests: makes this thread's bytes a fixed sequence; 0 switches it off. Compiled out of release builds (JETON_RELEASE). */
void random_seed(uint64_t seed);
/* A version 4 UUID (RFC 9562 5.4): 36 characters, NUL-terminated. */
void random_uuid(char out[37]);
#endif
