/* SPDX-License-Identifier: MIT
 * db_purge: what has ended goes, and nothing that could still make a credential valid or invalid. */
#include "store/fresh.h"

#include "base/banned.h"

static const struct db_throttle_rule rule = {.free_tries = 3, .base = 2, .most = 10, .forget = 100};

static int64_t purge(struct fresh *s, unix_time now)
{
    int64_t deleted = -1;
    MUST(db_purge(s->store, now, 1000000, &deleted));
    return deleted;
}

Test(purge, takes_what_has_ended_and_nothing_else)
{
    struct fresh s = fresh_new(false);
    struct db_user u = fresh_user(&s, "ada");
    struct db_client c = fresh_client(&s, "app");
    struct db_authorization live = fresh_authorization(&s, u.number, c.number), waiting = fresh_authorization_made(&s, u.number, c.number), *ctx;
    struct db_code code = fresh_code(&s, &waiting);
    struct db_session session = {.id = STR("x"), .hash = hash_of("x"), .user_number = u.number, .expires_at = T0 + 10}, *r;
    bool first, allowed;
    struct db_throttle state;
    MUST(db_session_reserve(s.tx, &session.number));
    MUST(db_session_open(s.tx, &session));
    MUST(db_once_take(s.tx, "jti", STR("a"), T0 + 10, &first));
    MUST(db_throttle_try(s.tx, STR("ada"), &rule, &allowed, &state));
    MUST(db_revocation_add(s.tx, "grant", STR("id"), T0 + 10));
    cr_assert_eq(purge(&s, T0), 0);
    MUST(db_session_get(s.tx, s.a, session.number, &r));
    cr_assert_not_null(r);
    cr_assert_eq(purge(&s, T0 + 10), 1); /* the session */
    cr_assert_eq(purge(&s, T0 + 10 + 299), 0);
    cr_assert_eq(purge(&s, T0 + 10 + 300), 2); /* once, revocation */
    cr_assert_eq(purge(&s, T0 + 60 + 299), 0);
    cr_assert_eq(purge(&s, T0 + 60 + 300), 1);  /* the code that nobody used */
    cr_assert_eq(purge(&s, T0 + 100 + 300), 1); /* the throttle */
    struct db_taken t;
    MUST(db_code_take(s.tx, s.a, code.number, &code.hash, &t));
    cr_assert_eq(t.how, DB_TAKE_UNKNOWN);
    cr_assert_eq(purge(&s, T0 + 60 + 86400), 1); /* the grant that was never begun */
    MUST(db_authorization_get(s.tx, s.a, live.number, &ctx));
    cr_assert_not_null(ctx);
    cr_assert_eq(purge(&s, T0 + 1000 + 86400), 1);
    MUST(db_authorization_get(s.tx, s.a, live.number, &ctx));
    cr_assert_null(ctx);
    fresh_end(&s);
}

/* Whose clock is ahead cleans up for all; on a node whose clock is behind the assertion is not over yet, nor is the token. */
Test(purge, a_node_whose_clock_is_ahead_lets_no_replay_through_elsewhere)
{
    struct fresh s = fresh_new(false);
    struct db_revocation *rows;
    size_t count;
    bool first;
    MUST(db_once_take(s.tx, "jti", STR("a"), T0 + 60, &first));
    MUST(db_revocation_add(s.tx, "grant", STR("id"), T0 + 60));
    cr_assert_eq(purge(&s, T0 + 59 + 300), 0);
    clock_set(T0 + 59);
    MUST(db_once_take(s.tx, "jti", STR("a"), T0 + 60, &first));
    cr_assert_not(first);
    MUST(db_revocation_since(s.tx, s.a, 0, &rows, &count));
    cr_assert_eq(count, 1u);
    cr_assert_eq(purge(&s, T0 + 60 + 300), 2);
    fresh_end(&s);
}

Test(purge, keeps_a_used_code_as_long_as_its_grant_lives)
{
    struct fresh s = fresh_new(false);
    struct db_user u = fresh_user(&s, "ada");
    struct db_client c = fresh_client(&s, "app");
    struct db_authorization g = fresh_authorization_made(&s, u.number, c.number);
    struct db_code code = fresh_code(&s, &g);
    struct db_taken t;
    struct token_hash current = hash_of("r1");
    MUST(db_code_take(s.tx, s.a, code.number, &code.hash, &t));
    MUST(db_authorization_begin(s.tx, g.number, &current, T0, T0 + 100000));
    cr_assert_eq(purge(&s, T0 + 99999), 0);
    clock_set(T0 + 99999);
    MUST(db_code_take(s.tx, s.a, code.number, &code.hash, &t));
    cr_assert_eq(t.how, DB_TAKE_USED_BEFORE); /* a day later its return still ends the grant */
    cr_assert_neq(t.authorization->revoked_at, 0);
    cr_assert_eq(purge(&s, T0 + 99999), 1); /* now that the grant is dead, the code may go; the grant stays */
    cr_assert_not_null(store_authorization_again(&s, g.number));
    fresh_end(&s);
}

Test(purge, a_revoked_grant_stays_until_nothing_of_it_can_be_alive)
{
    struct fresh s = fresh_new(false);
    struct db_user u = fresh_user(&s, "ada");
    struct db_client c = fresh_client(&s, "app");
    struct db_authorization g = fresh_authorization(&s, u.number, c.number);
    MUST(db_authorization_revoke(s.tx, g.number, T0));
    cr_assert_eq(purge(&s, T0 + 1000), 0);
    cr_assert_eq(purge(&s, T0 + 1000 + 86400), 1);
    struct db_authorization h = fresh_authorization(&s, u.number, c.number);
    cr_assert_gt(h.number, g.number);
    fresh_end(&s);
}

Test(purge, the_writer_does_it_by_itself_a_few_rows_a_group)
{
    if (fresh_on_postgres())
        cr_skip_test("its keeper does it there, on a thread of its own, and has a test of its own");
    struct fresh s = fresh_new(true);
    for (int i = 0; i < 300; i++)
        MUST(db_revocation_add(s.tx, "grant", STR("id"), T0 + 1));
    clock_set(T0 + 1 + 300);
    struct db_revocation *rows;
    size_t count = 1;
    for (int64_t until = clock_monotonic_us() + 10000000; count > 0 && clock_monotonic_us() < until;) {
        s.store->purge.last_us = clock_monotonic_us() - 2000000; /* as if two seconds had passed; a writer that is not idle yet sets it anew */
        for (int i = 0; i < 400; i++)
            MUST(store_ready(s.store));
        MUST(db_revocation_since(s.tx, s.a, 0, &rows, &count));
    }
    cr_assert_eq(count, 0u);
    fresh_end(&s);
}
