/* SPDX-License-Identifier: MIT
 * What two transactions side by side may not do: one test for each row of ARCHITECTURE.md's table of rules that span rows (guard: races). The first stops
 * before its commit until the second waits for it, or has ended without waiting: then it read what the first was about to change. Runs on both engines. */
#include "store/fresh.h"
#include "store/table/db_authenticator.h"

#include <pthread.h>

#include "base/banned.h"

struct race;
typedef err side(struct fresh *s, struct race *r);
struct race {
    struct fresh *s;
    side *first, *second;
    bool together;                /* the second one's functions are one transaction; otherwise each is one of its own */
    int64_t user, client, number; /* what a test wants its sides to know */
    struct db_user users[2];
    const struct db_authorization *authorization;
    struct db_polled polled;
    bool yes;
    int64_t count;
    _Atomic bool inside, over;
    err first_said, second_said;
};

static bool second_waits(const struct fresh *s)
{
    if (!fresh_on_postgres())
        return atomic_load(&s->store->queued) > 1;
    return by_hand(s, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0;
}

struct acting {
    struct race *r;
    struct fresh own;
};

static err first_body(struct tx *tx, void *context)
{
    struct acting *w = context;
    struct race *r = w->r;
    w->own.tx = tx;
    TRY(r->first(&w->own, r));
    atomic_store(&r->inside, true);
    while (!second_waits(r->s) && !atomic_load(&r->over))
        (void)sched_yield();
    return OK;
}

static void *first_main(void *context)
{
    struct race *r = context;
    struct acting w = {r, *r->s};
    w.own.a = arena_new(1 << 20);
    r->first_said = store_together(r->s->tx, first_body, &w);
    atomic_store(&r->inside, true);
    arena_release(w.own.a);
    return NULL;
}

static err second_body(struct tx *tx, void *context)
{
    struct acting *w = context;
    w->own.tx = tx;
    return w->r->second(&w->own, w->r);
}

static void *second_main(void *context)
{
    struct race *r = context;
    struct acting w = {r, *r->s};
    w.own.a = arena_new(8 << 20);
    r->second_said = r->together ? store_together(r->s->tx, second_body, &w) : r->second(&w.own, r);
    atomic_store(&r->over, true);
    r->polled.row = NULL; /* of that arena */
    arena_release(w.own.a);
    return NULL;
}

static void run_race(struct race *r)
{
    pthread_t threads[2];
    cr_assert_eq(pthread_create(&threads[0], NULL, first_main, r), 0);
    while (!atomic_load(&r->inside))
        (void)sched_yield();
    cr_assert_eq(pthread_create(&threads[1], NULL, second_main, r), 0);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    MUST(r->first_said);
}

/* Both are made. */
static void run_race_of_two(struct race *r)
{
    run_race(r);
    MUST(r->second_said);
}

/* ---- administrators, names ---- */

static err step_down(struct fresh *s, const struct db_user *user)
{
    struct db_user next = *user;
    next.admin = false;
    return db_user_save(s->tx, s->a, &next, NULL);
}

static err first_steps_down(struct fresh *s, struct race *r)
{
    return step_down(s, &r->users[0]);
}

static err second_steps_down(struct fresh *s, struct race *r)
{
    return step_down(s, &r->users[1]);
}

static err second_is_removed(struct fresh *s, struct race *r)
{
    return db_user_remove(s->tx, s->a, r->users[1].number);
}

static void race_of_administrators(side *second)
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = first_steps_down, .second = second, .users = {fresh_admin(&s, "ada"), fresh_admin(&s, "eve")}};
    run_race(&r);
    cr_assert_eq(r.second_said.kind, ERR_UNPROCESSABLE, "%s", err_why(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users WHERE admin = 1 AND blocked = 0 AND removed_at = 0"), 1);
    fresh_end(&s);
}

Test(race, an_administrator_stays_when_the_last_two_go_at_once) /* AD-07 */
{
    race_of_administrators(second_steps_down);
    race_of_administrators(second_is_removed);
}

static err add_named(struct fresh *s, const char *name)
{
    struct db_user u = {.username = str_of(name)};
    return db_user_add(s->tx, s->a, &u, NULL);
}

static err add_latin(struct fresh *s, struct race *r)
{
    (void)r;
    return add_named(s, "paypal");
}

static err add_cyrillic(struct fresh *s, struct race *r)
{
    (void)r;
    return add_named(s, "\xd1\x80\xd0\xb0\xd1\x83\xd1\x80\xd0\xb0l");
}

Test(race, of_two_names_that_look_alike_one_is_taken)
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = add_latin, .second = add_cyrillic};
    run_race(&r);
    cr_assert(FAILED(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users"), 1, "%s", err_why(r.second_said));
    fresh_end(&s);
}

/* ---- what a person has ends whole ---- */

static err open_session(struct fresh *s, struct race *r)
{
    struct db_session row = {.user_number = r->user, .id = STR("open"), .hash = hash_of("open"), .created_at = T0, .expires_at = T0 + 1000};
    TRY(db_session_reserve(s->tx, &row.number));
    return db_session_open(s->tx, &row);
}

static err make_grant(struct fresh *s, struct race *r)
{
    return db_authorization_add(s->tx, r->authorization);
}

static err make_pat(struct fresh *s, struct race *r)
{
    struct db_pat p = {.user_number = r->user, .hash = hash_of("pat"), .created_at = T0};
    return db_pat_add(s->tx, s->a, &p);
}

static err new_password(struct fresh *s, struct race *r)
{
    return db_user_set_password(s->tx, s->a, &(struct db_new_password){.user = r->user, .hash = "$argon2id$y", .end_personal_tokens = true});
}

static err revoke_all(struct fresh *s, struct race *r)
{
    return db_authorization_revoke_all(s->tx, s->a, r->user, 0);
}

/* Ada, at an application, with a grant that is not added yet. */
static struct race race_of_ada(struct fresh *s, side *first, side *second, struct db_authorization *grant)
{
    struct race r = {.s = s, .first = first, .second = second, .user = fresh_user(s, "ada").number, .client = fresh_client(s, "app").number};
    *grant = fresh_authorization_made(s, r.user, r.client);
    r.authorization = grant;
    return r;
}

static void race_of_ends(side *first, side *second, const char *left)
{
    struct fresh s = fresh_new(true);
    struct db_authorization g;
    struct race r = race_of_ada(&s, first, second, &g);
    run_race_of_two(&r);
    cr_assert_eq(by_hand(&s, left), 0, "%s", left);
    fresh_end(&s);
}

Test(race, what_is_made_beside_the_end_of_all_ends_too) /* LS-05 */
{
    race_of_ends(open_session, new_password, "SELECT count(*) FROM sessions");
    race_of_ends(make_grant, new_password, "SELECT count(*) FROM grants WHERE revoked_at = 0");
    race_of_ends(make_grant, revoke_all, "SELECT count(*) FROM grants WHERE revoked_at = 0");
    race_of_ends(make_pat, new_password, "SELECT count(*) FROM pats WHERE revoked_at = 0");
}

/* ---- codes, and what was agreed to ---- */

static err end_session(struct fresh *s, struct race *r)
{
    bool was_open = false;
    TRY(db_authorization_end_session(s->tx, s->a, &(struct db_session_name){r->user, STR("open")}, &was_open));
    cr_assert(was_open);
    return OK;
}

static err take_back(struct fresh *s, struct race *r)
{
    TRY(db_consent_forget(s->tx, r->user, r->client));
    return db_authorization_revoke_all(s->tx, s->a, r->user, r->client);
}

/* As authorize/authorize_answer does it. */
static err make_code(struct fresh *s, struct race *r)
{
    struct db_session *open;
    str agreed;
    struct db_code code = {.hash = hash_of("code"), .authorization_number = r->authorization->number, .expires_at = T0 + 60};
    TRY(db_user_hold(s->tx, r->user));
    TRY(db_session_get(s->tx, s->a, r->number, &open));
    TRY(db_consent_get(s->tx, s->a, r->user, r->client, &agreed));
    if (open == NULL || !str_present(agreed))
        FAIL(LOGIN_REQUIRED, "test: it ended meanwhile");
    TRY(db_code_reserve(s->tx, &code.number));
    return db_authorization_add_with_code(s->tx, r->authorization, &code, STR_ABSENT);
}

/* Between what needs her session and what ends it. */
static struct race race_in_session(struct fresh *s, side *first, side *second, struct db_authorization *grant)
{
    struct race r = race_of_ada(s, first, second, grant);
    grant->session_id = STR("open");
    r.together = true;
    MUST(open_session(s, &r));
    return r;
}

static void race_for_code(side *first, side *second, enum err_kind kind)
{
    struct fresh s = fresh_new(true);
    struct db_authorization g;
    struct race r = race_in_session(&s, first, second, &g);
    r.number = by_hand(&s, "SELECT number FROM sessions");
    MUST(db_consent_remember(s.tx, r.user, r.client, STR("openid"), T0));
    run_race(&r);
    cr_assert_eq(r.second_said.kind, kind, "%s", err_why(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM grants WHERE revoked_at = 0"), 0);
    fresh_end(&s);
}

Test(race, a_code_is_not_made_beside_the_end_of_its_session_or_consent) /* AC-08 */
{
    race_for_code(end_session, make_code, ERR_LOGIN_REQUIRED);
    race_for_code(make_code, end_session, ERR_OK);
    race_for_code(take_back, make_code, ERR_LOGIN_REQUIRED);
    race_for_code(make_code, take_back, ERR_OK);
}

static err agree_to_one(struct fresh *s, struct race *r)
{
    return db_consent_remember(s->tx, r->user, r->client, STR("openid profile"), T0);
}

static err agree_to_another(struct fresh *s, struct race *r)
{
    return db_consent_remember(s->tx, r->user, r->client, STR("openid email"), T0);
}

Test(race, of_two_answers_at_once_both_are_remembered) /* CO-06 */
{
    struct fresh s = fresh_new(true);
    struct race r = {
        .s = &s, .first = agree_to_one, .second = agree_to_another, .user = fresh_user(&s, "ada").number, .client = fresh_client(&s, "app").number};
    str scope;
    run_race_of_two(&r);
    MUST(db_consent_get(s.tx, s.a, r.user, r.client, &scope));
    cr_assert(str_is(scope, "openid profile email"), "%.*s", STR_FMT(scope));
    fresh_end(&s);
}

/* ---- clients ---- */

static err renew_secret(struct fresh *s, int64_t client, const char *secret)
{
    struct token_hash hash = hash_of(secret);
    return db_client_secret_add(s->tx, client, &hash, T0 + 100);
}

static err renew_first(struct fresh *s, struct race *r)
{
    return renew_secret(s, r->client, "first");
}

static err renew_second(struct fresh *s, struct race *r)
{
    return renew_secret(s, r->client, "second");
}

static err remove_client(struct fresh *s, struct race *r)
{
    return db_client_remove(s->tx, r->client);
}

Test(race, two_new_secrets_at_once_leave_two_that_live) /* CA-05 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = renew_first, .second = renew_second, .client = fresh_client(&s, "app").number};
    run_race_of_two(&r);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets"), 2);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets WHERE expires_at = 0"), 1);
    struct race gone = {.s = &s, .first = remove_client, .second = renew_second, .client = r.client};
    run_race(&gone);
    cr_assert_eq(gone.second_said.kind, ERR_NOT_FOUND);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets"), 0);
    struct race late = {.s = &s, .first = renew_first, .second = remove_client, .client = fresh_client(&s, "another").number};
    run_race_of_two(&late);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets"), 0, "a secret of one that is gone");
    fresh_end(&s);
}

static err judge_and_add(struct tx *tx, struct race *r, const char *id)
{
    struct db_client c = {.id = str_of(id), .created_at = T0};
    TRY(db_client_hold(tx, r->number, &r->yes));
    if (!r->yes)
        FAIL(CONFLICT, "test: judged too early");
    return db_client_add(tx, &c);
}

static err add_one_client(struct fresh *s, struct race *r)
{
    return judge_and_add(s->tx, r, "one");
}

static err change_other_things(struct fresh *s, struct race *r)
{
    bool held = false;
    TRY(db_client_hold(s->tx, r->number, &held));
    return db_scope_add(s->tx, STR("another"), STR("words"));
}

static err add_nothing(struct fresh *s, struct race *r)
{
    bool held = false;
    return db_client_hold(s->tx, r->number, &held);
}

static err add_another_client(struct fresh *s, struct race *r)
{
    return judge_and_add(s->tx, r, "another");
}

/* As client/client and registration/registration do it: judged in memory as of a line of the feed, then held to that. */
Test(race, what_is_judged_of_all_clients_is_judged_again_after_another_was_made) /* RL-06 */
{
    struct fresh s = fresh_new(true);
    (void)fresh_client(&s, "app");
    int64_t seq = by_hand(&s, "SELECT max(seq) FROM changes");
    struct race r = {.s = &s, .first = add_one_client, .second = add_another_client, .together = true, .number = seq};
    run_race(&r);
    cr_assert_eq(r.second_said.kind, ERR_CONFLICT, "%s", err_why(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM clients"), 2);
    struct race other = {
        .s = &s, .first = change_other_things, .second = add_another_client, .together = true, .number = by_hand(&s, "SELECT max(seq) FROM changes")};
    run_race_of_two(&other);
    struct race old = {.s = &s, .first = add_nothing, .second = add_another_client, .together = true, .number = 0};
    (void)by_hand(&s, "DELETE FROM changes"); /* none is kept any more */
    run_race(&old);
    cr_assert_eq(old.second_said.kind, ERR_CONFLICT);
    fresh_end(&s);
}

static err purge_clients(struct fresh *s, struct race *r)
{
    return db_initial_purge_unused(s->tx, T0 + 1, &r->count);
}

static err make_room(struct fresh *s, struct race *r)
{
    return db_registration_make_room(s->tx, T0 + 1, &r->count);
}

static void race_for_client(side *second, int64_t removed)
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = make_grant, .second = second, .user = fresh_user(&s, "ada").number, .count = -1};
    struct db_authorization g = fresh_authorization_made(&s, r.user, fresh_open_client(&s, "used").number);
    r.authorization = &g;
    (void)fresh_open_client(&s, "unused");
    run_race_of_two(&r);
    cr_assert_eq(r.count, removed);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM clients"), 2 - removed);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM client_secrets"), 2 - removed);
    fresh_end(&s);
}

Test(race, a_client_that_is_used_just_now_is_not_purged) /* RL-06 */
{
    race_for_client(purge_clients, 1);
    race_for_client(make_room, fresh_on_postgres() ? 0 : 1); /* PostgreSQL: it had chosen the one that is used now */
}

/* ---- caps and counts ---- */

static err ask(struct fresh *s, const char *code, struct race *r)
{
    struct db_deferred row = fresh_deferred(s, r->client, code);
    return db_deferred_add(s->tx, &row, &(struct db_deferred_caps){.all = 100, .client = 1});
}

static err ask_first(struct fresh *s, struct race *r)
{
    return ask(s, "FIRST", r);
}

static err ask_second(struct fresh *s, struct race *r)
{
    return ask(s, "SECOND", r);
}

Test(race, two_requests_at_once_do_not_pass_the_cap) /* RL-06 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = ask_first, .second = ask_second, .client = 1};
    run_race(&r);
    cr_assert_eq(r.second_said.kind, ERR_THROTTLED, "%s", err_why(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM deferred_requests"), 1);
    fresh_end(&s);
}

static err post(struct fresh *s, struct race *r)
{
    struct db_delivery d = {.kind = STR("ping"), .client_number = r->client, .url = STR("https://a.example/"), .media_type = STR("x"), .body = STR("{}")};
    return db_delivery_add(s->tx, &d);
}

static err post_all_but_one(struct tx *tx, void *context)
{
    struct fresh own = *((struct race *)context)->s;
    own.tx = tx;
    for (int i = 0; i < DB_DELIVERIES_PER_CLIENT - 1; i++)
        TRY(post(&own, context));
    return OK;
}

Test(race, two_messages_at_once_do_not_pass_the_outbox_cap) /* RL-06 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = post, .second = post, .client = 1};
    MUST(store_together(s.tx, post_all_but_one, &r));
    run_race(&r);
    cr_assert_eq(r.second_said.kind, ERR_THROTTLED, "%s", err_why(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM deliveries"), DB_DELIVERIES_PER_CLIENT);
    fresh_end(&s);
}

static err attempt(struct fresh *s, struct race *r)
{
    static const struct db_throttle_rule rule = {.free_tries = 100, .base = 1, .most = 2, .forget = 5};
    struct db_throttle state;
    bool allowed;
    (void)r;
    return db_throttle_try(s->tx, STR("key"), &rule, &allowed, &state);
}

Test(race, attempts_at_once_are_all_counted) /* RL-01 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = attempt, .second = attempt}, more = r; /* the first of all, and one beside others */
    run_race_of_two(&r);
    cr_assert_eq(by_hand(&s, "SELECT failures FROM throttles"), 2);
    run_race_of_two(&more);
    cr_assert_eq(by_hand(&s, "SELECT failures FROM throttles"), 4);
    fresh_end(&s);
}

