/* SPDX-License-Identifier: MIT
 * acr: how sure a login here is of the person (OpenID Connect Core 2: acr, amr). There is one way to log in, so there is one value. */
#ifndef JETON_GRANT_ACR_H
#define JETON_GRANT_ACR_H
#define ACR_PASSWORD "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport" /* a password, over TLS */
#define ACR_AMR      "pwd"                                                              /* RFC 8176 2 */
#endif
