/* SPDX-License-Identifier: MIT
 * The harness of HTTP/2's tests. */
#include "live_h2.h"

#include "crypto/cert.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

struct live_h2 live_h2;

void live_h2_begin(struct live *l)
{
    static struct listen_pair pair;
    struct cert_pem authority, server;
    static const unsigned char protocols[] = "\2h2";
    live_h2.a = arena_new(1 << 20);
    cr_assert_eq(cert_authority_make(live_h2.a, clock_now(), 86400, &authority).kind, ERR_OK);
    cr_assert_eq(cert_server_make(live_h2.a, &authority, STR("localhost 127.0.0.1"), clock_now(), 86400, &server).kind, ERR_OK);
    cr_assert_neq(signal(SIGPIPE, SIG_IGN), SIG_ERR); /* OpenSSL writes to peers that are gone */
    live_defaults(l);
    pair = (struct listen_pair){server.certificate, server.key};
    l->options.pairs = (struct listen_pairs){&pair, 1};
    l->options.idle_seconds = 1;
    live_h2.context = SSL_CTX_new(TLS_client_method());
    cr_assert(live_h2.context != NULL && SSL_CTX_set_alpn_protos(live_h2.context, protocols, 3) == 0);
}

void live_h2_end(void)
{
    SSL_CTX_free(live_h2.context);
    arena_release(live_h2.a);
}

SSL *live_h2_greet(const struct live *l, int *fd)
{
    const unsigned char *chosen;
    unsigned n;
    *fd = live_connect(l);
    SSL *ssl = SSL_new(live_h2.context);
    SSL_set_fd(ssl, *fd);
    cr_assert_eq(SSL_connect(ssl), 1);
    SSL_get0_alpn_selected(ssl, &chosen, &n);
    cr_assert(n == 2 && memcmp(chosen, "h2", 2) == 0);
    cr_assert_gt(SSL_write(ssl, LIVE_H2_PREFACE, sizeof LIVE_H2_PREFACE - 1), 0);
    live_h2.heard_n = 0;
    return ssl;
}

void live_h2_part(SSL *ssl, int fd)
{
    SSL_free(ssl);
    close(fd);
}

void live_h2_frame(SSL *ssl, unsigned char type, unsigned char flags, unsigned id, str payload)
{
    static char bytes[20000];
    const char head[9] = {(char)(payload.n >> 16), (char)(payload.n >> 8), (char)payload.n, (char)type, (char)flags,
                          (char)(id >> 24),        (char)(id >> 16),       (char)(id >> 8), (char)id};
    cr_assert_leq(payload.n + 9, sizeof bytes);
    memcpy(bytes, head, 9);
    if (payload.n > 0)
        memcpy(bytes + 9, payload.p, payload.n);
    (void)SSL_write(ssl, bytes, (int)payload.n + 9);
}

bool live_h2_hears(SSL *ssl, const char *text)
{
    while (memmem(live_h2.heard, live_h2.heard_n, text, strlen(text)) == NULL) {
        int n = SSL_read(ssl, live_h2.heard + live_h2.heard_n, (int)(sizeof live_h2.heard - live_h2.heard_n));
        if (n <= 0)
            return false;
        live_h2.heard_n += (size_t)n;
    }
    return true;
}
