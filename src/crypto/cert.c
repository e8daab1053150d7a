/* SPDX-License-Identifier: MIT
 * cert: two kinds of certificate (RFC 5280): an authority that may sign server certificates and nothing below itself, and a
 * server certificate under it. Relies on libcrypto's X.509. Promises: serial numbers are random, every extension that restricts
 * is critical, a server certificate never outlives its authority, and texts of PEM keys live in the arena, which wipes them. */
#include "crypto/cert.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "crypto/random.h"
#include "crypto/scoped.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/banned.h"

enum { SERIAL_SIZE = 16 /* RFC 5280 4.1.2.2: at most 20 */, VERSION_3 = 2, BACKDATE = 60 /* clocks of clients */ };
enum { HOST_MAX = 253, PEM_MAX = 1 << 20 };

/* Libcrypto said no, and its own account of it stays inside. */
#define TRY_LIB(condition_, why_)     \
    do {                              \
        if (!(condition_)) {          \
            ERR_clear_error();        \
            FAIL(SERVER_ERROR, why_); \
        }                             \
    } while (0)

static fallible pem_text(struct arena *a, BIO *bio, str *out)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    TRY_LIB(n > 0, "cert: empty PEM");
    *out = str_dup(a, (str){p, (size_t)n});
    if (!str_present(*out))
        FAIL(UNAVAILABLE, "cert: out of memory");
    return OK;
}

/* `issuer` NULL: the certificate stands alone. */
static fallible write_pem(struct arena *a, X509 *certificate, X509 *issuer, EVP_PKEY *key, struct cert_pem *out)
{
    SCOPED(BIO) *chain = BIO_new(BIO_s_mem());
    SCOPED(BIO) *secret = BIO_new(BIO_s_secmem());
    struct cert_pem pem;
    TRY_LIB(chain != NULL && secret != NULL, "cert: no BIO");
    TRY_LIB(PEM_write_bio_X509(chain, certificate) == 1, "cert: cannot write the certificate");
    TRY_LIB(issuer == NULL || PEM_write_bio_X509(chain, issuer) == 1, "cert: cannot write the authority");
    TRY_LIB(PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1, "cert: cannot write the key");
    TRY(pem_text(a, chain, &pem.certificate));
    TRY(pem_text(a, secret, &pem.key));
    *out = pem;
    return OK;
}

static fallible add_cert_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, certificate, NULL, NULL, 0);
    SCOPED(X509_EXTENSION) *extension = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    TRY_LIB(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "cert: cannot add an extension");
    return OK;
}

static bool name_set(X509 *certificate, const char *common)
{
    X509_NAME *name = X509_get_subject_name(certificate); /* borrowed */
    return name != NULL && X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"jeton", -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0) == 1;
}

