/* SPDX-License-Identifier: MIT
 * live_h2: a listener with TLS that is quick to lose patience, and a peer that writes HTTP/2 frames by hand, for tests. One at a time. */
#ifndef JETON_TEST_LIVE_H2_H
#define JETON_TEST_LIVE_H2_H
#include "live.h"
#include <openssl/ssl.h>

#define LIVE_H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" /* and empty SETTINGS */
/* :method, :scheme https, :path /a, :authority localhost, as RFC 7541 has them in its static table and literally */
#define GET_            "\x82\x87\x04\x02/a\x01\x09localhost"
#define POST_           "\x83\x87\x04\x02/a\x01\x09localhost"

struct live_h2 {
    struct arena *a;
    SSL_CTX *context;
    char heard[1 << 20]; /* what the peer has read since it greeted */
    size_t heard_n;
};
extern struct live_h2 live_h2;
void live_h2_begin(struct live *l); /* defaults, a certificate, one second of idleness */
void live_h2_end(void);
SSL *live_h2_greet(const struct live *l, int *fd); /* TLS, ALPN h2, the preface */
void live_h2_part(SSL *ssl, int fd);
void live_h2_frame(SSL *ssl, unsigned char type, unsigned char flags, unsigned id, str payload); /* a peer that closed is no failure here */
bool live_h2_hears(SSL *ssl, const char *text);                                                  /* reads until it was heard; false: the end came first */
#endif
