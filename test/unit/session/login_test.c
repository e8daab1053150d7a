/* SPDX-License-Identifier: MIT
 * Claims about logging in: right is right, all wrongs look alike, and guessing is slowed without locking the owner out. */
#include "session/login.h"
#include "crypto/password.h"
#include "fixture.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "base/banned.h"

enum { NOW = 1700000000 };

struct scene {
    struct arena *a;
    struct authority *authority;
    struct context *ctx;
    struct db_user *user;
};

static struct scene scene(void)
{
    struct scene s = {.a = fixture_arena()};
    clock_set(NOW);
    s.authority = fixture_authority(s.a);
    s.user = fixture_user(s.authority, s.a, "ada");
    s.ctx = fixture_context(s.authority, s.a);
    return s;
}

static void at(struct scene *s, unix_time t)
{
    clock_set(t);
    s->ctx->now = t;
}

static err attempt(struct scene *s, str name, str password, struct login_result *out)
{
    struct login_try try = {.username = name, .proof = password, .event = "login"};
    *out = (struct login_result){.user = NULL};
    err e = login_check(s->ctx, &try, out);
    cr_assert_eq(out->user == NULL, FAILED(e));
    return e;
}

static enum err_kind outcome(struct scene *s, const char *name, const char *password)
{
    struct login_result result;
    return attempt(s, str_of(name), str_of(password), &result).kind;
}

static struct db_event last_event(struct scene *s)
{
    struct db_event_rows events;
    cr_assert(!FAILED(db_event_list(store_each(s->authority->store), s->a, STR_ABSENT, &(struct db_page){.limit = 1}, &events)));
    cr_assert_eq(events.count, 1);
    return events.rows[0];
}

static void block(struct scene *s)
{
    struct db_user *user;
    cr_assert(!FAILED(db_user_by_number(store_each(s->authority->store), s->a, s->user->number, &user)));
    user->blocked = true;
    cr_assert(!FAILED(db_user_save(store_each(s->authority->store), s->a, user, NULL)));
}

Test(login, the_right_password_is_the_person_in_any_letter_case)
{
    struct scene s = scene();
    static const char *const names[] = {"ada", "ADA", "Ada"};
    for (size_t i = 0; i < 3; i++) {
        struct login_result result;
        cr_assert(!FAILED(attempt(&s, str_of(names[i]), STR(FIXTURE_PASSWORD), &result)));
        cr_assert_eq(result.user->number, s.user->number);
        cr_assert_eq(result.user->last_login_at, NOW);
    }
    struct db_event e = last_event(&s);
    cr_assert(str_is(e.name, "login.ok"));
    cr_assert(str_equal(e.actor, s.user->id));
    struct db_user *stored;
    cr_assert(!FAILED(db_user_by_number(store_each(s.authority->store), s.a, s.user->number, &stored)));
    cr_assert_eq(stored->last_login_at, NOW);
}

