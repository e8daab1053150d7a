/* SPDX-License-Identifier: MIT
 * secure_tickets: relies on OpenSSL for the format (AES-256-CBC, then HMAC-SHA256 over all of it) and on the lock for one answer to which key is
 * the present one. A key is copied out under the lock and wiped from the stack, for its owner may exchange it at any time.
 *
 *   none ─ first ticket ─▶ now ─ an hour ─▶ before ─ another hour ─▶ wiped */
#include "http/secure_tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/banned.h"

enum { A_SECOND_US = 1000000 };
static const int64_t seals_us = (int64_t)SECURE_TICKET_SECONDS * A_SECOND_US, opens_us = 2 * (int64_t)SECURE_TICKET_SECONDS * A_SECOND_US;

fallible secure_tickets_begin(struct secure_tickets *t)
{
    *t = (struct secure_tickets){.lock = PTHREAD_MUTEX_INITIALIZER};
    t->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (t->cipher == NULL)
        FAIL(UNAVAILABLE, "secure: no cipher for tickets");
    return OK;
}

void secure_tickets_end(struct secure_tickets *t)
{
    EVP_CIPHER_free(t->cipher);
    explicit_bzero(t, sizeof *t);
}

static bool fresh_key(struct secure_ticket_key *key, int64_t now_us)
{
    key->made_us = now_us;
    key->there = RAND_bytes(key->name, sizeof key->name) == 1 && RAND_priv_bytes(key->cipher, sizeof key->cipher) == 1 &&
                 RAND_priv_bytes(key->mac, sizeof key->mac) == 1;
    return key->there;
}

static bool may_key_open_tickets(const struct secure_ticket_key *key, int64_t now_us)
{
    return key->there && now_us - key->made_us < opens_us;
}

/* With the lock: what has had its time goes. */
static void retire_ticket_keys(struct secure_tickets *t, int64_t now_us)
{
    if (t->now.there && now_us - t->now.made_us >= seals_us) {
        t->before = t->now;
        explicit_bzero(&t->now, sizeof t->now);
    }
    if (!may_key_open_tickets(&t->before, now_us))
        explicit_bzero(&t->before, sizeof t->before);
}

static bool sealing_key(struct secure_tickets *t, int64_t now_us, struct secure_ticket_key *key)
{
    (void)pthread_mutex_lock(&t->lock);
    retire_ticket_keys(t, now_us);
    bool good = t->now.there || fresh_key(&t->now, now_us);
    *key = t->now;
    (void)pthread_mutex_unlock(&t->lock);
    return good;
}

static bool opening_key(struct secure_tickets *t, const struct secure_ticket *one, struct secure_ticket_key *key)
{
    (void)pthread_mutex_lock(&t->lock);
    retire_ticket_keys(t, one->now_us);
    bool before = t->before.there && memcmp(t->before.name, one->name, SECURE_TICKET_NAME) == 0; /* a name is no secret */
    bool now = t->now.there && memcmp(t->now.name, one->name, SECURE_TICKET_NAME) == 0;
    *key = before ? t->before : t->now;
    (void)pthread_mutex_unlock(&t->lock);
    return before || now;
}

static bool set_mac(EVP_MAC_CTX *mac, struct secure_ticket_key *key)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
                                 OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

int secure_tickets_seal(struct secure_tickets *t, const struct secure_ticket *one)
{
    struct secure_ticket_key key;
    bool good = sealing_key(t, one->now_us, &key) && RAND_bytes(one->vector, EVP_CIPHER_get_iv_length(t->cipher)) == 1 &&
                EVP_EncryptInit_ex2(one->cipher, t->cipher, key.cipher, one->vector, NULL) == 1 && set_mac(one->mac, &key);
    if (good)
        memcpy(one->name, key.name, sizeof key.name);
    explicit_bzero(&key, sizeof key);
    return good ? 1 : -1;
}

int secure_tickets_open(struct secure_tickets *t, const struct secure_ticket *one)
{
    struct secure_ticket_key key;
    bool known = opening_key(t, one, &key),
         good = known && EVP_DecryptInit_ex2(one->cipher, t->cipher, key.cipher, one->vector, NULL) == 1 && set_mac(one->mac, &key);
    bool past = known && one->now_us - key.made_us >= seals_us;
    explicit_bzero(&key, sizeof key);
    return !known ? 0 : !good ? -1 : past ? 2 : 1;
}
