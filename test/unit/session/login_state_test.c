/* SPDX-License-Identifier: MIT
 * Claims about logins with several steps: each transition of the machine, what an attempt costs however it ends, and that it ends once. */
#include "rules.h"
#include "crypto/password.h"
#include "fixture.h"
#include "session/login_state.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include "base/banned.h"

enum { NOW = 1700000000 };

struct scene {
    struct arena *a;
    struct authority *authority;
    struct context *ctx;
    struct db_user *ada;
    struct session browser;
};

static void must(err e)
{
    cr_assert(!FAILED(e), "%s", err_why(e));
}

static struct scene scene(void)
{
    struct scene s = {.a = fixture_arena()};
    clock_set(NOW);
    s.authority = fixture_authority(s.a);
    s.ada = fixture_user(s.authority, s.a, "ada");
    s.ctx = fixture_context(s.authority, s.a);
    must(session_find(s.ctx, STR_ABSENT, &s.browser));
    return s;
}

static void at(struct scene *s, unix_time t)
{
    clock_set(t);
    s->ctx->now = t;
}

static struct login_try try_of(struct scene *s, const char *with, const char *proof, str state)
{
    return (struct login_try){
        .username = STR("ada"), .proof = str_of(proof), .event = "login", .with = str_of(with), .state = state, .session = &s->browser, .rules = &rules_two};
}

static enum err_kind step(struct scene *s, const char *with, const char *proof, str state, struct login_result *out)
{
    struct login_try t = try_of(s, with, proof, state);
    return login_check(s->ctx, &t, out).kind;
}

static str waiting(struct scene *s)
{
    struct login_result r;
    cr_assert_eq(step(s, "password", FIXTURE_PASSWORD, STR_ABSENT, &r), ERR_OK);
    cr_assert_null(r.user);
    cr_assert(str_is(r.offers, "code"), "%.*s", STR_FMT(r.offers));
    return r.state;
}

static int64_t failures(struct scene *s, const char *key)
{
    bool allowed;
    struct db_throttle state;
    struct db_throttle_rule rule = s->authority->policy.account_rule;
    rule.free_tries = 1000;
    must(db_throttle_try(store_each(s->authority->store), str_of(key), &rule, &allowed, &state));
    must(db_throttle_return(store_each(s->authority->store), str_of(key)));
    return state.failures;
}

#define ACCOUNT "a:ada"
#define PLACE   "i:192.0.2.7"

Test(login_steps, one_step_that_is_enough_ends_the_login)
{
    struct scene s = scene();
    struct login_result r;
    cr_assert_eq(step(&s, "key", "signed", STR_ABSENT, &r), ERR_OK);
    cr_assert(r.user && r.user->number == s.ada->number && str_is(r.amr, "hwk mfa") && str_is(r.acr, ACR_PHISH));
    cr_assert(failures(&s, ACCOUNT) == 0 && failures(&s, PLACE) == 0);
}

Test(login_steps, a_first_step_that_is_not_enough_waits_and_the_next_ends_it)
{
    struct scene s = scene();
    struct login_result r;
    str state = waiting(&s);
    cr_assert(failures(&s, ACCOUNT) == 1 && failures(&s, PLACE) == 1, "what was begun is counted");
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_OK);
    cr_assert(r.user && r.user->number == s.ada->number && !str_present(r.state));
    cr_assert(str_is(r.amr, "pwd otp mfa") && str_is(r.acr, ACR_TWO));
    cr_assert(failures(&s, ACCOUNT) == 0 && failures(&s, PLACE) == 0, "both steps are given back");
}

Test(login_steps, a_wrong_second_step_is_counted_and_may_be_tried_again)
{
    struct scene s = scene();
    struct login_result r;
    str state = waiting(&s);
    cr_assert_eq(step(&s, "code", "654321", state, &r), ERR_INVALID_GRANT);
    cr_assert(r.user == NULL && failures(&s, ACCOUNT) == 2 && failures(&s, PLACE) == 2);
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_OK);
    cr_assert(failures(&s, ACCOUNT) == 0);
    cr_assert_eq(failures(&s, PLACE), 1, "the wrong one stays with the place");
}

