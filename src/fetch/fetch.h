/* SPDX-License-Identifier: MIT
 * fetch: the only door to libcurl: one request to another server, from any thread that may wait. TLS is always checked, chain and name;
 * redirects are not followed; the answer has a ceiling of bytes and seconds. Two ways: fetch_run for the command line, which goes where
 * the person says (http:// for loopback hosts alone); fetch_call and fetch_document for the server, which goes where registrations and
 * requests say, and so to no internal address unless an administrator named it, and to ports that are due alone (AZ-18, CA-11, MD-05, LO-02). */
#ifndef JETON_FETCH_FETCH_H
#define JETON_FETCH_FETCH_H
#include "base/buf.h"
struct fetch_request {
    str url;
    str form;           /* POST of a form; absent: no form */
    str json;           /* POST of a JSON text; absent, as the form: GET */
    const str *headers; /* further lines `Name: value`, without control bytes */
    size_t header_count;
    str accept;           /* absent: application/json */
    str user, password;   /* Basic; absent: none. Already in the form that RFC 6749 2.3.1 wants */
    str authority;        /* file with further certificates to trust; absent: the machine's own alone */
    str certificate, key; /* PEM files: the client certificate of this connection and its private key; absent: none */
};
struct fetch_answer {
    long status;
    str body;    /* at most BUF_JSON_MAX bytes, or what the manners say */
    str headers; /* the answer's header lines, each with its \r\n: ask fetch_header */
};
struct url;
/* How the server calls out, from its settings; plain values, so that every rule can hand them down. */
struct fetch_manners {
    str internal;    /* words HOST or HOST:PORT that may lie at internal addresses; absent or empty: none */
    str ports;       /* words: the ports that may be called, or `any`, which absent and empty are too */
    str authority;   /* file with further certificates to trust; absent or empty: the machine's own alone */
    int64_t seconds; /* for the whole call, name and handshake included; 0: FETCH_SECONDS */
    size_t bytes;    /* of the answer; 0: FETCH_BYTES */
    bool apart;      /* on a thread that serves no requests: such calls hold no slot, but a host that hangs is left alone by them too */
    str caller;      /* for whose sake: a client's id, a source; it has a share of its own. Absent: nobody in particular */
};
/* AT_ONCE: calls of fetch_call in all; PER_HOST, PER_CALLER: of these (RL-06, fetch_share). */
enum { FETCH_SECONDS = 5, FETCH_BYTES = 65536, FETCH_AT_ONCE = 64, FETCH_PER_HOST = 8, FETCH_PER_CALLER = 4 };
/* Is this address's port one that may be called? For who registers it: fetch_call asks by itself. */
bool fetch_port_due(const struct fetch_manners *manners, const struct url *u);
/* From now on `call` is told when this thread begins (true) and ends (false) to wait for another server, so that somebody can do its work
 * meanwhile; before the first call. */
void fetch_when_waiting(void (*call)(bool begins));
/* For who waits for another thread's call: tells the same. */
void fetch_waits(bool begins);
/* An answer of any status is OK. Otherwise *trouble says in one sentence what failed (arena memory). */
fallible fetch_run(struct arena *a, const struct fetch_request *request, struct fetch_answer *out, const char **trouble);
/* The server's own call: https alone, no proxy, no redirect, manners' ceilings. The address that the socket is opened to is judged, not
 * the name, so no second look-up can change it. request->authority is not used. INVALID_REQUEST: this address is never called;
 * UNAVAILABLE: it did not answer, or not in time, or too much; THROTTLED: a share is used up, or the host is benched (fetch_share): nothing
 * was called. May wait: never on an event thread or the store's writer. *trouble is for logs. */
fallible fetch_call(struct arena *a, const struct fetch_manners *manners, const struct fetch_request *request, struct fetch_answer *out, const char **trouble);
/* The same for a document by GET: status 200 and a body, or UNAVAILABLE. accept absent: application/json. */
fallible fetch_document(struct arena *a, const struct fetch_manners *manners, str url, str accept, str *body);
/* The value of one of the answer's headers, trimmed; absent when it is missing or stands there twice. */
str fetch_header(const struct fetch_answer *answer, const char *name);
#endif
