/* SPDX-License-Identifier: MIT
 * leaf: a client's certificate, as TLS or a trusted proxy hands it over (DER), and what the rules of RFC 8705 want to know of it. All
 * verdicts are INVALID_REQUEST with a `why`; whoever asks gives them the kind that fits. Memory that ends is UNAVAILABLE. */
#ifndef JETON_CRYPTO_LEAF_H
#define JETON_CRYPTO_LEAF_H
#include "base/clock.h"
#include "crypto/sign.h"
enum { LEAF_MAX = 16384 /* bytes */ };
/* Is it valid at this time (RFC 5280 4.1.2.5)? */
fallible leaf_valid(str der, unix_time now);
/* Was it issued, for clients, by one of these authorities (PEM; intermediate ones count as well), and is all of it valid now? RSA keys
 * below 2048 bits and hashes below SHA-256 are refused (CA-13). */
fallible leaf_chain(str der, str authorities_pem, unix_time now);
/* Does this PEM hold an authority at all? */
fallible leaf_authorities(str pem);
enum leaf_name { LEAF_SUBJECT = 1, LEAF_DNS, LEAF_URI, LEAF_IP, LEAF_EMAIL };
/* Is `wanted` its subject (RFC 4514; white space around separators and the case of attribute names do not matter), or exactly one of its
 * alternative names of that kind? Nothing is a pattern. */
fallible leaf_named(struct arena *a, str der, enum leaf_name kind, str wanted);
/* Is this its public key: the full key, member by member? */
fallible leaf_has_key(struct arena *a, str der, const struct sign_jwk *key);
#endif
