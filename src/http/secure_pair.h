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
bool secure_pair_alike(const struct secure_pair *p, const struct secure_pair *other); /* the same kind of key: one stands for the other */

struct secure_names { /* DNS names of a certificate, in lower case; some are `*.` and a domain */
    str *list;
    size_t count;
};
/* Of the first certificate (RFC 5280 4.2.1.6), in the arena. UNAVAILABLE: no memory. */
fallible secure_pair_names(struct arena *a, const struct secure_pair *p, struct secure_names *out);
/* Is this one of the names, or, when `wild`, one for which the star of one stands (RFC 6125 6.4.3: for one label)? */
bool secure_names_bear(const struct secure_names *names, str name, bool wild);
/* Does it bear all of the others, as they are or, when `wild`, by a star too? Of no others it does. */
bool secure_names_cover(const struct secure_names *names, const struct secure_names *others, bool wild);
#endif
