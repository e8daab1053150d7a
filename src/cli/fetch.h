/* SPDX-License-Identifier: MIT
 * fetch: the only door to libcurl: one request to another server. TLS is always checked, chain and name; http:// is for
 * loopback hosts alone; redirects are not followed; the answer has a ceiling. */
#ifndef JETON_CLI_FETCH_H
#define JETON_CLI_FETCH_H
#include "base/buf.h"
struct fetch_request {
    str url;
    str form;           /* POST of a form; absent: GET */
    str user, password; /* Basic; absent: none. Already in the form that RFC 6749 2.3.1 wants */
    str authority;      /* file with the certificates to trust; absent: the machine's own */
};
struct fetch_answer {
    long status;
    str body; /* at most BUF_JSON_MAX bytes */
};
/* An answer of any status is OK. Otherwise *trouble says in one sentence what failed (arena memory). */
fallible fetch_run(struct arena *a, const struct fetch_request *request, struct fetch_answer *out, const char **trouble);
#endif
