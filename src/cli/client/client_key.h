/* SPDX-License-Identifier: MIT
 * client_key: a private key of the client application: what signs its assertions, its request objects and its DPoP proofs. */
#ifndef JETON_CLI_CLIENT_CLIENT_KEY_H
#define JETON_CLI_CLIENT_CLIENT_KEY_H
#include "codec/json.h"
#include "crypto/sign.h"
struct client_key {
    struct sign_key *pair; /* ends with the arena */
    str kid;               /* absent: none goes into a header */
    str thumbprint;        /* RFC 7638 */
};
/* The PEM file of a private key, which must be readable by its owner alone (ST-03). alg absent: one that the server likes and
 * the key can, else the usual one for it; kid absent: the key's thumbprint. *trouble says what is wrong with the file. */
struct client_key_file {
    str file, alg, kid;
    const json *liked; /* the server's list; NULL: unknown */
};
fallible client_key_load(struct arena *a, const struct client_key_file *from, const struct client_key **out, const char **trouble);
fallible client_key_fresh(struct arena *a, const struct client_key **out); /* ES256, gone with the arena */
/* As client_key_load, but makes a key (ES256) and the file (0600) when there is none. */
fallible client_key_keep(struct arena *a, str file, const struct client_key **out, const char **trouble);
/* The public half (RFC 7517). */
fallible client_key_public(struct arena *a, const struct client_key *key, json **jwk);
/* RFC 7515 3.1: `alg` is put into the header here; typ absent: none. secret: HS256 with it when key is NULL. */
struct client_key_words {
    const char *typ;
    json *header, *claims; /* header NULL: nothing but alg, typ and kid */
    str secret;
};
fallible client_key_sign(struct arena *a, const struct client_key *key, const struct client_key_words *words, str *jwt);
#endif
