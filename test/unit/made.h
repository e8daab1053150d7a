/* SPDX-License-Identifier: MIT
 * made: certificates of any make, for tests of what reads them. */
#ifndef JETON_TEST_MADE_H
#define JETON_TEST_MADE_H
#include "fixture.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#ifndef NOW
#define NOW 1790000000
#endif
#define DAY 86400

static struct arena *made_arena; /* set by the test */

struct made {
    EVP_PKEY *key;
    X509 *cert;
};

static inline void made_extend(X509 *cert, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx_nodb(&c);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    cr_assert(e != NULL && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}

struct made_plan {
    const char *country, *organization, *common, *names, *usage;
    const struct made *issuer; /* NULL: itself */
    bool authority;
    long begins, ends; /* from NOW */
    EVP_PKEY *key;     /* NULL: a fresh P-256 */
};

static inline void made_free_pair(void *key)
{
    EVP_PKEY_free(key);
}

static inline void made_free_cert(void *cert)
{
    X509_free(cert);
}

static inline struct made made_new(struct made_plan p)
{
    static long serial;
    struct made m = {p.key ? p.key : EVP_EC_gen("P-256"), X509_new()};
    cr_assert(!FAILED(arena_on_release(made_arena, made_free_pair, m.key)) && !FAILED(arena_on_release(made_arena, made_free_cert, m.cert)));
    X509_NAME *name = X509_get_subject_name(m.cert);
    X509_set_version(m.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(m.cert), ++serial);
    const char *const parts[][2] = {{"C", p.country}, {"O", p.organization}, {"CN", p.common}};
    for (size_t i = 0; i < 3; i++)
        if (parts[i][1] != NULL)
            cr_assert(X509_NAME_add_entry_by_txt(name, parts[i][0], MBSTRING_UTF8, (const unsigned char *)parts[i][1], -1, -1, 0));
    X509_set_issuer_name(m.cert, X509_get_subject_name(p.issuer ? p.issuer->cert : m.cert));
    ASN1_TIME_set(X509_getm_notBefore(m.cert), NOW + p.begins);
    ASN1_TIME_set(X509_getm_notAfter(m.cert), NOW + (p.ends ? p.ends : DAY));
    X509_set_pubkey(m.cert, m.key);
    made_extend(m.cert, NID_basic_constraints, p.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (p.names)
        made_extend(m.cert, NID_subject_alt_name, p.names);
    if (p.usage)
        made_extend(m.cert, NID_ext_key_usage, p.usage);
    EVP_PKEY *signer = p.issuer ? p.issuer->key : m.key;
    cr_assert(X509_sign(m.cert, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : EVP_sha256()) > 0);
    return m;
}

static inline str made_der(struct made m)
{
    unsigned char *p = NULL;
    int n = i2d_X509(m.cert, &p);
    cr_assert_gt(n, 0);
    str der = str_dup(made_arena, (str){(const char *)p, (size_t)n});
    OPENSSL_free(p);
    return der;
}

static inline str made_pem(struct made m)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    cr_assert(PEM_write_bio_X509(b, m.cert) == 1);
    size_t n = (size_t)BIO_get_mem_data(b, &p);
    str pem = str_dup(made_arena, (str){p, n});
    BIO_free(b);
    return pem;
}
#endif
