/* SPDX-License-Identifier: MIT
 * secure_pair: a chain of certificates and the private key of its first, read from PEM (RFC 7468). Private to http/secure. */
#ifndef JETON_HTTP_SECURE_PAIR_H
#define JETON_HTTP_SECURE_PAIR_H
#include "base/str.h"
#include <openssl/x509.h>

enum { SECURE_CHAIN_MAX = 16 };
struct secure_pair {
    X509 *chain[SECURE_CHAIN_MAX + 1]; /* the server's own first, then each one's issuer */
    int count;
    EVP_PKEY *key;
};
/* INVALID_REQUEST with a telling `say`: they are no such thing, or do not belong together; UNAVAILABLE: no memory. Either way *out is to be
 * freed. */
fallible secure_pair_read(str certificate, str key, struct secure_pair *out);
void secure_pair_free(struct secure_pair *p);
#endif
