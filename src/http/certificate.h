/* SPDX-License-Identifier: MIT
 * certificate: the client certificate that a proxy in front of this server has seen, from a header. Private to http. Whether the proxy
 * may be believed is the caller's question (CA-12). */
#ifndef JETON_HTTP_CERTIFICATE_H
#define JETON_HTTP_CERTIFICATE_H
#include "http/http.h"
/* DER of the leaf. RFC 9440 (`:base64:`), or PEM, URL-encoded as nginx's $ssl_client_escaped_cert or with spaces for line ends.
 * Absent when the header is missing, empty, or says that there was none; INVALID_REQUEST when it is malformed or comes twice. */
fallible certificate_of_header(const struct request *r, str name, str *der);
#endif
