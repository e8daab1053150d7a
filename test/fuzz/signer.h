/* SPDX-License-Identifier: MIT
 * signer: a key for fuzz targets that sign what the fuzzer wrote, so that it comes past the signature. EdDSA is deterministic.
 */
#ifndef JETON_FUZZ_SIGNER_H
#define JETON_FUZZ_SIGNER_H
#include "codec/b64url.h"
#include "token/jwk.h"
#include <string.h>

/* PKCS#8 of an Ed25519 key (RFC 8410 7) whose 32 bytes are all 'k'. */
static const char signer_der[] = "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"
                                 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

static inline const struct sign_key *signer_key(void)
{
    static struct sign_key *key;
    if (key == NULL)
        INVARIANT(!FAILED(sign_key_import(SIGN_EDDSA, (str){signer_der, 48}, &key)));
    return key;
}

static inline struct jwk signer_jwk(struct arena *a)
{
    struct jwk jwk;
    struct sign_jwk parts;
    INVARIANT(!FAILED(sign_key_jwk(a, signer_key(), &parts)));
    INVARIANT(!FAILED(jwk_of_json(a, jwk_json(a, &parts), &jwk)));
    return jwk;
}

/* Absent when it would be too long for any reader. */
static inline str signer_token(struct arena *a, str header, str claims)
{
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    str text = str_join(a, (const str[]){b64url_encode(a, header.p, header.n), STR("."), b64url_encode(a, claims.p, claims.n)}, 3);
    if (text.n > BUF_TOKEN_MAX)
        return STR_ABSENT;
    INVARIANT(!FAILED(sign_make(signer_key(), text, signature, &n)));
    return str_join(a, (const str[]){text, STR("."), b64url_encode(a, signature, n)}, 3);
}

/* Cuts the input at its first line feed: a header and claims. */
static inline str signer_cut(str *input)
{
    size_t n = str_find(*input, '\n');
    str first = {input->p, n};
    *input = n < input->n ? (str){input->p + n + 1, input->n - n - 1} : (str){input->p + n, 0};
    return first;
}
#endif
