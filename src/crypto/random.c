/* SPDX-License-Identifier: MIT
 * random: bytes of getrandom(2), fetched for each thread in small lots, because a system call for each token would cost more
 * than the token. Promises: 1. a byte is handed out once and is gone from the pool then; 2. nothing is ever derived, stretched
 * or reused; 3. without the kernel's randomness the process stops. The pool relies on this process never forking after start.
 */
#include "crypto/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/banned.h"

enum { POOL_SIZE = 512 };

struct pool {
    size_t left; /* the first `left` bytes are unused */
    uint8_t bytes[POOL_SIZE];
};

static _Thread_local struct pool pool;

static void read_system_random(uint8_t *out, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        INVARIANT(got > 0);
        out += got;
        n -= (size_t)got;
    }
}

#ifndef JETON_RELEASE
static _Thread_local uint64_t fixed; /* not 0: the state of a test's sequence */

void random_seed(uint64_t seed)
{
    fixed = seed;
}

/* A linear congruence, whose upper byte is good enough for tests, which want the same bytes again and nothing more. */
static bool fixed_bytes(uint8_t *out, size_t n)
{
    if (fixed == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        fixed = fixed * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(fixed >> 56);
    }
    fixed += fixed == 0;
    return true;
}
#else
static bool fixed_bytes(uint8_t *out, size_t n)
{
    (void)out;
    (void)n;
    return false;
}
#endif

void random_bytes(void *out, size_t n)
{
    if (n == 0 || fixed_bytes(out, n))
        return;
    if (n > POOL_SIZE / 4) {
        read_system_random(out, n);
        return;
    }
    if (pool.left < n) {
        read_system_random(pool.bytes, POOL_SIZE);
        pool.left = POOL_SIZE;
    }
    pool.left -= n;
    memcpy(out, pool.bytes + pool.left, n);
    explicit_bzero(pool.bytes + pool.left, n);
}

void random_uuid(char out[37])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* RFC 9562 4.2: version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* RFC 9562 4.1: variant */
    char *at = out;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = '\0';
}