Test(login_steps, guessing_at_the_second_step_is_slowed_like_any_other) /* RL-01 */
{
    struct scene s = scene();
    struct login_result r;
    str state = waiting(&s);
    for (int64_t i = 1; i < s.authority->policy.account_rule.free_tries; i++)
        cr_assert_eq(step(&s, "code", "654321", state, &r), ERR_INVALID_GRANT, "%lld", (long long)i);
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_THROTTLED);
    cr_assert(r.retry_after > 0 && r.user == NULL);
}

Test(login_steps, an_abandoned_login_stays_counted_and_ends_with_its_time)
{
    struct scene s = scene();
    struct login_result r;
    str state = waiting(&s);
    at(&s, NOW + LOGIN_STATE_SECONDS - 1);
    cr_assert_eq(step(&s, "code", "wrong", state, &r), ERR_INVALID_GRANT);
    at(&s, NOW + LOGIN_STATE_SECONDS);
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_STALE_FORM);
    cr_assert_eq(failures(&s, ACCOUNT), 2);
}

Test(login_steps, a_state_is_of_one_browser_and_of_our_own_making)
{
    struct scene s = scene(), other = s;
    struct login_result r;
    str state = waiting(&s);
    must(session_find(s.ctx, STR_ABSENT, &other.browser));
    cr_assert_eq(step(&other, "code", "123456", state, &r), ERR_STALE_FORM);
    char *forged = arena_take(s.a, state.n);
    for (size_t i = 0; i < state.n; i++)
        forged[i] = state.p[i];
    forged[20] = forged[20] == 'A' ? 'B' : 'A';
    const str wrong[] = {{forged, state.n}, {state.p, state.n - 1}, s.browser.cookie, STR("x")};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(step(&s, "code", "123456", wrong[i], &r), ERR_STALE_FORM, "%zu", i);
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_OK);
}

Test(login_steps, steps_stand_only_where_their_rows_allow)
{
    struct scene s = scene();
    struct login_result r;
    cr_assert_eq(step(&s, "code", "123456", STR_ABSENT, &r), ERR_INVALID_REQUEST, "a code alone begins no login");
    cr_assert_eq(step(&s, "nothing", "123456", STR_ABSENT, &r), ERR_INVALID_REQUEST);
    str state = waiting(&s);
    cr_assert_eq(step(&s, "password", FIXTURE_PASSWORD, state, &r), ERR_INVALID_REQUEST, "the same step twice is one factor");
    cr_assert_eq(step(&s, "key", "signed", state, &r), ERR_INVALID_REQUEST, "a row that only begins");
}

Test(login_steps, another_password_or_a_block_ends_what_was_proved)
{
    struct scene s = scene();
    struct login_result r;
    struct db_user *row;
    char hash[PASSWORD_HASH_MAX];
    str state = waiting(&s);
    must(db_user_by_number(store_each(s.authority->store), s.a, s.ada->number, &row));
    row->blocked = true;
    must(db_user_save(store_each(s.authority->store), s.a, row, NULL));
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_INVALID_GRANT);
    must(db_user_by_number(store_each(s.authority->store), s.a, s.ada->number, &row));
    row->blocked = false;
    must(db_user_save(store_each(s.authority->store), s.a, row, NULL));
    must(password_hash(STR("another password"), hash));
    at(&s, NOW + 1);
    must(db_user_set_password(store_each(s.authority->store), s.a, &(struct db_new_password){.user = s.ada->number, .hash = hash}));
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_STALE_FORM);
}

