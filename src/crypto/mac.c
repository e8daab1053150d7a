/* SPDX-License-Identifier: MIT
 * mac: HMAC with SHA-256, SHA-384 and SHA-512 over the bytes of a client's secret. Relies on libcrypto's one-shot HMAC and on
 * secret for the comparison. Promises: a secret that is absent, empty or shorter than the hash neither makes nor proves
 * anything (AT-05); the time of a check tells the lengths and nothing else (IN-11). */
#include "crypto/mac.h"

#include "base/buf.h"
#include "crypto/secret.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/banned.h"

enum { SECRET_MAX = BUF_TOKEN_MAX };

static const struct row {
    const char *name, *digest;
    size_t size;
} rows[MAC_ALG_COUNT] = {
    [MAC_NONE_CHOSEN] = {"", "", 0},
    [MAC_HS256] = {"HS256", "SHA256", 32},
    [MAC_HS384] = {"HS384", "SHA384", 48},
    [MAC_HS512] = {"HS512", "SHA512", 64},
};

static const struct row *row_of(enum mac_alg alg)
{
    return (unsigned)alg < MAC_ALG_COUNT ? &rows[alg] : &rows[MAC_NONE_CHOSEN];
}

const char *mac_alg_name(enum mac_alg alg)
{
    return row_of(alg)->name;
}

bool mac_alg_of(str name, enum mac_alg *out)
{
    for (int alg = MAC_NONE_CHOSEN + 1; alg < MAC_ALG_COUNT; alg++) {
        if (str_is(name, rows[alg].name)) {
            *out = (enum mac_alg)alg;
            return true;
        }
    }
    return false;
}

size_t mac_size(enum mac_alg alg)
{
    return row_of(alg)->size;
}

fallible mac_make(enum mac_alg alg, str secret, str data, uint8_t out[MAC_SIZE_MAX])
{
    const struct row *row = row_of(alg);
    if (row->size == 0)
        FAIL(SERVER_ERROR, "mac: no such algorithm");
    if (!str_filled(secret) || secret.n < row->size || secret.n > SECRET_MAX) /* RFC 7518 3.2; AT-05 */
        REFUSE(INVALID_REQUEST, "The secret is too short for this algorithm.", "mac: secret shorter than the hash, or absurdly long");
    size_t n = 0;
    if (EVP_Q_mac(NULL, "HMAC", NULL, row->digest, NULL, secret.p, secret.n, (const uint8_t *)data.p, data.n, out, MAC_SIZE_MAX, &n) == NULL ||
        n != row->size) {
        ERR_clear_error();
        FAIL(UNAVAILABLE, "mac: libcrypto cannot make a tag");
    }
    return OK;
}

fallible mac_check(enum mac_alg alg, str secret, str data, str tag)
{
    uint8_t expected[MAC_SIZE_MAX];
    err made = mac_make(alg, secret, data, expected);
    if (FAILED(made) && made.kind == ERR_INVALID_REQUEST)
        REFUSE(INVALID_TOKEN, "The secret is too short for this algorithm.", "mac: secret shorter than the hash");
    TRY(made);
    bool same = secret_equal(tag, (str){(char *)expected, mac_size(alg)}); /* RFC 7518 3.2: no truncation */
    secret_wipe(expected, sizeof expected);
    if (!same)
        REFUSE(INVALID_TOKEN, "The signature does not match.", "mac: tag does not match");
    return OK;
}
