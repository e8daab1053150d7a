/* SPDX-License-Identifier: MIT
 * keeper: what DIR/master.key is for, as verbs. One key for each purpose is derived from it (HKDF-Expand, RFC 5869 2.3) when the store is
 * opened; then the master key is wiped, and this process can do nothing with it but what stands here. No rotation changes these keys. */
#ifndef JETON_KEYS_KEEPER_H
#define JETON_KEYS_KEEPER_H
#include "crypto/digest.h"
struct keeper;
/* X(name, label of its key): a purpose that other versions of jeton know keeps its label for ever. */
#define KEEPER_MACS(X)                                                    \
    X(DPOP_NONCE, "dpop nonce")             /* RFC 9449 8 */              \
    X(PAIRWISE_SUBJECT, "pairwise subject") /* OpenID Connect Core 8.1 */ \
    X(SESSION_HINT, "session hint")                                       \
    X(CSRF_MARK, "csrf mark")
/* X(name, label of its key, what a box's context begins with) */
#define KEEPER_BOXES(X)                                               \
    X(PRIVATE_KEY, "private keys at rest", "jeton key")               \
    X(CLIENT_SECRET, "client secrets at rest", "jeton client secret") \
    X(AUTHENTICATOR, "authenticators at rest", "jeton authenticator")
enum keeper_mac {
#define X(name_, label_) KEEPER_##name_,
    KEEPER_MACS(X)
#undef X
        KEEPER_MAC_COUNT
};
enum keeper_box {
#define X(name_, label_, context_) KEEPER_##name_,
    KEEPER_BOXES(X)
#undef X
        KEEPER_BOX_COUNT
};
/* HMAC-SHA-256 of text under the key of that purpose. Cannot fail. */
void keeper_mac(const struct keeper *k, enum keeper_mac purpose, str text, uint8_t out[DIGEST_SIZE]);
/* What something at rest is, and whose: a box opens as nothing else. */
struct keeper_label {
    enum keeper_box box;
    str name; /* of the key, the client or the authenticator; never used twice */
};
/* *sealed: base64url of a box (crypto/seal), in a's memory. SERVER_ERROR for more than SEAL_PLAIN_MAX; UNAVAILABLE without memory. */
fallible keeper_seal(const struct keeper *k, struct arena *a, const struct keeper_label *label, str plain, str *sealed);
/* SERVER_ERROR when it was not sealed by this keeper under that label: another master.key, or a damaged row. */
fallible keeper_open(const struct keeper *k, struct arena *a, const struct keeper_label *label, str sealed, str *plain);
#endif
