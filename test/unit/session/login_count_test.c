/* SPDX-License-Identifier: MIT
 * login_count: whose counters a login hangs on, that it is counted before it is judged, and that it is settled once. */
#include "session/login_count.h"
#include "people.h"
#include "session/login_state.h"
#include "session/session.h"
#include <sqlite3.h>
#include <stdio.h>

#include "base/banned.h"

static struct scene s;
static struct db_user *ada;
static struct login_try attempt;

static void begin(void)
{
    s = scene_new();
    ada = fixture_user(s.authority, s.a, "ada");
    attempt = (struct login_try){.username = STR("ada")};
    scene_next(&s);
    s.ctx->address = STR("192.0.2.7");
}

TestSuite(login_count, .init = begin);

static struct login_trial trial_of(struct db_user *user, const char *typed)
{
    attempt.username = str_of(typed);
    struct login_trial t = {.ctx = s.ctx, .attempt = &attempt, .user = user, .place = STR_ABSENT, .amr = STR_ABSENT, .id = STR_ABSENT, .begun = NOW};
    assert_done(login_count_keys(&t));
    return t;
}

static int64_t failures(str key)
{
    bool allowed;
    struct db_throttle state;
    struct db_throttle_rule rule = {.free_tries = 100000, .base = 1, .most = 1, .forget = 86400};
    assert_done(db_throttle_try(store_each(s.authority->store), key, &rule, &allowed, &state));
    assert_done(db_throttle_return(store_each(s.authority->store), key));
    return state.failures;
}

static bool counted(struct login_trial *t)
{
    bool allowed = false;
    struct db_throttle state = {0};
    assert_done(login_count(t, &allowed, &state));
    return allowed;
}

