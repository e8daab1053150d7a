/* SPDX-License-Identifier: MIT
 * foreign: what foreigners do, for tests of what reads them: keys of every algorithm, tokens signed with them, vectors from
 * files. All functions end the test when something fails. */
#ifndef JETON_TEST_FOREIGN_H
#define JETON_TEST_FOREIGN_H
#include "codec/b64url.h"
#include "crypto/sign.h"
#include "fixture.h"
#include "fixture_keys.h"
#include "token/jwk.h"

#include <criterion/criterion.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>

static inline EVP_PKEY *foreign_pair(enum sign_alg alg)
{
    static const char *const curves[SIGN_ALG_COUNT] = {[SIGN_ES256] = "P-256", [SIGN_ES384] = "P-384", [SIGN_ES512] = "P-521"};
    if (curves[alg] != NULL)
        return EVP_EC_gen(curves[alg]);
    if (alg == SIGN_EDDSA || alg == SIGN_ED25519)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    unsigned char der[2048];
    const unsigned char *p = der;
    size_t n;
    cr_assert(!FAILED(b64url_decode(str_of(fixture_rsa[0]), der, sizeof der, &n)));
    return d2i_AutoPrivateKey(NULL, &p, (long)n);
}

/* Frees the pair. */
static inline str foreign_pem(struct arena *a, EVP_PKEY *pair)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    cr_assert(pair != NULL && PEM_write_bio_PrivateKey(b, pair, NULL, NULL, 0, NULL, NULL) == 1);
    size_t n = (size_t)BIO_get_mem_data(b, &p);
    str pem = str_dup(a, (str){p, n});
    BIO_free(b);
    EVP_PKEY_free(pair);
    return pem;
}

static inline void foreign_key_free(void *key)
{
    sign_key_free(key);
}

/* Belongs to the arena. */
static inline struct sign_key *foreign_key(struct arena *a, enum sign_alg alg)
{
    struct sign_key *key;
    err e = sign_key_from_pem(foreign_pem(a, foreign_pair(alg)), alg, &key);
    cr_assert(!FAILED(e), "%s: %s", sign_alg_name(alg), err_why(e));
    cr_assert(!FAILED(arena_on_release(a, foreign_key_free, key)));
    return key;
}

static inline json *foreign_jwk(struct arena *a, const struct sign_key *key)
{
    struct sign_jwk parts;
    cr_assert(!FAILED(sign_key_jwk(a, key, &parts)));
    return jwk_json(a, &parts);
}

static inline str foreign_parts(struct arena *a, str header, str claims)
{
    return str_join(a, (const str[]){b64url_encode(a, header.p, header.n), STR("."), b64url_encode(a, claims.p, claims.n)}, 3);
}

/* Our true signature over whatever is given: what passes here would pass for a hostile client with a registered key. */
static inline str foreign_token(struct arena *a, const struct sign_key *key, const char *header, const char *claims)
{
    uint8_t signature[SIGN_SIZE_MAX];
    size_t n;
    str text = foreign_parts(a, str_of(header), str_of(claims));
    cr_assert(!FAILED(sign_make(key, text, signature, &n)));
    return str_join(a, (const str[]){text, STR("."), b64url_encode(a, signature, n)}, 3);
}

static inline str foreign_json(struct arena *a, const json *value)
{
    str text;
    cr_assert(!FAILED(json_text(a, value, &text)));
    return text;
}

static inline json *foreign_vector(struct arena *a, const char *name)
{
    char path[256], *text = arena_take(a, 16384);
    snprintf(path, sizeof path, "test/vectors/%s.json", name);
    FILE *f = fopen(path, "re");
    cr_assert(f != NULL, "%s", path);
    size_t n = fread(text, 1, 16384, f);
    fclose(f);
    json *j;
    cr_assert(n > 0 && n < 16384 && !FAILED(json_parse(a, (str){text, n}, &j)), "%s", path);
    return j;
}
#endif
