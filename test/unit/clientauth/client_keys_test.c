/* SPDX-License-Identifier: MIT
 * client_keys: a server of keys in this process that can be told to be silent, and what is served meanwhile. */
#include "crypto/cert.h"
#include "fetch/fetch_share.h"
#include "clientauth/client_keys.h"
#include "stage.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEYS                                                                                                                                    \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_" \
    "tue659LNpXW6pCyStikYjKIWI5a0\"}]}" /* RFC 7515 A.3 */

static struct {
    int fd;
    SSL_CTX *context;
    pthread_t thread;
    _Atomic bool silent, broken;
    _Atomic int asked;
    char kid[16];
    int held[64];
} keys;

static void serve_one(int fd)
{
    char in[4096], out[1024];
    SSL *ssl = SSL_new(keys.context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, in, sizeof in) > 0) {
        int n = snprintf(out, sizeof out, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n" KEYS, atomic_load(&keys.broken) ? "500 No" : "200 OK", keys.kid);
        (void)SSL_write(ssl, out, n);
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    (void)close(fd);
}

static void *serve(void *context)
{
    (void)context;
    for (int fd; (fd = accept(keys.fd, NULL, NULL)) >= 0;) {
        int n = atomic_fetch_add(&keys.asked, 1);
        if (atomic_load(&keys.silent))
            keys.held[n % 64] = fd; /* never a word */
        else
            serve_one(fd);
    }
    return NULL;
}

static void use(SSL_CTX *context, str certificate, str key)
{
    BIO *one = BIO_new_mem_buf(certificate.p, (int)certificate.n), *two = BIO_new_mem_buf(key.p, (int)key.n);
    X509 *x = PEM_read_bio_X509(one, NULL, NULL, NULL);
    EVP_PKEY *p = PEM_read_bio_PrivateKey(two, NULL, NULL, NULL);
    cr_assert(SSL_CTX_use_certificate(context, x) == 1 && SSL_CTX_use_PrivateKey(context, p) == 1);
    X509_free(x);
    EVP_PKEY_free(p);
    BIO_free(one);
    BIO_free(two);
}

struct desk {
    struct scene s;
    struct client_keys_source source;
    char file[32];
};

static struct desk desk_new(void)
{
    struct desk d = {.s = scene_new(), .file = "/tmp/jeton-keys-XXXXXX"};
    struct cert_pem authority, server;
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof place;
    clock_set(0);
    cr_assert_eq(cert_authority_make(d.s.a, clock_now() - 60, 86400, &authority).kind, ERR_OK);
    cr_assert_eq(cert_server_make(d.s.a, &authority, STR("localhost 127.0.0.1"), clock_now() - 60, 86400, &server).kind, ERR_OK);
    clock_set(NOW);
    keys.context = SSL_CTX_new(TLS_server_method());
    use(keys.context, server.certificate, server.key);
    keys.fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(keys.fd, (struct sockaddr *)&place, sizeof place) == 0 && listen(keys.fd, 64) == 0);
    cr_assert(getsockname(keys.fd, (struct sockaddr *)&place, &n) == 0);
    int fd = mkstemp(d.file);
    cr_assert(write(fd, authority.certificate.p, authority.certificate.n) == (ssize_t)authority.certificate.n && close(fd) == 0);
    struct policy *policy = &d.s.authority->policy;
    policy->fetch =
        (struct fetch_manners){.internal = str_format(d.s.a, "127.0.0.1:%d", ntohs(place.sin_port)), .authority = str_dup(d.s.a, str_of(d.file)), .seconds = 1};
    d.source = (struct client_keys_source){STR("client"), STR_ABSENT, str_format(d.s.a, "https://127.0.0.1:%d/keys", ntohs(place.sin_port))};
    (void)strcpy(keys.kid, "k1");
    fetch_share_forget_all();
    cr_assert(pthread_create(&keys.thread, NULL, serve, NULL) == 0);
    return d;
}

static void desk_close(struct desk *d)
{
    (void)shutdown(keys.fd, SHUT_RDWR);
    (void)pthread_join(keys.thread, NULL);
    (void)close(keys.fd);
    (void)unlink(d->file);
}

/* What a token with this kid meets; *found: is there a key for it? */
static enum err_kind look(struct desk *d, const char *kid, bool *found)
{
    struct jwt t = {.kid = str_of(kid), .alg_name = STR("ES256")};
    struct jwk_set *set = NULL;
    err e = client_keys_of(d->s.ctx, &d->source, &t, &set);
    *found = !FAILED(e) && jwt_has_key(&t, set);
    return e.kind;
}

