/* SPDX-License-Identifier: MIT */
#include "fetch/fetch_address.h"
#include "fetch/fetch_share.h"
#include "fetch/fetch.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <criterion/criterion.h>
#include <string.h>

static bool open_to(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return fetch_address_public((const struct sockaddr *)&v4);
    cr_assert(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1, "%s", text);
    return fetch_address_public((const struct sockaddr *)&v6);
}

Test(fetch_address, internal_addresses_are_not_public)
{
    static const char *const closed[] = {
        "0.0.0.0",          "0.1.2.3",        "10.0.0.1",       "10.255.255.255", "100.64.0.1",      "100.127.255.255", "127.0.0.1",    "127.255.0.9",
        "169.254.169.254",  "172.16.0.1",     "172.31.255.255", "192.0.0.8",      "192.0.2.1",       "192.168.1.1",     "198.18.0.1",   "198.19.255.255",
        "198.51.100.7",     "203.0.113.9",    "224.0.0.1",      "239.1.1.1",      "240.0.0.1",       "255.255.255.255", "::",           "::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",    "fc00::1",        "fd12::1",         "fe80::1",         "fec0::1",      "ff02::1",
        "2001:db8::1",      "2001::1",        "2002:7f00:1::",  "3fff::1",        "64:ff9b::7f00:1", "64:ff9b::a00:1",  "64:ff9b:1::1", "100::1",
        "4000::1",
    };
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        cr_expect_not(open_to(closed[i]), "%s", closed[i]);
}

Test(fetch_address, ordinary_addresses_are_public)
{
    static const char *const open[] = {"1.1.1.1",    "8.8.8.8",   "9.255.255.255", "11.0.0.1",     "100.63.255.255",   "100.128.0.1",
                                       "126.1.1.1",  "128.0.0.1", "172.15.0.1",    "172.32.0.1",   "192.167.1.1",      "198.17.1.1",
                                       "198.20.1.1", "223.1.1.1", "2606:4700::1",  "2a00:1450::1", "64:ff9b::808:808", "2001:200::1"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        cr_expect(open_to(open[i]), "%s", open[i]);
    struct sockaddr other = {.sa_family = AF_UNIX};
    cr_expect_not(fetch_address_public(&other));
}

static bool named(const char *list, const char *text)
{
    struct url u;
    cr_assert(!FAILED(url_parse(str_of(text), &u)));
    return fetch_address_named(str_of(list), &u);
}

Test(fetch_address, a_list_names_hosts_with_or_without_port)
{
    cr_expect(named("localhost", "https://localhost:9443/jwks"));
    cr_expect(named("a.example localhost:9443", "https://LOCALHOST:9443/jwks"));
    cr_expect(named("a.example:443", "https://a.example/jwks"));
    cr_expect(named("[::1]:8443", "https://[::1]:8443/"));
    cr_expect_not(named("localhost:9443", "https://localhost:9444/jwks"));
    cr_expect_not(named("localhost:9443", "https://localhost/jwks"));
    cr_expect_not(named("local", "https://localhost/jwks"));
    cr_expect_not(named("localhost.example", "https://localhost/jwks"));
    cr_expect_not(named("", "https://localhost/jwks"));
    cr_expect_not(fetch_address_named(STR_ABSENT, &(struct url){.scheme = STR("https"), .host = STR("a.example")}));
}

static bool port_listed(const char *list, const char *address)
{
    struct url u;
    cr_assert(!FAILED(url_parse(str_of(address), &u)));
    return fetch_address_port_listed(str_of(list), &u);
}

Test(fetch, a_port_is_one_of_the_list)
{
    cr_expect(port_listed("443", "https://a.example/"));
    cr_expect(port_listed("443", "https://a.example:443/"));
    cr_expect(port_listed("443  8443", "https://[2001:db8::1]:8443/"));
    cr_expect(port_listed("any", "https://a.example:1/"));
    cr_expect_not(port_listed("443", "https://a.example:8443/"));
    cr_expect_not(port_listed("8443", "https://a.example/"));
    cr_expect_not(port_listed("443", "https://a.example:44/"));
    cr_expect_not(port_listed("443", "https://a.example:4430/"));
    cr_expect_not(port_listed("", "https://a.example/"));
}

Test(fetch, the_server_calls_no_port_that_is_not_due)
{
    struct arena *a = arena_new(1 << 20);
    struct fetch_manners manners = {.seconds = 2, .internal = STR("127.0.0.1"), .ports = STR("443 9")};
    struct fetch_request request = {.url = STR("https://127.0.0.1:10/")};
    struct fetch_answer answer;
    const char *trouble = NULL;
    cr_expect(fetch_call(a, &manners, &request, &answer, &trouble).kind == ERR_INVALID_REQUEST);
    cr_expect_not_null(strstr(trouble, "outgoing_ports"));
    request.url = STR("https://127.0.0.1:9/");
    cr_expect(fetch_call(a, &manners, &request, &answer, &trouble).kind == ERR_UNAVAILABLE, "%s", trouble);
    manners.ports = STR("any");
    request.url = STR("https://127.0.0.1:10/");
    cr_expect(fetch_call(a, &manners, &request, &answer, &trouble).kind == ERR_UNAVAILABLE, "%s", trouble);
    arena_release(a);
}

Test(fetch, the_server_calls_no_plain_and_no_internal_address)
{
    struct arena *a = arena_new(1 << 20);
    struct fetch_manners manners = {.seconds = 2};
    static const char *const addresses[] = {
        "http://127.0.0.1:9/",           "https://127.0.0.1:9/", "https://localhost:9/",          "https://[::1]:9/", "file:///etc/passwd", "ftp://127.0.0.1/",
        "https://[::ffff:127.0.0.1]:9/", "https://0.0.0.0:9/",   "https://169.254.169.254/latest"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct fetch_request request = {.url = str_of(addresses[i])};
        struct fetch_answer answer;
        const char *trouble = NULL;
        err e = fetch_call(a, &manners, &request, &answer, &trouble);
        cr_expect(e.kind == ERR_INVALID_REQUEST, "%s: %s", addresses[i], trouble);
        cr_expect_not_null(trouble);
    }
    arena_release(a);
}

Test(fetch, a_host_that_an_administrator_named_is_tried)
{
    struct arena *a = arena_new(1 << 20);
    struct fetch_manners manners = {.seconds = 2, .internal = STR("127.0.0.1:9")};
    str body;
    cr_expect(fetch_document(a, &manners, STR("https://127.0.0.1:9/"), STR_ABSENT, &body).kind == ERR_UNAVAILABLE);
    cr_expect(fetch_document(a, &manners, STR("https://127.0.0.1:10/"), STR_ABSENT, &body).kind == ERR_INVALID_REQUEST);
    arena_release(a);
}

/* A server that takes connections and never says a word. */
static int silent_server(str *url, str *internal, struct arena *a)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof place;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&place, sizeof place) == 0 && listen(fd, 64) == 0);
    cr_assert(getsockname(fd, (struct sockaddr *)&place, &n) == 0);
    *url = str_format(a, "https://127.0.0.1:%d/", ntohs(place.sin_port));
    *internal = str_format(a, "127.0.0.1:%d", ntohs(place.sin_port));
    return fd;
}

