/* SPDX-License-Identifier: MIT
 * leaf: RFC 8705's questions about a certificate: who issued it, for whom, until when, with which key (CA-12). */
#include "crypto/leaf.h"

#include "made.h"

static struct arena *a;

static void begin(void)
{
    a = made_arena = fixture_arena();
}

TestSuite(leaf, .init = begin);

Test(leaf, a_chain_ends_at_a_given_authority_or_nowhere)
{
    struct made root = made_new((struct made_plan){.common = "root", .authority = true}),
                other = made_new((struct made_plan){.common = "root", .authority = true});
    struct made middle = made_new((struct made_plan){.common = "middle", .issuer = &root, .authority = true});
    struct made no_authority = made_new((struct made_plan){.common = "app", .issuer = &root});
    str trusted = made_pem(root), both = str_join(a, (const str[]){made_pem(root), made_pem(middle)}, 2);
    cr_expect(!FAILED(leaf_chain(made_der(no_authority), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(made_der(no_authority), made_pem(other), NOW)));
    struct made below = made_new((struct made_plan){.common = "app", .issuer = &middle});
    cr_expect(FAILED(leaf_chain(made_der(below), trusted, NOW)));
    cr_expect(!FAILED(leaf_chain(made_der(below), both, NOW)));
    cr_expect(FAILED(leaf_chain(made_der(made_new((struct made_plan){.common = "app", .issuer = &no_authority})), both, NOW))); /* signed by a leaf */
    cr_expect(FAILED(leaf_chain(made_der(made_new((struct made_plan){.common = "app"})), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(made_der(made_new((struct made_plan){.common = "app", .issuer = &root, .usage = "serverAuth"})), trusted, NOW)));
    cr_expect(!FAILED(leaf_chain(made_der(made_new((struct made_plan){.common = "app", .issuer = &root, .usage = "clientAuth"})), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(made_der(no_authority), STR(""), NOW)));
    cr_expect(FAILED(leaf_chain(made_der(no_authority), STR("no PEM"), NOW)));
    cr_expect(FAILED(leaf_chain(STR("nonsense"), trusted, NOW)));
    cr_expect(FAILED(leaf_chain(STR_ABSENT, trusted, NOW)));
}

Test(leaf, CA_13_weak_keys_are_refused)
{
    struct made root = made_new((struct made_plan){.common = "root", .authority = true});
    struct made weak = made_new((struct made_plan){.common = "app", .issuer = &root, .key = EVP_RSA_gen(1024)});
    cr_expect(FAILED(leaf_chain(made_der(weak), made_pem(root), NOW)));
}

Test(leaf, time_counts)
{
    struct made root = made_new((struct made_plan){.common = "root", .authority = true, .ends = 10 * DAY});
    str good = made_der(made_new((struct made_plan){.common = "app", .issuer = &root}));
    str late = made_der(made_new((struct made_plan){.common = "app", .issuer = &root, .begins = 60, .ends = DAY}));
    cr_expect(!FAILED(leaf_valid(good, NOW + 1)));
    cr_expect(FAILED(leaf_valid(good, NOW + DAY + 1)));
    cr_expect(FAILED(leaf_chain(good, made_pem(root), NOW + DAY + 1)));
    cr_expect(FAILED(leaf_valid(late, NOW)));
    cr_expect(FAILED(leaf_chain(late, made_pem(root), NOW)));
    cr_expect(FAILED(leaf_valid(str_join(a, (const str[]){good, STR("x")}, 2), NOW + 1))); /* bytes behind it */
}

Test(leaf, a_subject_is_compared_whole)
{
    str der = made_der(made_new((struct made_plan){.country = "DE", .organization = "Example, Inc. + Söhne", .common = "app"}));
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
    str der = made_der(made_new((struct made_plan){.common = "cn.example",
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
        str der = made_der(made_new((struct made_plan){.common = "app", .key = pair}));
        cr_expect(!FAILED(leaf_has_key(a, der, &jwk)), "row %zu", i);
        if (before.kty)
            cr_expect(FAILED(leaf_has_key(a, der, &before)), "row %zu", i);
        str foreign = made_der(made_new((struct made_plan){.common = "app", .key = rows[i].group ? EVP_EC_gen(rows[i].group) : NULL}));
        cr_expect(FAILED(leaf_has_key(a, foreign, &jwk)), "row %zu", i);
        before = jwk;
    }
}