Test(login, all_wrongs_answer_alike_and_only_the_event_tells_them_apart) /* LS-11 */
{
    struct scene s = scene();
    struct db_user *mute = ARENA_NEW(s.a, struct db_user);
    mute->username = STR("mute");
    mute->permissions = STR("");
    cr_assert(!FAILED(db_user_add(store_each(s.authority->store), s.a, mute, NULL)));
    fixture_user(s.authority, s.a, "bob");
    s.user = fixture_user(s.authority, s.a, "eve");
    block(&s);
    const struct {
        const char *name, *password, *detail;
    } cases[] = {
        {"nobody", FIXTURE_PASSWORD, "unknown user"},
        {"bob", "wrong", "wrong password"},
        {"eve", FIXTURE_PASSWORD, "blocked"},
        {"mute", "", "no password set"},
        {"bob", "", "wrong password"},
        {"", FIXTURE_PASSWORD, "unknown user"},
        {"b ob", FIXTURE_PASSWORD, "unknown user"},
        {"bob\n", FIXTURE_PASSWORD, "unknown user"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct login_result result;
        err e = attempt(&s, str_of(cases[i].name), str_of(cases[i].password), &result);
        cr_assert_eq(e.kind, ERR_INVALID_GRANT, "case %zu", i);
        cr_assert_str_eq(err_say(e), "The username or password is wrong.");
        struct db_event event = last_event(&s);
        cr_assert(str_is(event.name, "login.failed"));
        cr_assert(str_is(event.detail, cases[i].detail), "case %zu: %.*s", i, STR_FMT(event.detail));
        cr_assert(!str_present(event.actor));
    }
}

Test(login, odd_input_is_only_wrong)
{
    struct scene s = scene();
    struct login_result result;
    char *big = arena_take(s.a, 5000);
    memset(big, 'a', 5000);
    const str names[] = {{big, 5000}, {"ada\0x", 5}, STR("\xff\xfe"), STR_ABSENT, STR("ada")};
    const str passwords[] = {STR(FIXTURE_PASSWORD), STR(FIXTURE_PASSWORD), STR("x"), STR("x"), {big, 5000}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert_eq(attempt(&s, names[i], passwords[i], &result).kind, ERR_INVALID_GRANT, "case %zu", i);
    cr_assert_eq(attempt(&s, STR("ada"), (str){FIXTURE_PASSWORD "\0", sizeof FIXTURE_PASSWORD}, &result).kind, ERR_INVALID_GRANT);
    cr_assert_eq(attempt(&s, STR("ada"), STR_ABSENT, &result).kind, ERR_INVALID_GRANT);
}

/* Few tries and a long wait keep the number of slow hashes small. */
static void rules(struct scene *s, int64_t account, int64_t address, int64_t device)
{
    struct policy *p = &s->authority->policy;
    p->account_rule = (struct db_throttle_rule){account, 100, 1000, 86400};
    p->address_rule = (struct db_throttle_rule){address, 100, 1000, 86400};
    p->device_rule = (struct db_throttle_rule){device, 100, 1000, 86400};
}

static int tries_until_throttled(struct scene *s, const char *name)
{
    for (int i = 0; i < 10; i++) {
        enum err_kind kind = outcome(s, name, "wrong");
        if (kind == ERR_THROTTLED)
            return i;
        cr_assert_eq(kind, ERR_INVALID_GRANT);
    }
    return 10;
}

static uint64_t commits(struct scene *s)
{
    struct store_counts counts;
    store_counts(s->authority->store, &counts);
    return counts.commits;
}

/* A session and what the login itself writes: one waiting for the disk. */
static err begin_session(struct context *ctx, const struct login_result *login, void *context)
{
    struct session *s = context;
    *s = (struct session){.cookie = STR("-")};
    return session_open(ctx, login->user, login->amr, false, s);
}

static err begin_and_fail(struct context *ctx, const struct login_result *login, void *context)
{
    TRY(begin_session(ctx, login, context));
    FAIL(LOGIN_REQUIRED, "the test says so");
}

static size_t sessions(struct scene *s)
{
    struct db_session *rows;
    size_t count;
    cr_assert(!FAILED(session_list(s->ctx, s->user->number, &rows, &count)));
    return count;
}

Test(login, what_begins_with_it_is_settled_with_it)
{
    struct scene s = scene();
    struct session session;
    struct login_result result;
    struct login_try try = {.username = STR("ada"), .proof = STR(FIXTURE_PASSWORD), .event = "login", .begins = begin_session, .context = &session};
    cr_assert(!FAILED(login_check(s.ctx, &try, &result)));
    uint64_t before = commits(&s);
    cr_assert(!FAILED(login_check(s.ctx, &try, &result)));
    cr_assert_eq(commits(&s), before + 2, "the count, which no server waits for; and one for counters, last login, event and session");
    cr_assert_eq(sessions(&s), 2);
    cr_assert(session.row != NULL && str_is(last_event(&s).name, "login.ok"));
}

Test(login, what_begins_with_it_and_fails_takes_all_of_it_back_but_the_count)
{
    struct scene s = scene();
    struct session session;
    struct login_result result;
    struct login_try try = {.username = STR("ada"), .proof = STR(FIXTURE_PASSWORD), .event = "login", .begins = begin_and_fail, .context = &session};
    const struct policy *p = &s.authority->policy;
    for (int64_t i = 0; i < p->account_rule.free_tries; i++)
        cr_assert_eq(login_check(s.ctx, &try, &result).kind, ERR_LOGIN_REQUIRED);
    cr_assert(result.user == NULL);
    cr_assert_eq(sessions(&s), 0);
    struct db_user *stored;
    cr_assert(!FAILED(db_user_by_number(store_each(s.authority->store), s.a, s.user->number, &stored)));
    cr_assert_eq(stored->last_login_at, 0);
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_THROTTLED);
}

Test(login, guessing_is_throttled_for_known_and_unknown_names_alike) /* RL-01, RL-03 */
{
    struct scene s = scene();
    rules(&s, 2, 100, 100);
    int known = tries_until_throttled(&s, "ada");
    cr_assert_lt(known, 5);
    cr_assert_eq(known, tries_until_throttled(&s, "nobody"));
    struct login_result result;
    err e = attempt(&s, STR("ADA"), STR(FIXTURE_PASSWORD), &result);
    cr_assert_eq(e.kind, ERR_THROTTLED, "another spelling, and even the right password");
    cr_assert_gt(result.retry_after, 0);
    cr_assert_leq(result.retry_after, 1000);
    cr_assert(str_is(last_event(&s).detail, "throttled"));
    at(&s, NOW + result.retry_after);
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_OK, "the lock must end by itself");
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_OK, "and be forgotten");
}

