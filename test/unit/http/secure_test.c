/* SPDX-License-Identifier: MIT
 * TL-01 live, with OpenSSL as the other side: what is offered, what is not. */
#include "crypto/cert.h"
#include "live.h"
#include "live_pair.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static struct live l;
static struct arena *a;
static char answer[4096];

static void begin(void)
{
    static struct listen_pair pair;
    struct cert_pem authority, server;
    a = arena_new(1 << 20);
    cr_assert_eq(cert_authority_make(a, clock_now(), 86400, &authority).kind, ERR_OK);
    cr_assert_eq(cert_server_make(a, &authority, STR("localhost 127.0.0.1"), clock_now(), 86400, &server).kind, ERR_OK);
    cr_assert_neq(signal(SIGPIPE, SIG_IGN), SIG_ERR); /* OpenSSL writes to peers that are gone */
    live_defaults(&l);
    pair = (struct listen_pair){server.certificate, server.key};
    l.options.pairs = (struct listen_pairs){&pair, 1};
    live_start(&l);
}

static void end(void)
{
    live_stop(&l);
    arena_release(a);
}

TestSuite(tls, .init = begin, .fini = end);

struct visit {
    int least, most;
    const char *ciphers, *signatures, *name; /* NULL: what OpenSSL does by itself */
    SSL_SESSION *session;                    /* what is shown, and what was given; NULL: none. The visitor's */
    bool reused;
    char subject[128]; /* of the certificate that was shown */
};

static void say(SSL *ssl, struct visit *v)
{
    static const char request[] = "POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=b";
    int n, total = 0;
    cr_assert_gt(SSL_write(ssl, request, sizeof(request) - 1), 0);
    while ((n = SSL_read(ssl, answer + total, (int)sizeof(answer) - 1 - total)) > 0)
        total += n;
    answer[total] = '\0';
    v->reused = SSL_session_reused(ssl) == 1;
    SSL_SESSION_free(v->session);
    v->session = SSL_get1_session(ssl);
    X509 *shown = SSL_get0_peer_certificate(ssl);
    cr_assert(shown != NULL && X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, v->subject, sizeof v->subject) >= 0);
    size_t n_subject = strlen(v->subject);
    (void)snprintf(v->subject + n_subject, sizeof v->subject - n_subject, " %s", OBJ_nid2sn(EVP_PKEY_get_base_id(X509_get0_pubkey(shown))));
}

/* One request over TLS; false when the handshake fails. */
static bool visits(struct visit *v)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    cr_assert(SSL_CTX_set_min_proto_version(context, v->least) && SSL_CTX_set_max_proto_version(context, v->most));
    cr_assert(v->ciphers == NULL || SSL_CTX_set_cipher_list(context, v->ciphers));
    cr_assert(v->signatures == NULL || SSL_CTX_set1_sigalgs_list(context, v->signatures));
    int fd = live_connect(&l);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    cr_assert(v->name == NULL || SSL_set_tlsext_host_name(ssl, v->name) == 1);
    cr_assert(v->session == NULL || SSL_set_session(ssl, v->session) == 1);
    bool good = SSL_connect(ssl) == 1;
    if (good)
        say(ssl, v);
    (void)SSL_shutdown(ssl); /* else the session counts as spoilt */
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    return good;
}

static bool spoken(int least, int most, const char *ciphers)
{
    struct visit v = {.least = least, .most = most, .ciphers = ciphers};
    bool good = visits(&v);
    SSL_SESSION_free(v.session);
    return good;
}

static bool resumable(const struct visit *v)
{
    return SSL_SESSION_is_resumable(v->session) && SSL_SESSION_has_ticket(v->session);
}

Test(tls, versions_1_2_and_1_3_answer_and_nothing_can_be_sent_early) /* TL-06 */
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct visit v = {.least = versions[i], .most = versions[i]};
        cr_expect(visits(&v));
        cr_expect(live_status(answer) == 200 && strstr(answer, "POST /a?#1:a=b") != NULL, "%s", answer);
        cr_expect_eq(SSL_SESSION_get_max_early_data(v.session), 0);
        SSL_SESSION_free(v.session);
    }
}

