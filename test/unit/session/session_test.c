/* SPDX-License-Identifier: MIT
 * Claims about sessions: a cookie is somebody's only as long and as often as it should be. */
#include "session/session.h"
#include "fixture.h"
#include "session/csrf.h"
#include "session/device.h"
#include "token/opaque.h"
#include <criterion/criterion.h>
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
    authority_leave(s->ctx);
    s->ctx = fixture_context(s->authority, s->a);
}

static struct session find(struct scene *s, str cookie)
{
    struct session found;
    err e = session_find(s->ctx, cookie, &found);
    cr_assert(!FAILED(e), "%s", err_why(e));
    cr_assert(str_filled(found.cookie));
    cr_assert_eq(found.row == NULL, found.user == NULL);
    cr_assert_eq(found.row == NULL, found.actor.kind == ACTOR_NOBODY);
    return found;
}

static struct session logged_in(struct scene *s)
{
    struct session session = find(s, STR_ABSENT);
    cr_assert(!FAILED(session_begin(s->ctx, s->user, STR("pwd"), &session)));
    return session;
}

Test(session, cookie_names_ask_for_tls_when_there_is_tls_and_name_the_path) /* LS-02 */
{
    static const struct {
        bool secure;
        const char *base, *name, *device;
    } cases[] = {
        {true, "", "__Host-jeton", "__Host-jeton-device"},
        {false, "", "jeton", "jeton-device"},
        {true, "/auth", "__Secure-jeton-auth", "__Secure-jeton-device-auth"},
        {true, "/auth/b", "__Secure-jeton-auth.b", "__Secure-jeton-device-auth.b"},
        {false, "/auth", "jeton-auth", "jeton-device-auth"},
    };
    struct arena *a = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct authority authority = {.secure = cases[i].secure, .base = str_of(cases[i].base)};
        cr_expect(str_is(session_cookie_name(a, &authority), cases[i].name));
        cr_expect(str_is(session_device_cookie_name(a, &authority), cases[i].device));
    }
    arena_release(a);
}

Test(session, whoever_has_no_good_cookie_is_a_fresh_visit)
{
    struct scene s = scene();
    struct token_raw code;
    cr_assert(!FAILED(opaque_numbers_make(s.a, s.ctx->keys, OPAQUE_CODE, (const int64_t[2]){1, 0}, &code)));
    const str cookies[] = {STR_ABSENT,     STR(""),
                           STR("x"),       STR("jtn_se_"),
                           STR("jtn_vi_"), STR("jtn_se_AAAA"),
                           code.text,      str_join(s.a, (const str[]){STR("jtn_se_"), {code.text.p + 7, code.text.n - 7}}, 2)};
    for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++) {
        struct session visit = find(&s, cookies[i]);
        cr_assert(visit.fresh && visit.row == NULL, "case %zu", i);
        cr_assert_eq(opaque_kind_of(visit.cookie), OPAQUE_VISIT);
    }
}

Test(session, a_visit_goes_on_without_a_row) /* RL-06 */
{
    struct scene s = scene();
    struct session one = find(&s, STR_ABSENT);
    at(&s, NOW + 600);
    struct session two = find(&s, one.cookie);
    cr_assert(!two.fresh);
    cr_assert(str_equal(one.cookie, two.cookie));
    at(&s, NOW + s.authority->policy.session_absolute);
    cr_assert(find(&s, one.cookie).fresh, "a visit must not last for ever");
}

Test(session, login_makes_a_new_cookie_that_is_this_person) /* LS-01 */
{
    struct scene s = scene();
    struct session visit = find(&s, STR_ABSENT), session = visit;
    cr_assert(!FAILED(session_begin(s.ctx, s.user, STR("pwd"), &session)));
    cr_assert(session.fresh);
    cr_assert(!str_equal(session.cookie, visit.cookie));
    cr_assert_eq(opaque_kind_of(session.cookie), OPAQUE_SESSION);
    cr_assert(!str_equal(csrf_token(s.ctx, &session), csrf_token(s.ctx, &visit)));
    struct session found = find(&s, session.cookie);
    cr_assert(!found.fresh);
    cr_assert_eq(found.user->number, s.user->number);
    cr_assert_eq(found.actor.kind, ACTOR_USER);
    cr_assert_eq(found.actor.way, ACTOR_BY_SESSION);
    cr_assert_eq(found.actor.session, session.row->number);
    cr_assert_eq(found.row->auth_time, NOW);
    cr_assert_eq(found.row->expires_at, NOW + s.authority->policy.session_absolute);
    cr_assert(str_is(found.row->address, "192.0.2.7"));
}

