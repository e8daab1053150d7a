/* SPDX-License-Identifier: MIT
 * fetch: the only door to libcurl: one request to another server. TLS is always checked, chain and name; http:// is for
 * loopback hosts alone; redirects are not followed; the answer has a ceiling. */
#ifndef JETON_CLI_FETCH_H
#define JETON_CLI_FETCH_H
#include "base/buf.h"
struct fetch_request {
    str url;
    str form;           /* POST of a form; absent: no form */
    str json;           /* POST of a JSON text; absent, as the form: GET */
    const str *headers; /* further lines `Name: value`, without control bytes */
    size_t header_count;
    str accept;         /* absent: application/json */
    str user, password; /* Basic; absent: none. Already in the form that RFC 6749 2.3.1 wants */
    str authority;      /* file with the certificates to trust; absent: the machine's own */
    str certificate, key; /* PEM files: the client certificate of this connection and its private key; absent: none */
};
struct fetch_answer {
    long status;
    str body;    /* at most BUF_JSON_MAX bytes */
    str headers; /* the answer's header lines, each with its \r\n: ask fetch_header */
};
/* An answer of any status is OK. Otherwise *trouble says in one sentence what failed (arena memory). */
fallible fetch_run(struct arena *a, const struct fetch_request *request, struct fetch_answer *out, const char **trouble);
/* The value of one of the answer's headers, trimmed; absent when it is missing or stands there twice. */
str fetch_header(const struct fetch_answer *answer, const char *name);
#endif