/* Everything but the extensions, the issuer's name and the signature. */
static fallible fill_certificate(X509 *certificate, EVP_PKEY *key, const char *common, unix_time from, unix_time until)
{
    uint8_t bytes[SERIAL_SIZE];
    random_bytes(bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and never zero */
    SCOPED(BIGNUM) *serial = BN_bin2bn(bytes, sizeof bytes, NULL);
    TRY_LIB(serial != NULL && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL, "cert: no serial number");
    TRY_LIB(X509_set_version(certificate, VERSION_3) == 1 && name_set(certificate, common), "cert: no subject");
    TRY_LIB(ASN1_TIME_set(X509_getm_notBefore(certificate), from) != NULL && ASN1_TIME_set(X509_getm_notAfter(certificate), until) != NULL,
            "cert: time out of range");
    TRY_LIB(X509_set_pubkey(certificate, key) == 1, "cert: cannot set the public key");
    return OK;
}

fallible cert_authority_make(struct arena *a, unix_time now, int64_t seconds, struct cert_pem *out)
{
    SCOPED(EVP_PKEY) *key = EVP_EC_gen("P-256");
    SCOPED(X509) *certificate = X509_new();
    TRY_LIB(key != NULL && certificate != NULL && seconds > 0, "cert: no key, or no lifetime");
    TRY(fill_certificate(certificate, key, "jeton local authority", clock_add(now, -BACKDATE), clock_add(now, seconds)));
    TRY_LIB(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1, "cert: no issuer");
    TRY(add_cert_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")); /* RFC 5280 4.2.1.9 */
    TRY(add_cert_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign"));
    TRY(add_cert_extension(certificate, certificate, NID_subject_key_identifier, "hash"));
    TRY_LIB(X509_sign(certificate, key, EVP_sha256()) > 0, "cert: cannot sign");
    return write_pem(a, certificate, NULL, key, out);
}

static X509 *read_certificate(str pem)
{
    SCOPED(BIO) *bio = pem.p != NULL && pem.n <= PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    X509 *found = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    ERR_clear_error();
    return found;
}

/* Without this, libcrypto would ask the terminal for the passphrase of an encrypted key. */
static int no_passphrase(char *text, int size, int writing, void *data)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)data;
    return -1;
}

static EVP_PKEY *read_key(str pem)
{
    SCOPED(BIO) *bio = pem.p != NULL && pem.n <= PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *found = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    ERR_clear_error();
    return found;
}

static fallible end_of(const X509 *certificate, unix_time *out)
{
    int days, seconds;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    bool told = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1;
    ASN1_TIME_free(epoch);
    TRY_LIB(told, "cert: unreadable end");
    *out = (unix_time)days * 86400 + seconds;
    return OK;
}

static bool is_address(const char *host)
{
    uint8_t address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* A host that may stand in libcrypto's comma-separated list: nothing there but letters, digits, `.`, `-`, `_` and `:`. */
static const char *host_z(struct arena *a, str host)
{
    if (host.n == 0 || host.n > HOST_MAX)
        return NULL;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') /* an IPv6 literal as URLs write it */
        host = (str){host.p + 1, host.n - 2};
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (!ascii_letter(c) && !ascii_digit(c) && c != '.' && c != '-' && c != '_' && c != ':')
            return NULL;
    }
    return str_z(a, host);
}

/* "DNS:localhost,IP:127.0.0.1" from "localhost 127.0.0.1" */
static fallible alternative_names(struct arena *a, str hosts, const char **first, str *out)
{
    struct buf b = buf_new(a, BUF_LINE_MAX);
    str host;
    *first = NULL;
    while (str_next(&hosts, ' ', &host)) {
        const char *z = host_z(a, host);
        if (z == NULL)
            FAIL(SERVER_ERROR, "cert: malformed host");
        if (*first == NULL)
            *first = z;
        buf_add_z(&b, b.n > 0 ? "," : "");
        buf_add_z(&b, is_address(z) ? "IP:" : "DNS:");
        buf_add_z(&b, z);
    }
    if (*first == NULL)
        FAIL(SERVER_ERROR, "cert: no host");
    return buf_done(&b, out);
}

static fallible extend_server(X509 *certificate, X509 *issuer, const char *names)
{
    const struct {
        int nid;
        const char *value;
    } rows[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"}, /* RFC 8446 4.4.2.2 */
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid"},
        {NID_subject_alt_name, names}, /* RFC 5280 4.2.1.6 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        TRY(add_cert_extension(certificate, issuer, rows[i].nid, rows[i].value));
    return OK;
}

fallible cert_server_make(struct arena *a, const struct cert_pem *authority, str hosts, unix_time now, int64_t seconds, struct cert_pem *out)
{
    SCOPED(X509) *issuer = read_certificate(authority->certificate);
    SCOPED(EVP_PKEY) *issuer_key = read_key(authority->key);
    TRY_LIB(issuer != NULL && issuer_key != NULL && X509_check_private_key(issuer, issuer_key) == 1, "cert: unusable authority");
    const char *first;
    str names;
    unix_time until = clock_add(now, seconds), latest;
    TRY(alternative_names(a, hosts, &first, &names));
    TRY(end_of(issuer, &latest));
    SCOPED(EVP_PKEY) *key = EVP_EC_gen("P-256");
    SCOPED(X509) *certificate = X509_new();
    TRY_LIB(key != NULL && certificate != NULL && seconds > 0, "cert: no key, or no lifetime");
    const char *common = strlen(first) <= 64 ? first : "jeton"; /* RFC 5280 A.1: ub-common-name; clients read the SAN */
    TRY(fill_certificate(certificate, key, common, clock_add(now, -BACKDATE), until < latest ? until : latest));
    TRY_LIB(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1, "cert: no issuer");
    TRY(extend_server(certificate, issuer, names.p));
    TRY_LIB(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "cert: cannot sign");
    return write_pem(a, certificate, issuer, key, out);
}

static bool names_host(X509 *certificate, str host)
{
    char z[HOST_MAX + 1];
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (str){host.p + 1, host.n - 2};
    if (host.n == 0 || host.n > HOST_MAX || str_find(host, '\0') < host.n)
        return false;
    memcpy(z, host.p, host.n);
    z[host.n] = '\0';
    if (is_address(z))
        return X509_check_ip_asc(certificate, z, 0) == 1;
    return X509_check_host(certificate, z, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1; /* RFC 9110 4.3.4 */
}

fallible cert_covers(str certificate_pem, str hosts, unix_time *not_after, bool *covers)
{
    SCOPED(X509) *certificate = read_certificate(certificate_pem);
    TRY_LIB(certificate != NULL, "cert: unreadable PEM certificate");
    unix_time end;
    TRY(end_of(certificate, &end));
    bool all = true;
    str host;
    while (str_next(&hosts, ' ', &host))
        all = all && names_host(certificate, host);
    ERR_clear_error();
    *not_after = end;
    *covers = all;
    return OK;
}
