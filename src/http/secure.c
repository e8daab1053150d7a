/* SPDX-License-Identifier: MIT
 * secure: what is in force, and sessions. Each connection takes what is in force when it begins; a change is one exchange of a pointer. What
 * was replaced lives on until the listener is closed, for a handshake may still be using it: a server changes its certificates some times a
 * year, so that costs some kilobytes.
 *
 *   judged ──secure_open, secure_change──▶ in force ──secure_change──▶ replaced ──secure_close──▶ gone
 *      └ unfit: refused, and the one in force stays
 *
 * 1. Each pair has a context of its own, in which chains with another kind of key stand beside it when they bear all its names; the client's
 * algorithms choose between them. The name that the client asks for (RFC 6066 3) chooses the context, the first one when nobody bears it.
 * 2. Keys of tickets belong to what is in force: whoever comes with a ticket of before a change begins anew. 3. Where certificates are asked
 * for, nobody is given a ticket: it would show a certificate again without the proof that its key is still held, and whoever steals a
 * client's memory would be that client without its key. Those clients are machines, which keep their connections. */
#include "http/secure.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "http/secure_pair.h"
#include "http/secure_tickets.h"

#include "base/banned.h"

enum { MESSAGES_MAX = 32 /* of a peer after its handshake */, FORCE_MEMORY = 1 << 20, TICKETS = 1 /* of a handshake; each return brings another */ };

/* TL-01, TL-02, TL-06: 1.2 and 1.3, ECDHE, AEAD; resumption by ticket and with a fresh key exchange; no early data, no renegotiation. Of 1.2 what RFC 9325 4.2
 * recommends and nothing else, as FAPI 2.0 Security Profile 5.2.2 wants. */
static const char suites_1_3[] = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
static const char suites_1_2[] = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
static const char groups[] = "X25519:P-256:P-384";
static const char signatures[] = "ECDSA+SHA256:ECDSA+SHA384:ed25519:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:RSA+SHA256:RSA+SHA384";

struct shown {
    SSL_CTX *context;
    struct secure_names names;
};
struct in_force {
    struct in_force *before; /* the one that this replaced */
    struct arena *arena;     /* its own lifetime */
    struct secure_tickets tickets;
    struct shown shown[LISTEN_PAIRS_MAX];
    size_t count;
};
struct secure {
    struct in_force *_Atomic now;
    BIO_METHOD *method;
    bool ask_certificate;
};

static int accept_any_certificate(X509_STORE_CTX *store, void *ignored)
{
    (void)store;
    (void)ignored;
    return 1; /* the rules judge it (RFC 8705) */
}

/* RFC 7301 3.2: HTTP/2 where the client knows it; who knows neither speaks another protocol. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *offered, unsigned offered_n, void *ignored)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    (void)ssl;
    (void)ignored;
    int found = SSL_select_next_proto((unsigned char **)(uintptr_t)out, n, ours, sizeof ours - 1, offered, offered_n);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* After its handshake a peer may change keys now and then, and has nothing else to say but data: each such message costs a key schedule, and
 * OpenSSL reads on within one SSL_read as long as they come. */
static void count_messages(int written, int version, int type, const void *bytes, size_t n, SSL *ssl, void *ignored)
{
    bool handshake = (type == SSL3_RT_HEADER || type == SSL3_RT_INNER_CONTENT_TYPE) && n > 0 && *(const unsigned char *)bytes == SSL3_RT_HANDSHAKE;
    (void)version;
    (void)ignored;
    if (written || !handshake || !SSL_is_init_finished(ssl))
        return;
    uintptr_t count = (uintptr_t)SSL_get_app_data(ssl) + 1;
    (void)SSL_set_app_data(ssl, (void *)count);
    if (count > MESSAGES_MAX)
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

/* ---- tickets ---- */

static int ticket_key(SSL *ssl, unsigned char *name, unsigned char *vector, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    struct in_force *f = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct secure_ticket one = {name, vector, cipher, mac, clock_monotonic_us()};
    return sealing ? secure_tickets_seal(&f->tickets, &one) : secure_tickets_open(&f->tickets, &one);
}

/* The name as the ClientHello has it: OpenSSL reads it after the ticket. */
static str asked_name(SSL *ssl)
{
    enum { HEAD = 5 };
    const unsigned char *p;
    size_t n;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n) != 1 || n < HEAD)
        return STR("");
    size_t name = (size_t)p[HEAD - 2] << 8 | p[HEAD - 1];
    return name == n - HEAD ? (str){(const char *)p + HEAD, name} : STR("");
}