/* Whoever asks for a login that is no older than a minute does not get a code beside a password of this morning (AZ-12). */
Test(login_steps, a_login_says_whether_it_stands_on_the_session)
{
    struct scene s = scene();
    struct login_result r;
    cr_assert_eq(step(&s, "code", "123456", waiting(&s), &r), ERR_OK);
    cr_assert(r.user && !r.step_up, "both steps were made now");
    must(session_begin(s.ctx, s.ada, STR("pwd"), &s.browser));
    cr_assert_eq(step(&s, "code", "123456", STR_ABSENT, &r), ERR_OK);
    cr_assert(r.user && r.step_up);
    cr_assert_eq(step(&s, "code", "123456", waiting(&s), &r), ERR_OK);
    cr_assert(r.user && !r.step_up, "both again");
    must(session_begin(s.ctx, s.ada, STR("otp"), &s.browser));
    struct login_try t = try_of(&s, "code", "123456", STR_ABSENT);
    must(login_check(s.ctx, &t, &r));
    cr_assert(r.user == NULL && str_is(r.offers, "password"));
    t = try_of(&s, "password", FIXTURE_PASSWORD, r.state);
    must(login_check(s.ctx, &t, &r));
    cr_assert(r.user && r.step_up, "a state remembers what it stands on");
}

/* A password may be changed in the very second in which the old one was proved. */
Test(login_steps, another_password_in_the_same_second_ends_what_was_proved)
{
    struct scene s = scene();
    struct login_result r;
    char hash[PASSWORD_HASH_MAX];
    at(&s, NOW + 5);
    str state = waiting(&s);
    must(password_hash(STR("another password"), hash));
    must(db_user_set_password(store_each(s.authority->store), s.a, &(struct db_new_password){.user = s.ada->number, .hash = hash}));
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_STALE_FORM);
}

/* RL-01: who proves the first step elsewhere, or with a device of their own, gets back from a place what it counted, and no more: else one own
 * account would pay for guesses at all others. */
Test(login_steps, a_place_gives_back_what_it_counted_and_no_more)
{
    struct scene s = scene();
    struct login_result r;
    str device;
    must(session_device_make(s.ctx, s.ada, &device));
    for (int i = 0; i < 3; i++)
        must(db_throttle_try(store_each(s.authority->store), STR(PLACE), &s.authority->policy.address_rule, &(bool){false}, &(struct db_throttle){0}));
    s.ctx->address = STR("198.51.100.1");
    str state = waiting(&s);
    s.ctx->address = STR("192.0.2.7");
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_OK);
    cr_assert_eq(failures(&s, PLACE), 3, "from another place");
    s.ctx->device = device;
    state = waiting(&s);
    s.ctx->device = STR_ABSENT;
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_OK);
    cr_assert_eq(failures(&s, PLACE), 3, "from a known device");
    state = waiting(&s);
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_OK);
    cr_assert_eq(failures(&s, PLACE), 3, "both steps from there");
}

Test(login_steps, a_step_up_builds_on_the_session_and_begins_nothing_without_one)
{
    struct scene s = scene();
    struct login_result r;
    must(session_begin(s.ctx, s.ada, STR("pwd"), &s.browser));
    cr_assert(str_is(s.browser.row->amr, "pwd") && str_is(s.browser.row->acr, ACR_PASSWORD));
    cr_assert_eq(step(&s, "code", "654321", STR_ABSENT, &r), ERR_INVALID_GRANT);
    cr_assert_eq(step(&s, "code", "123456", STR_ABSENT, &r), ERR_OK);
    cr_assert(r.user && r.user->number == s.ada->number && str_is(r.amr, "pwd otp mfa"));
    at(&s, NOW + 100);
    must(session_stepped_up(s.ctx, r.amr, &s.browser));
    struct session found;
    must(session_find(s.ctx, s.browser.cookie, &found));
    cr_assert(str_is(found.row->amr, "pwd otp mfa"));
    cr_assert_eq(found.row->auth_time, NOW, "the password was given then"); /* AZ-12 */
    cr_assert_eq(step(&s, "code", "123456", STR_ABSENT, &r), ERR_OK);
    cr_assert(r.user && str_is(r.amr, "pwd otp mfa"), "each word once");
}

