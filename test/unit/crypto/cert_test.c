/* SPDX-License-Identifier: MIT
 * Tests of cert; libcrypto's own chain verification is the judge. */
#include "crypto/cert.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { NOW = 1795316400, DAY = 86400 };
static const str hosts = {"localhost 127.0.0.1 ::1 auth.example", 36};
static struct arena *a;
static struct cert_pem authority, server;

static void make_both(void)
{
    a = arena_new(1 << 20);
    cr_assert_not(FAILED(cert_authority_make(a, NOW, 3650 * (int64_t)DAY, &authority)));
    cr_assert_not(FAILED(cert_server_make(a, &authority, hosts, NOW, 397 * DAY, &server)));
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(cert, .init = make_both, .fini = close_arena);

static X509 *read_next(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

/* 1 when `leaf` is a good TLS server certificate under `root` at NOW + 1 day. */
static int verdict(X509 *leaf, X509 *root, STACK_OF(X509) * middle)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, root);
    X509_STORE_CTX_init(c, store, leaf, middle);
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(c);
    X509_VERIFY_PARAM_set_time(parameters, NOW + DAY);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    int result = X509_verify_cert(c);
    if (result != 1)
        cr_log_info("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(c)));
    X509_STORE_CTX_free(c);
    X509_STORE_free(store);
    return result;
}

Test(cert, the_server_certificate_verifies_strictly_under_its_authority)
{
    BIO *root_bio = BIO_new_mem_buf(authority.certificate.p, (int)authority.certificate.n);
    BIO *chain = BIO_new_mem_buf(server.certificate.p, (int)server.certificate.n);
    BIO *key_bio = BIO_new_mem_buf(server.key.p, (int)server.key.n);
    X509 *root = read_next(root_bio), *leaf = read_next(chain), *second = read_next(chain);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL);
    cr_assert(root && leaf && second && key);
    cr_assert_null(read_next(chain));
    cr_assert_eq(X509_cmp(root, second), 0, "leaf, then its authority");
    cr_assert_eq(X509_check_private_key(leaf, key), 1);
    cr_assert_eq(verdict(leaf, root, NULL), 1);
    cr_assert_eq(verdict(leaf, leaf, NULL), 0, "the leaf is no authority");
    cr_assert_eq(X509_get_pathlen(root), 0);
    cr_assert_eq(X509_check_ca(root), 1);
    cr_assert_eq(X509_check_ca(leaf), 0);
    cr_assert_eq(X509_get_key_usage(root), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    cr_assert_eq(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
    cr_assert_eq(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
    X509_free(root);
    X509_free(leaf);
    X509_free(second);
    EVP_PKEY_free(key);
    BIO_free(root_bio);
    BIO_free(chain);
    BIO_free(key_bio);
}

Test(cert, covers_tells_the_end_and_the_names)
{
    unix_time end;
    bool covers;
    cr_assert_not(FAILED(cert_covers(server.certificate, hosts, &end, &covers)));
    cr_assert(covers);
    cr_assert_eq(end, NOW + 397 * DAY);
    const char *inside[] = {"localhost", "LOCALHOST", "127.0.0.1", "::1", "[::1]", "0:0:0:0:0:0:0:1", "auth.example"};
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        cr_assert_not(FAILED(cert_covers(server.certificate, str_of(inside[i]), &end, &covers)));
        cr_assert(covers, "%s", inside[i]);
    }
    const char *outside[] = {"", "auth.example.evil", "x.auth.example", "127.0.0.2", "::2", "jeton", "localhost evil.example", "localhost "};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        cr_assert_not(FAILED(cert_covers(server.certificate, str_of(outside[i]), &end, &covers)));
        cr_assert_not(covers, "%s", outside[i]);
    }
    cr_assert_not(FAILED(cert_covers(server.certificate, STR("localhost\0.evil"), &end, &covers)));
    cr_assert_not(covers);
}

Test(cert, unreadable_certificates_are_errors)
{
    unix_time end = 5;
    bool covers = true;
    cr_assert_eq(cert_covers(STR(""), hosts, &end, &covers).kind, ERR_SERVER_ERROR);
    cr_assert_eq(cert_covers(STR_ABSENT, hosts, &end, &covers).kind, ERR_SERVER_ERROR);
    cr_assert_eq(cert_covers(server.key, hosts, &end, &covers).kind, ERR_SERVER_ERROR);
    cr_assert_eq(cert_covers((str){server.certificate.p, 200}, hosts, &end, &covers).kind, ERR_SERVER_ERROR);
    cr_assert(end == 5 && covers);
}

Test(cert, a_server_certificate_does_not_outlive_its_authority)
{
    struct cert_pem long_one;
    unix_time end;
    bool covers;
    cr_assert_not(FAILED(cert_server_make(a, &authority, hosts, NOW, 9999 * (int64_t)DAY, &long_one)));
    cr_assert_not(FAILED(cert_covers(long_one.certificate, hosts, &end, &covers)));
    cr_assert_eq(end, NOW + 3650 * (int64_t)DAY);
}

Test(cert, bad_hosts_and_authorities_are_refused)
{
    struct cert_pem made = {0}, mixed = {server.certificate, authority.key}, wrong_key = {authority.certificate, server.key};
    const char *bad[] = {"", " ", "localhost  x", "a,DNS:evil.example", "*.example", "a b,c", "ex\xc3\xa4mple", "a\nb", "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(cert_server_make(a, &authority, str_of(bad[i]), NOW, DAY, &made).kind, ERR_SERVER_ERROR, "%s", bad[i]);
    cr_assert(FAILED(cert_server_make(a, &mixed, hosts, NOW, DAY, &made)));
    cr_assert(FAILED(cert_server_make(a, &wrong_key, hosts, NOW, DAY, &made)));
    cr_assert(FAILED(cert_server_make(a, &authority, hosts, NOW, 0, &made)));
    cr_assert(FAILED(cert_authority_make(a, NOW, -1, &made)));
    cr_assert_null(made.certificate.p);
}

Test(cert, failing_memory_is_an_error_at_every_step)
{
    for (size_t n = 1;; n++) {
        struct cert_pem made = {0};
        arena_fail_after(n);
        err e = cert_server_make(a, &authority, STR("localhost"), NOW, DAY, &made);
        arena_fail_after(0);
        if (!FAILED(e)) {
            cr_assert_geq(n, 4);
            break;
        }
        cr_assert_null(made.key.p);
    }
}
