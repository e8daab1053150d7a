/* SPDX-License-Identifier: MIT
 * HTTP/2 live, frames written by hand: deadlines, answers from other threads, peers that leave, the end. test_h2.py has foreign clients. */
#include "crypto/cert.h"
#include "live.h"
#include "server/lane.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define PREFACE_ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" /* and empty SETTINGS */
/* :method, :scheme https, :path /a, :authority localhost, as RFC 7541 has them in its static table and literally */
#define GET_  "\x82\x87\x04\x02/a\x01\x09localhost"
#define POST_ "\x83\x87\x04\x02/a\x01\x09localhost"

static struct live l;
static struct arena *a;
static struct lane *lane;
static SSL_CTX *context;
static char heard[1 << 16];
static size_t heard_n;

static void begin(void)
{
    struct cert_pem authority, server;
    static const unsigned char protocols[] = "\2h2";
    a = arena_new(1 << 20);
    cr_assert_eq(cert_authority_make(a, clock_now(), 86400, &authority).kind, ERR_OK);
    cr_assert_eq(cert_server_make(a, &authority, STR("localhost 127.0.0.1"), clock_now(), 86400, &server).kind, ERR_OK);
    cr_assert_neq(signal(SIGPIPE, SIG_IGN), SIG_ERR); /* OpenSSL writes to peers that are gone */
    live_defaults(&l);
    l.options.certificate_pem = server.certificate;
    l.options.key_pem = server.key;
    l.options.idle_seconds = 1;
    context = SSL_CTX_new(TLS_client_method());
    cr_assert(context != NULL && SSL_CTX_set_alpn_protos(context, protocols, 3) == 0);
}

static void end(void)
{
    live_stop(&l);
    SSL_CTX_free(context);
    arena_release(a);
}

TestSuite(h2, .init = begin, .fini = end);

static SSL *greet(int *fd)
{
    const unsigned char *chosen;
    unsigned n;
    *fd = live_connect(&l);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, *fd);
    cr_assert_eq(SSL_connect(ssl), 1);
    SSL_get0_alpn_selected(ssl, &chosen, &n);
    cr_assert(n == 2 && memcmp(chosen, "h2", 2) == 0);
    cr_assert_gt(SSL_write(ssl, PREFACE_, sizeof PREFACE_ - 1), 0);
    heard_n = 0;
    return ssl;
}

static void part(SSL *ssl, int fd)
{
    SSL_free(ssl);
    close(fd);
}

static void frame(SSL *ssl, unsigned char type, unsigned char flags, unsigned char id, str payload)
{
    char bytes[256] = {0, (char)(payload.n >> 8), (char)payload.n, (char)type, (char)flags, 0, 0, 0, (char)id};
    cr_assert_leq(payload.n + 9, sizeof bytes);
    if (payload.n > 0)
        memcpy(bytes + 9, payload.p, payload.n);
    (void)SSL_write(ssl, bytes, (int)payload.n + 9); /* a peer that closed is no failure here */
}

/* Reads until `text` was heard, or the end. */
static bool hears(SSL *ssl, const char *text)
{
    while (memmem(heard, heard_n, text, strlen(text)) == NULL) {
        int n = SSL_read(ssl, heard + heard_n, (int)(sizeof heard - heard_n));
        if (n <= 0)
            return false;
        heard_n += (size_t)n;
    }
    return true;
}

static bool ends(SSL *ssl)
{
    return !hears(ssl, "\1never\2");
}

Test(h2, a_request_is_answered_and_the_next_too)
{
    int fd;
    live_start(&l);
    SSL *ssl = greet(&fd);
    frame(ssl, 1, 5, 1, STR(GET_));
    cr_expect(hears(ssl, "GET /a?#0:"));
    frame(ssl, 1, 4, 3, STR(POST_));
    frame(ssl, 0, 0, 3, STR("a="));
    frame(ssl, 0, 1, 3, STR("b"));
    cr_expect(hears(ssl, "POST /a?#1:a=b"));
    part(ssl, fd);
}

Test(h2, IN_10_silence_ends_a_connection)
{
    int fd;
    live_start(&l);
    SSL *ssl = greet(&fd);
    cr_expect(ends(ssl));
    part(ssl, fd);
}

