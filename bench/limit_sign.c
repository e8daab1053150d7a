/* SPDX-License-Identifier: MIT
 * limit_sign: bare signatures a second on one thread, or checks of one: libcrypto's own key and context, made once, over the
 * bytes of a token of usual length. What a signed token needs beyond this (claims, base64url, HTTP) is the server's. RSA keys
 * have the server's length.
 *     limit_sign MILLISECONDS [ES256|RS256|check]      check: of an ES256 signature */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOKEN_BYTES = 420, SIGNATURE_MAX = 512, SPAN_MAX = 60000, RSA_BITS = 3072 };

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static EVP_PKEY_CTX *prepared(EVP_PKEY *key, bool rsa, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *c = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    bool ready =
        c != NULL && init(c) == 1 && EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1 && (!rsa || EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1);
    return ready ? c : NULL;
}

int main(int argc, char **argv)
{
    long span = argc == 2 || argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    bool rsa = argc == 3 && strcmp(argv[2], "RS256") == 0, check = argc == 3 && strcmp(argv[2], "check") == 0;
    if (span <= 0 || span > SPAN_MAX || (argc == 3 && !rsa && !check && strcmp(argv[2], "ES256") != 0)) {
        fputs("usage: limit_sign MILLISECONDS [ES256|RS256|check]\n", stderr);
        return 2;
    }
    unsigned char token[TOKEN_BYTES], digest[SHA256_DIGEST_LENGTH], signature[SIGNATURE_MAX];
    memset(token, 'x', sizeof(token));
    EVP_PKEY *key = rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
    EVP_PKEY_CTX *signer = prepared(key, rsa, EVP_PKEY_sign_init), *checker = prepared(key, rsa, EVP_PKEY_verify_init);
    size_t made = sizeof(signature);
    SHA256(token, sizeof(token), digest);
    if (signer == NULL || checker == NULL || EVP_PKEY_sign(signer, signature, &made, digest, sizeof(digest)) != 1)
        return 1;
    double begun = now(CLOCK_MONOTONIC), spent = now(CLOCK_PROCESS_CPUTIME_ID), passed = 0;
    uint64_t count = 0;
    while (passed * 1000 < (double)span) {
        for (int i = 0; i < 16; i++, count++) {
            size_t n = sizeof(signature);
            token[0] = (unsigned char)(check ? 'x' : count);
            SHA256(token, sizeof(token), digest);
            if (check ? EVP_PKEY_verify(checker, signature, made, digest, sizeof(digest)) != 1
                      : EVP_PKEY_sign(signer, signature, &n, digest, sizeof(digest)) != 1)
                return 1;
        }
        passed = now(CLOCK_MONOTONIC) - begun;
    }
    spent = now(CLOCK_PROCESS_CPUTIME_ID) - spent;
    printf("{\"rate\": %.1f, \"cpu_us\": %.3f}\n", (double)count / passed, spent * 1e6 / (double)count);
    EVP_PKEY_CTX_free(signer);
    EVP_PKEY_CTX_free(checker);
    EVP_PKEY_free(key);
    return 0;
}
