/* SPDX-License-Identifier: MIT
 * secure: certificates in force, and sessions. Each connection takes the context that is in force when it begins; a change is one exchange of
 * a pointer. A context that was replaced lives on until the listener is closed, for a handshake may still be using it: a server changes its
 * certificate some times a year, so that costs some kilobytes.
 *
 *   judged ──secure_open, secure_change──▶ in force ──secure_change──▶ replaced ──secure_close──▶ gone
 *      └ unfit: refused, and the one in force stays */
#include "http/secure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "http/secure_pair.h"

#include "base/banned.h"

enum { MESSAGES_MAX = 32 /* of a peer after its handshake */ };

/* TL-01, TL-02, TL-06: 1.2 and 1.3, ECDHE, AEAD; no tickets, no resumption, no early data, no renegotiation. Of 1.2 what RFC 9325 4.2
 * recommends and nothing else, as FAPI 2.0 Security Profile 5.2.2 wants. */
static const char suites_1_3[] = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
static const char suites_1_2[] = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
static const char groups[] = "X25519:P-256:P-384";
static const char signatures[] = "ECDSA+SHA256:ECDSA+SHA384:ed25519:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:RSA+SHA256:RSA+SHA384";

struct in_force {
    struct in_force *before; /* the one that this replaced */
    SSL_CTX *context;
};
struct secure {
    struct in_force *_Atomic now;
    bool ask_certificate;
};

static int believe(X509_STORE_CTX *store, void *ignored)
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

static bool set_rules(SSL_CTX *c, bool ask_certificate)
{
    SSL_CTX_set_msg_callback(c, count_messages);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(c, 1);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
    if (ask_certificate) {
        SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(c, believe, NULL);
    }
    return SSL_CTX_set_num_tickets(c, 0) == 1 && SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 && SSL_CTX_set_ciphersuites(c, suites_1_3) == 1 &&
           SSL_CTX_set_cipher_list(c, suites_1_2) == 1 && SSL_CTX_set1_groups_list(c, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(c, signatures) == 1;
}

static bool show_pair(SSL_CTX *c, const struct secure_pair *p)
{
    bool good = SSL_CTX_use_certificate(c, p->chain[0]) == 1 && SSL_CTX_use_PrivateKey(c, p->key) == 1;
    for (int i = 1; good && i < p->count; i++)
        good = SSL_CTX_add1_chain_cert(c, p->chain[i]) == 1;
    return good;
}

static fallible make_context(str certificate, str key, bool ask_certificate, SSL_CTX **out)
{
    struct secure_pair p;
    SSL_CTX *c = NULL;
    err e = secure_pair_read(certificate, key, &p);
    if (!FAILED(e) && ((c = SSL_CTX_new(TLS_server_method())) == NULL || !set_rules(c, ask_certificate)))
        e = ERR(UNAVAILABLE, "secure: OpenSSL gives no context with these rules");
    else if (!FAILED(e) && !show_pair(c, &p))
        e = REFUSAL(INVALID_REQUEST, "the certificate and the private key cannot be used together", "secure: pair refused");
    secure_pair_free(&p);
    if (FAILED(e))
        SSL_CTX_free(c);
    else
        *out = c;
    return e;
}

fallible secure_open(str certificate, str key, bool ask_certificate, struct secure **out)
{
    struct secure *s = calloc(1, sizeof *s);
    if (s == NULL)
        FAIL(UNAVAILABLE, "secure: no memory");
    s->ask_certificate = ask_certificate;
    err e = secure_change(s, certificate, key);
    if (FAILED(e)) {
        free(s);
        return e;
    }
    *out = s;
    return OK;
}

fallible secure_change(struct secure *s, str certificate, str key)
{
    SSL_CTX *context;
    TRY(make_context(certificate, key, s->ask_certificate, &context));
    struct in_force *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        SSL_CTX_free(context);
        FAIL(UNAVAILABLE, "secure: no memory");
    }
    *fresh = (struct in_force){atomic_load(&s->now), context};
    atomic_store(&s->now, fresh);
    return OK;
}

void secure_close(struct secure *s)
{
    if (s == NULL)
        return;
    for (struct in_force *f = atomic_load(&s->now); f != NULL;) {
        struct in_force *before = f->before;
        SSL_CTX_free(f->context);
        free(f);
        f = before;
    }
    free(s);
}

/* ---- sessions: the type is OpenSSL's own under another name ---- */

static SSL *ssl_of(const struct secure_session *session)
{
    return (SSL *)(uintptr_t)session;
}

struct secure_session *secure_begin(struct secure *s, int fd)
{
    SSL *ssl = SSL_new(atomic_load(&s->now)->context);
    if (ssl != NULL && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ssl = NULL;
    }
    if (ssl != NULL)
        SSL_set_accept_state(ssl);
    ERR_clear_error();
    return (struct secure_session *)ssl;
}

static int verdict(const SSL *ssl, int result)
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
    int why = verdict(ssl_of(session), done);
    return why == 0 ? SECURE_FAILED : why;
}

ssize_t secure_read(struct secure_session *session, char *out, size_t room)
{
    size_t n = 0;
    clear_errors();
    int done = SSL_read_ex(ssl_of(session), out, room, &n);
    return done == 1 ? (ssize_t)n : verdict(ssl_of(session), done);
}

ssize_t secure_write(struct secure_session *session, str bytes)
{
    size_t n = 0;
    clear_errors();
    int done = SSL_write_ex(ssl_of(session), bytes.p, bytes.n, &n);
    if (done == 1)
        return (ssize_t)n;
    int why = verdict(ssl_of(session), done);
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
