/* SPDX-License-Identifier: MIT
 * Claims about what people prove themselves with: it is taken once, ends what was opened without it, and users.second_factors always says what there is. */
#include "store/fresh.h"
#include "store/table/db_authenticator.h"

#include "base/banned.h"

static struct db_authenticator add(struct fresh *s, int64_t user, const char *id, int64_t keep)
{
    struct db_authenticator row = {
        .id = str_of(id), .user_number = user, .kind = STR(DB_FACTOR_TOTP), .name = STR("phone"), .secret = STR("box"), .counter = 7, .created_at = T0};
    MUST(db_authenticator_add(s->tx, s->a, &row, keep));
    return row;
}

static const char *words(struct fresh *s, int64_t user)
{
    struct db_user *u;
    MUST(db_user_by_number(s->tx, s->a, user, &u));
    return u == NULL || !str_present(u->second_factors) ? "" : str_format(s->a, "%.*s", STR_FMT(u->second_factors)).p;
}

static void codes(struct fresh *s, int64_t user, const char *first)
{
    struct token_hash hashes[DB_RECOVERY_CODES];
    for (int i = 0; i < DB_RECOVERY_CODES; i++)
        hashes[i] = token_hash_of(str_format(s->a, "%s%d", first, i));
    MUST(db_recovery_replace(s->tx, s->a, user, hashes));
}

static bool take_code(struct fresh *s, int64_t user, const char *code)
{
    bool taken;
    struct token_hash hash = token_hash_of(str_of(code));
    MUST(db_recovery_take(s->tx, s->a, user, &hash, &taken));
    return taken;
}

static int64_t left(struct fresh *s, int64_t user)
{
    int64_t n;
    MUST(db_recovery_count(s->tx, user, &n));
    return n;
}

static int64_t session(struct fresh *s, int64_t user, const char *name)
{
    struct db_session row = {.id = str_of(name),
                             .hash = token_hash_of(str_of(name)),
                             .user_number = user,
                             .created_at = T0,
                             .last_seen_at = T0,
                             .auth_time = T0,
                             .expires_at = INT64_C(2) * T0};
    MUST(db_session_reserve(s->tx, &row.number));
    MUST(db_session_open(s->tx, &row));
    return row.number;
}

Test(db_authenticator, what_was_added_is_listed_whole_and_told_by_the_person)
{
    struct fresh s = fresh_new(true);
    struct db_authenticator *rows;
    size_t count;
    int64_t ada = fresh_user(&s, "ada").number, eve = fresh_user(&s, "eve").number;
    cr_assert_str_eq(words(&s, ada), "");
    struct db_authenticator one = add(&s, ada, "one", 0), two = add(&s, ada, "two", 0);
    cr_assert_neq(one.number, two.number);
    MUST(db_authenticator_list(s.tx, s.a, ada, &rows, &count));
    cr_assert_eq(count, 2);
    cr_assert(str_is(rows[0].id, "one") && str_is(rows[0].kind, DB_FACTOR_TOTP) && str_is(rows[0].name, "phone") && str_is(rows[0].secret, "box"));
    cr_assert(rows[0].counter == 7 && rows[0].created_at == T0 && rows[0].last_used_at == 0);
    cr_assert_str_eq(words(&s, ada), "totp");
    cr_assert_str_eq(words(&s, eve), "");
    MUST(db_authenticator_list(s.tx, s.a, eve, &rows, &count));
    cr_assert_eq(count, 0);
    struct db_authenticator nobody = {.id = STR("x"), .user_number = 4711, .kind = STR("totp"), .name = STR("n"), .secret = STR("b")};
    MUST_FAIL(NOT_FOUND, db_authenticator_add(s.tx, s.a, &nobody, 0));
    fresh_end(&s);
}

Test(db_authenticator, nothing_is_taken_twice_or_backwards)
{
    struct fresh s = fresh_new(true);
    bool taken;
    struct db_authenticator row = add(&s, fresh_user(&s, "ada").number, "one", 0);
    static const struct {
        int64_t counter;
        bool takes;
    } cases[] = {{6, false}, {7, false}, {8, true}, {8, false}, {7, false}, {10, true}, {9, false}, {11, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        MUST(db_authenticator_take(s.tx, row.number, cases[i].counter, T0 + 5, &taken));
        cr_expect_eq(taken, cases[i].takes, "case %zu", i);
    }
    fresh_end(&s);
}

Test(db_authenticator, a_person_has_ten_at_the_most)
{
    struct fresh s = fresh_new(true);
    int64_t ada = fresh_user(&s, "ada").number;
    for (int i = 0; i < DB_AUTHENTICATORS_MAX; i++)
        (void)add(&s, ada, str_format(s.a, "id-%d", i).p, 0);
    struct db_authenticator more = {.id = STR("more"), .user_number = ada, .kind = STR("totp"), .name = STR("n"), .secret = STR("b")};
    MUST_FAIL(UNPROCESSABLE, db_authenticator_add(s.tx, s.a, &more, 0));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM authenticators"), DB_AUTHENTICATORS_MAX);
    fresh_end(&s);
}

Test(db_authenticator, the_other_sessions_end_when_something_is_added_or_taken_away)
{
    struct fresh s = fresh_new(true);
    bool done;
    int64_t ada = fresh_user(&s, "ada").number, eve = fresh_user(&s, "eve").number;
    int64_t here = session(&s, ada, "here");
    (void)session(&s, ada, "there");
    (void)session(&s, eve, "elsewhere");
    (void)add(&s, ada, "one", here);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM sessions WHERE id = 'here'"), 1);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM sessions WHERE id = 'there'"), 0);
    (void)session(&s, ada, "again");
    MUST(db_authenticator_remove(s.tx, s.a, eve, STR("one"), here, &done));
    cr_assert_not(done, "somebody else's");
    MUST(db_authenticator_remove(s.tx, s.a, ada, STR("one"), here, &done));
    cr_assert(done);
    cr_assert_str_eq(words(&s, ada), "");
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM sessions WHERE id = 'again'"), 0);
    (void)add(&s, ada, "two", here);
    MUST(db_authenticator_reset(s.tx, s.a, ada, &done));
    cr_assert(done);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM sessions"), 1, "eve's alone");
    (void)session(&s, ada, "after");
    MUST(db_authenticator_reset(s.tx, s.a, ada, &done));
    cr_assert_not(done);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM sessions WHERE id = 'after'"), 1, "who had none keeps all sessions");
    fresh_end(&s);
}

