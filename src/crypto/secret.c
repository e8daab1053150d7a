/* SPDX-License-Identifier: MIT
 * secret: the only comparison that secrets may meet. Relies on libcrypto's CRYPTO_memcmp, where lengths vary, and on digest.
 * Promises: the time of a comparison tells the lengths and nothing else (IN-11). */
#include "crypto/secret.h"

#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/banned.h"

bool secret_equal(str a, str b)
{
    if (a.p == NULL || b.p == NULL || a.n != b.n) /* an absent secret matches nothing, not even another absent one */
        return false;
    return CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}

/* Four words are compared sooner than 32 bytes. What differs is hidden from the compiler, so that it cannot end before the last. */
bool secret_equal_32(const uint8_t a[32], const uint8_t b[32])
{
    uint64_t differ = 0;
    for (size_t i = 0; i < 32; i += sizeof differ) {
        uint64_t x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        differ |= x ^ y;
        __asm__("" : "+r"(differ));
    }
    return differ == 0;
}

bool token_hash_equal(const struct token_hash *a, const struct token_hash *b)
{
    return secret_equal_32(a->bytes, b->bytes);
}

struct token_hash token_hash_of(str raw)
{
    struct token_hash hash;
    digest_sha256(raw, hash.bytes);
    return hash;
}

void secret_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}
