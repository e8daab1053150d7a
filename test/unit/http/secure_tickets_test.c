/* SPDX-License-Identifier: MIT
 * Keys of tickets through their lives (TL-06 is about what a ticket may not do: tls_test). */
#include "http/secure_tickets.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/banned.h"

enum { TEXT = 48 };
static const int64_t hour_us = (int64_t)SECURE_TICKET_SECONDS * 1000000;

struct sealed {
    unsigned char name[SECURE_TICKET_NAME], vector[EVP_MAX_IV_LENGTH], text[TEXT + EVP_MAX_BLOCK_LENGTH], mac[EVP_MAX_MD_SIZE];
    int n;
    size_t mac_n;
};

static EVP_MAC_CTX *fresh_mac(void)
{
    EVP_MAC *kind = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(kind);
    EVP_MAC_free(kind);
    return mac;
}

static void authenticate(EVP_MAC_CTX *mac, const struct sealed *s, unsigned char *out, size_t *n)
{
    cr_assert(EVP_MAC_init(mac, NULL, 0, NULL) == 1 && EVP_MAC_update(mac, s->text, (size_t)s->n) == 1 && EVP_MAC_final(mac, out, n, EVP_MAX_MD_SIZE) == 1);
}

static struct sealed seal(struct secure_tickets *t, int64_t now_us)
{
    static const unsigned char plain[TEXT] = "what a returning client needs";
    struct sealed s = {.n = 0};
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    EVP_MAC_CTX *mac = fresh_mac();
    int n = 0, rest = 0;
    cr_assert_eq(secure_tickets_seal(t, &(struct secure_ticket){s.name, s.vector, c, mac, now_us}), 1);
    cr_assert(EVP_EncryptUpdate(c, s.text, &n, plain, sizeof plain) == 1 && EVP_EncryptFinal(c, s.text + n, &rest) == 1);
    s.n = n + rest;
    authenticate(mac, &s, s.mac, &s.mac_n);
    EVP_CIPHER_CTX_free(c);
    EVP_MAC_CTX_free(mac);
    return s;
}

/* What secure_tickets_open says; when it knows the key, the ticket must open as it was sealed. */
static int open_it(struct secure_tickets *t, struct sealed *s, int64_t now_us)
{
    unsigned char plain[TEXT + EVP_MAX_BLOCK_LENGTH], code[EVP_MAX_MD_SIZE];
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    EVP_MAC_CTX *mac = fresh_mac();
    int n = 0, rest = 0, said = secure_tickets_open(t, &(struct secure_ticket){s->name, s->vector, c, mac, now_us});
    size_t code_n = 0;
    if (said > 0) {
        authenticate(mac, s, code, &code_n);
        cr_expect(code_n == 32 && s->mac_n == 32 && memcmp(code, s->mac, 32) == 0);
        cr_expect(EVP_DecryptUpdate(c, plain, &n, s->text, s->n) == 1 && EVP_DecryptFinal(c, plain + n, &rest) == 1);
        cr_expect(n + rest == TEXT && memcmp(plain, "what a returning client needs", 29) == 0);
    }
    EVP_CIPHER_CTX_free(c);
    EVP_MAC_CTX_free(mac);
    return said;
}

Test(secure_tickets, a_key_seals_for_an_hour_opens_for_two_and_is_forgotten)
{
    struct secure_tickets t;
    cr_assert_eq(secure_tickets_begin(&t).kind, ERR_OK);
    struct sealed first = seal(&t, 5), late = seal(&t, hour_us + 4);
    const struct secure_ticket_key old = t.now;
    cr_expect_eq(memcmp(first.name, late.name, sizeof first.name), 0);
    cr_expect(memcmp(first.vector, late.vector, 16) != 0 && memcmp(first.text, late.text, TEXT) != 0);
    cr_expect_eq(open_it(&t, &first, hour_us + 4), 1);
    cr_expect_eq(open_it(&t, &first, hour_us + 5), 2); /* it opens, and a fresh one takes its place */
    struct sealed next = seal(&t, hour_us + 5);
    cr_expect_neq(memcmp(first.name, next.name, sizeof first.name), 0);
    cr_expect_eq(open_it(&t, &late, 2 * hour_us + 4), 2);
    cr_expect_eq(open_it(&t, &next, 2 * hour_us + 4), 1);
    cr_expect_eq(open_it(&t, &late, 2 * hour_us + 5), 0);
    cr_expect_null(memmem(&t, sizeof t, old.cipher, sizeof old.cipher)); /* wiped */
    cr_expect_eq(open_it(&t, &next, 2 * hour_us + 5), 2);
    cr_expect_eq(open_it(&t, &next, 9 * hour_us), 0); /* after a long silence nothing opens */
    secure_tickets_end(&t);
}

Test(secure_tickets, what_others_sealed_does_not_open)
{
    struct secure_tickets one, other;
    cr_assert(!FAILED(secure_tickets_begin(&one)) && !FAILED(secure_tickets_begin(&other)));
    struct sealed s = seal(&one, 1);
    (void)seal(&other, 1);
    cr_expect_eq(open_it(&other, &s, 2), 0);
    s.name[0] ^= 1;
    cr_expect_eq(open_it(&one, &s, 2), 0);
    memset(s.name, 0, sizeof s.name);
    cr_expect_eq(open_it(&one, &s, 2), 0); /* a key that is not there has no name */
    secure_tickets_end(&one);
    cr_expect(one.cipher == NULL && !one.now.there);
    secure_tickets_end(&other);
}
