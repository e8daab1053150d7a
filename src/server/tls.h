/* SPDX-License-Identifier: MIT
 * tls: the certificate and key that the server shows: given files, or the data directory's own little authority (contract 2). */
#ifndef JETON_SERVER_TLS_H
#define JETON_SERVER_TLS_H
#include "crypto/cert.h"
/* Self-signed: makes or renews DIR/tls/{ca,server}.pem and their keys (0600). hosts: names and addresses, separated by spaces.
 * SERVER_ERROR with a telling `say` when a file cannot be read or written; one that
 * cannot be renewed for want of space serves until its own end. */
fallible tls_self_signed(struct arena *a, const char *directory, str hosts, struct cert_pem *out);
/* A file that an administrator named, as it is; a private one must be readable by its owner alone (ST-03). SERVER_ERROR with a `say` that
 * goes on from its name. */
fallible tls_file(struct arena *a, str file, bool private, str *pem);
#endif