Test(tls, who_comes_back_with_a_ticket_resumes_until_certificates_change)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct visit v = {.least = versions[i], .most = versions[i], .name = i == 0 ? NULL : "localhost"};
        cr_expect(visits(&v) && !v.reused && resumable(&v));
        for (int again = 0; again < 3; again++)
            cr_expect(visits(&v) && v.reused && live_status(answer) == 200 && resumable(&v));
        cr_expect_leq(SSL_SESSION_get_ticket_lifetime_hint(v.session), 3600);
        cr_assert_eq(listen_certificates(l.listener, &l.options.pairs).kind, ERR_OK);
        cr_expect(visits(&v) && !v.reused && live_status(answer) == 200); /* the same certificates, but other keys of tickets */
        cr_expect(visits(&v) && v.reused);
        SSL_SESSION_free(v.session);
    }
}

Test(tls, who_is_asked_for_a_certificate_begins_anew_each_time)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    live_stop(&l);
    l.arrived = l.refused = l.gone = 0;
    l.options.ask_certificate = true;
    live_start(&l);
    for (size_t i = 0; i < 2; i++) {
        struct visit v = {.least = versions[i], .most = versions[i]};
        cr_expect(visits(&v) && !resumable(&v));
        cr_expect(visits(&v) && !v.reused && live_status(answer) == 200);
        SSL_SESSION_free(v.session);
    }
}

Test(tls, a_ticket_of_another_listener_opens_nothing)
{
    struct visit v = {.least = TLS1_3_VERSION, .most = TLS1_3_VERSION};
    cr_expect(visits(&v) && resumable(&v));
    live_stop(&l);
    l.arrived = l.refused = l.gone = 0;
    live_start(&l);
    cr_expect(visits(&v) && !v.reused && live_status(answer) == 200);
    SSL_SESSION_free(v.session);
}

static void show(const struct listen_pair *list, size_t count)
{
    err e = listen_certificates(l.listener, &(struct listen_pairs){list, count});
    cr_assert_eq(e.kind, ERR_OK, "%s", err_told(e));
}

static bool shown(const char *name, const char *signatures, const char *subject)
{
    bool good = true;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct visit v = {.least = version, .most = version, .name = name, .signatures = signatures};
        good = visits(&v) && strcmp(v.subject, subject) == 0 && live_status(answer) == 200 && good;
        cr_expect_str_eq(v.subject, subject);
        SSL_SESSION_free(v.session);
    }
    return good;
}

#define EC_ONLY  "ECDSA+SHA256"
#define RSA_ONLY "rsa_pss_rsae_sha256:RSA+SHA256"

Test(tls, chains_of_two_kinds_stand_side_by_side)
{
    const struct listen_pair both[] = {live_pair(a, "RSA", "DNS:one.example"), live_pair(a, "EC", "DNS:one.example")};
    show(both, 2);
    cr_expect(shown("one.example", EC_ONLY, "DNS:one.example id-ecPublicKey") && shown("one.example", RSA_ONLY, "DNS:one.example rsaEncryption"));
    cr_expect(shown("one.example", NULL, "DNS:one.example id-ecPublicKey")); /* the cheaper one where the client knows both */
    cr_expect(shown(NULL, RSA_ONLY, "DNS:one.example rsaEncryption") && shown("other.example", EC_ONLY, "DNS:one.example id-ecPublicKey"));
    show(both, 1);
    struct visit v = {.least = TLS1_3_VERSION, .most = TLS1_3_VERSION, .signatures = EC_ONLY};
    cr_expect_not(visits(&v));
}