Test(session, a_second_login_kills_the_first_cookie_of_this_browser) /* LS-01 */
{
    struct scene s = scene();
    struct session first = logged_in(&s), second = find(&s, first.cookie);
    cr_assert(!FAILED(session_begin(s.ctx, s.user, STR("pwd"), &second)));
    cr_assert(find(&s, first.cookie).row == NULL);
    cr_assert(find(&s, second.cookie).row != NULL);
}

Test(session, another_browsers_session_is_left_alone)
{
    struct scene s = scene();
    struct session one = logged_in(&s), two = logged_in(&s);
    cr_assert(find(&s, one.cookie).row != NULL);
    cr_assert(find(&s, two.cookie).row != NULL);
    struct db_session *rows;
    size_t n;
    cr_assert(!FAILED(session_list(s.ctx, s.user->number, &rows, &n)));
    cr_assert_eq(n, 2);
}

Test(session, idle_and_absolute_ends_hold_to_the_second) /* LS-03 */
{
    struct scene s = scene();
    const struct policy *p = &s.authority->policy;
    struct session session = logged_in(&s);
    at(&s, NOW + p->session_idle - 1);
    cr_assert(find(&s, session.cookie).row != NULL);
    at(&s, NOW + 2 * p->session_idle - 2);
    cr_assert(find(&s, session.cookie).row != NULL, "being seen must push the idle end");
    at(&s, NOW + 3 * p->session_idle - 2);
    cr_assert(find(&s, session.cookie).row == NULL);
    at(&s, NOW + 3 * p->session_idle - 3);
    cr_assert(find(&s, session.cookie).row == NULL, "what ended stays ended, even when the clock goes back");

    at(&s, NOW);
    session = logged_in(&s);
    for (unix_time t = NOW; t < NOW + p->session_absolute; t += p->session_idle / 2) {
        at(&s, t);
        cr_assert(find(&s, session.cookie).row != NULL);
    }
    at(&s, NOW + p->session_absolute - 1);
    cr_assert(find(&s, session.cookie).row != NULL);
    at(&s, NOW + p->session_absolute);
    cr_assert(find(&s, session.cookie).row == NULL);
}

Test(session, being_seen_is_noted_at_most_once_a_minute)
{
    struct scene s = scene();
    struct session session = logged_in(&s);
    at(&s, NOW + 59);
    cr_assert_eq(find(&s, session.cookie).row->last_seen_at, NOW);
    at(&s, NOW + 60);
    find(&s, session.cookie);
    at(&s, NOW + 61);
    cr_assert_eq(find(&s, session.cookie).row->last_seen_at, NOW + 60);
}

Test(session, a_blocked_person_is_logged_out) /* LS-16 */
{
    struct scene s = scene();
    struct session session = logged_in(&s);
    struct db_user *user;
    cr_assert(!FAILED(db_user_by_number(store_each(s.authority->store), s.a, s.user->number, &user)));
    user->blocked = true;
    cr_assert(!FAILED(db_user_save(store_each(s.authority->store), s.a, user, NULL)));
    at(&s, NOW + 1);
    cr_assert(find(&s, session.cookie).row == NULL);
    cr_assert(find(&s, session.cookie).fresh);
}

static void change_password(struct scene *s)
{
    const struct db_new_password fresh = {s->user->number, "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaA", 0, false, false};
    cr_assert(!FAILED(db_user_set_password(store_each(s->authority->store), s->a, &fresh)));
}

static size_t live(struct scene *s)
{
    struct db_session *rows;
    size_t count;
    cr_assert(!FAILED(session_list(s->ctx, s->user->number, &rows, &count)));
    return count;
}

Test(session, a_password_judged_before_its_change_opens_nothing) /* LS-05 */
{
    struct scene s = scene();
    struct session session = find(&s, STR_ABSENT);
    at(&s, NOW + 5);
    change_password(&s); /* s.user is as it was when the password was judged */
    cr_assert_eq(session_begin(s.ctx, s.user, STR("pwd"), &session).kind, ERR_LOGIN_REQUIRED);
    cr_assert(session.row == NULL);
    cr_assert_eq(live(&s), 0);
}

Test(session, a_block_during_the_login_leaves_no_session_for_later) /* contract 7 */
{
    struct scene s = scene();
    struct session session = find(&s, STR_ABSENT);
    struct db_user *user;
    cr_assert(!FAILED(db_user_by_number(store_each(s.authority->store), s.a, s.user->number, &user)));
    user->blocked = true;
    cr_assert(!FAILED(db_user_save(store_each(s.authority->store), s.a, user, NULL)));
    cr_assert_eq(session_begin(s.ctx, s.user, STR("pwd"), &session).kind, ERR_LOGIN_REQUIRED);
    cr_assert_eq(live(&s), 0);
}

