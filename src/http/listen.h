/* SPDX-License-Identifier: MIT
 * listen: HTTP/1.1 (RFC 9112) over TCP or Unix sockets and TLS 1.2 and 1.3 on epoll event threads, read strictly. It collects a whole request (limits
 * applied), runs guard and target, and hands it to `arrive` on the event thread. The handler answers at once (listen_answer inside arrive),
 * or later from any thread, exactly once; the connection waits meanwhile. After the answer is on its way, or the peer is gone, `gone` is
 * called on the event thread, exactly once for each exchange that arrived or was refused; when it returns, listen takes the arena back. The
 * same arena serves request and response. */
#ifndef JETON_HTTP_LISTEN_H
#define JETON_HTTP_LISTEN_H
#include "http/guard.h"
#include "http/http.h"
#include <stdatomic.h>

struct listener;
struct exchange { /* one request on its way; embeds what the upper floor needs */
    struct request request;
    struct response response;
    void *upper; /* the upper floor's own */
};
struct listen_pair {
    str certificate, key; /* PEM (RFC 7468): the server's certificate and those up to its authority's; the private key of the first */
};
enum { LISTEN_PAIRS_MAX = 16 };
/* Shown by the name that a client asks for (RFC 6066 3), the first to whoever names none of theirs. One with another kind of key (EC, RSA) that
 * bears all names of another stands beside it, for clients of its algorithms. */
struct listen_pairs {
    const struct listen_pair *list;
    size_t count; /* 0: plain HTTP */
};
struct listen_options {
    str host;      /* address to bind: literal, "localhost" (127.0.0.1 and ::1), "unix:/PATH", or "systemd:NAME" (sockets that were passed) */
    uint16_t port; /* 0: a free one */
    unsigned mode; /* of unix:/PATH: who may connect */
    str group;     /* its group; absent or empty: this process's */
    unsigned threads;
    struct listen_pairs pairs; /* borrowed until listen_open returns */
    unsigned idle_seconds;     /* 0: HTTP_IDLE_SECONDS */
    struct guard_rules rules;  /* the hosts are borrowed until listen_close */
    str trusted_proxies;       /* words: addresses whose X-Forwarded-For (last hop) is believed; `unix`: whoever comes by a Unix socket */
    str certificate_header;    /* in which the trusted proxies hand on the client's certificate; absent: none */
    bool proxied;              /* each connection begins with a PROXY header (version 2) of a trusted proxy, or is closed */
    bool ask_certificate;      /* ask each client for a certificate, of whatever authority; none is needed */
    bool secure;               /* the issuer is https */
    void (*locate)(struct request *r, void *context);                  /* may move r->path and r->target below the issuer's path; NULL: they stay */
    enum guard_names (*names)(const struct request *r, void *context); /* asked when Host is none of our own: to which names the address
                                     answers; NULL: to its own */
    void (*thread_begins)(void);                                       /* called once on each event thread; may be NULL */
    void (*arrive)(struct exchange *x, void *context);
    void (*refused)(struct exchange *x, err why, void *context); /* by target, guard, limits: fills x->response, which is sent */
    void (*gone)(struct exchange *x, void *context);
    void (*turned_away)(const char *peer, err why, void *context); /* on an event thread: a connection that `proxied` closes; may be NULL */
    void *context;
};
/* INVALID_REQUEST with a telling `say`: these are no certificates and keys to listen with. */
fallible listen_judge(const struct listen_pairs *pairs);
fallible listen_open(const struct listen_options *options, struct listener **out);
/* From now on these names and proxies count; both live in `a`, which outlives the listener, as what `rules` points to does. */
fallible listen_names(struct listener *l, struct arena *a, const struct guard_rules *rules, str trusted_proxies);
/* New connections are shown these and resume nothing of before; open ones go on. INVALID_REQUEST with a telling `say`: they are unfit, and nothing
 * changes (TL-05). */
fallible listen_certificates(struct listener *l, const struct listen_pairs *pairs);
/* Whoever opens it can answer now. Who waits at passed sockets ("systemd:NAME") is accepted from now on alone; elsewhere people came in before. */
void listen_admit(struct listener *l);
uint16_t listen_port(const struct listener *l); /* 0: it has none */
/* Queues x->response (headers checked). Thread-safe; wakes the connection when the call comes from outside arrive; then x is no
 * longer the caller's. */
void listen_answer(struct exchange *x);
/* What this thread answers between true and false goes out together, so that an event thread is woken for many answers and not for each. Whoever
 * begins ends it soon: the last of them wait for it. */
void listen_answer_together(bool begins);
void listen_quiesce(struct listener *l); /* stop accepting; go on with what is open */
size_t listen_connections(const struct listener *l);
/* Waits for answers that are owed (each arrived exchange must still be answered by somebody), then for their sending. */
void listen_close(struct listener *l);
#endif
