/* SPDX-License-Identifier: MIT
 * far: another server, on a port of this machine and in this process, that does as the test says: over TLS, with a certificate of an authority of
 * its own, or plain. It takes one connection after the other, and has a head for what it was asked. */
#ifndef JETON_TEST_FAR_H
#define JETON_TEST_FAR_H
#include "crypto/cert.h"
#include "fetch/fetch.h"
#include "fetch/fetch_share.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FAR_ANSWER_MAX = 262144, FAR_HELD = 64 };
struct far {
    int fd, port;
    SSL_CTX *context; /* NULL: plain */
    pthread_t thread;
    pthread_mutex_t lock;
    char file[512]; /* its authority, PEM */
    char answer[FAR_ANSWER_MAX], asked_for[4096];
    _Atomic int asked; /* connections */
    _Atomic bool silent;
    int held[FAR_HELD];
};

/* What goes back to whoever asks from now on: a whole answer of HTTP. */
static inline void far_says(struct far *f, const char *answer)
{
    (void)pthread_mutex_lock(&f->lock);
    cr_assert(strlen(answer) < sizeof f->answer);
    (void)strcpy(f->answer, answer);
    (void)pthread_mutex_unlock(&f->lock);
}

/* 200 with these header lines, each with its \r\n, and this body. */
static inline void far_gives(struct far *f, const char *headers, const char *body)
{
    char text[FAR_ANSWER_MAX];
    cr_assert_lt(snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%sConnection: close\r\nContent-Length: %zu\r\n\r\n%s", headers, strlen(body), body),
                 (int)sizeof text);
    far_says(f, text);
}

/* What the last one asked for, head and body. */
static inline str far_asked_for(struct far *f, struct arena *a)
{
    (void)pthread_mutex_lock(&f->lock);
    str text = str_dup(a, str_of(f->asked_for));
    (void)pthread_mutex_unlock(&f->lock);
    return text;
}

static inline int far_read(int fd, SSL *ssl, char *to, int n)
{
    return ssl ? SSL_read(ssl, to, n) : (int)read(fd, to, (size_t)n);
}

static inline void far_serve_one(struct far *f, int fd)
{
    char in[sizeof f->asked_for] = "";
    SSL *ssl = f->context ? SSL_new(f->context) : NULL;
    if (ssl)
        SSL_set_fd(ssl, fd);
    if (!ssl || SSL_accept(ssl) == 1) {
        int n = 0, more;
        while (n < (int)sizeof in - 1 && strstr(in, "\r\n\r\n") == NULL && (more = far_read(fd, ssl, in + n, (int)sizeof in - 1 - n)) > 0)
            n += more;
        (void)pthread_mutex_lock(&f->lock);
        (void)strcpy(f->asked_for, in);
        if (n > 0 && ssl)
            (void)SSL_write(ssl, f->answer, (int)strlen(f->answer));
        else if (n > 0)
            (void)!write(fd, f->answer, strlen(f->answer));
        (void)pthread_mutex_unlock(&f->lock);
        if (ssl)
            (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    (void)close(fd);
}

static inline void *far_serve(void *context)
{
    struct far *f = context;
    for (int fd; (fd = accept(f->fd, NULL, NULL)) >= 0;) {
        int n = atomic_fetch_add(&f->asked, 1);
        if (atomic_load(&f->silent) && n < FAR_HELD)
            f->held[n] = fd; /* never a word */
        else
            far_serve_one(f, fd);
    }
    return NULL;
}

static inline void far_use(SSL_CTX *context, const struct cert_pem *pem)
{
    BIO *one = BIO_new_mem_buf(pem->certificate.p, (int)pem->certificate.n), *two = BIO_new_mem_buf(pem->key.p, (int)pem->key.n);
    X509 *x = PEM_read_bio_X509(one, NULL, NULL, NULL);
    EVP_PKEY *p = PEM_read_bio_PrivateKey(two, NULL, NULL, NULL);
    cr_assert(SSL_CTX_use_certificate(context, x) == 1 && SSL_CTX_use_PrivateKey(context, p) == 1);
    X509_free(x);
    EVP_PKEY_free(p);
    BIO_free(one);
    BIO_free(two);
}

/* names: what its certificate is for; NULL: plain. age: seconds that have passed since the certificate of a day began. */
static inline struct far *far_start(struct arena *a, const char *names, int64_t age)
{
    struct far *f = ARENA_NEW(a, struct far);
    struct cert_pem authority, server;
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof place;
    unix_time begun = (unix_time)time(NULL) - age;
    cr_assert(f != NULL && pthread_mutex_init(&f->lock, NULL) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    (void)snprintf(f->file, sizeof f->file, "%s/far.pem", fixture_directory());
    cr_assert(!FAILED(cert_authority_make(a, begun, 365 * 86400, &authority)));
    FILE *file = fopen(f->file, "we");
    cr_assert(file != NULL && fwrite(authority.certificate.p, 1, authority.certificate.n, file) == authority.certificate.n && fclose(file) == 0);
    if (names) {
        f->context = SSL_CTX_new(TLS_server_method());
        cr_assert(!FAILED(cert_server_make(a, &authority, str_of(names), begun, 86400, &server)));
        far_use(f->context, &server);
    }
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(f->fd, (struct sockaddr *)&place, sizeof place) == 0 && listen(f->fd, 64) == 0);
    cr_assert(getsockname(f->fd, (struct sockaddr *)&place, &n) == 0);
    f->port = ntohs(place.sin_port);
    far_gives(f, "", "{}");
    fetch_share_forget_all();
    cr_assert(pthread_create(&f->thread, NULL, far_serve, f) == 0);
    return f;
}

static inline void far_stop(struct far *f)
{
    (void)shutdown(f->fd, SHUT_RDWR);
    (void)pthread_join(f->thread, NULL);
    (void)close(f->fd);
    SSL_CTX_free(f->context);
}

static inline str far_url(const struct far *f, struct arena *a, const char *path)
{
    return str_format(a, "%s://127.0.0.1:%d%s", f->context ? "https" : "http", f->port, path);
}

/* Of a server whose administrator knows this one: its address, its authority; who hangs is given up after a second. */
static inline struct fetch_manners far_manners(const struct far *f, struct arena *a)
{
    return (struct fetch_manners){.internal = str_format(a, "127.0.0.1:%d", f->port), .authority = str_of(f->file), .seconds = 1};
}
#endif
