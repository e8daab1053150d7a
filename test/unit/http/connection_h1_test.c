/* SPDX-License-Identifier: MIT
 * connection_h1, live: one request after the other on one connection. */
#include "live.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/banned.h"

#define HOST_ "Host: localhost\r\n"
#define END_  "Connection: close\r\n\r\n"

static char answer[1 << 20];

static int status_of(const struct live *l, str bytes)
{
    live_talk(l, bytes, answer, sizeof(answer));
    return live_status(answer);
}

Test(connection_h1, pipelined_requests_are_answered_in_order)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    live_talk(&l,
              STR("GET /1 HTTP/1.1\r\n" HOST_ "\r\nPOST /2 HTTP/1.1\r\n" HOST_ "Content-Length: 3\r\n\r\na=b"
                  "GET /3 HTTP/1.1\r\n" HOST_ END_),
              answer, sizeof(answer));
    const char *one = strstr(answer, "GET /1?#0:"), *two = strstr(answer, "POST /2?#1:a=b"), *three = strstr(answer, "GET /3?#0:");
    cr_expect(one != NULL && one < two && two < three);
    live_stop(&l);
}

Test(connection_h1, a_head_in_single_bytes_is_the_same_head)
{
    static const char text[] = "GET /slow?x=1 HTTP/1.1\r\n" HOST_ "X: y\r\n" END_;
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        live_send(fd, (str){text + i, 1});
    live_read(fd, answer, sizeof(answer));
    close(fd);
    cr_expect_eq(live_status(answer), 200);
    live_stop(&l);
}

Test(connection_h1, large_heads_in_pieces_are_not_mistaken)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    for (int round = 0; round < 3; round++) {
        str s = live_stuffed("GET /a HTTP/1.1\r\nX: ", "a", 15000, "\r\n" HOST_ "\r\n");
        for (size_t i = 0; i < s.n; i += 1000)
            live_send(fd, (str){s.p + i, s.n - i < 1000 ? s.n - i : 1000});
    }
    live_send(fd, STR("GET /last HTTP/1.1\r\n" HOST_ END_));
    live_read(fd, answer, sizeof(answer));
    close(fd);
    cr_expect_eq(l.arrived, 4);
    cr_expect_eq(l.refused, 0);
    live_stop(&l);
}

Test(connection_h1, head_is_get_without_a_body)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, STR("HEAD /a HTTP/1.1\r\n" HOST_ END_)), 200);
    cr_expect(strstr(answer, "Content-Length: 11\r\n") != NULL, "%s", answer);
    cr_expect_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    cr_expect(strstr(answer, "Server:") == NULL);
    live_stop(&l);
}

Test(connection_h1, expect_is_answered_before_the_body_and_refused_without_it)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    int fd = live_connect(&l);
    live_send(fd, STR("POST /a HTTP/1.1\r\n" HOST_ "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    ssize_t n = recv(fd, answer, 25, MSG_WAITALL);
    cr_expect(n == 25 && memcmp(answer, "HTTP/1.1 100 Continue\r\n\r\n", 25) == 0);
    live_send(fd, STR("a=b"));
    live_read(fd, answer, sizeof(answer));
    close(fd);
    cr_expect_eq(live_status(answer), 200);
    cr_expect_eq(status_of(&l, STR("POST /a HTTP/1.1\r\n" HOST_ "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n")), 413);
    cr_expect_eq(status_of(&l, STR("POST /a HTTP/1.1\r\nHost: evil\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")), 421);
    live_stop(&l);
}

/* RFC 9110 10.1.1: who has sent the body already waits for no word. */
Test(connection_h1, nobody_who_sends_the_body_at_once_is_told_to_go_on)
{
    struct live l;
    live_defaults(&l);
    live_start(&l);
    cr_expect_eq(status_of(&l, STR("POST /a HTTP/1.1\r\n" HOST_ "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\na=b")), 200, "%s",
                 answer);
    cr_expect_eq(status_of(&l, STR("POST /a HTTP/1.0\r\n" HOST_ "Expect: 100-continue\r\nContent-Length: 3\r\n\r\na=b")), 200, "%s", answer);
    live_stop(&l);
}

/* 1. of the file's head: nothing is read as a request behind a message that was refused, or asked for with `close`. */
Test(connection_h1, IN_02_nothing_is_read_behind_the_last_message)
{
    static const struct {
        const char *bytes;
        int status;
    } cases[] = {
        {"GET /a HTTP/1.1\r\n" HOST_ END_ "GET /again HTTP/1.1\r\n" HOST_ END_, 200},
        {"GET /a HTTP/1.1\r\nHost: evil\r\n\r\nGET /again HTTP/1.1\r\n" HOST_ END_, 421},
        {"POST /a HTTP/1.1\r\n" HOST_ "Content-Length: 65537\r\n\r\nGET /again HTTP/1.1\r\n" HOST_ END_, 413},
        {"GET /a HTTP/1.0\r\n" HOST_ "\r\nGET /again HTTP/1.1\r\n" HOST_ END_, 200},
    };
    struct live l;
    live_defaults(&l);
    live_start(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(status_of(&l, str_of(cases[i].bytes)), cases[i].status, "%zu: %s", i, answer);
    cr_expect_eq(l.again, 0);
    live_stop(&l);
}

static struct exchange *_Atomic held;
static void hold(struct exchange *x, void *context)
{
    struct live *l = context;
    l->arrived++;
    held = x;
}

/* 1. of the file's head: while an answer is awaited the next request is not even looked at, so order needs no queue. */
Test(connection_h1, who_pipelines_waits_for_the_answer)
{
    struct live l;
    live_defaults(&l);
    l.options.arrive = hold;
    live_start(&l);
    int fd = live_connect(&l);
    live_send(fd, STR("GET /1 HTTP/1.1\r\n" HOST_ "\r\nGET /2 HTTP/1.1\r\n" HOST_ END_));
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(status_of(&l, STR("GET /a HTTP/1.1\r\nHost: evil\r\n\r\n")), 421); /* by then the one event thread has read all that came */
        cr_assert_eq(l.arrived, i + 1);
        struct exchange *x = held;
        cr_expect_eq(x->request.path.p[1], '1' + i);
        response_body(&x->response, 200, "text/plain", STR("now"));
        listen_answer(x);
        cr_assert_gt(recv(fd, answer, 1, 0), 0); /* it is on its way, and the next one is taken in the same turn */
    }
    cr_expect_gt(live_read(fd, answer, sizeof answer), 0u);
    close(fd);
    live_stop(&l);
}
