/* SPDX-License-Identifier: MIT
 * loopback: one answer of one path from this machine; nobody holds it up. */
#include "cli/client/loopback.h"
#include "base/clock.h"
#include "standin.h"
#include <poll.h>

static struct arena *a;
static const char *trouble;
static void begin(void)
{
    a = fixture_arena();
    trouble = NULL;
}
TestSuite(loopback, .init = begin, .timeout = 60);

static void ask(uint16_t port, const char *request)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char answer[1024];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && write(fd, request, strlen(request)) > 0) {
        while (read(fd, answer, sizeof answer) > 0)
            continue;
    }
    close(fd);
}
static void *browser(void *port)
{
    ask(*(uint16_t *)port, "GET /favicon.ico HTTP/1.1\r\n\r\n");
    ask(*(uint16_t *)port, "POST /callback?code=evil HTTP/1.1\r\n\r\n");
    ask(*(uint16_t *)port, "GET /callback?code=C&state=S HTTP/1.1\r\nHost: x\r\n\r\n");
    return NULL;
}
Test(loopback, the_loopback_takes_one_get_of_its_path, .timeout = 20)
{
    struct loopback l = {0};
    pthread_t thread;
    str query;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    cr_assert_neq(l.port, 0);
    cr_assert_eq(pthread_create(&thread, NULL, browser, &l.port), 0);
    cr_assert(!FAILED(loopback_wait(a, &l, STR("/callback"), 10, &query)));
    cr_assert(str_is(query, "code=C&state=S"));
    pthread_join(thread, NULL);
    loopback_close(&l);
}
static void *poster(void *port)
{
    ask(*(uint16_t *)port, "POST /other HTTP/1.1\r\nContent-Length: 6\r\n\r\ncode=X");
    ask(*(uint16_t *)port, "POST /callback HTTP/1.1\r\nContent-Length: 999999\r\n\r\ncode=Y");
    ask(*(uint16_t *)port, "POST /callback HTTP/1.1\r\ncontent-length: 14\r\nHost: x\r\n\r\ncode=C&state=S");
    return NULL;
}
Test(loopback, the_loopback_takes_a_form_when_one_was_asked_for, .timeout = 20)
{
    struct loopback l = {.posts = true};
    pthread_t thread;
    str query;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    cr_assert_eq(pthread_create(&thread, NULL, poster, &l.port), 0);
    cr_assert(!FAILED(loopback_wait(a, &l, STR("/callback"), 10, &query)));
    cr_assert(str_is(query, "code=C&state=S"), "%.*s", STR_FMT(query));
    pthread_join(thread, NULL);
    loopback_close(&l);
}
Test(loopback, the_loopback_gives_up_at_its_deadline)
{
    struct loopback l;
    str query = STR_ABSENT;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    cr_assert(FAILED(loopback_wait(a, &l, STR("/"), 0, &query)));
    cr_assert(!str_present(query));
    loopback_close(&l);
}

static int knock(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}
/* A byte whenever 300 ms have gone by without being thrown out. */
static void *drip(void *object)
{
    int fd = *(int *)object;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (int i = 0; i < 40 && send(fd, "x", 1, MSG_NOSIGNAL) == 1; i++)
        if (poll(&p, 1, 300) != 0)
            break;
    return NULL;
}
Test(loopback, who_drips_does_not_hold_it_beyond_its_deadline, .timeout = 30)
{
    struct loopback l = {0};
    pthread_t thread;
    str query = STR_ABSENT;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &l)));
    int fd = knock(l.port);
    cr_assert_eq(pthread_create(&thread, NULL, drip, &fd), 0);
    int64_t before = clock_monotonic_us();
    cr_expect(FAILED(loopback_wait(a, &l, STR("/callback"), 1, &query)));
    cr_expect_lt(clock_monotonic_us() - before, 6000000, "it was to wait for a second; he drips for twelve");
    cr_expect(!str_present(query));
    pthread_join(thread, NULL);
    close(fd);
    loopback_close(&l);
}
Test(loopback, who_says_nothing_does_not_keep_the_browser_out, .timeout = 30)
{
    struct loopback l = {0};
    str query = STR_ABSENT;
    static const char request[] = "GET /callback?code=C HTTP/1.1\r\n\r\n";
    cr_assert(!FAILED(loopback_open(STR("localhost"), 0, &l)));
    int silent = knock(l.port), browser_fd = knock(l.port); /* in this order in its queue */
    cr_assert_eq(send(browser_fd, request, sizeof request - 1, 0), (ssize_t)sizeof request - 1);
    cr_expect(!FAILED(loopback_wait(a, &l, STR("/callback"), 20, &query)) && str_is(query, "code=C"));
    close(silent);
    close(browser_fd);
    loopback_close(&l);
}
Test(loopback, it_listens_on_loopback_alone_and_a_taken_port_is_told)
{
    struct loopback four = {0}, six = {0}, again = {.descriptor = -1};
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    cr_assert(!FAILED(loopback_open(STR("127.0.0.1"), 0, &four)));
    cr_assert_eq(getsockname(four.descriptor, (struct sockaddr *)&at, &size), 0);
    cr_expect_eq(((struct sockaddr_in *)&at)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    cr_expect(FAILED(loopback_open(STR("127.0.0.1"), four.port, &again)));
    if (!FAILED(loopback_open(STR("[::1]"), 0, &six))) { /* a machine may have no IPv6 */
        size = sizeof at;
        cr_assert_eq(getsockname(six.descriptor, (struct sockaddr *)&at, &size), 0);
        cr_expect(IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&at)->sin6_addr));
        loopback_close(&six);
    }
    loopback_close(&four);
    loopback_close(&four);
    cr_expect_eq(four.descriptor, -1, "closed twice is closed once");
}
