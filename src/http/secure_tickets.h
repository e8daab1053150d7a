/* SPDX-License-Identifier: MIT
 * secure_tickets: the keys under which a listener seals what a returning client needs for a shorter handshake (RFC 5077, RFC 8446 4.6.1).
 * They are random and lie in memory alone: no file, no other process, none after a restart. Private to http/secure.
 *
 * A key seals for SECURE_TICKET_SECONDS from its making and opens for twice as long: so each ticket can be used to its own end, and what was
 * said over TLS 1.2 cannot be read by whoever takes the memory two hours later. It is wiped by the first handshake that finds it past. */
#ifndef JETON_HTTP_SECURE_TICKETS_H
#define JETON_HTTP_SECURE_TICKETS_H
#include "base/err.h"
#include <openssl/evp.h>
#include <pthread.h>

enum { SECURE_TICKET_SECONDS = 3600, SECURE_TICKET_NAME = 16, SECURE_TICKET_KEY = 32 };
struct secure_ticket_key {
    unsigned char name[SECURE_TICKET_NAME], cipher[SECURE_TICKET_KEY], mac[SECURE_TICKET_KEY];
    int64_t made_us;
    bool there;
};
struct secure_tickets {
    pthread_mutex_t lock;
    struct secure_ticket_key now, before;
    EVP_CIPHER *cipher;
};
/* UNAVAILABLE: no memory, or no cipher. secure_tickets_end wipes, whatever the outcome, or a struct of zeros. */
fallible secure_tickets_begin(struct secure_tickets *t);
void secure_tickets_end(struct secure_tickets *t);

struct secure_ticket {            /* what OpenSSL hands out for one ticket */
    unsigned char *name, *vector; /* SECURE_TICKET_NAME, EVP_MAX_IV_LENGTH bytes */
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    int64_t now_us; /* monotonic */
};
/* What SSL_CTX_set_tlsext_ticket_key_evp_cb wants to hear. From any thread.
 * Sealing: 1 with a name and a fresh vector, or -1, which ends the handshake: there was no chance to be had.
 * Opening: 1; 2: good, but a fresh one is to take its place; 0: of no key that is known, or too old; -1 as above. */
int secure_tickets_seal(struct secure_tickets *t, const struct secure_ticket *one);
int secure_tickets_open(struct secure_tickets *t, const struct secure_ticket *one);
#endif
