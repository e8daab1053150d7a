/* SPDX-License-Identifier: MIT
 * leaf: RFC 8705's questions about a certificate: who issued it, for whom, until when, with which key (CA-12). */
#include "crypto/leaf.h"

#include "fixture.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW 1790000000
#define DAY 86400

static struct arena *a;

struct made {
    EVP_PKEY *key;
    X509 *cert;
};

static void extend(X509 *cert, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx_nodb(&c);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    cr_assert(e != NULL && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}

struct plan {
    const char *country, *organization, *common, *names, *usage;
    const struct made *issuer; /* NULL: itself */
    bool authority;
    long begins, ends; /* from NOW */
    EVP_PKEY *key;     /* NULL: a fresh P-256 */
};

static void free_pair(void *key)
{
    EVP_PKEY_free(key);
}

static void free_cert(void *cert)
{
    X509_free(cert);
}

static struct made make(struct plan p)
{
    static long serial;
    struct made m = {p.key ? p.key : EVP_EC_gen("P-256"), X509_new()};
    cr_assert(!FAILED(arena_on_release(a, free_pair, m.key)) && !FAILED(arena_on_release(a, free_cert, m.cert)));
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
    extend(m.cert, NID_basic_constraints, p.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (p.names)
        extend(m.cert, NID_subject_alt_name, p.names);
    if (p.usage)
        extend(m.cert, NID_ext_key_usage, p.usage);
    EVP_PKEY *signer = p.issuer ? p.issuer->key : m.key;
    cr_assert(X509_sign(m.cert, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : EVP_sha256()) > 0);
    return m;
}

static str der_of(struct made m)
{
    unsigned char *p = NULL;
    int n = i2d_X509(m.cert, &p);
    cr_assert_gt(n, 0);
    str der = str_dup(a, (str){(const char *)p, (size_t)n});
    OPENSSL_free(p);
    return der;
}

static str pem_of(struct made m)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    cr_assert(PEM_write_bio_X509(b, m.cert) == 1);
    size_t n = (size_t)BIO_get_mem_data(b, &p);
    str pem = str_dup(a, (str){p, n});
    BIO_free(b);
    return pem;
}

static void begin(void)
{
    a = fixture_arena();
}

TestSuite(leaf, .init = begin);

Test(leaf, a_chain_ends_at_a_given_authority_or_nowhere)
{
    struct made root = make((struct plan){.common = "root", .authority = true}), other = make((struct plan){.common = "root", .authority = true});
    struct made middle = make((struct plan){.common = "middle", .issuer = &root, .authority = true});
    struct made no_authority = make((struct plan){.common = "app", .issuer = &root});
    str trusted = pem_of(root), both = str_join(a, (const str[]){pem_of(root), pem_of(middle)}, 2);
    cr_expect(!FAILED(leaf_chain(der_of(no_authority), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(der_of(no_authority), pem_of(other), NOW)));
    struct made below = make((struct plan){.common = "app", .issuer = &middle});
    cr_expect(FAILED(leaf_chain(der_of(below), trusted, NOW)));
    cr_expect(!FAILED(leaf_chain(der_of(below), both, NOW)));
    cr_expect(FAILED(leaf_chain(der_of(make((struct plan){.common = "app", .issuer = &no_authority})), both, NOW))); /* signed by a leaf */
    cr_expect(FAILED(leaf_chain(der_of(make((struct plan){.common = "app"})), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(der_of(make((struct plan){.common = "app", .issuer = &root, .usage = "serverAuth"})), trusted, NOW)));
    cr_expect(!FAILED(leaf_chain(der_of(make((struct plan){.common = "app", .issuer = &root, .usage = "clientAuth"})), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(der_of(no_authority), STR(""), NOW)));
    cr_expect(FAILED(leaf_chain(der_of(no_authority), STR("no PEM"), NOW)));
    cr_expect(FAILED(leaf_chain(STR("nonsense"), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(STR_ABSENT, trusted, NOW)));
}

Test(leaf, CA_13_weak_keys_are_refused)
{
    struct made root = make((struct plan){.common = "root", .authority = true});
    struct made weak = make((struct plan){.common = "app", .issuer = &root, .key = EVP_RSA_gen(1024)});
    cr_expect(FAILED(leaf_chain(der_of(weak), pem_of(root), NOW)));
}

Test(leaf, time_counts)
{
    struct made root = make((struct plan){.common = "root", .authority = true, .ends = 10 * DAY});
    str good = der_of(make((struct plan){.common = "app", .issuer = &root}));
    str late = der_of(make((struct plan){.common = "app", .issuer = &root, .begins = 60, .ends = DAY}));
    cr_expect(!FAILED(leaf_valid(good, NOW + 1)));
    cr_expect(FAILED(leaf_valid(good, NOW + DAY + 1)));
    cr_expect(FAILED(leaf_chain(good, pem_of(root), NOW + DAY + 1)));
    cr_expect(FAILED(leaf_valid(late, NOW)));
    cr_expect(FAILED(leaf_chain(late, pem_of(root), NOW)));
    cr_expect(FAILED(leaf_valid(str_join(a, (const str[]){good, STR("x")}, 2), NOW + 1))); /* bytes behind it */
}

Test(leaf, a_subject_is_compared_whole)
{
    str der = der_of(make((struct plan){.country = "DE", .organization = "Example, Inc. + Söhne", .common = "app"}));
    static const char *const same[] = {"CN=app,O=Example\\, Inc. \\+ S\xc3\xb6hne,C=DE", "CN=app, O=Example\\, Inc. \\+ S\xc3\xb6hne, C=DE",
                                       "cn=app,o=Example\\, Inc. \\+ S\\C3\\B6hne,c=DE", " CN = app , O = Example\\, Inc. \\+ S\xc3\xb6hne , C = DE "};
    static const char *const others[] = {"CN=app",
                                         "C=DE,O=Example\\, Inc. \\+ S\xc3\xb6hne,CN=app",
                                         "CN=App,O=Example\\, Inc. \\+ S\xc3\xb6hne,C=DE",
                                         "CN=app,O=Example\\, Inc. \\+ S\xc3\xb6hne,C=DE,DC=x",
                                         "CN=app,O=Example, Inc. + S\xc3\xb6hne,C=DE",
                                         "CN=*",
                                         "",
                                         "\\",
                                         "CN=app,O=Example\\, Inc. \\+ S\xc3\xb6hne,C=D"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        cr_expect(!FAILED(leaf_named(a, der, LEAF_SUBJECT, str_of(same[i]))), "%s", same[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect(FAILED(leaf_named(a, der, LEAF_SUBJECT, str_of(others[i]))), "%s", others[i]);
}

Test(leaf, alternative_names_are_no_patterns)
{
    str der = der_of(make((struct plan){.common = "cn.example",
                                        .names = "DNS:a.example,DNS:*.b.example,URI:https://a.example/x,IP:192.0.2.1,IP:2001:db8::1,"
                                                 "email:x@a.example"}));
    cr_expect(!FAILED(leaf_named(a, der, LEAF_DNS, STR("A.example"))));
    cr_expect(!FAILED(leaf_named(a, der, LEAF_URI, STR("https://a.example/x"))));
    cr_expect(!FAILED(leaf_named(a, der, LEAF_IP, STR("192.0.2.1"))));
    cr_expect(!FAILED(leaf_named(a, der, LEAF_IP, STR("2001:DB8:0::1"))));
    cr_expect(!FAILED(leaf_named(a, der, LEAF_EMAIL, STR("x@a.example"))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_DNS, STR("one.b.example"))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_DNS, STR("cn.example")))); /* a common name is no DNS name */
    cr_expect(FAILED(leaf_named(a, der, LEAF_DNS, STR("example"))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_URI, STR("https://A.example/x"))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_IP, STR("192.0.2.2"))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_IP, STR("a.example"))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_EMAIL, STR("a.example"))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_DNS, STR(""))));
    cr_expect(FAILED(leaf_named(a, der, LEAF_DNS, STR_ABSENT)));
}

static void free_key(void *key)
{
    sign_key_free(key);
}

Test(leaf, its_key_is_compared_member_by_member)
{
    static const struct {
        enum sign_alg alg;
        const char *group; /* NULL: not EC */
    } rows[] = {{SIGN_ES256, "P-256"}, {SIGN_ES384, "P-384"}, {SIGN_EDDSA, NULL}, {SIGN_RS256, NULL}};
    struct sign_jwk before = {0};
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY *pair = rows[i].group ? EVP_EC_gen(rows[i].group) : rows[i].alg == SIGN_EDDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_RSA_gen(2048);
        BIO *b = BIO_new(BIO_s_mem());
        char *p;
        struct sign_key *key;
        struct sign_jwk jwk;
        cr_assert(PEM_write_bio_PrivateKey(b, pair, NULL, NULL, 0, NULL, NULL) == 1);
        size_t n = (size_t)BIO_get_mem_data(b, &p);
        cr_assert(!FAILED(sign_key_from_pem((str){p, n}, rows[i].alg, &key)));
        BIO_free(b);
        cr_assert(!FAILED(arena_on_release(a, free_key, key)));
        cr_assert(!FAILED(sign_key_jwk(a, key, &jwk)));
        str der = der_of(make((struct plan){.common = "app", .key = pair}));
        cr_expect(!FAILED(leaf_has_key(a, der, &jwk)), "row %zu", i);
        if (before.kty)
            cr_expect(FAILED(leaf_has_key(a, der, &before)), "row %zu", i);
        str foreign = der_of(make((struct plan){.common = "app", .key = rows[i].group ? EVP_EC_gen(rows[i].group) : NULL}));
        cr_expect(FAILED(leaf_has_key(a, foreign, &jwk)), "row %zu", i);
        before = jwk;
    }
}