/* ---- what is decided, polled and taken once ---- */

static err allow_request(struct fresh *s, struct race *r)
{
    TRY(db_deferred_allow(s->tx, r->number, r->authorization, &r->yes));
    cr_assert(r->yes);
    return OK;
}

static err poll_request(struct fresh *s, struct race *r)
{
    struct token_hash hash = hash_of("FIRST");
    return db_deferred_poll(s->tx, s->a, &(struct db_poll_claim){r->number, r->client, &hash, "device"}, &r->polled);
}

static err poll_and_forget(struct fresh *s, struct race *r)
{
    struct race own = {.number = r->number, .client = r->client};
    return poll_request(s, &own);
}

static enum db_poll race_of_polls(side *first)
{
    struct fresh s = fresh_new(true);
    struct db_authorization g;
    struct race r = race_of_ada(&s, first, poll_request, &g);
    MUST(ask_first(&s, &r));
    r.number = by_hand(&s, "SELECT number FROM deferred_requests");
    run_race_of_two(&r);
    fresh_end(&s);
    return r.polled.how;
}

Test(race, a_poll_beside_the_yes_gets_the_tokens) /* DV-02, DV-05 */
{
    cr_assert_eq(race_of_polls(allow_request), DB_POLL_TAKEN);
    cr_assert_eq(race_of_polls(poll_and_forget), DB_POLL_EARLY, "two polls at once are too fast");
}

