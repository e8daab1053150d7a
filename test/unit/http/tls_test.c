/* SPDX-License-Identifier: MIT
 * TL-01 live, with OpenSSL as the other side: what is offered, what is not. */
#include "crypto/cert.h"
#include "live.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static struct live l;
static struct arena *a;
static char answer[4096];

static void begin(void)
{
    struct cert_pem authority, server;
    a = arena_new(1 << 20);
    cr_assert_eq(cert_authority_make(a, clock_now(), 86400, &authority).kind, ERR_OK);
    cr_assert_eq(cert_server_make(a, &authority, STR("localhost 127.0.0.1"), clock_now(), 86400, &server).kind, ERR_OK);
    live_defaults(&l);
    l.options.certificate_pem = server.certificate;
    l.options.key_pem = server.key;
    live_start(&l);
}

static void end(void)
{
    live_stop(&l);
    arena_release(a);
}

TestSuite(tls, .init = begin, .fini = end);

/* One request over TLS; false when the handshake fails. */
static bool spoken(int least, int most, const char *ciphers, bool *ticket)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    cr_assert(SSL_CTX_set_min_proto_version(context, least) && SSL_CTX_set_max_proto_version(context, most));
    cr_assert(ciphers == NULL || SSL_CTX_set_cipher_list(context, ciphers));
    int fd = live_connect(&l);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    bool good = SSL_connect(ssl) == 1;
    if (good) {
        static const char request[] = "POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b";
        int n, total = 0;
        cr_assert_gt(SSL_write(ssl, request, sizeof(request) - 1), 0);
        while ((n = SSL_read(ssl, answer + total, (int)sizeof(answer) - 1 - total)) > 0)
            total += n;
        answer[total] = '\0';
        *ticket = SSL_SESSION_is_resumable(SSL_get_session(ssl)) && SSL_SESSION_has_ticket(SSL_get_session(ssl));
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    return good;
}

Test(tls, versions_1_2_and_1_3_answer_without_tickets) /* TL-06: without a ticket nothing can be sent early */
{
    bool ticket = true;
    cr_expect(spoken(TLS1_3_VERSION, TLS1_3_VERSION, NULL, &ticket));
    cr_expect(live_status(answer) == 200 && strstr(answer, "POST /a?#1:a=b") != NULL, "%s", answer);
    cr_expect_not(ticket);
    ticket = true;
    cr_expect(spoken(TLS1_2_VERSION, TLS1_2_VERSION, NULL, &ticket));
    cr_expect_eq(live_status(answer), 200);
    cr_expect_not(ticket);
}

Test(tls, older_versions_and_weaker_suites_are_refused)
{
    bool ticket;
    cr_expect_not(spoken(TLS1_VERSION, TLS1_1_VERSION, NULL, &ticket));
    cr_expect_not(spoken(TLS1_2_VERSION, TLS1_2_VERSION, "AES128-GCM-SHA256", &ticket)); /* no forward secrecy */
    cr_expect_not(spoken(TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA", &ticket)); /* CBC */
    cr_expect(spoken(TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", &ticket));
}

Test(tls, plain_http_on_the_tls_port_gets_nothing)
{
    cr_expect_eq(live_talk(&l, STR("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"), answer, sizeof(answer)), 0, "%s", answer);
    cr_expect_eq(l.arrived, 0);
}
