/* SPDX-License-Identifier: MIT
 * secure: certificates in force. Each handshake asks for the pair of its listener and gets the one that is current at that moment; a change
 * is one exchange of a pointer. A pair that was replaced lives on until the listener is closed, for a handshake may still be using it: a
 * server changes its certificate some times a year, so that costs some kilobytes.
 *
 *   judged ──secure_open, secure_change──▶ in force ──secure_change──▶ replaced ──secure_close──▶ gone
 *      └ unfit: refused, and the one in force stays */
#include "http/secure.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/banned.h"

enum { CHAIN_MAX = 16 };

/* TL-01, TL-02, TL-06: 1.2 and 1.3 and nothing plain, ECDHE, AEAD; no tickets and no early data, for nobody switches them on. Of 1.2
 * what RFC 9325 4.2 recommends
 * and nothing else, as FAPI 2.0 Security Profile 5.2.2 wants: that leaves ChaCha20 out, of 1.3 too, for the library names it once. */
const char secure_priorities[] =
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:"
    "+AEAD:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+COMP-NULL:"
    "+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-EDDSA-ED25519:"
    "+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:"
    "+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+CTYPE-X509:%SERVER_PRECEDENCE:%SAFE_RENEGOTIATION";

struct pair {
    struct pair *before; /* the one that this replaced */
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
};
struct secure {
    struct pair *_Atomic in_force;
};

static void pair_free(struct pair *p)
{
    for (unsigned i = 0; i < p->count; i++)
        gnutls_pcert_deinit(&p->chain[i]);
    if (p->key != NULL)
        gnutls_privkey_deinit(p->key);
    free(p);
}

static gnutls_datum_t datum(str text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text.p, (unsigned)text.n}; /* the library only reads */
}

static fallible judge_chain(struct pair *p, const gnutls_datum_t *pem)
{
    unsigned n = CHAIN_MAX;
    int code = gnutls_pcert_list_import_x509_raw(p->chain, &n, pem, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (code == GNUTLS_E_CERTIFICATE_LIST_UNSORTED)
        REFUSE(INVALID_REQUEST, "the certificates stand in the wrong order: first the server's, then each one's issuer", "secure: chain unsorted");
    if (code == GNUTLS_E_SHORT_MEMORY_BUFFER)
        REFUSE(INVALID_REQUEST, "it holds more than 16 certificates", "secure: chain too long");
    if (code < 0 || n == 0)
        REFUSE(INVALID_REQUEST, "it holds no certificate in PEM that can be read", "secure: no certificate");
    p->count = n;
    return OK;
}

static fallible judge_key(struct pair *p, const gnutls_datum_t *pem)
{
    if (gnutls_privkey_init(&p->key) < 0)
        FAIL(UNAVAILABLE, "secure: no memory");
    int code = gnutls_privkey_import_x509_raw(p->key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code == GNUTLS_E_DECRYPTION_FAILED)
        REFUSE(INVALID_REQUEST, "the private key is encrypted with a passphrase: store it without one, readable by its owner alone", "secure: key encrypted");
    if (code < 0)
        REFUSE(INVALID_REQUEST, "the key file holds no private key in PEM that can be read", "secure: no key");
    return OK;
}

/* Loads them once as credentials, for the library itself to say whether they belong together. */
static fallible judge_match(const gnutls_datum_t *certificate, const gnutls_datum_t *key)
{
    gnutls_certificate_credentials_t both;
    if (gnutls_certificate_allocate_credentials(&both) < 0)
        FAIL(UNAVAILABLE, "secure: no memory");
    int code = gnutls_certificate_set_x509_key_mem(both, certificate, key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(both);
    if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        REFUSE(INVALID_REQUEST, "the certificate and the private key do not belong together", "secure: key mismatch");
    if (code < 0)
        REFUSE(INVALID_REQUEST, "the certificate and the private key cannot be used together", "secure: pair refused");
    return OK;
}

static fallible pair_new(str certificate, str key, struct pair **out)
{
    gnutls_datum_t chain = datum(certificate), secret = datum(key);
    struct pair *p = calloc(1, sizeof *p);
    if (p == NULL)
        FAIL(UNAVAILABLE, "secure: no memory");
    err e = judge_chain(p, &chain);
    if (!FAILED(e))
        e = judge_key(p, &secret);
    if (!FAILED(e))
        e = judge_match(&chain, &secret);
    if (FAILED(e)) {
        pair_free(p);
        return e;
    }
    *out = p;
    return OK;
}

fallible secure_open(str certificate, str key, struct secure **out)
{
    struct secure *s = calloc(1, sizeof *s);
    if (s == NULL)
        FAIL(UNAVAILABLE, "secure: no memory");
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
    struct pair *fresh;
    TRY(pair_new(certificate, key, &fresh));
    fresh->before = atomic_load(&s->in_force); /* one thread changes */
    atomic_store(&s->in_force, fresh);
    return OK;
}

void secure_close(struct secure *s)
{
    if (s == NULL)
        return;
    for (struct pair *p = atomic_load(&s->in_force); p != NULL;) {
        struct pair *before = p->before;
        pair_free(p);
        p = before;
    }
    free(s);
}

void secure_begin(struct secure *s, void *session, bool ask_certificate)
{
    gnutls_session_set_ptr(session, s);
    if (!ask_certificate)
        return;
    /* A request for a certificate without names of authorities: any may be sent, the rules judge it (RFC 8705). */
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
    gnutls_certificate_send_x509_rdn_sequence(session, 1); /* 1: do not send them */
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count, const gnutls_pk_algorithm_t *algorithms,
                    int algorithm_count, gnutls_pcert_st **chain, unsigned *count, gnutls_privkey_t *key)
{
    struct secure *s = gnutls_session_get_ptr(session);
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    if (s == NULL)
        return -1;
    struct pair *p = atomic_load(&s->in_force);
    *chain = p->chain;
    *count = p->count;
    *key = p->key;
    return 0;
}

void *secure_retriever(void)
{
    return (void *)(uintptr_t)retrieve;
}

str secure_peer(void *session)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (chain == NULL || count == 0 || gnutls_certificate_type_get2(session, GNUTLS_CTYPE_CLIENT) != GNUTLS_CRT_X509)
        return STR_ABSENT;
    return (str){(const char *)chain[0].data, chain[0].size};
}
