/* SPDX-License-Identifier: MIT
 * loopback: where the browser brings the answer of the code grant back (RFC 8252 7.3): a listener on a loopback address that
 * answers one GET (or one form, where the answer is to be posted) of one path and forgets everything else. */
#ifndef JETON_CLI_CLIENT_LOOPBACK_H
#define JETON_CLI_CLIENT_LOOPBACK_H
#include "base/str.h"
struct loopback {
    int descriptor;
    uint16_t port;
    bool posts; /* the caller's: take a POST of a form too (form_post) */
};
/* host: 127.0.0.1, localhost (the same) or [::1]; port 0: a free one. UNAVAILABLE when the port is taken. */
fallible loopback_open(str host, uint16_t port, struct loopback *out);
/* Waits for GET <path>?<query>, or POST <path> with a form; other requests get 404. UNAVAILABLE after `seconds`. *query in
 * arena memory, without `?`. */
fallible loopback_wait(struct arena *a, const struct loopback *l, str path, int64_t seconds, str *query);
void loopback_close(struct loopback *l);
#endif
