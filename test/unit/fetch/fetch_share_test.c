/* SPDX-License-Identifier: MIT
 * fetch_share: whoever hangs costs so much and no more, and nobody else pays for it. */
#include "far.h"
#include "people.h"

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
Test(fetch_share, RL_06_six_silent_hosts_hold_their_shares_and_no_more)
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

Test(fetch_share, RL_06_a_host_has_its_share_whoever_calls_it)
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

Test(fetch_share, RL_06_who_hangs_is_benched_for_the_caller_and_for_nobody_else)
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

Test(fetch_share, RL_06_pauses_grow_and_one_success_ends_them)
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

Test(fetch_share, RL_06_the_bench_is_bounded)
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

static enum err_kind begin_call(const char *host, const char *caller, size_t *slot)
{
    const struct fetch_place place = {str_of(host), str_of(caller)};
    const char *trouble = NULL;
    err e = fetch_share_begin(&place, 1, slot, &trouble);
    cr_expect(!FAILED(e) || trouble != NULL);
    return e.kind;
}

Test(fetch_share, RL_06_a_slot_is_had_until_it_is_given_back)
{
    size_t slots[FETCH_PER_CALLER], other;
    fetch_share_forget_all();
    for (int i = 0; i < FETCH_PER_CALLER; i++) {
        char host[32];
        (void)snprintf(host, sizeof host, "h%d.example:443", i);
        cr_expect_eq(begin_call(host, "one", &slots[i]), ERR_OK);
    }
    cr_expect_eq(begin_call("more.example:443", "one", &other), ERR_THROTTLED);
    cr_assert_eq(begin_call("more.example:443", "two", &other), ERR_OK);
    fetch_share_end(other, FETCH_ENDED_WELL);
    fetch_share_end(slots[1], FETCH_FAILED); /* however it ended */
    cr_assert_eq(begin_call("more.example:443", "one", &other), ERR_OK);
    fetch_share_end(other, FETCH_ENDED_WELL);
    fetch_share_end(slots[0], FETCH_ENDED_WELL);
    for (int i = 2; i < FETCH_PER_CALLER; i++)
        fetch_share_end(slots[i], FETCH_ENDED_WELL);
}

Test(fetch_share, RL_06_nobody_in_particular_has_the_share_of_the_host)
{
    size_t slots[FETCH_PER_HOST], other;
    fetch_share_forget_all();
    for (int i = 0; i < FETCH_PER_HOST; i++)
        cr_assert_eq(begin_call("h.example:443", "", &slots[i]), ERR_OK, "%d", i);
    cr_expect_eq(begin_call("h.example:443", "", &other), ERR_THROTTLED);
    cr_expect_eq(begin_call("h.example:443", "somebody", &other), ERR_THROTTLED);
    cr_assert_eq(begin_call("h.example:8443", "", &other), ERR_OK); /* another server */
    fetch_share_end(other, FETCH_ENDED_WELL);
    for (int i = 0; i < FETCH_PER_HOST; i++)
        fetch_share_end(slots[i], FETCH_ENDED_WELL);
}

Test(fetch_share, names_that_begin_alike_are_two_and_very_long_ones_are_cut)
{
    char one[FETCH_SHARE_NAME + 40], two[FETCH_SHARE_NAME + 40];
    memset(one, 'a', sizeof one);
    memset(two, 'a', sizeof two);
    one[sizeof one - 1] = two[sizeof two - 1] = '\0';
    two[FETCH_SHARE_NAME - 1] = 'b';
    const struct fetch_place first = {str_of(one), STR("c")}, second = {str_of(two), STR("c")}, shorter = {STR("a"), STR("c")};
    fetch_share_forget_all();
    fetch_share_note(&first, FETCH_HUNG);
    fetch_share_note(&first, FETCH_HUNG);
    cr_expect(fetch_share_benched(&first) && !fetch_share_benched(&second) && !fetch_share_benched(&shorter));
}
