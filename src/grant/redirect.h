/* SPDX-License-Identifier: MIT
 * redirect: where an authorization response may go: byte-for-byte one of the registered strings; the port alone may differ for loopback
 * literals (RFC 8252 7.3; RU-01, RU-02). Builds Location values; nobody else does. */
#ifndef JETON_GRANT_REDIRECT_H
#define JETON_GRANT_REDIRECT_H
#include "directory/client.h"
/* asked absent: the only registered one, else INVALID_REQUEST. INVALID_REQUEST with a `say` for the error page; never redirected (RU-06). */
fallible redirect_match(struct arena *a, const struct db_client *client, str asked, str *uri);
struct redirect_answer {
    str code;              /* or */
    err error;             /* FAILED: error and error_description are sent */
    str state;             /* absent: none */
    str issuer;            /* RFC 9207 */
};
fallible redirect_location(struct arena *a, str uri, const struct redirect_answer *answer, str *location);
#endif
