/* SPDX-License-Identifier: MIT
 * client_keys: a server of keys in this process that can be told to be silent, and what is served meanwhile. */
#include "clientauth/client_keys.h"
#include "far.h"
#include "stage.h"

#define KEYS                                                                                                                                    \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_" \
    "tue659LNpXW6pCyStikYjKIWI5a0\"}]}" /* RFC 7515 A.3 */

struct desk {
    struct scene s;
    struct far *far;
    struct client_keys_source source;
};

static void publish(struct desk *d, const char *kid)
{
    far_gives(d->far, "", str_format(d->s.a, KEYS, kid).p);
}

static struct desk desk_new(void)
{
    struct desk d = {.s = scene_new()};
    d.far = far_start(d.s.a, "localhost 127.0.0.1", 60);
    d.s.authority->policy.fetch = far_manners(d.far, d.s.a);
    d.source = (struct client_keys_source){STR("client"), STR_ABSENT, far_url(d.far, d.s.a, "/keys")};
    publish(&d, "k1");
    return d;
}

static int asked(const struct desk *d)
{
    return atomic_load(&d->far->asked);
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
    publish(&d, "k2"); /* rotated, and used at once */
    cr_assert(look(&d, "k2", &found) == ERR_OK && found);
    cr_expect_eq(asked(&d), 2);
    for (int i = 0; i < 3; i++)
        cr_expect(look(&d, "k3", &found) == ERR_OK && !found);
    cr_expect_eq(asked(&d), 3); /* seen to be missing: the pause */
    for (int i = 0; i < 50; i++) {
        char kid[32];
        (void)snprintf(kid, sizeof kid, "invented-%d", i);
        cr_expect(look(&d, kid, &found) == ERR_OK && !found);
    }
    cr_expect_leq(asked(&d), 5); /* a bucket of four */
    later(&d, 31);
    publish(&d, "k3");
    cr_expect(look(&d, "k3", &found) == ERR_OK && found); /* and after the pause it is looked for again */
    far_stop(d.far);
}

Test(client_keys, CA_11_stale_keys_serve_when_the_host_hangs_and_end_after_an_hour)
{
    struct desk d = desk_new();
    bool found;
    cr_assert(look(&d, "k1", &found) == ERR_OK && found);
    atomic_store(&d.far->silent, true);
    later(&d, 601);
    cr_expect(look(&d, "k1", &found) == ERR_OK && found); /* nothing came, and the old ones serve */
    later(&d, 31);
    cr_expect(look(&d, "k1", &found) == ERR_OK && found); /* the second time in a row */
    later(&d, 31);
    int before = asked(&d);
    cr_expect(look(&d, "k1", &found) == ERR_OK && found); /* and this one did not wait */
    cr_expect_eq(asked(&d), before);
    later(&d, 2940);
    cr_expect_eq(look(&d, "k1", &found), ERR_UNAVAILABLE); /* an hour is over; benched for longer by the real clock */
    later(&d, 1);
    atomic_store(&d.far->silent, false);
    fetch_share_forget_all();
    cr_expect(look(&d, "k1", &found) == ERR_OK && found);
    far_stop(d.far);
}

Test(client_keys, CA_11_a_host_that_answers_without_keys_ends_the_old_ones)
{
    struct desk d = desk_new();
    bool found;
    cr_assert(look(&d, "k1", &found) == ERR_OK && found);
    far_says(d.far, "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n{}");
    later(&d, 601);
    cr_expect_eq(look(&d, "k1", &found), ERR_INVALID_REQUEST);
    cr_expect_eq(look(&d, "k1", &found), ERR_INVALID_REQUEST); /* remembered */
    cr_expect_eq(asked(&d), 2);
    far_stop(d.far);
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
    atomic_store(&d.far->silent, true);
    later(&d, 601);
    cr_assert(pthread_create(&thread, NULL, look_apart, &first) == 0);
    while (asked(&d) < 2) /* it is under way */
        (void)usleep(1000);
    int64_t begun = clock_monotonic_us();
    cr_expect(look(&d, "k1", &found) == ERR_OK && found);
    cr_expect_lt(clock_monotonic_us() - begun, 500000);
    cr_assert(pthread_join(thread, NULL) == 0);
    cr_expect(first.kind == ERR_OK && first.found);
    far_stop(d.far);
}

static err look_again(struct context *ctx, void *context)
{
    const struct desk *d = context;
    struct jwt t = {.kid = STR("k1"), .alg_name = STR("ES256")};
    struct jwk_set *set = NULL;
    return client_keys_of(ctx, &d->source, &t, &set);
}

/* One request whose memory ends must not take the keys away from all others for half a minute. */
Test(client_keys, CA_11_memory_that_ends_is_no_verdict_about_a_host_and_is_not_remembered)
{
    struct desk d = desk_new();
    size_t n = 1;
    while (n < 500 && !scene_torture(&d.s, n, look_again, &d))
        n++;
    cr_expect(n > 1 && n < 500, "%zu", n);
    far_stop(d.far);
}