Test(tls, the_name_that_is_asked_for_chooses_the_chain)
{
    const struct listen_pair list[] = {live_pair(a, "EC", "DNS:first.example"), live_pair(a, "EC", "DNS:*.wild.example,DNS:wild.example"),
                                       live_pair(a, "EC", "DNS:own.wild.example"), live_pair(a, "RSA", "DNS:*.wild.example,DNS:wild.example")};
    show(list, 4);
    cr_expect(shown("first.example", NULL, "DNS:first.example id-ecPublicKey") && shown("FIRST.example", NULL, "DNS:first.example id-ecPublicKey"));
    cr_expect(shown("any.wild.example", NULL, "DNS:*.wild.example,DNS:wild.example id-ecPublicKey"));
    cr_expect(shown("any.wild.example", RSA_ONLY, "DNS:*.wild.example,DNS:wild.example rsaEncryption"));
    cr_expect(shown("own.wild.example", NULL, "DNS:own.wild.example id-ecPublicKey"));                   /* before the star */
    cr_expect(shown("own.wild.example", RSA_ONLY, "DNS:*.wild.example,DNS:wild.example rsaEncryption")); /* which stands beside it */
    cr_expect(shown("a.b.wild.example", NULL, "DNS:first.example id-ecPublicKey") && shown("unknown.example", NULL, "DNS:first.example id-ecPublicKey"));
    cr_expect(shown(NULL, NULL, "DNS:first.example id-ecPublicKey"));
}

Test(tls, a_session_is_resumed_under_its_own_name_alone) /* RFC 6066 3 */
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const char *const others[] = {"two.example", "unknown.example", NULL};
    const struct listen_pair list[] = {live_pair(a, "EC", "DNS:one.example"), live_pair(a, "EC", "DNS:two.example")};
    show(list, 2);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++) {
            struct visit v = {.least = versions[i], .most = versions[i], .name = "one.example"};
            cr_expect(visits(&v) && resumable(&v) && visits(&v) && v.reused);
            v.name = others[j];
            cr_expect(visits(&v) && !v.reused && live_status(answer) == 200, "%zu %s", i, others[j]);
            cr_expect(visits(&v) && v.reused); /* with what it was given under that name */
            SSL_SESSION_free(v.session);
        }
}

Test(tls, chains_that_would_never_be_shown_are_refused_and_nothing_changes) /* TL-05 */
{
    const struct listen_pair one = live_pair(a, "EC", "DNS:one.example,DNS:two.example"), hidden = live_pair(a, "EC", "DNS:two.example"),
                             wider = live_pair(a, "EC", "DNS:*.example");
    struct listen_pair many[LISTEN_PAIRS_MAX + 1];
    cr_expect_eq(listen_certificates(l.listener, &(struct listen_pairs){(const struct listen_pair[]){one, hidden}, 2}).kind, ERR_INVALID_REQUEST);
    cr_expect_eq(listen_certificates(l.listener, &(struct listen_pairs){&one, 0}).kind, ERR_INVALID_REQUEST);
    for (size_t i = 0; i <= LISTEN_PAIRS_MAX; i++)
        many[i] = one;
    cr_expect_eq(listen_certificates(l.listener, &(struct listen_pairs){many, LISTEN_PAIRS_MAX + 1}).kind, ERR_INVALID_REQUEST);
    cr_expect(spoken(TLS1_3_VERSION, TLS1_3_VERSION, NULL));
    show((const struct listen_pair[]){wider, hidden}, 2); /* a name goes before a star: both are shown */
    cr_expect(shown("two.example", NULL, "DNS:two.example id-ecPublicKey") && shown("one.example", NULL, "DNS:*.example id-ecPublicKey"));
}

Test(tls, older_versions_and_weaker_suites_are_refused)
{
    cr_expect_not(spoken(TLS1_VERSION, TLS1_1_VERSION, NULL));
    cr_expect_not(spoken(TLS1_2_VERSION, TLS1_2_VERSION, "AES128-GCM-SHA256"));                                /* no forward secrecy */
    cr_expect_not(spoken(TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA")); /* CBC */
    cr_expect(spoken(TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"));
}

Test(tls, plain_http_on_the_tls_port_gets_nothing)
{
    cr_expect_eq(live_talk(&l, STR("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"), answer, sizeof(answer)), 0, "%s", answer);
    cr_expect_eq(l.arrived, 0);
}
