/* SPDX-License-Identifier: MIT
 * standin: a server of the test's own on a loopback socket: answers by path what it was told to, right or wrong, and keeps what it was asked. Plain HTTP,
 * which the client's side takes from loopback alone. */
#ifndef JETON_TEST_STANDIN_H
#define JETON_TEST_STANDIN_H
#include "cli/client/token_flow.h"
#include "fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STANDIN_ROWS = 16, STANDIN_SEEN = 32, STANDIN_REQUEST = 32768 };

struct standin_row {
    const char *path;
    int status;       /* 0: the connection is closed without a word */
    const char *more; /* header lines, each with \r\n; NULL: none but the usual */
    str body;
    size_t times; /* how often, then the next row of this path; 0: always */
};
struct standin {
    struct arena *a;
    int listener;
    str url; /* http://127.0.0.1:PORT */
    struct standin_row rows[STANDIN_ROWS];
    size_t count, seen;
    str heads[STANDIN_SEEN], bodies[STANDIN_SEEN];
    size_t used[STANDIN_ROWS];
    pthread_t thread;
};

static inline void standin_release(void *own)
{
    arena_release(own);
}
/* The port is known from now on; rows may be added until standin_begin. */
static inline struct standin *standin_new(struct arena *a)
{
    struct standin *s = ARENA_NEW(a, struct standin);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    s->a = arena_new(8 << 20); /* its thread's own */
    cr_assert(s->a != NULL && !FAILED(arena_on_release(a, standin_release, s->a)));
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(s->listener, (struct sockaddr *)&at, size) == 0 && listen(s->listener, 16) == 0 &&
              getsockname(s->listener, (struct sockaddr *)&at, &size) == 0);
    s->url = str_format(a, "http://127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    return s;
}
static inline void standin_add(struct standin *s, struct standin_row row)
{
    cr_assert(s->count < STANDIN_ROWS);
    s->rows[s->count++] = row;
}
static inline str standin_read(struct standin *s, int fd, str *body)
{
    char *text = arena_take(s->a, STANDIN_REQUEST);
    size_t n = 0, length = 0, head = 0;
    while (text && (head == 0 || n < head + length)) {
        ssize_t got = recv(fd, text + n, STANDIN_REQUEST - 1 - n, 0);
        if (got <= 0)
            return STR_ABSENT;
        n += (size_t)got;
        text[n] = '\0';
        char *end = head == 0 ? strstr(text, "\r\n\r\n") : NULL, *header = strcasestr(text, "\r\nContent-Length:");
        if (end)
            head = (size_t)(end - text) + 4;
        if (head > 0 && header && header < text + head) {
            uint64_t value = 0;
            str digits = {header + 17, strcspn(header + 17, "\r")};
            length = FAILED(str_u64(str_trim(digits), STANDIN_REQUEST, &value)) ? 0 : (size_t)value;
        }
    }
    *body = (str){text + head, length};
    return (str){text, head};
}
static inline const struct standin_row *standin_find(struct standin *s, str head)
{
    size_t from = str_find(head, ' ') + 1;
    str rest = {head.p + from, head.n - from}, target = {rest.p, str_find(rest, ' ')};
    target.n = str_find(target, '?');
    for (size_t i = 0; i < s->count; i++) {
        if (str_is(target, s->rows[i].path) && (s->rows[i].times == 0 || s->used[i] < s->rows[i].times)) {
            s->used[i]++;
            return &s->rows[i];
        }
    }
    static const struct standin_row none = {.status = 404, .body = {"none", 4}};
    return &none;
}
static inline void standin_send(int fd, const char *text, size_t n)
{
    for (size_t sent = 0; sent < n;) {
        ssize_t put = send(fd, text + sent, n - sent, MSG_NOSIGNAL);
        if (put <= 0)
            return;
        sent += (size_t)put;
    }
}
static inline void *standin_serve(void *object)
{
    struct standin *s = object;
    for (;;) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        str body = STR_ABSENT, head = standin_read(s, fd, &body);
        if (str_filled(head)) {
            const struct standin_row *row = standin_find(s, head);
            if (s->seen < STANDIN_SEEN) {
                s->heads[s->seen] = head;
                s->bodies[s->seen++] = body;
            }
            str start = str_format(s->a, "HTTP/1.1 %d X\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n", row->status,
                                   row->more ? row->more : "Content-Type: application/json\r\n", row->body.n);
            if (row->status != 0) {
                standin_send(fd, start.p, start.n);
                standin_send(fd, row->body.p, row->body.n);
            }
        }
        close(fd);
    }
}
static inline void standin_begin(struct standin *s)
{
    cr_assert_eq(pthread_create(&s->thread, NULL, standin_serve, s), 0);
}
/* After this what was seen may be read. */
static inline void standin_end(struct standin *s)
{
    (void)shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static inline bool standin_has(str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}
static inline json *standin_object(struct arena *a, const char *text)
{
    json *j;
    cr_assert(!FAILED(json_parse(a, str_of(text), &j)), "%s", text);
    return j;
}
static int64_t standin_waits[8];
static size_t standin_waited;
static inline void standin_wait(int64_t seconds)
{
    standin_waits[standin_waited++ % 8] = seconds;
}
static char standin_shown[4096];
static inline void standin_show(str sentence)
{
    snprintf(standin_shown, sizeof standin_shown, "%.*s", STR_FMT(sentence));
}
/* A flow to this server, whose metadata is known: /token /par /device /ciba /userinfo /jwks /introspect /revoke /authorize. */
static inline struct token_flow standin_flow(struct standin *s, struct arena *a, const char *grant)
{
    struct token_flow f = {.client_id = STR("app"), .max_age = -1, .asked_age = -1, .show = standin_show, .wait = standin_wait};
    static const char *const endpoints[][2] = {{"token_endpoint", "/token"},
                                               {"pushed_authorization_request_endpoint", "/par"},
                                               {"device_authorization_endpoint", "/device"},
                                               {"backchannel_authentication_endpoint", "/ciba"},
                                               {"userinfo_endpoint", "/userinfo"},
                                               {"jwks_uri", "/jwks"},
                                               {"introspection_endpoint", "/introspect"},
                                               {"revocation_endpoint", "/revoke"},
                                               {"authorization_endpoint", "/authorize"}};
    f.server = (struct discover_facts){.issuer = s->url, .metadata = json_object_new(a)};
    json_put_text(a, f.server.metadata, "issuer", s->url);
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++)
        json_put_text(a, f.server.metadata, endpoints[i][0], str_format(a, "%.*s%s", STR_FMT(s->url), endpoints[i][1]));
    f.grant = token_flow_grant(str_of(grant));
    return f;
}
/* A token that the server signs; alg and kid come from the key. */
static inline str standin_sign(struct arena *a, const struct client_key *key, json *claims)
{
    str jwt = STR_ABSENT;
    struct client_key_words words = {.typ = "JWT", .claims = claims};
    cr_assert(!FAILED(client_key_sign(a, key, &words, &jwt)));
    return jwt;
}
static inline str standin_jwks(struct arena *a, const struct client_key *key)
{
    json *jwk, *set = json_object_new(a), *list = json_list_new(a);
    str text;
    cr_assert(!FAILED(client_key_public(a, key, &jwk)));
    json_put_text(a, jwk, "kid", key->kid);
    json_add(a, list, jwk);
    json_put(a, set, "keys", list);
    cr_assert(!FAILED(json_text(a, set, &text)));
    return text;
}
#endif