Test(login_steps, what_a_request_needs_is_asked_for_and_no_more)
{
    struct scene s = scene();
    struct login_result r;
    struct login_try t = try_of(&s, "password", FIXTURE_PASSWORD, STR_ABSENT);
    t.rules = &rules_one;
    must(login_check(s.ctx, &t, &r));
    cr_assert(r.user && str_is(r.acr, ACR_PASSWORD));
    t.wished = STR(ACR_TWO);
    must(login_check(s.ctx, &t, &r));
    cr_assert(r.user == NULL && str_filled(r.state));
    t.wished = STR("urn:unknown");
    must(login_check(s.ctx, &t, &r));
    cr_assert(r.user != NULL, "a wish that cannot come true stops nobody");
    t.essential = STR("urn:unknown");
    cr_assert_eq(login_check(s.ctx, &t, &r).kind, ERR_INVALID_GRANT);
    t.essential = STR_ABSENT;
    t.alone = true;
    t.rules = &rules_two;
    must(login_check(s.ctx, &t, &r));
    cr_assert(r.user != NULL, "a session stands behind a change of password");
}

/* ---- what the disk has, in a server, where one thread writes ---- */

static uint64_t commits(const struct store *store)
{
    struct store_counts counts;
    store_counts(store, &counts);
    return counts.commits;
}

/* RL-01, RL-03: an attempt that is not over yet, and has no event, is counted durably before the page asks for the next step. One that is settled waits
 * once for everything. */
Test(login_steps, what_was_counted_is_on_the_disk_before_anything_is_answered)
{
    struct scene s = scene();
    struct store *serving;
    struct login_result r;
    must(store_open(&(struct store_options){.directory = fixture_authority_directory(), .threads = true}, &serving));
    s.ctx->tx = store_each(serving);
    uint64_t before = commits(serving);
    str state = waiting(&s);
    cr_assert_eq(commits(serving), before + 1, "kept");
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_OK);
    cr_assert_not_null(r.user);
    cr_assert_eq(commits(serving), before + 2, "settled, with its event");
    cr_assert_eq(step(&s, "code", "wrong", waiting(&s), &r), ERR_INVALID_GRANT);
    cr_assert_geq(commits(serving), before + 4);
    s.ctx->tx = store_each(s.authority->store);
    store_close(serving);
}

/* ---- the race ---- */

struct racer {
    struct scene s; /* a context of its own */
    str state;
    pthread_barrier_t *start;
    struct login_result result;
    enum err_kind kind;
};

static void *race(void *context)
{
    struct racer *r = context;
    (void)pthread_barrier_wait(r->start);
    r->kind = step(&r->s, "code", "123456", r->state, &r->result);
    return NULL;
}

Test(login_steps, of_parallel_ends_of_one_login_one_settles)
{
    enum { RACERS = 4 };
    struct scene s = scene();
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    pthread_barrier_t start;
    size_t won = 0, lost = 0;
    str state = waiting(&s);
    pthread_barrier_init(&start, NULL, RACERS);
    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.s = s, .state = state, .start = &start};
        racers[i].s.a = arena_new(1 << 20);
        racers[i].s.ctx = fixture_context(s.authority, racers[i].s.a);
        cr_assert_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        won += racers[i].kind == ERR_OK && racers[i].result.user != NULL;
        lost += racers[i].kind == ERR_CONFLICT && racers[i].result.user == NULL;
        authority_leave(racers[i].s.ctx);
        arena_release(racers[i].s.a);
    }
    cr_assert_eq(won, 1);
    cr_assert_eq(lost, RACERS - 1);
    struct login_result r;
    cr_assert_eq(step(&s, "code", "123456", state, &r), ERR_CONFLICT, "a settled login is opened again");
}
