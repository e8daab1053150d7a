/* SPDX-License-Identifier: MIT
 * leaf: judges one client certificate. Relies on libcrypto's X.509; promises that what cannot be read is refused, that names are
 * compared whole (no wildcard, no suffix, no common name in place of an alternative name: RFC 8705 2.1.2), and that a chain is built
 * from the given authorities alone, never from the machine's. */
#include "crypto/leaf.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "codec/b64url.h"
#include "crypto/scoped.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/banned.h"

enum { AUTHORITIES_MAX = 1 << 20, SECURITY_LEVEL = 2 /* 112 bits */, KEY_BYTES = 1024 };

SCOPED_HANDLE(X509_STORE, X509_STORE_free)
SCOPED_HANDLE(X509_STORE_CTX, X509_STORE_CTX_free)
SCOPED_HANDLE(GENERAL_NAMES, GENERAL_NAMES_free)

static X509 *read_leaf(str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    X509 *leaf = der.p != NULL && der.n <= LEAF_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    ERR_clear_error();
    if (leaf != NULL && p != (const unsigned char *)der.p + der.n) { /* bytes behind it */
        X509_free(leaf);
        return NULL;
    }
    return leaf;
}

#define READ(name_, der_)                  \
    SCOPED(X509) *name_ = read_leaf(der_); \
    if (name_ == NULL)                     \
        FAIL(INVALID_REQUEST, "certificate: unreadable")

fallible leaf_valid(str der, unix_time now)
{
    READ(leaf, der);
    time_t at = (time_t)now;
    if (X509_cmp_time(X509_get0_notBefore(leaf), &at) >= 0) /* 0: unreadable */
        FAIL(INVALID_REQUEST, "certificate: not yet valid");
    if (X509_cmp_time(X509_get0_notAfter(leaf), &at) <= 0)
        FAIL(INVALID_REQUEST, "certificate: expired"); /* CA-12 */
    return OK;
}

/* ---- chain ---- */

static bool fill_store(X509_STORE *store, str pem)
{
    SCOPED(BIO) *bio = pem.p != NULL && pem.n <= AUTHORITIES_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    size_t count = 0;
    while (bio != NULL) {
        SCOPED(X509) *one = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (one == NULL)
            break;
        if (X509_STORE_add_cert(store, one) != 1)
            return false;
        count++;
    }
    ERR_clear_error(); /* the end of the file is an error to libcrypto */
    return count > 0;
}

static err explain_verify_error(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return ERR(INVALID_REQUEST, "certificate: expired, or one of its authorities is");
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return ERR(INVALID_REQUEST, "certificate: not yet valid");
    case X509_V_ERR_INVALID_PURPOSE:
        return ERR(INVALID_REQUEST, "certificate: not meant for clients");
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return ERR(INVALID_REQUEST, "certificate: weak key or hash");
    default:
        return ERR(INVALID_REQUEST, "certificate: not issued by an authority in client_ca");
    }
}