static int64_t grant_in(struct fresh *s, int64_t user, int64_t client, const char *session_id, const char *scope)
{
    struct db_authorization row = fresh_authorization(s, user, client);
    row.session_id = str_of(session_id);
    row.scope = str_of(scope);
    row.id = str_format(s->a, "%s %s", session_id, scope);
    MUST(db_authorization_reserve(s->tx, &row.number));
    MUST(db_authorization_add(s->tx, &row));
    return row.number;
}

static bool lives(struct fresh *s, int64_t grant)
{
    struct db_authorization *row;
    MUST(db_authorization_get(s->tx, s->a, grant, &row));
    return row->revoked_at == 0;
}

Test(db_authenticator, what_was_allowed_in_a_session_ends_with_it) /* RF-08 */
{
    struct fresh s = fresh_new(true);
    struct db_revocation *told;
    size_t count;
    bool done;
    int64_t ada = fresh_user(&s, "ada").number, eve = fresh_user(&s, "eve").number, app = fresh_client(&s, "app").number;
    int64_t here = session(&s, ada, "here");
    (void)session(&s, ada, "there");
    (void)session(&s, eve, "eves");
    int64_t kept = grant_in(&s, ada, app, "here", "openid"), ended = grant_in(&s, ada, app, "there", "openid");
    int64_t offline = grant_in(&s, ada, app, "there", "openid offline_access"), eves = grant_in(&s, eve, app, "eves", "openid");
    (void)add(&s, ada, "one", here);
    cr_expect(lives(&s, kept) && lives(&s, offline) && lives(&s, eves));
    cr_expect_not(lives(&s, ended));
    MUST(db_revocation_since(s.tx, s.a, 0, &told, &count));
    cr_expect(count == 1 && str_is(told[0].id, "there openid"), "its access tokens too");
    (void)session(&s, ada, "again");
    int64_t again = grant_in(&s, ada, app, "again", "openid");
    MUST(db_authenticator_remove(s.tx, s.a, ada, STR("one"), here, &done));
    cr_expect(lives(&s, kept) && !lives(&s, again));
    (void)add(&s, ada, "two", here);
    MUST(db_authenticator_reset(s.tx, s.a, ada, &done));
    cr_expect(!lives(&s, kept) && lives(&s, offline) && lives(&s, eves));
    fresh_end(&s);
}

Test(db_authenticator, recovery_codes_are_taken_once_and_live_no_longer_than_what_they_stand_in_for)
{
    struct fresh s = fresh_new(true);
    struct token_hash hashes[DB_RECOVERY_CODES] = {{{0}}};
    bool done;
    int64_t ada = fresh_user(&s, "ada").number, eve = fresh_user(&s, "eve").number;
    MUST_FAIL(UNPROCESSABLE, db_recovery_replace(s.tx, s.a, ada, hashes));
    (void)add(&s, ada, "one", 0);
    (void)add(&s, eve, "eves", 0);
    codes(&s, ada, "a");
    codes(&s, eve, "e");
    cr_assert_str_eq(words(&s, ada), "totp recovery");
    cr_assert_not(take_code(&s, ada, "e1"), "somebody else's");
    cr_assert(take_code(&s, ada, "a1"));
    cr_assert_not(take_code(&s, ada, "a1"));
    cr_assert_eq(left(&s, ada), DB_RECOVERY_CODES - 1);
    codes(&s, ada, "b");
    cr_assert_not(take_code(&s, ada, "a2"), "one of those before");
    for (int i = 0; i < DB_RECOVERY_CODES; i++)
        cr_assert(take_code(&s, ada, str_format(s.a, "b%d", i).p));
    cr_assert_str_eq(words(&s, ada), "totp", "none is left to be offered");
    codes(&s, ada, "c");
    MUST(db_authenticator_remove(s.tx, s.a, ada, STR("one"), 0, &done));
    cr_assert_eq(left(&s, ada), 0);
    cr_assert_eq(left(&s, eve), DB_RECOVERY_CODES);
    fresh_end(&s);
}

Test(db_authenticator, nothing_is_left_of_a_person_who_is_removed) /* ST-06 */
{
    struct fresh s = fresh_new(true);
    int64_t ada = fresh_user(&s, "ada").number;
    (void)fresh_admin(&s, "root");
    (void)add(&s, ada, "one", 0);
    codes(&s, ada, "a");
    MUST(db_user_remove(s.tx, s.a, ada));
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM authenticators"), 0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM recovery_codes"), 0);
    cr_assert_eq(by_hand(&s, "SELECT count(*) FROM users WHERE second_factors IS NOT NULL"), 0);
    fresh_end(&s);
}