/* Takes what is there; true at the end. */
static bool ended(SSL *ssl)
{
    char some[4096];
    int n = SSL_read(ssl, some, sizeof some);
    return n <= 0 && SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ;
}

/* A frame now and then is no silence; poll's waiting for the server's end is the clock here. */
static bool dripped_to_death(SSL *ssl, int fd, unsigned char type, unsigned char id, str drip)
{
    int64_t until = clock_monotonic_us() + 5000000;
    while (clock_monotonic_us() < until) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 200) == 1 && ended(ssl))
            return true;
        frame(ssl, type, 0, id, drip);
    }
    return false;
}

Test(h2, TE_11_a_dripping_body_ends)
{
    int fd;
    live_start(&l);
    SSL *ssl = greet(&fd);
    frame(ssl, 1, 4, 1, STR(POST_));
    SSL_set_mode(ssl, SSL_MODE_AUTO_RETRY);
    cr_expect(dripped_to_death(ssl, fd, 0, 1, STR("x")));
    cr_expect_eq(l.arrived, 0);
    part(ssl, fd);
}

Test(h2, IN_10_a_head_that_does_not_end_ends)
{
    int fd;
    live_start(&l);
    SSL *ssl = greet(&fd);
    frame(ssl, 1, 0, 1, STR(GET_));
    cr_expect(dripped_to_death(ssl, fd, 9, 1, STR("")));
    cr_expect_eq(l.arrived, 0);
    part(ssl, fd);
}

Test(h2, IN_10_who_does_not_read_its_answers_is_ended_whatever_else_it_says)
{
    int fd;
    live_start(&l);
    SSL *ssl = greet(&fd);
    frame(ssl, 4, 0, 0, STR("\0\4\0\0\0\0")); /* SETTINGS: no window for bodies */
    frame(ssl, 1, 5, 1, STR(GET_));
    cr_expect(dripped_to_death(ssl, fd, 6, 0, STR("12345678"))); /* PING */
    cr_expect_eq(l.arrived, 1);
    part(ssl, fd);
}

static void work(void *job)
{
    struct exchange *x = job;
    response_body(&x->response, 200, "text/plain", STR("from the lane"));
    listen_answer(x);
}

static void arrive(struct exchange *x, void *ignored)
{
    struct lane_job *job = ARENA_NEW(x->request.arena, struct lane_job);
    (void)ignored;
    l.arrived++;
    *job = (struct lane_job){work, x, NULL};
    cr_assert_eq(lane_submit(lane, job).kind, ERR_OK);
}

Test(h2, answers_from_a_lane_reach_their_streams_or_nobody)
{
    l.options.arrive = arrive;
    cr_assert_eq(lane_open("test", &(struct lane_size){2, 0, 1024}, &lane).kind, ERR_OK);
    live_start(&l);
    for (int round = 0; round < 50; round++) {
        int fd;
        SSL *ssl = greet(&fd);
        for (unsigned char id = 1; id < 20; id = (unsigned char)(id + 2))
            frame(ssl, 1, 5, id, STR(GET_));
        frame(ssl, 3, 0, 7, STR("\0\0\0\x08")); /* RST_STREAM, CANCEL */
        if (round % 2 == 0)
            cr_expect(hears(ssl, "from the lane"));
        part(ssl, fd);
    }
    live_stop(&l); /* waits for what is owed */
    l.listener = NULL;
    lane_close(lane);
}

Test(h2, after_quiesce_the_peer_is_told_to_go)
{
    int fd;
    live_start(&l);
    SSL *ssl = greet(&fd);
    frame(ssl, 1, 5, 1, STR(GET_));
    cr_assert(hears(ssl, "GET /a?#0:"));
    listen_quiesce(l.listener);
    frame(ssl, 1, 5, 3, STR(GET_));
    cr_expect(ends(ssl)); /* answered, then the end */
    size_t seen = 0;
    for (size_t i = 0; i + 10 <= heard_n; i++)
        seen += memcmp(heard + i, "GET /a?#0:", 10) == 0;
    cr_expect_eq(seen, 2u);
    part(ssl, fd);
}
