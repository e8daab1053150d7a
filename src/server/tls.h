/* SPDX-License-Identifier: MIT
 * tls: the certificate and key that the server shows: given files, or the data directory's own little authority (contract 2). */
#ifndef JETON_SERVER_TLS_H
#define JETON_SERVER_TLS_H
#include "crypto/cert.h"
/* Self-signed: makes or renews DIR/tls/{ca,server}.pem and their keys (0600). hosts: names and addresses, separated by spaces.
 * SERVER_ERROR with a telling `say` when a file cannot be read or written. */
fallible tls_self_signed(struct arena *a, const char *directory, str hosts, struct cert_pem *out);
/* Both files whole; the key must be readable by its owner alone (ST-03). */
fallible tls_from_files(struct arena *a, str certificate_file, str key_file, struct cert_pem *out);
/* A file of certificates that an administrator named, as it is. SERVER_ERROR with a telling `say` when it cannot be read. */
fallible tls_authorities(struct arena *a, str file, str *pem);
#endif