struct caller {
    pthread_t thread;
    str url, internal, name;
};

static struct fetch_manners manners_of(const struct caller *c, int64_t seconds)
{
    return (struct fetch_manners){.seconds = seconds, .internal = c->internal, .caller = c->name};
}

static void *call_it(void *context)
{
    const struct caller *c = context;
    struct arena *a = arena_new(1 << 20);
    struct fetch_manners manners = manners_of(c, 3);
    str body;
    cr_expect(fetch_document(a, &manners, c->url, STR_ABSENT, &body).kind == ERR_UNAVAILABLE);
    arena_release(a);
    return NULL;
}

static err try_it(struct arena *a, const struct caller *c)
{
    struct fetch_manners manners = manners_of(c, 1);
    str body;
    return fetch_document(a, &manners, c->url, STR_ABSENT, &body);
}

/* Callers of six silent hosts, each with all that they can get; whoever comes then, for another host, has a slot. */
Test(fetch, RL_06_six_silent_hosts_hold_their_shares_and_no_more)
{
    enum { HOSTS = 6, HELD = HOSTS * FETCH_PER_CALLER };
    struct arena *a = arena_new(1 << 20);
    struct caller callers[HELD], other = {.name = STR("other")};
    int fds[HOSTS], accepted[HELD];
    fetch_share_forget_all();
    for (int i = 0; i < HELD; i++) {
        struct caller *c = &callers[i];
        *c = callers[i - i % FETCH_PER_CALLER];
        if (i % FETCH_PER_CALLER == 0) {
            fds[i / FETCH_PER_CALLER] = silent_server(&c->url, &c->internal, a);
            c->name = str_format(a, "client-%d", i);
        }
        cr_assert(pthread_create(&c->thread, NULL, call_it, c) == 0);
        accepted[i] = accept(fds[i / FETCH_PER_CALLER], NULL, NULL); /* so it is under way */
    }
    cr_expect(try_it(a, &callers[0]).kind == ERR_THROTTLED); /* this caller's share */
    int fd = silent_server(&other.url, &other.internal, a);
    cr_expect(try_it(a, &other).kind == ERR_UNAVAILABLE); /* had a slot: it is the host that does not answer */
    for (int i = 0; i < HELD; i++)
        cr_assert(close(accepted[i]) == 0 && pthread_join(callers[i].thread, NULL) == 0);
    struct caller late = callers[0];
    late.name = STR("another");
    cr_expect(try_it(a, &late).kind == ERR_UNAVAILABLE); /* room again */
    for (int i = 0; i < HOSTS; i++)
        (void)close(fds[i]);
    (void)close(fd);
    arena_release(a);
}