/* RFC 6066 3: a session is resumed under its own name alone. */
static SSL_TICKET_RETURN judge_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *id, size_t id_n, SSL_TICKET_STATUS status, void *ignored)
{
    (void)id;
    (void)id_n;
    (void)ignored;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return status == SSL_TICKET_EMPTY || status == SSL_TICKET_NO_DECRYPT ? SSL_TICKET_RETURN_IGNORE_RENEW : SSL_TICKET_RETURN_ABORT;
    const char *name = SSL_SESSION_get0_hostname(session);
    if (!str_equal_nocase(asked_name(ssl), name == NULL ? STR("") : str_of(name)))
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

/* ---- contexts ---- */

static int choose_chain(SSL *ssl, int *alert, void *ignored)
{
    const struct in_force *f = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    (void)ignored;
    for (int wild = 0; name != NULL && wild < 2; wild++)
        for (size_t i = 0; i < f->count; i++)
            if (secure_names_bear(&f->shown[i].names, str_of(name), wild == 1))
                return SSL_set_SSL_CTX(ssl, f->shown[i].context) != NULL ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_tickets(SSL_CTX *c, bool ask_certificate)
{
    if (ask_certificate) {
        SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
        return SSL_CTX_set_num_tickets(c, 0) == 1;
    }
    SSL_CTX_set_timeout(c, SECURE_TICKET_SECONDS);
    return SSL_CTX_set_num_tickets(c, TICKETS) == 1 && SSL_CTX_set_tlsext_ticket_key_evp_cb(c, ticket_key) == 1 && SSL_CTX_set_max_early_data(c, 0) == 1;
}

static bool set_rules(SSL_CTX *c, bool ask_certificate)
{
    SSL_CTX_set_msg_callback(c, count_messages);
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(c, 1);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
    if (ask_certificate) {
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(c, accept_any_certificate, NULL);
    }
    return set_tickets(c, ask_certificate) && SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 && SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(c, suites_1_3) == 1 && SSL_CTX_set_cipher_list(c, suites_1_2) == 1 && SSL_CTX_set1_groups_list(c, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(c, signatures) == 1;
}

static bool show_pair(SSL_CTX *c, const struct secure_pair *p)
{
    bool good = SSL_CTX_use_certificate(c, p->chain[0]) == 1 && SSL_CTX_use_PrivateKey(c, p->key) == 1;
    for (int i = 1; good && i < p->count; i++)
        good = SSL_CTX_add1_chain_cert(c, p->chain[i]) == 1;
    return good;
}

static bool may_stand_beside(const struct secure_pair *pairs, const struct in_force *f, size_t it, size_t other)
{
    return !secure_pair_alike(&pairs[it], &pairs[other]) && secure_names_cover(&f->shown[other].names, &f->shown[it].names, true);
}

/* The pair itself, and the first of each other kind of key that bears all its names. */
static bool show_pairs(SSL_CTX *c, const struct secure_pair *pairs, const struct in_force *f, size_t it)
{
    bool good = show_pair(c, &pairs[it]);
    for (size_t i = 0; good && i < f->count; i++) {
        bool first = i != it && may_stand_beside(pairs, f, it, i);
        for (size_t j = 0; first && j < i; j++)
            first = j == it || !secure_pair_alike(&pairs[j], &pairs[i]) || !may_stand_beside(pairs, f, it, j);
        good = !first || show_pair(c, &pairs[i]);
    }
    return good;
}

static fallible make_contexts(const struct secure_pair *pairs, bool ask_certificate, struct in_force *f)
{
    for (size_t i = 0; i < f->count; i++) {
        SSL_CTX *c = f->shown[i].context = SSL_CTX_new(TLS_server_method());
        if (c == NULL || !set_rules(c, ask_certificate) || SSL_CTX_set_app_data(c, f) != 1)
            FAIL(UNAVAILABLE, "secure: OpenSSL gives no context with these rules");
        if (f->count > 1) {
            SSL_CTX_set_tlsext_servername_callback(c, choose_chain);
            (void)SSL_CTX_set_session_ticket_cb(c, NULL, judge_ticket, NULL);
        }
        if (!show_pairs(c, pairs, f, i))
            REFUSE(INVALID_REQUEST, "the certificate and the private key cannot be used together", "secure: pair refused");
    }
    return OK;
}

static fallible read_pairs(const struct listen_pairs *given, struct secure_pair *pairs, struct in_force *f)
{
    if (given->count == 0 || given->count > LISTEN_PAIRS_MAX)
        REFUSE(INVALID_REQUEST, "there are more than 16 certificates, or none", "secure: number of pairs");
    for (f->count = 0; f->count < given->count; f->count++) {
        const struct listen_pair *one = &given->list[f->count];
        struct secure_pair *p = &pairs[f->count];
        struct secure_names *names = &f->shown[f->count].names;
        TRY(secure_pair_read(one->certificate, one->key, p));
        TRY(secure_pair_names(f->arena, p, names));
        for (size_t i = 0; i < f->count; i++)
            if (secure_pair_alike(&pairs[i], p) && secure_names_cover(&f->shown[i].names, names, false))
                REFUSE(INVALID_REQUEST, "one certificate would never be used: an earlier one has all of its names and the same kind of key",
                       "secure: pair hidden");
    }
    return OK;
}

static void free_contexts_in_force(struct in_force *f)
{
    for (size_t i = 0; i < f->count; i++)
        SSL_CTX_free(f->shown[i].context);
    secure_tickets_end(&f->tickets);
    arena_release(f->arena); /* f itself lies in it */
}

static fallible make_contexts_in_force(const struct listen_pairs *given, bool ask_certificate, struct in_force *f)
{
    struct secure_pair pairs[LISTEN_PAIRS_MAX] = {{.count = 0}};
    err e = read_pairs(given, pairs, f);
    if (!FAILED(e))
        e = secure_tickets_begin(&f->tickets);
    if (!FAILED(e))
        e = make_contexts(pairs, ask_certificate, f);
    for (size_t i = 0; i < LISTEN_PAIRS_MAX; i++)
        secure_pair_free(&pairs[i]);
    return e;
}

/* ---- the socket ---- */

/* OpenSSL's own socket reads once more than there is, and each ticket would be a packet of its own. Here a read that was not filled says that the
 * socket is empty, until an event tells otherwise (secure_wake); a ticket waits for what is sent next (MSG_MORE: 200 ms at the most). */
struct wire {
    SSL *ssl;
    int fd;
    bool empty;
};

static int wire_read(BIO *b, char *out, size_t room, size_t *n)
{
    struct wire *w = BIO_get_data(b);
    ssize_t got = -1;
    BIO_clear_retry_flags(b);
    if (w->empty || ((got = recv(w->fd, out, room, 0)) < 0 && (errno == EAGAIN || errno == EINTR)))
        BIO_set_retry_read(b);
    w->empty = w->empty || got < 0 || (size_t)got < room;
    *n = got > 0 ? (size_t)got : 0;
    return got > 0 ? 1 : got == 0 ? 0 : -1;
}

static int wire_write(BIO *b, const char *bytes, size_t given, size_t *n)
{
    struct wire *w = BIO_get_data(b);
    bool ticket = SSL_get_state(w->ssl) == TLS_ST_SW_SESSION_TICKET; /* in TLS 1.2 it is written with what follows */
    ssize_t sent = send(w->fd, bytes, given, MSG_NOSIGNAL | (ticket ? MSG_MORE : 0));
    BIO_clear_retry_flags(b);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(b);
    *n = sent > 0 ? (size_t)sent : 0;
    return sent > 0 ? 1 : (int)sent;
}

static long wire_control(BIO *b, int command, long number, void *pointer)
{
    (void)b;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int wire_free(BIO *b)
{
    free(BIO_get_data(b));
    return 1;
}

static bool make_method(BIO_METHOD **out)
{
    BIO_METHOD *m = *out = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");
    return m != NULL && BIO_meth_set_read_ex(m, wire_read) == 1 && BIO_meth_set_write_ex(m, wire_write) == 1 && BIO_meth_set_ctrl(m, wire_control) == 1 &&
           BIO_meth_set_destroy(m, wire_free) == 1;
}

static bool connect_wire(const struct secure *s, SSL *ssl, int fd)
{
    struct wire *w = calloc(1, sizeof *w);
    BIO *b = w == NULL ? NULL : BIO_new(s->method);
    if (b == NULL) {
        free(w);
        return false;
    }
    *w = (struct wire){ssl, fd, false};
    BIO_set_data(b, w);
    BIO_set_init(b, 1);
    SSL_set_bio(ssl, b, b);
    return true;
}

/* ---- what a listener shows ---- */

fallible secure_open(const struct listen_pairs *pairs, bool ask_certificate, struct secure **out)
{
    struct secure *s = calloc(1, sizeof *s);
    if (s == NULL)
        FAIL(UNAVAILABLE, "secure: no memory");
    s->ask_certificate = ask_certificate;
    err e = make_method(&s->method) ? secure_change(s, pairs) : ERR(UNAVAILABLE, "secure: no memory");
    if (FAILED(e)) {
        secure_close(s);
        return e;
    }
    *out = s;
    return OK;
}

fallible secure_change(struct secure *s, const struct listen_pairs *pairs)
{
    struct arena *a = arena_new(FORCE_MEMORY);
    struct in_force *fresh = a == NULL ? NULL : ARENA_NEW(a, struct in_force);
    if (fresh == NULL) {
        arena_release(a);
        FAIL(UNAVAILABLE, "secure: no memory");
    }
    fresh->arena = a;
    fresh->before = atomic_load(&s->now);
    err e = make_contexts_in_force(pairs, s->ask_certificate, fresh);
    if (FAILED(e)) {
        free_contexts_in_force(fresh);
        return e;
    }
    atomic_store(&s->now, fresh);
    return OK;
}

void secure_close(struct secure *s)
{
    if (s == NULL)
        return;
    for (struct in_force *f = atomic_load(&s->now); f != NULL;) {
        struct in_force *before = f->before;
        free_contexts_in_force(f);
        f = before;
    }
    BIO_meth_free(s->method);
    free(s);
}

/* ---- sessions: the type is OpenSSL's own under another name ---- */

static SSL *ssl_of(const struct secure_session *session)
{
    return (SSL *)(uintptr_t)session;
}

struct secure_session *secure_begin(struct secure *s, int fd)
{
    SSL *ssl = SSL_new(atomic_load(&s->now)->shown[0].context);
    if (ssl != NULL && !connect_wire(s, ssl, fd)) {
        SSL_free(ssl);
        ssl = NULL;
    }
    if (ssl != NULL)
        SSL_set_accept_state(ssl);
    ERR_clear_error();
    return (struct secure_session *)ssl;
}

void secure_wake(struct secure_session *session)
{
    struct wire *w = BIO_get_data(SSL_get_rbio(ssl_of(session)));
    w->empty = false;
}

static int classify_tls_result(const SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return SECURE_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        ERR_clear_error();
        return SECURE_FAILED;
    }
}

/* SSL_get_error looks at the thread's queue of errors first: what somebody else left there is not this connection's. */
static void clear_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

int secure_handshake(struct secure_session *session)
{
    clear_errors();
    int done = SSL_do_handshake(ssl_of(session));
    if (done == 1)
        return 1;
    int why = classify_tls_result(ssl_of(session), done);
    return why == 0 ? SECURE_FAILED : why;
}

ssize_t secure_read(struct secure_session *session, char *out, size_t room)
{
    size_t n = 0;
    clear_errors();
    int done = SSL_read_ex(ssl_of(session), out, room, &n);
    return done == 1 ? (ssize_t)n : classify_tls_result(ssl_of(session), done);
}

ssize_t secure_write(struct secure_session *session, str bytes)
{
    size_t n = 0;
    clear_errors();
    int done = SSL_write_ex(ssl_of(session), bytes.p, bytes.n, &n);
    if (done == 1)
        return (ssize_t)n;
    int why = classify_tls_result(ssl_of(session), done);
    return why == 0 ? SECURE_FAILED : why;
}

bool secure_h2(const struct secure_session *session)
{
    const unsigned char *chosen = NULL;
    unsigned n = 0;
    SSL_get0_alpn_selected(ssl_of(session), &chosen, &n);
    return str_is((str){(const char *)chosen, n}, "h2");
}

fallible secure_peer(const struct secure_session *session, struct arena *a, str *der)
{
    X509 *shown = SSL_get0_peer_certificate(ssl_of(session));
    int size = shown == NULL ? 0 : i2d_X509(shown, NULL);
    *der = STR_ABSENT;
    if (size <= 0)
        return OK;
    unsigned char *bytes = arena_take(a, (size_t)size), *end = bytes;
    if (bytes == NULL || i2d_X509(shown, &end) != size)
        FAIL(UNAVAILABLE, "secure: no memory");
    *der = (str){(const char *)bytes, (size_t)size};
    return OK;
}

void secure_end(struct secure_session *session, bool orderly)
{
    if (session == NULL)
        return;
    if (orderly)
        (void)SSL_shutdown(ssl_of(session));
    SSL_free(ssl_of(session));
    ERR_clear_error();
}
