/* SPDX-License-Identifier: MIT
 * user_password: fit passwords (LS-12), and who may change whose (LS-13, AD-06, PT-03). */
#include "crypto/password.h"
#include "people.h"

#include <string.h>

#include "session/login.h"

#include "base/banned.h"

#define FRESH "seven brown horses"

static bool fit(struct scene *s, str password, const char *username)
{
    struct problems p = {0};
    user_password_judge(s->ctx, password, str_of(username), "password", &p);
    return p.count == 0;
}

Test(user_password, length_is_counted_in_characters_and_bounded_in_bytes)
{
    struct scene s = scene_new();
    char text[1100];
    memset(text, 'k', sizeof text);
    cr_expect_not(fit(&s, STR(""), NULL));
    cr_expect_not(fit(&s, STR("vbnm,tz"), NULL));
    cr_expect(fit(&s, STR("vbnm,tzk"), NULL));
    cr_expect_not(fit(&s, STR("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"), NULL), "four characters in eight bytes");
    cr_expect(fit(&s, STR("\xe2\x82\xac\xe2\x82\xac\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xf0\x9f\x90\xb4 "), NULL), "eight of them");
    text[0] = 'x';
    cr_expect(fit(&s, (str){text, 64}, NULL));
    cr_expect(fit(&s, (str){text, 73}, NULL));
    cr_expect(fit(&s, (str){text, 1024}, NULL));
    cr_expect_not(fit(&s, (str){text, 1025}, NULL));
    cr_expect_not(fit(&s, STR("bad\xff utf-8 here"), NULL));
    cr_expect_not(fit(&s, STR("with\0a NUL byte"), NULL));
    cr_expect_not(fit(&s, STR("overlong \xc0\xaf here"), NULL));
    cr_expect(fit(&s, STR("        eight spaces and words"), NULL), "no composition rules");
}

Test(user_password, common_ones_and_the_username_are_refused)
{
    struct scene s = scene_new();
    cr_expect_not(fit(&s, STR("password123"), NULL));
    cr_expect_not(fit(&s, STR("PassWord123"), NULL));
    cr_expect_not(fit(&s, STR("qwertyuiop"), NULL));
    cr_expect_not(fit(&s, STR("annalena"), "annalena"));
    cr_expect_not(fit(&s, STR("AnnaLena"), "annalena"));
    cr_expect_not(fit(&s, STR("annalena1"), "annalena"));
    cr_expect_not(fit(&s, STR("!annalena!!"), "annalena"));
    cr_expect_not(fit(&s, STR("bobbobbob"), "bob"));
    cr_expect(fit(&s, STR("bob likes tea"), "bob"));
    cr_expect(fit(&s, STR("annalenx"), "annalena"));
    s.authority->policy.password_common_refused = false;
    cr_expect(fit(&s, STR("password123"), NULL), "a setting");
    cr_expect_not(fit(&s, STR("annalena"), "annalena"));
}

static struct user_password_change to_fresh(const struct db_user *user, const char *current)
{
    return (struct user_password_change){.prove = current != NULL ? login_prove : NULL, .id = user->id, .current = str_of(current), .fresh = STR(FRESH)};
}

static bool password_is(struct scene *s, const struct db_user *user, str password)
{
    bool matches = false;
    struct db_user *now = scene_again(s, user);
    assert_done(password_verify(password, now->password_hash, NULL, &matches));
    return matches;
}

Test(user_password, one_s_own_needs_the_current_one) /* LS-13 */
{
    struct scene s = scene_new();
    struct db_user *user = fixture_user(s.authority, s.a, "anna");
    struct actor self = by_session(user);
    struct user_password_change c = to_fresh(user, "not this one");
    expect_problem(&s, user_password(s.ctx, &self, &c, &s.p), "current");
    c.current = STR_ABSENT;
    expect_problem(&s, user_password(s.ctx, &self, &c, &s.p), "current");
    c.current = STR("");
    expect_problem(&s, user_password(s.ctx, &self, &c, &s.p), "current");
    cr_expect(password_is(&s, user, STR(FIXTURE_PASSWORD)));
    c = to_fresh(user, FIXTURE_PASSWORD);
    c.fresh = STR(FIXTURE_PASSWORD);
    expect_problem(&s, user_password(s.ctx, &self, &c, &s.p), "password");
    c.fresh = STR("password");
    expect_problem(&s, user_password(s.ctx, &self, &c, &s.p), "password");
    c = to_fresh(user, FIXTURE_PASSWORD);
    assert_done(user_password(s.ctx, &self, &c, &s.p));
    cr_expect(password_is(&s, user, STR(FRESH)));
    cr_expect_not(password_is(&s, user, STR(FIXTURE_PASSWORD)));
    cr_expect_eq(event_count(&s, "user.password_changed"), 1);
}

Test(user_password, what_somebody_else_chooses_must_be_changed) /* LS-14 AD-06 */
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true), *editor = scene_person(&s, "editor", "edit-users", false);
    struct db_user *user = fixture_user(s.authority, s.a, "anna");
    struct actor ways[] = {by_session(root), by_session(editor), by_token(root, "", true)};
    struct user_password_change c = to_fresh(user, NULL);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        assert_done(user_password(s.ctx, &ways[i], &c, &s.p));
        cr_expect(scene_again(&s, user)->must_change_password);
    }
    struct actor self = by_session(user);
    struct user_edit lift = edit_nothing();
    lift.must_change = USER_MUST_CHANGE_NOTHING;
    expect_kind(user_change(s.ctx, &self, user->id, &lift, &s.p), INSUFFICIENT_SCOPE);
    struct user_password_change own = {.prove = login_prove, .id = user->id, .current = STR(FRESH), .fresh = STR(FRESH)};
    expect_problem(&s, user_password(s.ctx, &self, &own, &s.p), "password"); /* the same is none of their own */
    own.fresh = STR("one of my own, at last");
    assert_done(user_password(s.ctx, &self, &own, &s.p));
    cr_expect_not(scene_again(&s, user)->must_change_password);
}