Test(login, a_throttled_attempt_runs_no_hash)
{
    struct scene s = scene();
    rules(&s, 1, 100, 100);
    tries_until_throttled(&s, "ada");
    int64_t start = clock_monotonic_us();
    for (int i = 0; i < 5; i++)
        cr_assert_eq(outcome(&s, "ada", "wrong"), ERR_THROTTLED);
    int64_t throttled = clock_monotonic_us() - start;
    start = clock_monotonic_us();
    bool matches;
    for (int i = 0; i < 5; i++)
        cr_assert(!FAILED(password_verify(STR("wrong"), STR_ABSENT, NULL, &matches)));
    cr_assert_lt(throttled, clock_monotonic_us() - start);
}

Test(login, an_address_is_throttled_over_many_names_and_a_success_does_not_clear_it) /* RL-01 */
{
    struct scene s = scene();
    rules(&s, 100, 3, 100);
    cr_assert_eq(outcome(&s, "n1", "x"), ERR_INVALID_GRANT);
    cr_assert_eq(outcome(&s, "n2", "x"), ERR_INVALID_GRANT);
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_OK);
    int more = 0;
    while (more < 5 && outcome(&s, more % 2 == 0 ? "n3" : "n4", "x") == ERR_INVALID_GRANT)
        more++;
    cr_assert_lt(more, 3);
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_THROTTLED);
    s.ctx->address = STR("192.0.2.8");
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_OK, "another address is free");
}

Test(login, ipv6_neighbours_are_one_source_and_mapped_ipv4_is_ipv4)
{
    struct scene s = scene();
    rules(&s, 100, 1, 100);
    s.ctx->address = STR("2001:db8:0:1::1");
    tries_until_throttled(&s, "n1");
    s.ctx->address = STR("2001:0db8:0000:0001:ffff::2");
    cr_assert_eq(outcome(&s, "n2", "x"), ERR_THROTTLED);
    s.ctx->address = STR("2001:db8:0:2::1");
    cr_assert_eq(outcome(&s, "n2", "x"), ERR_INVALID_GRANT);
    s.ctx->address = STR("192.0.2.99");
    tries_until_throttled(&s, "n3");
    s.ctx->address = STR("::ffff:192.0.2.99");
    cr_assert_eq(outcome(&s, "n4", "x"), ERR_THROTTLED);
}

