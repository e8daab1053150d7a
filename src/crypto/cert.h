/* SPDX-License-Identifier: MIT
 * cert: the little certificate authority behind `--tls self-signed` (X.509 v3, EC P-256): a CA and a server certificate for
 * localhost, 127.0.0.1, ::1 and the issuer's host. */
#ifndef JETON_CRYPTO_CERT_H
#define JETON_CRYPTO_CERT_H
#include "base/clock.h"
struct cert_pem {
    str certificate, key; /* PEM, arena memory */
};
fallible cert_authority_make(struct arena *a, unix_time now, int64_t seconds, struct cert_pem *out);
/* `hosts`: space-separated DNS names and IP literals for subjectAltName. Chain: leaf then CA, in one PEM. */
fallible cert_server_make(struct arena *a, const struct cert_pem *authority, str hosts, unix_time now, int64_t seconds, struct cert_pem *out);
/* When does this PEM certificate end, and does it name every host? SERVER_ERROR when unreadable. */
fallible cert_covers(str certificate_pem, str hosts, unix_time *not_after, bool *covers);
#endif