static void later(struct desk *d, int64_t seconds)
{
    clock_set(clock_now() + seconds);
    scene_next(&d->s);
}

Test(client_keys, CA_11_a_kid_never_seen_is_worth_one_fetch_at_once)
{
    struct desk d = desk_new();
    bool found;
    cr_assert(look(&d, "k1", &found) == ERR_OK && found);
    (void)strcpy(keys.kid, "k2"); /* rotated, and used at once */
    cr_assert(look(&d, "k2", &found) == ERR_OK && found);
    cr_expect_eq(atomic_load(&keys.asked), 2);
    for (int i = 0; i < 3; i++)
        cr_expect(look(&d, "k3", &found) == ERR_OK && !found);
    cr_expect_eq(atomic_load(&keys.asked), 3); /* seen to be missing: the pause */
    for (int i = 0; i < 50; i++) {
        char kid[32];
        (void)snprintf(kid, sizeof kid, "invented-%d", i);
        cr_expect(look(&d, kid, &found) == ERR_OK && !found);
    }
    cr_expect_leq(atomic_load(&keys.asked), 5); /* a bucket of four */
    later(&d, 31);
    (void)strcpy(keys.kid, "k3");
    cr_expect(look(&d, "k3", &found) == ERR_OK && found); /* and after the pause it is looked for again */
    desk_close(&d);
}

Test(client_keys, CA_11_stale_keys_serve_when_the_host_hangs_and_end_after_an_hour)
{
    struct desk d = desk_new();
    bool found;
    cr_assert(look(&d, "k1", &found) == ERR_OK && found);
    atomic_store(&keys.silent, true);
    later(&d, 601);
    cr_expect(look(&d, "k1", &found) == ERR_OK && found); /* nothing came, and the old ones serve */
    later(&d, 31);
    cr_expect(look(&d, "k1", &found) == ERR_OK && found); /* the second time in a row */
    later(&d, 31);
    int asked = atomic_load(&keys.asked);
    cr_expect(look(&d, "k1", &found) == ERR_OK && found); /* and this one did not wait */
    cr_expect_eq(atomic_load(&keys.asked), asked);
    later(&d, 2940);
    cr_expect_eq(look(&d, "k1", &found), ERR_UNAVAILABLE); /* an hour is over; benched for longer by the real clock */
    later(&d, 1);
    atomic_store(&keys.silent, false);
    fetch_share_forget_all();
    cr_expect(look(&d, "k1", &found) == ERR_OK && found);
    desk_close(&d);
}

Test(client_keys, CA_11_a_host_that_answers_without_keys_ends_the_old_ones)
{
    struct desk d = desk_new();
    bool found;
    cr_assert(look(&d, "k1", &found) == ERR_OK && found);
    atomic_store(&keys.broken, true);
    later(&d, 601);
    cr_expect_eq(look(&d, "k1", &found), ERR_INVALID_REQUEST);
    cr_expect_eq(look(&d, "k1", &found), ERR_INVALID_REQUEST); /* remembered */
    cr_expect_eq(atomic_load(&keys.asked), 2);
    desk_close(&d);
}

struct waiting {
    struct desk *d;
    enum err_kind kind;
    bool found;
};

static void *look_apart(void *context)
{
    struct waiting *w = context;
    struct context ctx = {0};
    struct arena *a = arena_new(1 << 20);
    struct desk own = *w->d;
    cr_assert(!FAILED(authority_enter(w->d->s.authority, a, &ctx)));
    own.s.ctx = &ctx;
    w->kind = look(&own, "k1", &w->found);
    authority_leave(&ctx);
    arena_release(a);
    return NULL;
}

Test(client_keys, RL_06_stale_keys_serve_while_a_fetch_is_under_way)
{
    struct desk d = desk_new();
    struct waiting first = {.d = &d};
    pthread_t thread;
    bool found;
    cr_assert(look(&d, "k1", &found) == ERR_OK && found);
    atomic_store(&keys.silent, true);
    later(&d, 601);
    cr_assert(pthread_create(&thread, NULL, look_apart, &first) == 0);
    while (atomic_load(&keys.asked) < 2) /* it is under way */
        (void)usleep(1000);
    int64_t begun = clock_monotonic_us();
    cr_expect(look(&d, "k1", &found) == ERR_OK && found);
    cr_expect_lt(clock_monotonic_us() - begun, 500000);
    cr_assert(pthread_join(thread, NULL) == 0);
    cr_expect(first.kind == ERR_OK && first.found);
    desk_close(&d);
}
