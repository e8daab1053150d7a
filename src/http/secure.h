/* SPDX-License-Identifier: MIT
 * secure: the only door to OpenSSL's TLS: the certificates that a listener shows, changeable while it listens, and the TLS side of a
 * connection. Private to http but for its users' errors, which say what is wrong with a file. */
#ifndef JETON_HTTP_SECURE_H
#define JETON_HTTP_SECURE_H
#include "http/listen.h"
#include <sys/types.h>

struct secure; /* what one listener shows */
/* `ask_certificate`: ask each client for a certificate, of whatever authority; none is needed, and none is judged here (RFC 8705).
 * INVALID_REQUEST with a telling `say`: these are no chains with their keys, or one would never be shown. */
fallible secure_open(const struct listen_pairs *pairs, bool ask_certificate, struct secure **out);
/* From now on new connections are shown this, and no ticket of before opens anything; open connections go on. Refused as by secure_open, and
 * nothing changes then. One thread changes. */
fallible secure_change(struct secure *s, const struct listen_pairs *pairs);
void secure_close(struct secure *s); /* once no connection is left; NULL is allowed */

struct secure_session; /* one connection's TLS; used by one thread at a time */
/* On a connected socket that does not block, and which stays the caller's. NULL: no memory. */
struct secure_session *secure_begin(struct secure *s, int fd);
void secure_wake(struct secure_session *session); /* the socket has something to read: to be called at each such event */
enum { SECURE_AGAIN = -1, SECURE_FAILED = -2 };
/* 1: done; SECURE_AGAIN: when the socket has or takes more; SECURE_FAILED: to be closed. */
int secure_handshake(struct secure_session *session);
/* Bytes read or written; 0 of a read: the peer ended in good order; or one of the two above. A write that said SECURE_AGAIN is repeated
 * with bytes that begin alike. */
ssize_t secure_read(struct secure_session *session, char *out, size_t room);
ssize_t secure_write(struct secure_session *session, str bytes);
bool secure_h2(const struct secure_session *session); /* after the handshake: both sides chose HTTP/2 (RFC 7301) */
/* DER of the certificate that the peer showed and whose key it holds, in the arena; absent: none. UNAVAILABLE: no memory. */
fallible secure_peer(const struct secure_session *session, struct arena *a, str *der);
/* Says good-bye when `orderly`, and frees; NULL is allowed. */
void secure_end(struct secure_session *session, bool orderly);
#endif