/* As grant/deferred does it. */
static err allow_while_open(struct fresh *s, struct race *r)
{
    struct db_session *open;
    TRY(db_user_hold(s->tx, r->user));
    TRY(db_session_get(s->tx, s->a, r->count, &open));
    if (open == NULL)
        FAIL(LOGIN_REQUIRED, "test: it ended meanwhile");
    return db_deferred_allow(s->tx, r->number, r->authorization, &r->yes);
}

static void race_for_yes(side *first, side *second, enum err_kind kind)
{
    struct fresh s = fresh_new(true);
    struct db_authorization g;
    struct race r = race_in_session(&s, first, second, &g);
    r.count = by_hand(&s, "SELECT number FROM sessions");
    MUST(ask_first(&s, &r));
    r.number = by_hand(&s, "SELECT number FROM deferred_requests");
    run_race(&r);
    cr_assert_eq(r.second_said.kind, kind, "%s", err_why(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM grants WHERE revoked_at = 0"), 0);
    fresh_end(&s);
}

Test(race, a_yes_is_not_given_beside_the_end_of_its_session) /* DV-06 */
{
    race_for_yes(end_session, allow_while_open, ERR_LOGIN_REQUIRED);
    race_for_yes(allow_while_open, end_session, ERR_OK);
}

static err take_again(struct fresh *s, struct race *r)
{
    TRY(db_once_take(s->tx, "jti", STR("one"), T0 + 1000, &r->yes));
    cr_assert(r->yes);
    return OK;
}

static err purge(struct fresh *s, struct race *r)
{
    return db_purge(s->store, T0 + 10 + 300, 1000, &r->count); /* five minutes beyond the end */
}

Test(race, what_is_taken_anew_beside_the_purge_stays_taken) /* CA-08 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = take_again, .second = purge};
    bool first = false;
    MUST(db_once_take(s.tx, "jti", STR("one"), T0 + 5, &first));
    clock_set(T0 + 10);
    run_race_of_two(&r);
    MUST(db_once_take(s.tx, "jti", STR("one"), T0 + 1000, &first));
    cr_assert_not(first, "a replay was let through");
    fresh_end(&s);
}

static err redeem_late(struct fresh *s, struct race *r)
{
    struct token_hash hash = hash_of("code"), refresh = hash_of("r1");
    struct db_taken taken;
    TRY(db_code_take(s->tx, s->a, r->number, &hash, &taken));
    cr_assert_eq(taken.how, DB_TAKEN);
    return db_authorization_begin(s->tx, r->authorization->number, &refresh, T0 + 59, T0 + 5000);
}

static err purge_codes(struct fresh *s, struct race *r)
{
    return db_purge(s->store, T0 + 61, 1000, &r->count);
}

Test(race, a_code_taken_beside_the_purge_still_ends_its_grant) /* AC-03 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = redeem_late, .second = purge_codes};
    struct db_authorization g = fresh_authorization_made(&s, fresh_user(&s, "ada").number, fresh_client(&s, "app").number);
    struct token_hash hash = hash_of("code");
    struct db_taken again;
    r.authorization = &g;
    r.number = fresh_code(&s, &g).number; /* until T0 + 60 */
    clock_set(T0 + 59);
    run_race_of_two(&r);
    clock_set(T0 + 61);
    MUST(db_code_take(s.tx, s.a, r.number, &hash, &again));
    cr_assert_eq(again.how, DB_TAKE_USED_BEFORE);
    cr_assert_neq(store_authorization_again(&s, g.number)->revoked_at, 0);
    fresh_end(&s);
}

Test(race, an_attempt_beside_the_purge_is_counted) /* RL-01 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = attempt, .second = purge};
    MUST(attempt(&s, &r));
    clock_set(T0 + 10);
    run_race_of_two(&r);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM throttles"), 1);
    fresh_end(&s);
}

/* ---- keys, the trail, the feed ---- */

static err make_key(struct fresh *s, const char *kid)
{
    struct db_key *rows;
    size_t count;
    TRY(db_key_hold(s->tx));
    TRY(db_key_all(s->tx, s->a, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (str_is(rows[i].state, "active"))
            return OK;
    const struct db_key key = {.kid = str_of(kid), .use = STR("seal"), .alg = STR("A256GCM"), .sealed = STR("x"), .state = STR("active"), .created_at = T0};
    return db_key_add(s->tx, &key);
}

static err make_first_key(struct fresh *s, struct race *r)
{
    (void)r;
    return make_key(s, "1");
}

static err make_second_key(struct fresh *s, struct race *r)
{
    (void)r;
    return make_key(s, "2");
}

Test(race, of_two_that_make_the_first_key_one_does) /* AT-11 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = make_first_key, .second = make_second_key, .together = true};
    run_race_of_two(&r);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM keys"), 1);
    fresh_end(&s);
}

static err tell(struct tx *tx, const char *name)
{
    struct store_counts before, after;
    struct store *store = tx->store;
    store_counts(store, &before);
    db_event_add(tx, &(struct db_event){.name = str_of(name), .class = DB_EVENT_ADMINISTRATION});
    store_counts(store, &after);
    return after.dropped == before.dropped ? OK : ERR(CONFLICT, "test: an event was dropped");
}

static err tell_first(struct fresh *s, struct race *r)
{
    (void)r;
    return tell(s->tx, "first");
}

static err tell_second(struct fresh *s, struct race *r)
{
    (void)r;
    return tell(s->tx, "second");
}

Test(race, two_events_at_once_are_both_written_one_after_the_other) /* LG-01 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = tell_first, .second = tell_second, .together = true};
    run_race_of_two(&r);
    cr_assert_eq(
        by_hand(&s, "SELECT count(*) FROM events WHERE (number = 1 AND place = 1 AND name = 'first') OR (number = 2 AND place = 2 AND name = 'second')"), 2);
    fresh_end(&s);
}

static err change(struct tx *tx, const char *name)
{
    TRY(db_scope_add(tx, str_of(name), STR("words")));
    return db_revocation_add(tx, "grant", str_of(name), T0 + 100); /* the other feed */
}

static err change_first(struct fresh *s, struct race *r)
{
    (void)r;
    return change(s->tx, "first");
}

static err change_second(struct fresh *s, struct race *r)
{
    (void)r;
    return change(s->tx, "second");
}

Test(race, who_commits_first_has_the_lower_number) /* AT-16 */
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = change_first, .second = change_second, .together = true};
    run_race_of_two(&r);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM changes WHERE (seq = 1 AND key = 'first') OR (seq = 2 AND key = 'second')"), 2);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM revocations WHERE (number = 1 AND id = 'first') OR (number = 2 AND id = 'second')"), 2);
    fresh_end(&s);
}

