/* SPDX-License-Identifier: MIT
 * secure: the only door to GnuTLS: the certificate that a listener shows, changeable while it listens, and what a connection's TLS tells.
 * Private to http but for its users' errors, which say what is wrong with a file. */
#ifndef JETON_HTTP_SECURE_H
#define JETON_HTTP_SECURE_H
#include "base/str.h"

struct secure; /* what one listener shows */
/* A chain and its key, PEM. INVALID_REQUEST with a telling `say`: they are no such thing, or do not belong together. */
fallible secure_open(str certificate, str key, struct secure **out);
/* From now on new connections are shown this; open ones go on. Refused as by secure_open, and nothing changes then. */
fallible secure_change(struct secure *s, str certificate, str key);
void secure_close(struct secure *s); /* once no connection is left; NULL is allowed */
extern const char secure_priorities[];
/* Before a connection's handshake. session: the HTTP library's own. */
void secure_begin(struct secure *s, void *session, bool ask_certificate);
/* For the HTTP library: gives each handshake the pair in force (a gnutls_certificate_retrieve_function2). */
void *secure_retriever(void);
/* DER of the certificate that the peer showed and whose key it holds; absent: none. Borrowed from the session. */
str secure_peer(void *session);
#endif
