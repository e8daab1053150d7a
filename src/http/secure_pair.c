/* SPDX-License-Identifier: MIT
 * secure_pair: relies on OpenSSL for reading PEM; promises that a pair that it lets pass is a chain in order and the key of its first
 * certificate. */
#include "http/secure_pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/ascii.h"

#include "base/banned.h"

void secure_pair_free(struct secure_pair *p)
{
    for (int i = 0; i < p->count; i++)
        X509_free(p->chain[i]);
    EVP_PKEY_free(p->key);
    ERR_clear_error();
}

static fallible read_chain(struct secure_pair *p, str pem)
{
    BIO *text = pem.n > INT32_MAX ? NULL : BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *one;
    if (text == NULL)
        FAIL(UNAVAILABLE, "secure: no memory");
    while (p->count <= SECURE_CHAIN_MAX && (one = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL)
        p->chain[p->count++] = one;
    bool ended = p->count > SECURE_CHAIN_MAX || ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(text);
    ERR_clear_error();
    if (p->count > SECURE_CHAIN_MAX)
        REFUSE(INVALID_REQUEST, "it contains more than 16 certificates", "secure: chain too long");
    if (p->count == 0 || !ended)
        REFUSE(INVALID_REQUEST, "it contains no certificate in PEM that can be read", "secure: no certificate");
    for (int i = 0; i + 1 < p->count; i++)
        if (X509_NAME_cmp(X509_get_issuer_name(p->chain[i]), X509_get_subject_name(p->chain[i + 1])) != 0)
            REFUSE(INVALID_REQUEST, "the certificates are in the wrong order: put the server's first, then the issuer of each one", "secure: chain unsorted");
    return OK;
}

/* Called when a passphrase is wanted: there is none. */
static int no_passphrase(char *out, int size, int writing, void *asked)
{
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static fallible read_key(struct secure_pair *p, str pem)
{
    bool asked = false;
    BIO *text = pem.n > INT32_MAX ? NULL : BIO_new_mem_buf(pem.p, (int)pem.n);
    if (text == NULL)
        FAIL(UNAVAILABLE, "secure: no memory");
    p->key = PEM_read_bio_PrivateKey(text, NULL, no_passphrase, &asked);
    BIO_free(text);
    ERR_clear_error();
    if (p->key == NULL && asked)
        REFUSE(INVALID_REQUEST, "the private key is encrypted with a passphrase: store it without one, readable only by its owner", "secure: key encrypted");
    if (p->key == NULL)
        REFUSE(INVALID_REQUEST, "the key file contains no private key in PEM that can be read", "secure: no key");
    if (X509_check_private_key(p->chain[0], p->key) != 1)
        REFUSE(INVALID_REQUEST, "the certificate and the private key do not belong together", "secure: key mismatch");
    return OK;
}

fallible secure_pair_read(str certificate, str key, struct secure_pair *out)
{
    *out = (struct secure_pair){.count = 0};
    TRY(read_chain(out, certificate));
    return read_key(out, key);
}

bool secure_pair_alike(const struct secure_pair *p, const struct secure_pair *other)
{
    return EVP_PKEY_get_base_id(p->key) == EVP_PKEY_get_base_id(other->key);
}

static fallible add_name(struct arena *a, const GENERAL_NAME *one, struct secure_names *names)
{
    if (one->type != GEN_DNS)
        return OK;
    int n = ASN1_STRING_length(one->d.dNSName);
    str given = {(const char *)ASN1_STRING_get0_data(one->d.dNSName), n > 0 ? (size_t)n : 0};
    char *name = arena_take(a, given.n + 1);
    if (name == NULL)
        FAIL(UNAVAILABLE, "secure: no memory");
    for (size_t i = 0; i < given.n; i++)
        name[i] = ascii_lower(given.p[i]);
    names->list[names->count++] = (str){name, given.n};
    return OK;
}

fallible secure_pair_names(struct arena *a, const struct secure_pair *p, struct secure_names *out)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(p->chain[0], NID_subject_alt_name, NULL, NULL);
    int count = all == NULL ? 0 : sk_GENERAL_NAME_num(all);
    err e = OK;
    *out = (struct secure_names){arena_array(a, (size_t)count + 1, sizeof *out->list), 0};
    if (out->list == NULL)
        e = ERR(UNAVAILABLE, "secure: no memory");
    for (int i = 0; !FAILED(e) && i < count; i++)
        e = add_name(a, sk_GENERAL_NAME_value(all, i), out);
    GENERAL_NAMES_free(all);
    ERR_clear_error();
    return e;
}

static bool stands_for(str star, str name)
{
    size_t label = str_find(name, '.');
    return str_starts(star, STR("*.")) && label > 0 && str_equal_nocase((str){star.p + 1, star.n - 1}, (str){name.p + label, name.n - label});
}

bool secure_names_bear(const struct secure_names *names, str name, bool wild)
{
    for (size_t i = 0; i < names->count; i++)
        if (wild ? stands_for(names->list[i], name) : str_equal_nocase(names->list[i], name))
            return true;
    return false;
}

bool secure_names_cover(const struct secure_names *names, const struct secure_names *others, bool wild)
{
    for (size_t i = 0; i < others->count; i++)
        if (!secure_names_bear(names, others->list[i], false) && !(wild && secure_names_bear(names, others->list[i], true)))
            return false;
    return true;
}