/* ---- what people prove themselves with ---- */

static err add_authenticator(struct fresh *s, int64_t user, const char *id)
{
    struct db_authenticator row = {.id = str_of(id), .user_number = user, .kind = STR(DB_FACTOR_TOTP), .name = STR("phone"), .secret = STR("box")};
    return db_authenticator_add(s->tx, s->a, &row, 0);
}

static err add_first_app(struct fresh *s, struct race *r)
{
    return add_authenticator(s, r->user, "first");
}

static err add_second_app(struct fresh *s, struct race *r)
{
    return add_authenticator(s, r->user, "second");
}

static err remove_app(struct fresh *s, struct race *r)
{
    return db_authenticator_remove(s->tx, s->a, r->user, STR("id-0"), 0, &r->yes);
}

static err replace_codes(struct fresh *s, struct race *r)
{
    struct token_hash hashes[DB_RECOVERY_CODES];
    for (size_t i = 0; i < DB_RECOVERY_CODES; i++)
        hashes[i] = token_hash_of(str_format(s->a, "%zu", i));
    return db_recovery_replace(s->tx, s->a, r->user, hashes);
}

Test(race, what_a_person_has_is_capped_and_told_whatever_comes_at_once)
{
    struct fresh s = fresh_new(true);
    struct race r = {.s = &s, .first = add_first_app, .second = add_second_app, .user = fresh_user(&s, "ada").number};
    for (int i = 0; i < DB_AUTHENTICATORS_MAX - 1; i++)
        MUST(add_authenticator(&s, r.user, str_format(s.a, "id-%d", i).p));
    run_race(&r);
    cr_assert_eq(r.second_said.kind, ERR_UNPROCESSABLE, "%s", err_why(r.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM authenticators"), DB_AUTHENTICATORS_MAX);
    struct race last = {.s = &s, .first = remove_app, .second = replace_codes, .user = fresh_user(&s, "eve").number};
    MUST(add_authenticator(&s, last.user, "eve-0"));
    MUST(db_authenticator_remove(s.tx, s.a, r.user, STR("id-0"), 0, &last.yes));
    MUST(add_authenticator(&s, last.user, "id-0"));
    MUST(db_authenticator_remove(s.tx, s.a, last.user, STR("eve-0"), 0, &last.yes));
    run_race(&last);
    cr_assert_eq(last.second_said.kind, ERR_UNPROCESSABLE, "%s", err_why(last.second_said));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM recovery_codes"), 0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users WHERE username = 'eve' AND second_factors IS NULL"), 1);
    fresh_end(&s);
}