Test(session, the_password_given_again_renews_cookie_and_time_but_not_the_end) /* LS-01, LS-03 */
{
    struct scene s = scene();
    const struct policy *p = &s.authority->policy;
    struct session session = logged_in(&s);
    str old = session.cookie;
    cr_assert(session_recent(s.ctx, &session));
    at(&s, NOW + p->reauthentication - 1);
    cr_assert(session_recent(s.ctx, &session));
    at(&s, NOW + p->reauthentication);
    session = find(&s, old);
    cr_assert(!session_recent(s.ctx, &session));
    cr_assert(!FAILED(session_reauthenticated(s.ctx, STR("pwd"), &session)));
    cr_assert(session.fresh && session_recent(s.ctx, &session));
    cr_assert(!str_equal(old, session.cookie));
    cr_assert(find(&s, old).row == NULL);
    struct session found = find(&s, session.cookie);
    cr_assert_eq(found.row->auth_time, NOW + p->reauthentication);
    cr_assert_eq(found.row->created_at, NOW);
    cr_assert_eq(found.row->expires_at, NOW + p->session_absolute);
}

Test(session, a_visit_is_never_recent)
{
    struct scene s = scene();
    struct session visit = find(&s, STR_ABSENT);
    cr_assert(!session_recent(s.ctx, &visit));
}

Test(session, after_logout_the_old_cookie_is_nobody) /* LS-04 */
{
    struct scene s = scene();
    struct session session = logged_in(&s);
    str old = session.cookie;
    cr_assert(!FAILED(session_end(s.ctx, &session)));
    cr_assert(session.fresh && session.row == NULL && session.user == NULL && session.actor.kind == ACTOR_NOBODY);
    cr_assert(find(&s, old).row == NULL);
    cr_assert(!FAILED(session_end(s.ctx, &session)), "a visit may log out, too");
}

Test(session, the_store_holds_no_cookie) /* AC-10 of sessions */
{
    struct scene s = scene();
    struct session session = logged_in(&s);
    struct db_session *row;
    cr_assert(!FAILED(db_session_get(store_each(s.authority->store), s.a, session.row->number, &row)));
    struct token_hash hash = token_hash_of(session.cookie);
    cr_assert(token_hash_equal(&row->hash, &hash));
}

Test(session, another_cookie_with_the_same_number_is_nobody)
{
    struct scene s = scene();
    struct session session = logged_in(&s);
    struct token_raw forged;
    cr_assert(!FAILED(opaque_numbers_make(s.a, s.ctx->keys, OPAQUE_SESSION, (const int64_t[2]){session.row->number, 0}, &forged)));
    cr_assert(find(&s, forged.text).row == NULL);
    cr_assert(find(&s, session.cookie).row != NULL);
}

Test(session, long_user_agents_are_cut)
{
    struct scene s = scene();
    char *agent = arena_take(s.a, 1000);
    memset(agent, 'a', 1000);
    s.ctx->user_agent = (str){agent, 1000};
    struct session session = logged_in(&s);
    struct session found = find(&s, session.cookie);
    cr_assert_eq(found.row->user_agent.n, 200);
}

Test(session, a_user_agent_is_kept_as_text_or_not_at_all) /* PostgreSQL keeps no other */
{
    struct scene s = scene();
    char agent[202];
    memset(agent, 'a', sizeof(agent));
    memcpy(agent + 199, "\xe2\x82\xac", 3); /* across the end */
    s.ctx->user_agent = (str){agent, sizeof(agent)};
    struct session session = logged_in(&s);
    cr_assert_eq(find(&s, session.cookie).row->user_agent.n, 199);
    s.ctx->user_agent = STR("caf\xe9");
    session = logged_in(&s);
    cr_assert_not(str_present(find(&s, session.cookie).row->user_agent));
}

Test(session, a_device_cookie_knows_one_person_until_the_password_changes) /* RL-02 */
{
    struct scene s = scene();
    struct db_user *other = fixture_user(s.authority, s.a, "bob"), changed = *s.user;
    str text, again;
    bool known;
    cr_assert(!FAILED(session_device_make(s.ctx, s.user, &text)));
    s.ctx->device = text;
    cr_assert(!FAILED(device_known(s.ctx, s.user, &known)) && known);
    cr_assert(!FAILED(device_known(s.ctx, other, &known)) && !known);
    cr_assert(!FAILED(session_device_make(s.ctx, s.user, &again)));
    cr_assert(str_equal(text, again), "a known device keeps its name");
    changed.password_changed_at = NOW + 1;
    cr_assert(!FAILED(device_known(s.ctx, &changed, &known)) && !known);
    s.ctx->device = STR("jtn_de_AAAA");
    cr_assert(!FAILED(device_known(s.ctx, s.user, &known)) && !known);
    s.ctx->device = STR_ABSENT;
    cr_assert(!FAILED(device_known(s.ctx, s.user, &known)) && !known);
}
