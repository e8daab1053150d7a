/* SPDX-License-Identifier: MIT
 * The maker of certificates for tests. */
#include "live_pair.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/banned.h"

static str text_of(struct arena *a, BIO *b)
{
    char *p;
    long n = BIO_get_mem_data(b, &p);
    str s = str_dup(a, (str){p, (size_t)n});
    BIO_free(b);
    return s;
}

struct listen_pair live_pair(struct arena *a, const char *type, const char *names)
{
    EVP_PKEY *key = strcmp(type, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048) : EVP_PKEY_Q_keygen(NULL, NULL, type, "P-256");
    X509 *x = X509_new();
    cr_assert(key != NULL && x != NULL && X509_set_version(x, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1);
    cr_assert(X509_gmtime_adj(X509_getm_notBefore(x), -60) != NULL && X509_gmtime_adj(X509_getm_notAfter(x), 86400) != NULL);
    cr_assert_eq(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)(names == NULL ? "nobody" : names), -1, -1, 0),
                 1);
    cr_assert(X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 && X509_set_pubkey(x, key) == 1);
    if (names != NULL) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
        cr_assert(e != NULL && X509_add_ext(x, e, -1) == 1);
        X509_EXTENSION_free(e);
    }
    cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
    BIO *one = BIO_new(BIO_s_mem()), *other = BIO_new(BIO_s_mem());
    cr_assert(PEM_write_bio_X509(one, x) == 1 && PEM_write_bio_PrivateKey(other, key, NULL, NULL, 0, NULL, NULL) == 1);
    X509_free(x);
    EVP_PKEY_free(key);
    return (struct listen_pair){text_of(a, one), text_of(a, other)};
}