Test(fetch, RL_06_a_host_has_its_share_whoever_calls_it)
{
    struct arena *a = arena_new(1 << 20);
    struct caller callers[FETCH_PER_HOST], other = {.name = STR("other")};
    int accepted[FETCH_PER_HOST], fd = silent_server(&other.url, &other.internal, a);
    fetch_share_forget_all();
    for (int i = 0; i < FETCH_PER_HOST; i++) {
        callers[i] = (struct caller){.url = other.url, .internal = other.internal, .name = str_format(a, "client-%d", i)};
        cr_assert(pthread_create(&callers[i].thread, NULL, call_it, &callers[i]) == 0);
        accepted[i] = accept(fd, NULL, NULL);
    }
    cr_expect(try_it(a, &other).kind == ERR_THROTTLED);
    for (int i = 0; i < FETCH_PER_HOST; i++)
        cr_assert(close(accepted[i]) == 0 && pthread_join(callers[i].thread, NULL) == 0);
    (void)close(fd);
    arena_release(a);
}

Test(fetch, RL_06_who_hangs_is_benched_for_the_caller_and_for_nobody_else)
{
    struct arena *a = arena_new(1 << 20);
    struct caller one = {.name = STR("one")}, two;
    int fd = silent_server(&one.url, &one.internal, a);
    fetch_share_forget_all();
    two = one;
    two.name = STR("two");
    cr_expect(try_it(a, &one).kind == ERR_UNAVAILABLE);
    cr_expect(try_it(a, &one).kind == ERR_UNAVAILABLE); /* once may happen */
    cr_expect(try_it(a, &one).kind == ERR_THROTTLED);
    cr_expect(try_it(a, &two).kind == ERR_UNAVAILABLE);
    struct fetch_manners outbox = manners_of(&one, 1);
    outbox.apart = true;
    str body;
    cr_expect(fetch_document(a, &outbox, one.url, STR_ABSENT, &body).kind == ERR_THROTTLED); /* its one thread is not held up again */
    (void)close(fd);
    arena_release(a);
}

Test(fetch, RL_06_pauses_grow_and_one_success_ends_them)
{
    const struct fetch_place place = {STR("down.example:443"), STR("client")}, other = {STR("down.example:443"), STR("other")};
    fetch_share_forget_all();
    for (int i = 0; i < 5; i++)
        fetch_share_note(&place, FETCH_FAILED); /* at once, and so at nobody's cost */
    fetch_share_note(&place, FETCH_HUNG);
    cr_expect_not(fetch_share_benched(&place));
    fetch_share_note(&place, FETCH_HUNG); /* the second in a row */
    cr_expect(fetch_share_benched(&place));
    cr_expect_not(fetch_share_benched(&other));
    fetch_share_note(&place, FETCH_ENDED_WELL);
    cr_expect_not(fetch_share_benched(&place));
    fetch_share_note(&place, FETCH_HUNG);
    cr_expect_not(fetch_share_benched(&place));
}

Test(fetch, RL_06_the_bench_is_bounded)
{
    struct arena *a = arena_new(1 << 20);
    fetch_share_forget_all();
    for (int i = 0; i < 2 * FETCH_BENCH_ROWS; i++) {
        const struct fetch_place place = {str_format(a, "h%d.example:443", i), STR("client")};
        fetch_share_note(&place, FETCH_HUNG);
        fetch_share_note(&place, FETCH_HUNG);
        cr_expect(fetch_share_benched(&place));
    }
    arena_release(a);
}