Test(user_password, nobody_else_chooses_it_who_may_not_edit_people) /* AD-06 PT-03 */
{
    struct scene s = scene_new();
    struct db_user *root = scene_person(&s, "root", NULL, true), *editor = scene_person(&s, "editor", "edit-users", false);
    struct db_user *user = fixture_user(s.authority, s.a, "anna");
    struct db_client machine = {.number = 9, .id = STR("robot")};
    struct db_user *boss = scene_person(&s, "boss", NULL, true);
    struct actor refused[] = {by_personal(root, ""),
                              by_token(root, "edit-users", false),
                              by_session(boss), /* stands for nobody in particular below */
                              by_client(&machine, "edit-users"),
                              by_personal(user, ""),
                              by_personal(user, "edit-users"),
                              by_token(user, "edit-users", false),
                              by_token(user, "", false),
                              {0}};
    struct user_password_change c = to_fresh(user, FIXTURE_PASSWORD);
    refused[2] = by_session(scene_person(&s, "plain", "view-users", false));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect_kind(user_password(s.ctx, &refused[i], &c, &s.p), INSUFFICIENT_SCOPE);
    struct user_password_change of_boss = to_fresh(boss, NULL);
    struct actor editing = by_session(editor);
    expect_kind(user_password(s.ctx, &editing, &of_boss, &s.p), INSUFFICIENT_SCOPE); /* AD-04 */
    cr_expect(password_is(&s, user, STR(FIXTURE_PASSWORD)));
    c.id = STR("nobody");
    expect_kind(user_password(s.ctx, &refused[0], &c, &s.p), INSUFFICIENT_SCOPE);
    expect_kind(user_password(s.ctx, &actor_owner, &c, &s.p), NOT_FOUND);
    c = to_fresh(user, NULL);
    assert_done(user_password(s.ctx, &actor_owner, &c, &s.p));
    cr_expect(password_is(&s, user, STR(FRESH)));
    c.fresh = STR("password");
    expect_problem(&s, user_password(s.ctx, &actor_owner, &c, &s.p), "password");
}

Test(user_password, guesses_at_the_current_one_are_counted) /* RL-01 */
{
    struct scene s = scene_new();
    struct db_user *user = fixture_user(s.authority, s.a, "anna");
    s.authority->policy.account_rule = (struct db_throttle_rule){.free_tries = 2, .base = 60, .most = 900, .forget = 86400};
    struct actor self = by_session(user);
    struct user_password_change c = to_fresh(user, "wrong");
    for (int i = 0; i < 2; i++)
        expect_problem(&s, user_password(s.ctx, &self, &c, &s.p), "current");
    c = to_fresh(user, FIXTURE_PASSWORD);
    for (int i = 0; i < 2; i++)
        expect_kind(user_password(s.ctx, &self, &c, &s.p), THROTTLED);
    cr_expect(c.retry_after > 0);
    cr_expect_eq(event_count(&s, "password_change.failed"), 4); /* LS-16: as a login is */
    c.prove = NULL;
    expect_kind(user_password(s.ctx, &self, &c, &s.p), SERVER_ERROR); /* nobody forgets it and gets by */
    cr_expect(password_is(&s, user, STR(FIXTURE_PASSWORD)), "even the right one has to wait");
}

Test(user_password, a_change_ends_personal_tokens_only_when_asked)
{
    struct scene s = scene_new();
    struct db_user *user = fixture_user(s.authority, s.a, "anna");
    struct pat_made made = {0};
    assert_done(pat_add(s.ctx, &actor_owner, &(struct pat_edit){.user = user->id, .name = STR("cron")}, &s.p, &made));
    struct user_password_change c = to_fresh(user, NULL);
    assert_done(user_password(s.ctx, &actor_owner, &c, &s.p));
    struct db_pat *pat = NULL;
    assert_done(pat_get(s.ctx, &actor_owner, user->id, made.pat.id, &pat));
    cr_expect_not_null(pat);
    c.end_personal_tokens = true;
    assert_done(user_password(s.ctx, &actor_owner, &c, &s.p));
    assert_done(pat_get(s.ctx, &actor_owner, user->id, made.pat.id, &pat));
    cr_expect_null(pat);
}

Test(user_password, an_initial_one_is_judged_too)
{
    struct scene s = scene_new();
    struct user_edit edit = edit_nothing();
    struct db_user *out = NULL;
    edit.username = STR("annalena");
    edit.password = STR("annalena");
    expect_problem(&s, user_add(s.ctx, &actor_owner, &edit, &s.p, &out), "password");
    edit.password = STR("");
    expect_problem(&s, user_add(s.ctx, &actor_owner, &edit, &s.p, &out), "password");
    edit.password = STR(FRESH);
    assert_done(user_add(s.ctx, &actor_owner, &edit, &s.p, &out));
    cr_expect(password_is(&s, out, STR(FRESH)));
}
