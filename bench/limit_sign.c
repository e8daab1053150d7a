/* SPDX-License-Identifier: MIT
 * limit_sign: bare ES256 signatures a second on one thread: libcrypto's own key and context, made once, over the bytes of a
 * token of usual length. What a signed token needs beyond this (claims, base64url, HTTP) is the server's.
 *     limit_sign MILLISECONDS */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOKEN_BYTES = 420, SIGNATURE_MAX = 80, SPAN_MAX = 60000 };

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    long span = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (span <= 0 || span > SPAN_MAX) {
        fputs("usage: limit_sign MILLISECONDS\n", stderr);
        return 2;
    }
    unsigned char token[TOKEN_BYTES], digest[SHA256_DIGEST_LENGTH], signature[SIGNATURE_MAX];
    memset(token, 'x', sizeof(token));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *signer = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    if (signer == NULL || EVP_PKEY_sign_init(signer) != 1)
        return 1;
    double begun = now(CLOCK_MONOTONIC), spent = now(CLOCK_PROCESS_CPUTIME_ID), passed = 0;
    uint64_t count = 0;
    while (passed * 1000 < (double)span) {
        for (int i = 0; i < 16; i++, count++) {
            size_t n = sizeof(signature);
            token[0] = (unsigned char)count;
            SHA256(token, sizeof(token), digest);
            if (EVP_PKEY_sign(signer, signature, &n, digest, sizeof(digest)) != 1)
                return 1;
        }
        passed = now(CLOCK_MONOTONIC) - begun;
    }
    spent = now(CLOCK_PROCESS_CPUTIME_ID) - spent;
    printf("{\"rate\": %.1f, \"cpu_us\": %.3f}\n", (double)count / passed, spent * 1e6 / (double)count);
    EVP_PKEY_CTX_free(signer);
    EVP_PKEY_free(key);
    return 0;
}
