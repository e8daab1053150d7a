/* SPDX-License-Identifier: MIT
 * digest: SHA-256 and HMAC (FIPS 180-4, RFC 2104), several of them in every request. Relies on libcrypto's SHA256_ functions, whose state
 * is a plain struct: EVP spends more on one short text than its hash costs, and copies a keyed state through malloc. Relies on context for
 * the keyed states of the last keys. Promises: it cannot fail; where libcrypto refuses, the process stops, because no answer would be
 * safe; no state that knows a key or a secret outlives the call but in the context, which is wiped. */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_: deprecated in favour of EVP, and what EVP itself calls */
#include "crypto/digest.h"

#include "crypto/evp_state.h"
#include "crypto/secret.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/banned.h"

enum { LABEL_MAX = 64, INNER = 0x36, OUTER = 0x5c };

/* What is to come goes into `state`, which is wiped. */
static void finish_digest(SHA256_CTX *state, const void *data, size_t n, uint8_t out[DIGEST_SIZE])
{
    INVARIANT(SHA256_Update(state, data, n) == 1);
    INVARIANT(SHA256_Final(out, state) == 1);
    explicit_bzero(state, sizeof *state);
}

void digest_sha256(str data, uint8_t out[DIGEST_SIZE])
{
    SHA256_CTX state __attribute__((uninitialized));
    INVARIANT(SHA256_Init(&state) == 1);
    finish_digest(&state, data.p, data.n, out);
}

/* The state behind the key, which a byte tells from the same key's other use (RFC 2104 2). */
static void mix_key(SHA256_CTX *state, const uint8_t key[DIGEST_SIZE], uint8_t with)
{
    uint8_t block[SHA256_CBLOCK];
    memset(block, with, sizeof block);
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        block[i] ^= key[i];
    INVARIANT(SHA256_Init(state) == 1 && SHA256_Update(state, block, sizeof block) == 1);
    explicit_bzero(block, sizeof block);
}

static void mix_keys(struct evp_state_hmac *h, const uint8_t key[DIGEST_SIZE])
{
    mix_key(&h->inner, key, INNER);
    mix_key(&h->outer, key, OUTER);
}

/* Of the two states copies are used, and wiped. */
static void hmac_behind(const struct evp_state_hmac *h, str data, uint8_t out[DIGEST_SIZE])
{
    SHA256_CTX state = h->inner;
    uint8_t inner[DIGEST_SIZE];
    finish_digest(&state, data.p, data.n, inner);
    state = h->outer;
    finish_digest(&state, inner, sizeof inner, out);
    explicit_bzero(inner, sizeof inner);
}

/* The one that is behind this key; if there is none, the one that was not used last is mixed anew. */
static const struct evp_state_hmac *find_keyed_hmac(struct evp_state *mine, const uint8_t key[DIGEST_SIZE])
{
    for (size_t i = 0; i < EVP_STATE_HMACS; i++)
        if (mine->hmacs[i].keyed && secret_equal_32(mine->hmacs[i].key, key)) {
            mine->hmac_last = i;
            return &mine->hmacs[i];
        }
    mine->hmac_last = (mine->hmac_last + 1) % EVP_STATE_HMACS;
    struct evp_state_hmac *h = &mine->hmacs[mine->hmac_last];
    mix_keys(h, key);
    memcpy(h->key, key, DIGEST_SIZE);
    h->keyed = true;
    return h;
}

void digest_hmac(const uint8_t key[DIGEST_SIZE], str data, uint8_t out[DIGEST_SIZE])
{
    hmac_behind(find_keyed_hmac(evp_state_of_thread(), key), data, out);
}

void digest_hmac_once(const uint8_t key[DIGEST_SIZE], str data, uint8_t out[DIGEST_SIZE])
{
    struct evp_state_hmac h __attribute__((uninitialized));
    mix_keys(&h, key);
    hmac_behind(&h, data, out);
    explicit_bzero(&h, sizeof h);
}

void digest_forget(void)
{
    struct evp_state *mine = evp_state_of_thread();
    explicit_bzero(mine->hmacs, sizeof mine->hmacs);
}

void digest_derive(const uint8_t master[DIGEST_SIZE], const char *label, uint8_t out[DIGEST_SIZE])
{
    char text[LABEL_MAX + 1];
    size_t n = strlen(label);
    INVARIANT(n > 0 && n <= LABEL_MAX);
    memcpy(text, label, n);
    text[n] = 0x01;
    digest_hmac(master, (str){text, n + 1}, out);
}
