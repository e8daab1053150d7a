/* SPDX-License-Identifier: MIT
 * dpop: proofs of possession (RFC 9449 4.3; DP-01). Pure: whether the jti was seen before and whether the nonce is one of ours
 * is asked by the caller, who has a store. */
#ifndef JETON_TOKEN_DPOP_H
#define JETON_TOKEN_DPOP_H
#include "base/clock.h"
#include "token/jwk.h"
struct dpop_expect {
    str method, url;  /* htm exactly; htu after the normalisation of RFC 3986 6.2.2 and 6.2.3, without query and fragment */
    str access_token; /* absent: no ath wanted */
    unix_time now;
    int64_t window; /* seconds that iat may lie before or after now */
};
struct dpop_proof {
    str jkt;   /* RFC 7638 thumbprint of the key in the header */
    str jti;   /* 1 to 256 bytes */
    str nonce; /* absent when the proof has none */
    unix_time issued_at;
    str alg;
};
extern const str dpop_algs; /* words, for dpop_signing_alg_values_supported: asymmetric ones only */
/* INVALID_DPOP_PROOF with a `why` and `say` for each check; UNAVAILABLE when memory ends. The texts of *out live in a. */
fallible dpop_check(struct arena *a, str proof, const struct dpop_expect *expect, struct dpop_proof *out);
#endif