Test(login, a_stranger_cannot_lock_the_owner_out_of_a_known_device) /* RL-02 */
{
    struct scene s = scene();
    rules(&s, 1, 100, 2);
    str device;
    cr_assert(!FAILED(session_device_make(s.ctx, s.user, &device)));
    tries_until_throttled(&s, "ada");
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_THROTTLED);
    s.ctx->device = device;
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_OK);
    s.ctx->device = STR_ABSENT;
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_THROTTLED, "the stranger's lock stays");
    s.ctx->device = device;
    cr_assert_lt(tries_until_throttled(&s, "ada"), 5, "a stolen device must not guess for ever");
}

Test(login, a_neighbour_at_the_same_address_cannot_lock_the_owner_out_of_a_known_device) /* RL-02 */
{
    struct scene s = scene();
    rules(&s, 100, 2, 3);
    str device;
    cr_assert(!FAILED(session_device_make(s.ctx, s.user, &device)));
    tries_until_throttled(&s, "n1");
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_THROTTLED);
    s.ctx->device = device;
    cr_assert_eq(outcome(&s, "ada", FIXTURE_PASSWORD), ERR_OK);
    cr_assert_eq(outcome(&s, "bob", FIXTURE_PASSWORD), ERR_THROTTLED, "the device is this person's alone");
    cr_assert_lt(tries_until_throttled(&s, "ada"), 6, "and is slowed by its own rule");
}

Test(login, anothers_device_cookie_helps_nobody) /* RL-02 */
{
    struct scene s = scene();
    rules(&s, 1, 100, 100);
    struct db_user *bob = fixture_user(s.authority, s.a, "bob");
    cr_assert(!FAILED(session_device_make(s.ctx, bob, &s.ctx->device)));
    cr_assert_lt(tries_until_throttled(&s, "ada"), 5);
}

Test(login, an_old_hash_is_made_anew_and_ends_nothing) /* ST-01 */
{
    struct scene s = scene();
    struct db_user *old = ARENA_NEW(s.a, struct db_user), *stored;
    old->username = STR("old");
    old->permissions = STR("");
    /* bcrypt, cost 5, of "U*U": the vector of crypt_blowfish and others */
    old->password_hash = STR("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
    cr_assert(!FAILED(db_user_add(store_each(s.authority->store), s.a, old, NULL)));
    cr_assert_eq(outcome(&s, "old", "U*V"), ERR_INVALID_GRANT);
    cr_assert(!FAILED(db_user_by_number(store_each(s.authority->store), s.a, old->number, &stored)));
    cr_assert(str_equal(stored->password_hash, old->password_hash), "a wrong password changed the hash");
    cr_assert_eq(outcome(&s, "old", "U*U"), ERR_OK);
    cr_assert(!FAILED(db_user_by_number(store_each(s.authority->store), s.a, old->number, &stored)));
    cr_assert(!password_outdated(stored->password_hash));
    cr_assert_eq(outcome(&s, "old", "U*U"), ERR_OK);
}

Test(login, the_event_is_named_after_the_way_in)
{
    struct scene s = scene();
    struct login_try try = {.username = STR("ada"), .proof = STR(FIXTURE_PASSWORD), .event = "password_grant", .client_id = STR("my client")};
    struct login_result result;
    cr_assert(!FAILED(login_check(s.ctx, &try, &result)));
    struct db_event e = last_event(&s);
    cr_assert(str_is(e.name, "password_grant.ok"));
    cr_assert(str_is(e.client_id, "my client"));
}