static void break_throttles(const char *sql)
{
    char path[512];
    sqlite3 *h = NULL;
    (void)snprintf(path, sizeof path, "%s/jeton.db", fixture_authority_directory());
    cr_assert_eq(sqlite3_open(path, &h), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
}

Test(login_count, a_name_has_one_counter_however_it_is_typed_and_whether_or_not_it_is_somebodys) /* RL-03 */
{
    static const char *const same[] = {"ada", "ADA", "Ada", "\xef\xbc\xa1\xef\xbc\xa4\xef\xbc\xa1"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        cr_expect(str_is(trial_of(NULL, same[i]).account, "a:ada"), "%s", same[i]);
        cr_expect(str_is(trial_of(ada, same[i]).account, "a:ada"), "%s", same[i]);
    }
    cr_expect(str_is(trial_of(ada, "ada@example.com").account, "a:ada")); /* by whatever they logged in with */
    cr_expect_not(str_is(trial_of(NULL, "eve").account, "a:ada"));
}

Test(login_count, what_can_be_no_name_has_a_short_key_of_its_own)
{
    static char endless[3000];
    memset(endless, 'x', sizeof endless - 1);
    str one = trial_of(NULL, endless).account, two = trial_of(NULL, "\xff\xfe").account, mail = trial_of(NULL, "Who@Example.com ").account;
    cr_expect(str_starts(one, STR("a#")) && one.n < 64 && str_starts(two, STR("a#")) && !str_equal(one, two));
    cr_expect(str_equal(mail, trial_of(NULL, "who@example.com").account)); /* an address is one, however it is written */
    cr_expect(str_present(trial_of(NULL, "").account));
}

Test(login_count, neighbours_of_ipv6_are_one_place_and_no_address_is_none)
{
    str v4 = trial_of(ada, "ada").address;
    s.ctx->address = STR("2001:db8::1");
    str one = trial_of(ada, "ada").address;
    s.ctx->address = STR("2001:db8::2");
    cr_expect(str_equal(one, trial_of(ada, "ada").address) && !str_equal(one, v4));
    s.ctx->address = STR("2001:db8:0:1::2");
    cr_expect_not(str_equal(one, trial_of(ada, "ada").address));
    s.ctx->address = STR_ABSENT;
    struct login_trial t = trial_of(ada, "ada");
    cr_expect(!str_present(t.address) && str_is(login_count_place(&t), "-"));
}

Test(login_count, a_known_device_counts_for_itself_alone) /* RL-02 */
{
    str cookie;
    assert_done(session_device_make(s.ctx, ada, &cookie));
    s.ctx->device = cookie;
    struct login_trial t = trial_of(ada, "ada");
    cr_expect(t.known_device && !str_present(t.address) && str_starts(t.account, STR("d:a:ada ")));
    cr_expect(counted(&t) && failures(t.account) == 1 && failures(STR("a:ada")) == 0 && failures(STR("i:192.0.2.7")) == 0);
    struct db_user *eve = fixture_user(s.authority, s.a, "eve");
    t = trial_of(eve, "eve");
    cr_expect(!t.known_device && str_is(t.account, "a:eve") && str_present(t.address)); /* somebody else's device helps nobody */
    t = trial_of(NULL, "nobody");
    cr_expect_not(t.known_device);
}

Test(login_count, the_address_comes_first_so_that_a_flood_locks_no_account) /* RL-01 */
{
    s.authority->policy.address_rule = (struct db_throttle_rule){.free_tries = 2, .base = 60, .most = 60, .forget = 600};
    struct login_trial t = trial_of(ada, "ada");
    int64_t account = 0;
    for (int i = 0; i < 10; i++)
        account += counted(&t);
    cr_expect(account <= 3 && failures(STR("a:ada")) == account, "%lld", (long long)account);
    bool allowed = true;
    struct db_throttle state = {0};
    assert_done(login_count(&t, &allowed, &state));
    cr_expect(!allowed && state.until > NOW && !str_present(t.counted));
}

Test(login_count, an_account_is_slowed_from_all_places)
{
    int allowed = 0;
    for (int i = 0; i < 20; i++) {
        char address[32];
        (void)snprintf(address, sizeof address, "198.51.100.%d", i);
        s.ctx->address = str_dup(s.a, str_of(address));
        struct login_trial t = trial_of(ada, "ada");
        allowed += counted(&t);
    }
    cr_expect(allowed >= 5 && allowed <= 6, "%d", allowed);
}

Test(login_count, a_success_is_given_back_to_the_place_and_clears_the_account_once)
{
    struct login_trial other = trial_of(NULL, "eve"), t = trial_of(ada, "ada");
    cr_assert(counted(&other) && counted(&t));
    t.id = STR("one-login");
    assert_done(login_count_settle(&t));
    cr_expect(failures(STR("a:ada")) == 0 && failures(STR("i:192.0.2.7")) == 1); /* the guess at eve stays */
    struct db_user *now;
    assert_done(db_user_by_number(store_each(s.authority->store), s.a, ada->number, &now));
    cr_expect_eq(now->last_login_at, NOW);
    expect_kind(login_count_settle(&t), CONFLICT);
    t.id = STR("another-login");
    assert_done(login_count_settle(&t));
}

Test(login_count, a_place_gives_back_the_steps_that_it_has_counted_and_no_others)
{
    struct login_trial t = trial_of(ada, "ada");
    for (int i = 0; i < 5; i++)
        cr_assert(i >= 4 || counted(&t));
    t.steps = 2;
    t.place = login_count_place(&t);
    assert_done(login_count_keys(&t));
    cr_expect_eq(t.steps, 2);
    assert_done(login_count_settle(&t));
    cr_expect_eq(failures(STR("i:192.0.2.7")), 1); /* of four this one and the two before it */
    s.ctx->address = STR("203.0.113.9");
    t.steps = 2;
    assert_done(login_count_keys(&t)); /* they were counted elsewhere */
    cr_expect_eq(t.steps, 0);
}

Test(login_count, without_the_store_nobody_is_let_on) /* RL-01 */
{
    struct login_trial t = trial_of(ada, "ada");
    bool allowed = false;
    struct db_throttle state;
    break_throttles("ALTER TABLE throttles RENAME TO broken");
    expect_kind(login_count(&t, &allowed, &state), UNAVAILABLE);
    cr_expect_not(allowed);
    t.counted = t.account;
    expect_kind(login_count_keep(&t), UNAVAILABLE);
    expect_kind(login_count_settle(&t), UNAVAILABLE);
    t.counted = STR_ABSENT;
    assert_done(login_count_keep(&t)); /* nothing was counted */
}

static err keys(struct context *ctx, void *context)
{
    struct login_trial *t = context;
    t->ctx = ctx;
    ctx->address = STR("192.0.2.7");
    return login_count_keys(t);
}

Test(login_count, without_memory_there_is_no_key_that_others_share)
{
    attempt.username = STR("ada");
    struct login_trial t = {.attempt = &attempt, .user = ada};
    size_t n = 1;
    while (n < 50 && !scene_torture(&s, n, keys, &t))
        n++;
    cr_expect(n > 1 && n < 50, "%zu", n);
}