fallible leaf_chain(str der, str authorities_pem, unix_time now)
{
    READ(leaf, der);
    SCOPED(X509_STORE) *store = X509_STORE_new();
    SCOPED(X509_STORE_CTX) *context = X509_STORE_CTX_new();
    if (store == NULL || context == NULL)
        FAIL(UNAVAILABLE, "certificate: no memory");
    if (!fill_store(store, authorities_pem))
        FAIL(INVALID_REQUEST, "certificate: client_ca holds no authority");
    if (X509_STORE_CTX_init(context, store, leaf, NULL) != 1)
        FAIL(UNAVAILABLE, "certificate: no memory");
    X509_VERIFY_PARAM *rule = X509_STORE_CTX_get0_param(context); /* borrowed */
    X509_VERIFY_PARAM_set_time(rule, (time_t)now);
    X509_VERIFY_PARAM_set_flags(rule, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(rule, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(rule, 4);
    if (X509_VERIFY_PARAM_set_purpose(rule, X509_PURPOSE_SSL_CLIENT) != 1)
        FAIL(SERVER_ERROR, "certificate: no purpose");
    int good = X509_verify_cert(context), error = X509_STORE_CTX_get_error(context);
    ERR_clear_error();
    return good == 1 ? OK : explain_verify_error(error);
}

fallible leaf_authorities(str pem)
{
    SCOPED(X509_STORE) *store = X509_STORE_new();
    if (store == NULL)
        FAIL(UNAVAILABLE, "certificate: no memory");
    if (!fill_store(store, pem))
        REFUSE(INVALID_REQUEST, "it contains no certificate in PEM that can be read", "certificate: client_ca holds no authority");
    return OK;
}

/* ---- names ---- */

/* One spelling: attribute names in capitals, no space around separators; escaped characters stay as they are. */
static fallible subject_spelled(struct arena *a, str text, str *out)
{
    struct buf b = buf_new(a, BUF_LINE_MAX);
    bool type = true, skip = true; /* inside an attribute's name; after a separator */
    size_t solid = 0;              /* length without trailing spaces */
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool separator = c == ',' || c == '+' || (type && c == '=');
        if (c == ' ' && skip)
            continue;
        if (separator)
            b.n = solid;
        skip = separator;
        buf_char(&b, type && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
        if (c == '\\' && i + 1 < text.n) {
            buf_char(&b, text.p[++i]);
            solid = b.n;
        }
        if (c != ' ')
            solid = b.n;
        if (separator)
            type = c != '=';
    }
    b.n = solid;
    return buf_done(&b, out);
}

/* The subject as text, its most significant part last (RFC 4514 2.1). */
static fallible subject_text(struct arena *a, X509 *leaf, unsigned long how, str *out)
{
    char *p = NULL;
    SCOPED(BIO) *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || X509_NAME_print_ex(bio, X509_get_subject_name(leaf), 0, how) < 0)
        FAIL(INVALID_REQUEST, "certificate: unreadable subject");
    long n = BIO_get_mem_data(bio, &p);
    if (n <= 0)
        FAIL(INVALID_REQUEST, "certificate: empty subject");
    return subject_spelled(a, (str){p, (size_t)n}, out);
}

static fallible is_subject(struct arena *a, X509 *leaf, str wanted)
{
    static const unsigned long ways[] = {XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB, XN_FLAG_RFC2253}; /* é, or \C3\A9 */
    str registered, have;
    TRY(subject_spelled(a, wanted, &registered));
    for (size_t i = 0; i < 2; i++) {
        TRY(subject_text(a, leaf, ways[i], &have));
        if (str_equal(have, registered))
            return OK;
    }
    FAIL(INVALID_REQUEST, "certificate: the subject is not the registered one");
}

static str text_of(const ASN1_STRING *s)
{
    return (str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

static bool same_address(const ASN1_OCTET_STRING *have, str wanted)
{
    char z[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (wanted.n == 0 || wanted.n >= sizeof z)
        return false;
    memcpy(z, wanted.p, wanted.n);
    z[wanted.n] = '\0';
    size_t n = inet_pton(AF_INET, z, bytes) == 1 ? 4 : inet_pton(AF_INET6, z, bytes) == 1 ? 16 : 0;
    return n > 0 && str_equal(text_of(have), (str){(const char *)bytes, n});
}

static bool same_name(const GENERAL_NAME *name, enum leaf_name kind, str wanted)
{
    switch (kind) {
    case LEAF_DNS:
        return name->type == GEN_DNS && str_equal_nocase(text_of(name->d.dNSName), wanted);
    case LEAF_URI:
        return name->type == GEN_URI && str_equal(text_of(name->d.uniformResourceIdentifier), wanted);
    case LEAF_EMAIL:
        return name->type == GEN_EMAIL && str_equal(text_of(name->d.rfc822Name), wanted);
    case LEAF_IP:
        return name->type == GEN_IPADD && same_address(name->d.iPAddress, wanted);
    case LEAF_SUBJECT:
        break;
    }
    return false;
}

fallible leaf_named(struct arena *a, str der, enum leaf_name kind, str wanted)
{
    READ(leaf, der);
    if (!str_filled(wanted))
        FAIL(INVALID_REQUEST, "certificate: no name is registered");
    if (kind == LEAF_SUBJECT)
        return is_subject(a, leaf, wanted);
    SCOPED(GENERAL_NAMES) *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    ERR_clear_error();
    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++)
        if (same_name(sk_GENERAL_NAME_value(names, i), kind, wanted))
            return OK;
    FAIL(INVALID_REQUEST, "certificate: no alternative name is the registered one");
}

/* ---- key ---- */

/* Is this number of the key, on `size` bytes (0: as few as it needs), the base64url text? */
static bool number_is(struct arena *a, const EVP_PKEY *key, const char *name, size_t size, str text)
{
    BIGNUM *made = NULL;
    uint8_t bytes[KEY_BYTES];
    if (EVP_PKEY_get_bn_param(key, name, &made) != 1)
        return false;
    SCOPED(BIGNUM) *number = made;
    int need = BN_num_bytes(number);
    size_t n = size > 0 ? size : (size_t)need;
    if (need > KEY_BYTES || n > sizeof bytes || BN_bn2binpad(number, bytes, (int)n) != (int)n)
        return false;
    str have = b64url_encode(a, bytes, n);
    return str_present(have) && str_equal(have, text);
}

static bool same_curve(const EVP_PKEY *key, const char *crv, size_t *coordinate)
{
    static const struct {
        const char *crv, *group;
        size_t coordinate;
    } curves[] = {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};
    char group[64];
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (str_is(str_of(crv), curves[i].crv) && str_is(str_of(group), curves[i].group)) {
            *coordinate = curves[i].coordinate;
            return true;
        }
    return false;
}

static bool same_raw(struct arena *a, const EVP_PKEY *key, str text)
{
    uint8_t bytes[32];
    size_t n = sizeof bytes;
    if (EVP_PKEY_get_raw_public_key(key, bytes, &n) != 1)
        return false;
    str have = b64url_encode(a, bytes, n);
    return str_present(have) && str_equal(have, text);
}

static bool is_own_key(struct arena *a, const EVP_PKEY *own, const struct sign_jwk *key)
{
    size_t n = 0;
    str kty = str_of(key->kty);
    if (own == NULL)
        return false;
    if (str_is(kty, "RSA") && EVP_PKEY_is_a(own, "RSA"))
        return number_is(a, own, OSSL_PKEY_PARAM_RSA_N, 0, key->n) && number_is(a, own, OSSL_PKEY_PARAM_RSA_E, 0, key->e);
    if (str_is(kty, "EC") && EVP_PKEY_is_a(own, "EC") && same_curve(own, key->crv, &n))
        return number_is(a, own, OSSL_PKEY_PARAM_EC_PUB_X, n, key->x) && number_is(a, own, OSSL_PKEY_PARAM_EC_PUB_Y, n, key->y);
    return str_is(kty, "OKP") && str_is(str_of(key->crv), "Ed25519") && EVP_PKEY_is_a(own, "ED25519") && same_raw(a, own, key->x);
}

fallible leaf_has_key(struct arena *a, str der, const struct sign_jwk *key)
{
    READ(leaf, der);
    bool same = is_own_key(a, X509_get0_pubkey(leaf), key); /* borrowed */
    ERR_clear_error();
    if (!same && arena_failed(a))
        FAIL(UNAVAILABLE, "certificate: no memory to compare its key");
    if (!same)
        FAIL(INVALID_REQUEST, "certificate: its key is not a registered one");
    return OK;
}
